// NameRule: which names of models (or hosts, or providers) are meant, as globs compiled once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::price {

// In a glob, `*` is any run of characters and `#` one digit. Takes time proportional to the
// product of the two lengths at most, whatever the name is.
bool glob_matches(std::string_view glob, std::string_view name);

class NameRule {
 public:
  enum class Form : unsigned char { equals, starts, ends, contains, glob, any, all };

  // Of one glob, in lower case; "!" before it: names that do not match.
  static NameRule of(std::string_view glob);
  static NameRule any_of(std::vector<NameRule> parts);
  static NameRule all_of(std::vector<NameRule> parts);

  // `name` in lower case.
  bool matches(std::string_view name) const;

  Form form() const { return form_; }
  bool negated() const { return negated_; }
  std::string_view text() const { return text_; }  // of a glob without its stars at the ends
  const std::vector<NameRule>& parts() const { return parts_; }

 private:
  Form form_ = Form::equals;
  bool negated_ = false;
  std::string text_;
  std::vector<NameRule> parts_;
};

}  // namespace recloser::price
