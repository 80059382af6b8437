#include "config/findings.h"

#include "core/ascii.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace recloser::config {

std::string Finding::text(std::string_view configuration) const {
  std::string_view where = file.empty() ? configuration : std::string_view(file);
  std::string_view word = severity == Severity::error     ? ""
                          : severity == Severity::warning ? "warning: "
                                                          : "notice: ";
  if (place.line == 0) return fmt::format("{}: {}{}", where, word, message);
  return fmt::format("{}:{}:{}: {}{}", where, place.line, place.column, word, message);
}

void Findings::error(Place place, std::string message) {
  if (++errors_ <= errors_max) add(Severity::error, place, std::move(message));
}

void Findings::warning(Place place, std::string message) {
  add(Severity::warning, place, std::move(message));
}

void Findings::notice(std::string message) { add(Severity::notice, {}, std::move(message)); }

void Findings::turn_to(std::string file) { files_.push_back(std::move(file)); }

void Findings::add(Severity severity, Place place, std::string message) {
  findings_.push_back({.finding = {.severity = severity,
                                   .place = place,
                                   .message = std::move(message),
                                   .file = files_.back()},
                       .file = files_.size() - 1});
}

std::vector<Finding> Findings::sorted() const {
  std::vector<const Found*> order;
  for (const Found& found : findings_) order.push_back(&found);
  // Findings of one place stay in the order in which they were made: the vector's own.
  std::ranges::sort(order, [](const Found* a, const Found* b) {
    return std::tie(a->finding.severity, a->file, a->finding.place, a) <
           std::tie(b->finding.severity, b->file, b->finding.place, b);
  });
  std::vector<Finding> all;
  for (const Found* found : order) all.push_back(found->finding);
  return all;
}

std::string join_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string shown(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 60;
  constexpr std::string_view plain_others = "_.:/+-*${}@";
  auto is_plain = [&](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || plain_others.find(c) != plain_others.npos;
  };
  bool shortened = text.size() > shown_bytes_max;
  if (shortened) {
    text = text.substr(0, shown_bytes_max);
    // Not in the middle of a character.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) {
      text.remove_suffix(1);
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  }
  if (!text.empty() && !shortened && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
  return shortened ? out + ".." : out;
}

}  // namespace recloser::config
