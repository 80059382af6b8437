// Walks over JSON that is known to be valid, without a tree: the members of one object, the
// elements of one array.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::codec {

// Whether `text` is one JSON object and nothing else, nested no deeper than is read here.
bool is_json_object(std::string_view text);

// Use: for (JsonChildren each(object); each.next();) { each.key() .. each.value() .. }
// What is neither an object nor an array has none. All views are raw and lie in the container; of
// text that is not valid they are wrong, but never beyond it.
class JsonChildren {
 public:
  explicit JsonChildren(std::string_view container);

  bool next();
  std::string_view key() const { return key_; }  // without quotes; "" in an array
  std::string_view value() const { return value_; }

 private:
  std::string_view rest_;
  std::string_view key_;
  std::string_view value_;
  bool object_ = false;
};

// The value of a member; "" when there is none. Of two of one name the last holds.
std::string_view json_member(std::string_view object, std::string_view name);

constexpr bool is_json_text(std::string_view value) { return value.starts_with('"'); }
// What stands between the quotes; "" of what is no string.
std::string_view json_text(std::string_view value);
std::optional<std::uint64_t> json_count(std::string_view value);

}  // namespace recloser::codec
