#include "core/names.h"

#include "core/ascii.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser {

Result<void> check_name(Side side, std::string_view what, std::string_view text,
                        std::size_t bytes_max) {
  if (text.empty()) {
    return fail(side, Kind::malformed, fmt::format("{} is empty; leave it out instead", what));
  }
  if (text.size() > bytes_max) {
    return fail(side, Kind::too_large,
                fmt::format("{} has {} characters and at most {} are accepted; use a shorter one",
                            what, text.size(), bytes_max));
  }
  if (text.front() == ' ' || text.back() == ' ') {
    return fail(side, Kind::malformed,
                fmt::format("{} begins or ends with a space; take the space out", what));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool plain = text[i] >= ' ' && text[i] <= '~' && text[i] != ',';
    if (!plain) {
      return fail(side, Kind::malformed,
                  fmt::format("{} has a byte 0x{:02x} at position {}; only printable ASCII "
                              "characters other than the comma are accepted",
                              what, static_cast<unsigned char>(text[i]), i));
    }
  }
  return {};
}

bool is_plain_name(std::string_view text) {
  auto is_alnum = [](char c) { return ascii::is_alpha(c) || ascii::is_digit(c); };
  return !text.empty() && is_alnum(text.front()) && std::ranges::all_of(text, [&](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

std::string shown(std::string_view untrusted, std::size_t bytes_max) {
  std::size_t end = untrusted.size();
  if (end > bytes_max) {
    auto continues = [&](std::size_t at) { return (untrusted[at] & 0xc0) == 0x80; };
    end = bytes_max;
    // A sequence has at most three continuation bytes; more of them is not UTF-8 and may be cut.
    for (int back = 0; back < 3 && end > 0 && continues(end); ++back) --end;
  }
  std::string out(untrusted.substr(0, end));
  for (char& c : out) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control) c = '?';
  }
  if (end < untrusted.size()) out += "..";
  return out;
}

}  // namespace recloser
