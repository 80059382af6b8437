#include "core/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace recloser {
namespace {

// Length of the UTF-8 sequence at the front of `text`, 0 where it is not one (overlong forms,
// surrogates and values past U+10FFFF included). Unicode 15, table 3-7.
std::size_t utf8_sequence(std::string_view text) {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  unsigned a = byte(0);
  unsigned b = byte(1);
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return continues(1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    bool in_range = (a != 0xe0 || b >= 0xa0) && (a != 0xed || b < 0xa0);
    return in_range && continues(1) && continues(2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    bool in_range = (a != 0xf0 || b >= 0x90) && (a != 0xf4 || b < 0x90);
    return in_range && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

template <class Integer>
void append_number(std::string& out, Integer number) {
  std::array<char, 24> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

// Bytes that go into JSON text as they are.
constexpr std::array<bool, 256> plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  std::size_t copied = 0;
  std::size_t i = 0;
  auto copy_up_to_here = [&] { out.append(text.data() + copied, i - copied); };
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (plain_bytes[c]) {
      ++i;
      continue;
    }
    std::size_t length = c >= 0x80 ? utf8_sequence(text.substr(i)) : 0;
    if (length != 0) {
      i += length;
      continue;
    }
    copy_up_to_here();
    if (c >= 0x80) {
      out += "\xef\xbf\xbd";
    } else {
      append_escape(out, c);
    }
    copied = ++i;
  }
  copy_up_to_here();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void JsonWriter::comma() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::open_object() {
  comma();
  out_ += '{';
  first_ = true;
  return *this;
}
JsonWriter& JsonWriter::close_object() {
  out_ += '}';
  first_ = false;
  return *this;
}
JsonWriter& JsonWriter::open_array() {
  comma();
  out_ += '[';
  first_ = true;
  return *this;
}
JsonWriter& JsonWriter::close_array() {
  out_ += ']';
  first_ = false;
  return *this;
}
JsonWriter& JsonWriter::key(std::string_view name) {
  comma();
  append_json_string(out_, name);
  out_ += ':';
  first_ = true;
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
  comma();
  append_json_string(out_, text);
  return *this;
}
JsonWriter& JsonWriter::value(std::int64_t number) {
  comma();
  append_number(out_, number);
  return *this;
}
JsonWriter& JsonWriter::value(std::uint64_t number) {
  comma();
  append_number(out_, number);
  return *this;
}
JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  comma();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}
JsonWriter& JsonWriter::value(bool truth) { return raw(truth ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }
JsonWriter& JsonWriter::name(std::string_view plain) {
  comma();
  out_ += '"';
  out_.append(plain);
  out_ += '"';
  return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
  comma();
  out_ += json;
  return *this;
}

}  // namespace recloser
