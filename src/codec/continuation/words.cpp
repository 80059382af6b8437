#include "codec/continuation/words.h"

#include <algorithm>

namespace recloser::codec {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

char32_t decode(std::string_view character) {
  auto lead = static_cast<unsigned char>(character.front());
  if (lead < 0x80) return lead;
  char32_t c = lead & (lead >= 0xF0 ? 0x07u : lead >= 0xE0 ? 0x0Fu : 0x1Fu);
  for (char byte : character.substr(1)) c = c << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
  return c;
}

bool is_between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool is_ascii_word(char32_t c) {
  return is_between(c, '0', '9') || is_between(c, 'a', 'z') || is_between(c, 'A', 'Z');
}

// Blocks of Unicode: Thai and Lao, Tibetan, Burmese, Khmer.
bool is_unspaced_letter(char32_t c) {
  return is_between(c, 0x0E00, 0x0FFF) || is_between(c, 0x1000, 0x109F) ||
         is_between(c, 0x1780, 0x17FF) || is_between(c, 0x3040, 0x9FFF) ||
         is_between(c, 0x20000, 0x3FFFF);
}

}  // namespace

std::string_view without_white_end(std::string_view text) {
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_white_begin(std::string_view text) {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view last_token(std::string_view text) {
  return text.substr(text.find_last_of(white_bytes) + 1);
}

char32_t first_character(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t end = 1;
  while (end < text.size() && continues(text[end])) ++end;
  return decode(text.substr(0, end));
}

char32_t last_character(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t begin = text.size() - 1;
  while (begin > 0 && continues(text[begin])) --begin;
  return decode(text.substr(begin));
}

// Letters from Latin with marks up to the syllables of Cherokee and Canada, and of Korean; without
// the signs between them.
bool is_word_character(char32_t c) {
  if (c < 0x80) return is_ascii_word(c);
  bool letter = is_between(c, 0xC0, 0x1FFF) && c != 0xD7 && c != 0xF7;
  return (letter && !is_unspaced_letter(c)) || is_between(c, 0xAC00, 0xD7AF);
}

bool has_word(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (continues(text[at])) continue;
    char32_t c = first_character(text.substr(at));
    if (is_word_character(c) || is_unspaced_letter(c)) return true;
  }
  return false;
}

bool is_word_border(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  if (at >= text.size() || continues(text[at])) return false;
  return !is_word_character(last_character(text.substr(0, at))) ||
         !is_word_character(first_character(text.substr(at)));
}

}  // namespace recloser::codec
