#include "codec/sentence_end.h"

#include "codec/json_escape.h"

namespace recloser::codec {
namespace {

constexpr std::uint8_t ticks_of_block = 3;

// The character at the front of `raw`, which it moves behind it. Of a pair of escaped surrogates
// each is told alone: neither ends a sentence.
char32_t take(std::string_view& raw) {
  auto byte = static_cast<unsigned char>(raw.front());
  std::size_t size = 1;
  char32_t c = byte;
  if (byte == '\\' && raw.size() > 1) {
    size = 2;
    char stands_for = simple_escape(raw[1]);
    c = static_cast<unsigned char>(stands_for);
    if (stands_for == 0 && raw.size() >= 6) {
      size = 6;
      for (char digit : raw.substr(2, 4)) {
        c = c << 4 | static_cast<char32_t>(hex_value(static_cast<unsigned char>(digit)) & 0xF);
      }
    }
  } else if (byte >= 0xC0) {
    c = byte & (byte >= 0xF0 ? 0x07 : byte >= 0xE0 ? 0x0F : 0x1F);
    for (; size < raw.size() && (static_cast<unsigned char>(raw[size]) & 0xC0) == 0x80; ++size) {
      c = c << 6 | (static_cast<unsigned char>(raw[size]) & 0x3F);
    }
  }
  raw.remove_prefix(size);
  return c;
}

bool is_white(char32_t c) {
  return c == U' ' || c == U'\n' || c == U'\t' || c == U'\r' || c == U'\u00A0';
}

// Closes what a sentence stood in, or a word in bold.
bool closes(char32_t c) { return std::u32string_view(U"\"')]*_\u00BB\u2019\u201D").contains(c); }

bool is_full_stop(char32_t c) {
  return c == U'\u3002' || c == U'\uFF01' || c == U'\uFF1F' || c == U'\uFF0E' || c == U'\uFF61';
}

}  // namespace

std::optional<std::size_t> SentenceEnd::see(std::string_view raw) {
  std::optional<std::size_t> end;
  std::string_view rest = raw;
  while (!rest.empty()) {
    std::size_t before = raw.size() - rest.size();
    char32_t c = take(rest);
    if (ends_before(c) && !end) end = before;
    if (ends_behind(c) && !end) end = raw.size() - rest.size();
  }
  return end;
}

bool SentenceEnd::ends_before(char32_t c) { return marked_ && !in_block_ && is_white(c); }

bool SentenceEnd::ends_behind(char32_t c) {
  ticks_ = c == U'`' && ticks_ < ticks_of_block ? static_cast<std::uint8_t>(ticks_ + 1)
           : c == U'`'                          ? std::uint8_t{1}
                                                : std::uint8_t{0};
  if (ticks_ == ticks_of_block) in_block_ = !in_block_;
  bool of_list = c == U'.' && only_digits_;
  marked_ = ((c == U'.' && !of_list) || c == U'!' || c == U'?') || (marked_ && closes(c));
  if (c == U'\n') {
    only_digits_ = true;
    return !in_block_;
  }
  only_digits_ &= (c >= U'0' && c <= U'9') || c == U' ';
  return !in_block_ && is_full_stop(c);
}

}  // namespace recloser::codec
