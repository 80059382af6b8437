#include "text/splitter.h"

#include "core/ascii.h"

namespace recloser::text {
namespace {

constexpr std::uint8_t cased = class_upper | class_lower;

}  // namespace

std::size_t Splitter::first_word(std::string_view text) const {
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* at = nullptr;
  bool cl100k = rule_ == SplitRule::cl100k;
  if (cl100k) at = contraction(begin, end);
  Char first = char_at(begin, end, classes_);
  bool may_lead = (first.classes & (class_letter | class_number | class_newline)) == 0;
  auto word = [&](const char* p) {
    if (p == end) return static_cast<const char*>(nullptr);
    return cl100k ? letters(p, end) : cased_letters(p, end);
  };
  if (at == nullptr && may_lead) at = word(begin + first.bytes);
  if (at == nullptr) at = word(begin);
  if (at == nullptr) at = numbers(begin, end);
  if (at == nullptr) at = symbols(begin, end);
  if (at == nullptr) at = spaces(begin, end);
  return static_cast<std::size_t>(at - begin);
}

// The end of 's, 't, 're, 've, 'm, 'll or 'd in any case; nullptr when none stands at `p`. (The
// long s, U+017F, is an s in another case.)
const char* Splitter::contraction(const char* p, const char* end) const {
  if (end - p < 2 || *p != '\'') return nullptr;
  char first = ascii::lower(p[1]);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return p + 2;
  if (end - p < 3) return nullptr;
  char second = ascii::lower(p[2]);
  if ((first == 'r' || first == 'v') && second == 'e') return p + 3;
  if (first == 'l' && second == 'l') return p + 3;
  return p[1] == '\xC5' && p[2] == '\xBF' ? p + 3 : nullptr;
}

const char* Splitter::letters(const char* p, const char* end) const {
  const char* first = p;
  while (p != end) {
    Char c = char_at(p, end, classes_);
    if ((c.classes & class_letter) == 0) break;
    p += c.bytes;
  }
  return p == first ? nullptr : p;
}

// Both patterns of o200k's words: capitals, then small letters, of which there must be some (the
// first pattern); else capitals alone (the second). A letter without case and a mark are both, so
// the first pattern may end within the run of what can be a capital: behind its last one of these.
const char* Splitter::cased_letters(const char* p, const char* end) const {
  const char* first = p;
  const char* behind_either = nullptr;
  std::uint8_t stopped_at = 0;
  for (; p != end; stopped_at = 0) {
    Char c = char_at(p, end, classes_);
    stopped_at = c.classes;
    if ((c.classes & class_upper) == 0) break;
    p += c.bytes;
    if ((c.classes & cased) == cased) behind_either = p;
  }
  bool small_follow = p != end && (stopped_at & class_lower) != 0;
  if (small_follow) {
    while (p != end) {
      Char c = char_at(p, end, classes_);
      if ((c.classes & class_lower) == 0) break;
      p += c.bytes;
    }
  } else if (behind_either != nullptr) {
    p = behind_either;
  }
  if (p == first) return nullptr;
  const char* with_contraction = contraction(p, end);
  return with_contraction != nullptr ? with_contraction : p;
}

const char* Splitter::numbers(const char* p, const char* end) const {
  const char* first = p;
  for (int i = 0; i < 3 && p != end; ++i) {
    Char c = char_at(p, end, classes_);
    if ((c.classes & class_number) == 0) break;
    p += c.bytes;
  }
  return p == first ? nullptr : p;
}

const char* Splitter::symbols(const char* p, const char* end) const {
  if (*p == ' ') ++p;
  const char* first = p;
  while (p != end) {
    Char c = char_at(p, end, classes_);
    if ((c.classes & (class_space | class_letter | class_number)) != 0) break;
    p += c.bytes;
  }
  if (p == first) return nullptr;
  bool slash_too = rule_ == SplitRule::o200k;
  while (p != end && (*p == '\r' || *p == '\n' || (slash_too && *p == '/'))) ++p;
  return p;
}

// White space: up to its last line end; without one, all at the end of the text, else all but the
// last, which belongs to what follows.
const char* Splitter::spaces(const char* p, const char* end) const {
  const char* last = p;
  const char* behind_newline = nullptr;
  const char* first = p;
  while (p != end) {
    Char c = char_at(p, end, classes_);
    if ((c.classes & class_space) == 0) break;
    last = p;
    p += c.bytes;
    if ((c.classes & class_newline) != 0) behind_newline = p;
  }
  if (behind_newline != nullptr) return behind_newline;
  return p == end || last == first ? p : last;
}

}  // namespace recloser::text
