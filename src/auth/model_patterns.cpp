#include "auth/model_patterns.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace recloser::auth {

// Greedy with one point of return: when the text after the last `*` does not fit, that `*` takes
// one character more. Earlier stars never need to be tried again.
bool glob_matches(std::string_view pattern, std::string_view text) {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = none;     // where the last `*` stood
  std::size_t star_taken = 0;  // how far into the text it reaches
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_taken = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != none) {
      p = star + 1;
      t = ++star_taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool ModelPatterns::allow(std::string_view model) const {
  return std::ranges::all_of(lists_, [&](const std::vector<std::string>& list) {
    return std::ranges::any_of(list, [&](std::string_view p) { return glob_matches(p, model); });
  });
}

std::string ModelPatterns::human() const {
  constexpr std::size_t shown_max = 8;
  std::string out;
  for (const std::vector<std::string>& list : lists_) {
    if (!out.empty()) out += "; of these: ";
    std::size_t shown = std::min(list.size(), shown_max);
    for (std::size_t i = 0; i < shown; ++i) {
      if (i > 0) out += ", ";
      out += list[i];
    }
    if (list.size() > shown) out += fmt::format(" and {} more", list.size() - shown);
  }
  return out;
}

}  // namespace recloser::auth
