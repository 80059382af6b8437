#include "codec/json_walk.h"

#include "codec/json_scanner.h"

#include <algorithm>
#include <charconv>

namespace recloser::codec {
namespace {

constexpr JsonTable nothing_wanted{{"", 1, 0}};

std::string_view behind_blanks(std::string_view text) {
  std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

// Of a text that begins with a quote: through the one that ends it.
std::size_t string_bytes(std::string_view text) {
  constexpr std::size_t escape_bytes = 2;
  for (std::size_t at = 1; at < text.size(); at += escape_bytes) {
    at = text.find_first_of("\\\"", at);
    if (at == std::string_view::npos) break;
    if (text[at] == '"') return at + 1;
  }
  return text.size();
}

std::size_t brackets_bytes(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    at = text.find_first_of("\"{}[]", at);
    if (at == std::string_view::npos) break;
    if (text[at] == '"') {
      at += string_bytes(text.substr(at));
      continue;
    }
    bool opens = text[at] == '{' || text[at] == '[';
    depth = opens ? depth + 1 : depth - 1;
    ++at;
    if (depth == 0) return at;
  }
  return text.size();
}

std::size_t value_bytes(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == '"') return string_bytes(text);
  if (text.front() == '{' || text.front() == '[') return brackets_bytes(text);
  return std::min(text.find_first_of(",]} \t\r\n"), text.size());
}

}  // namespace

bool is_json_object(std::string_view text) {
  if (!behind_blanks(text).starts_with('{')) return false;
  JsonScanner scanner(nothing_wanted);
  if (scanner.next(text) != JsonToken::none) return false;
  return scanner.finish() == JsonToken::none;
}

JsonChildren::JsonChildren(std::string_view container) {
  container = behind_blanks(container);
  object_ = container.starts_with('{');
  if (object_ || container.starts_with('[')) rest_ = container.substr(1);
}

bool JsonChildren::next() {
  rest_ = behind_blanks(rest_);
  if (rest_.starts_with(',')) rest_ = behind_blanks(rest_.substr(1));
  if (rest_.empty() || rest_.front() == '}' || rest_.front() == ']') return false;
  if (object_) {
    std::size_t bytes = value_bytes(rest_);
    key_ = json_text(rest_.substr(0, bytes));
    rest_ = behind_blanks(rest_.substr(bytes));
    if (!rest_.starts_with(':')) return false;
    rest_ = behind_blanks(rest_.substr(1));
  }
  std::size_t bytes = value_bytes(rest_);
  value_ = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return bytes != 0;
}

std::string_view json_member(std::string_view object, std::string_view name) {
  std::string_view value;
  if (!behind_blanks(object).starts_with('{')) return value;
  for (JsonChildren each(object); each.next();) {
    if (each.key() == name) value = each.value();
  }
  return value;
}

std::string_view json_text(std::string_view value) {
  if (!is_json_text(value) || value.size() < 2) return {};
  return value.substr(1, value.size() - 2);
}

std::optional<std::uint64_t> json_count(std::string_view value) {
  std::uint64_t number = 0;
  auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (fault != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

}  // namespace recloser::codec
