// The sums are the same at every split, plain and as a JSON string, and no text has more tokens
// than its bytes; texts of hostile sorts, which the input describes, stay below the line.
#include "text/byte_classes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser::text;

void require(bool holds) {
  if (!holds) std::abort();
}

using Add = void (ByteClasses::*)(std::string_view);

std::array<std::uint64_t, 5> sums(const ByteClasses& classes) {
  const TokenFamily& o200k = token_family("gpt-4o");
  const TokenFamily& cl100k = token_family("gpt-4");
  return {classes.bytes(), classes.tokens_about(o200k), classes.tokens_max(o200k),
          classes.tokens_about(cl100k), classes.tokens_max(cl100k)};
}

std::array<std::uint64_t, 5> read(std::string_view text, Add add, std::size_t step) {
  ByteClasses classes;
  for (std::size_t at = 0; at < text.size(); at += step) {
    (classes.*add)(std::string(text.substr(at, step)));
  }
  classes.end_text();
  return sums(classes);
}

void check_splits(std::string_view text, Add add, std::size_t step) {
  auto whole = read(text, add, text.size() + 1);
  require(read(text, add, step) == whole);
  require(read(text, add, 1) == whole);
}

std::string escaped(std::string_view text, bool all) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || (all && byte < 0x80)) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  check_splits(text, &ByteClasses::add, 1 + data[1] % 32);
  check_splits(text, &ByteClasses::add_json, 1 + data[1] % 32);
  std::string as_json = escaped(text, data[0] % 2 == 0);
  auto plain = read(text, &ByteClasses::add, text.size() + 1);
  require(read(as_json, &ByteClasses::add_json, as_json.size() + 1) == plain);
  static EncodingScratch scratch;
  require(Encoding::o200k().count(text, scratch) <= plain[0]);
  require(Encoding::cl100k().count(text, scratch) <= plain[0]);
  require(plain[2] <= plain[0] && plain[4] <= plain[0]);
  return 0;
}
