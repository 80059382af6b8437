#include "wire/words.h"

#include "core/ascii.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace recloser::wire {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

// What stands for one byte after a backslash; consumes it from `rest`.
std::optional<char> take_escape(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  char letter = rest.front();
  rest.remove_prefix(1);
  switch (letter) {
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '0':
      return '\0';
    case '"':
    case '\\':
      return letter;
    case 'x': {
      unsigned value = 0;
      if (rest.size() < 2) return std::nullopt;
      auto [end, bad] = std::from_chars(rest.data(), rest.data() + 2, value, 16);
      if (bad != std::errc() || end != rest.data() + 2) return std::nullopt;
      rest.remove_prefix(2);
      return static_cast<char>(value);
    }
    default:
      return std::nullopt;
  }
}

// How long the quoted text at the front is, with its quotes; 0 when it has no end.
std::size_t quoted_size(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

}  // namespace

std::string_view take_word(std::string_view& rest) {
  rest = ascii::trim(rest);
  std::size_t size = 0;
  while (size < rest.size() && rest[size] != ' ' && rest[size] != '\t') {
    std::size_t quoted = rest[size] == '"' ? quoted_size(rest.substr(size)) : 0;
    size += quoted > 0 ? quoted : 1;
  }
  std::string_view word = rest.substr(0, size);
  rest = ascii::trim(rest.substr(size));
  return word;
}

Result<std::string> parse_bytes(std::string_view text) {
  text = ascii::trim(text);
  if (text.empty() || text.front() != '"') return std::string(text);
  if (quoted_size(text) != text.size()) {
    return wrong("the quoted text does not end with the line's last quote");
  }
  std::string bytes;
  std::string_view rest = text.substr(1, text.size() - 2);
  while (!rest.empty()) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c != '\\') {
      bytes += c;
      continue;
    }
    std::optional<char> escaped = take_escape(rest);
    if (!escaped) return wrong("an escape is none of \\r \\n \\t \\0 \\xHH \\\" \\\\");
    bytes += *escaped;
  }
  return bytes;
}

Result<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc() || end != text.data() + text.size() || text.empty()) {
    return wrong(fmt::format("a whole number belongs here, not \"{}\"", text));
  }
  return value;
}

Result<std::int64_t> parse_size(std::string_view text) {
  std::int64_t unit = 1;
  std::string_view digits = text;
  if (text.ends_with("KiB")) unit = 1 << 10;
  if (text.ends_with("MiB")) unit = 1 << 20;
  if (unit > 1) digits.remove_suffix(3);
  Result<std::int64_t> count = parse_number(digits);
  if (!count) return wrong(fmt::format("a size such as 64KiB belongs here, not \"{}\"", text));
  return *count * unit;
}

Result<Pairs> parse_options(std::string_view text, std::string_view known) {
  Pairs pairs;
  while (!(text = ascii::trim(text)).empty()) {
    std::string_view word = take_word(text);
    std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return wrong(fmt::format("\"{}\" is not of the form name=value", word));
    }
    std::string name(word.substr(0, equals));
    if (!known.empty() && fmt::format(" {} ", known).find(" " + name + " ") == std::string::npos) {
      return wrong(fmt::format("there is no \"{}\" here; there are: {}", name, known));
    }
    Result<std::string> value = parse_bytes(word.substr(equals + 1));
    if (!value) return fail(value.error());
    pairs.emplace_back(std::move(name), std::move(*value));
  }
  return pairs;
}

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  std::string_view rest = pattern.substr(star + 1);
  for (std::size_t from = 0; from <= text.size(); ++from) {
    if (matches(rest, text.substr(from))) return true;
  }
  return false;
}

std::string visible(std::string_view bytes, std::size_t bytes_max) {
  std::string out;
  for (char c : bytes.substr(0, bytes_max)) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (bytes.size() > bytes_max) out += fmt::format(" .. ({} bytes in all)", bytes.size());
  return bytes.empty() ? "nothing" : out;
}

}  // namespace recloser::wire
