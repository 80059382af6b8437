#include "text/function_tokens.h"

namespace recloser::text {
namespace {

constexpr std::uint64_t around_function = 7;
constexpr std::uint64_t around_function_cl100k = 10;
constexpr std::uint64_t before_properties = 3;
constexpr std::uint64_t around_property = 1;
constexpr std::uint64_t around_description = 2;  // of a property
constexpr std::uint64_t around_value = 3;
constexpr std::uint64_t saved_by_values = 3;  // they stand in the place of the type's marks

}  // namespace

void FunctionTokens::function(std::string_view name, std::string_view description,
                              EncodingScratch& scratch) {
  has_properties_ = false;
  tokens_ += encoding_ == &Encoding::cl100k() ? around_function_cl100k : around_function;
  if (description.ends_with('.')) description.remove_suffix(1);
  line_.assign(name).append(":").append(description);
  tokens_ += encoding_->count(line_, scratch);
}

void FunctionTokens::property(std::string_view name, std::string_view type,
                              std::string_view description, EncodingScratch& scratch) {
  if (!has_properties_) tokens_ += before_properties;
  has_properties_ = true;
  has_values_ = false;
  tokens_ += around_property;
  if (description.ends_with('.')) description.remove_suffix(1);
  line_.assign(name).append(":").append(type);
  if (!description.empty()) {
    tokens_ += around_description;
    line_.append(":").append(description);
  }
  tokens_ += encoding_->count(line_, scratch);
}

void FunctionTokens::value(std::string_view text, EncodingScratch& scratch) {
  if (!has_values_) tokens_ -= saved_by_values;
  has_values_ = true;
  tokens_ += around_value + encoding_->count(text, scratch);
}

void FunctionTokens::more(std::string_view json, EncodingScratch& scratch) {
  tokens_ += encoding_->count(json, scratch);
}

}  // namespace recloser::text
