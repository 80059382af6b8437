#include "price/name_rule.h"

#include "core/ascii.h"

#include <algorithm>
#include <utility>

namespace recloser::price {

bool glob_matches(std::string_view glob, std::string_view name) {
  std::size_t g = 0;
  std::size_t n = 0;
  std::size_t star = glob.npos;  // the last one passed, and where in the name it was met
  std::size_t star_n = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_n = n;
    } else if (g < glob.size() &&
               (glob[g] == '#' ? ascii::is_digit(name[n]) : glob[g] == name[n])) {
      ++g;
      ++n;
    } else if (star != glob.npos) {  // the star takes one character more
      g = star + 1;
      n = ++star_n;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

NameRule NameRule::of(std::string_view glob) {
  NameRule rule;
  rule.negated_ = glob.starts_with('!');
  if (rule.negated_) glob.remove_prefix(1);
  bool before = glob.starts_with('*');
  bool after = glob.size() > 1 && glob.ends_with('*');
  std::string_view middle = glob;
  if (before) middle.remove_prefix(1);
  if (after) middle.remove_suffix(1);
  if (middle.find_first_of("*#") != middle.npos || middle.empty()) {
    rule.form_ = Form::glob;
    rule.text_ = glob;
    return rule;
  }
  rule.text_ = middle;
  rule.form_ = before ? (after ? Form::contains : Form::ends) : after ? Form::starts : Form::equals;
  return rule;
}

NameRule NameRule::any_of(std::vector<NameRule> parts) {
  NameRule rule;
  rule.form_ = Form::any;
  rule.parts_ = std::move(parts);
  return rule;
}

NameRule NameRule::all_of(std::vector<NameRule> parts) {
  NameRule rule = any_of(std::move(parts));
  rule.form_ = Form::all;
  return rule;
}

bool NameRule::matches(std::string_view name) const {
  auto fits = [name](const NameRule& part) { return part.matches(name); };
  switch (form_) {
    case Form::equals:
      return (name == text_) != negated_;
    case Form::starts:
      return name.starts_with(text_) != negated_;
    case Form::ends:
      return name.ends_with(text_) != negated_;
    case Form::contains:
      return (name.find(text_) != name.npos) != negated_;
    case Form::glob:
      return glob_matches(text_, name) != negated_;
    case Form::any:
      return std::ranges::any_of(parts_, fits);
    case Form::all:
      return std::ranges::all_of(parts_, fits);
  }
  return false;
}

}  // namespace recloser::price
