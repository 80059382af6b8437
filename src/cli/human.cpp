#include "cli/human.h"

#include "core/names.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>

#include <fmt/format.h>

namespace recloser::cli {

std::string counted(std::uint64_t count, std::string_view things) {
  if (count == 1) things.remove_suffix(1);
  return fmt::format("{} {}", with_thousands(static_cast<std::int64_t>(count)), things);
}

std::string with_thousands(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string human_usd(NanoUsd amount) {
  constexpr std::int64_t nano_per_unit = 1'000;  // a millionth of a dollar
  std::int64_t units = amount.count / nano_per_unit;
  std::int64_t rest = std::abs(amount.count % nano_per_unit);
  bool up = rest > nano_per_unit / 2 || (rest == nano_per_unit / 2 && units % 2 != 0);
  if (up) units += amount.count < 0 ? -1 : 1;
  if (units == 0 && amount.count > 0) return "<$0.000001";
  std::int64_t dollars = units / 1'000'000;
  return fmt::format("{}${}.{:06}", units < 0 ? "-" : "", with_thousands(std::abs(dollars)),
                     std::abs(units % 1'000'000));
}

std::string human_usd(std::string_view decimal) {
  constexpr unsigned places = 9;
  Result<std::int64_t> nano = parse_decimal(decimal, places);
  return nano ? human_usd(NanoUsd{*nano}) : "-";
}

std::string shell_word(std::string_view text) {
  if (is_plain_name(text)) return std::string(text);
  std::string word = "'";
  for (char c : text) c == '\'' ? word.append(R"('\'')") : word.append(1, c);
  return word += '\'';
}

std::string or_dash(std::string_view text) { return std::string(text.empty() ? "-" : text); }

std::string human_ms(double ms) {
  if (ms < 9.95) return fmt::format("{:.1f} ms", ms);
  if (ms < 999.5) return fmt::format("{:.0f} ms", ms);
  if (ms < 59'995) return fmt::format("{:.2f} s", ms / 1'000);
  auto seconds = static_cast<std::int64_t>(std::llround(ms / 1'000));
  if (seconds < 3'600) return fmt::format("{} m {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} m", seconds / 3'600, seconds / 60 % 60);
}

std::string human_time(WallTime at, WallTime now) {
  std::string text = rfc3339(at);  // "2026-11-21T10:15:30.123Z"
  std::string today = rfc3339(now);
  std::string_view day(text.data(), 10);
  std::string_view clock(text.data() + 11, 8);
  if (today.starts_with(day)) return std::string(clock);
  if (today.starts_with(day.substr(0, 5))) return fmt::format("{} {}", day.substr(5), clock);
  return fmt::format("{} {}", day, clock.substr(0, 5));
}

std::string folded(std::string_view paragraphs, std::size_t indent, std::size_t columns) {
  std::string out;
  std::string margin(indent, ' ');
  while (!paragraphs.empty()) {
    std::string_view paragraph = paragraphs.substr(0, paragraphs.find('\n'));
    paragraphs.remove_prefix(std::min(paragraphs.size(), paragraph.size() + 1));
    std::string line;
    while (!paragraph.empty()) {
      std::string_view word = paragraph.substr(0, paragraph.find(' '));
      paragraph.remove_prefix(std::min(paragraph.size(), word.size() + 1));
      if (!line.empty() && indent + line.size() + 1 + word.size() > columns) {
        out.append(margin).append(line) += '\n';
        line.clear();
      }
      if (!line.empty()) line += ' ';
      line += word;
    }
    out.append(margin).append(line) += '\n';
  }
  return out;
}

}  // namespace recloser::cli
