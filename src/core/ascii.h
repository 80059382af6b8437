// ASCII without locale: case, digits, and comparisons as HTTP and configuration need them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::ascii {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// Without spaces and tabs at both ends.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text);

std::size_t edit_distance(std::string_view a, std::string_view b);

// The name in `known` nearest to `wanted`, or "" when none is within a third of its length: for
// "did you mean".
template <class Names>
std::string nearest(std::string_view wanted, const Names& known) {
  std::string best;
  std::size_t best_distance = wanted.size() / 3 + 1;
  for (const auto& name : known) {
    std::size_t distance = edit_distance(wanted, name);
    if (distance <= best_distance && (best.empty() || distance < best_distance)) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace recloser::ascii
