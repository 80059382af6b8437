#include "text/function_tokens.h"

#include <algorithm>

namespace recloser::text {
namespace {

constexpr std::uint64_t around_function = 7;
constexpr std::uint64_t around_function_cl100k = 10;
constexpr std::uint64_t before_properties = 3;
constexpr std::uint64_t around_property = 1;
constexpr std::uint64_t around_description = 2;  // of a property
constexpr std::uint64_t around_value = 3;
constexpr std::uint64_t saved_by_values = 3;  // they stand in the place of the type's marks

// Against the recordings: function_tokens.h.
constexpr std::uint64_t deviation_max = 8;

}  // namespace

void FunctionTokens::tool(std::string_view json) {
  json_.add(json);
  json_.end_text();
}

void FunctionTokens::function(std::string_view name, std::string_view description) {
  has_properties_ = false;
  has_values_ = true;
  bool is_cl100k = &family_->encoding() == &Encoding::cl100k();
  counted_ += is_cl100k ? around_function_cl100k : around_function;
  if (description.ends_with('.')) description.remove_suffix(1);
  line_.assign(name).append(":").append(description);
  count(line_);
}

void FunctionTokens::property(std::string_view name, std::string_view type,
                              std::string_view description) {
  if (!has_properties_) counted_ += before_properties;
  has_properties_ = true;
  has_values_ = false;
  counted_ += around_property;
  if (description.ends_with('.')) description.remove_suffix(1);
  line_.assign(name).append(":").append(type);
  if (!description.empty()) {
    counted_ += around_description;
    line_.append(":").append(description);
  }
  count(line_);
}

void FunctionTokens::value(std::string_view text) {
  if (!has_values_) counted_ -= saved_by_values;
  has_values_ = true;
  counted_ += around_value;
  count(text);
}

void FunctionTokens::count(std::string_view text) {
  if (scratch_ != nullptr) {
    counted_ += family_->encoding().count(text, *scratch_);
    return;
  }
  lines_.add(text);
  lines_.end_text();
}

TokenRange FunctionTokens::tokens() const {
  if (counted_ == 0 && lines_.bytes() == 0 && json_.bytes() == 0) return {};
  TokenFamily line = *family_;
  line.more = 0;  // for a whole prompt
  std::uint64_t about = counted_ + lines_.tokens_about(line);
  return {about, std::max(about, json_.tokens_max(*family_)) + deviation_max};
}

}  // namespace recloser::text
