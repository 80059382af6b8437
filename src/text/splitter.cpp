#include "text/splitter.h"

#include "core/ascii.h"

#include <algorithm>

namespace recloser::text {
namespace {

constexpr std::uint8_t cased = class_upper | class_lower;

}  // namespace

// One word being read. Each function tries one pattern at `p` and gives its end, or nullptr.
class Splitter::Reading {
 public:
  Reading(const UnicodeClasses& classes, const char* end)
      : classes_(classes), end_(end), looked_at_(nullptr) {}

  // The end of 's, 't, 're, 've, 'm, 'll or 'd in any case. (The long s, U+017F, is an s in another
  // case.)
  const char* contraction(const char* p) {
    see(p);
    if (p == end_ || *p != '\'') return nullptr;
    for (int i = 1; i <= 2; ++i) see(p + i);
    if (end_ - p < 2) return nullptr;
    char first = ascii::lower(p[1]);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return p + 2;
    if (end_ - p < 3) return nullptr;
    char second = ascii::lower(p[2]);
    if ((first == 'r' || first == 'v') && second == 'e') return p + 3;
    if (first == 'l' && second == 'l') return p + 3;
    return p[1] == '\xC5' && p[2] == '\xBF' ? p + 3 : nullptr;
  }

  const char* letters(const char* p) {
    const char* first = p;
    skip(p, class_letter);
    return p == first ? nullptr : p;
  }

  // Both patterns of o200k's words: capitals, then small letters, of which there must be some (the
  // first pattern); else capitals alone (the second). A letter without case and a mark are both, so
  // the first pattern may end within the run of what can be a capital: behind its last one of
  // these.
  const char* cased_letters(const char* p) {
    const char* first = p;
    const char* behind_either = nullptr;
    for (; p != end_; see(p)) {
      Char c = char_at(p, end_, classes_);
      if ((c.classes & class_upper) == 0) break;
      p += c.bytes;
      if ((c.classes & cased) == cased) behind_either = p;
    }
    const char* behind_capitals = p;
    skip(p, class_lower);
    if (p == behind_capitals && behind_either != nullptr) p = behind_either;
    if (p == first) return nullptr;
    const char* with_contraction = contraction(p);
    return with_contraction != nullptr ? with_contraction : p;
  }

  const char* numbers(const char* p) {
    const char* first = p;
    for (int i = 0; i < 3 && p != end_; ++i) {
      Char c = char_at(p, end_, classes_);
      if ((c.classes & class_number) == 0) break;
      p += c.bytes;
      see(p - 1);
    }
    see(p);
    return p == first ? nullptr : p;
  }

  const char* symbols(const char* p, bool slash_too) {
    if (*p == ' ') ++p;
    const char* first = p;
    while (p != end_) {
      Char c = char_at(p, end_, classes_);
      if ((c.classes & (class_space | class_letter | class_number)) != 0) break;
      p += c.bytes;
    }
    see(p);
    if (p == first) return nullptr;
    while (p != end_ && (*p == '\r' || *p == '\n' || (slash_too && *p == '/'))) ++p;
    see(p);
    return p;
  }

  // White space: up to its last line end; without one, all at the end of the text, else all but the
  // last, which belongs to what follows.
  const char* spaces(const char* p) {
    const char* first = p;
    const char* last = p;
    const char* behind_newline = nullptr;
    while (p != end_) {
      Char c = char_at(p, end_, classes_);
      if ((c.classes & class_space) == 0) break;
      last = p;
      p += c.bytes;
      if ((c.classes & class_newline) != 0) behind_newline = p;
    }
    see(p);
    if (behind_newline != nullptr) return behind_newline;
    return p == end_ || last == first ? p : last;
  }

  const char* looked_at() const { return looked_at_; }

 private:
  void skip(const char*& p, std::uint8_t wanted) {
    while (p != end_) {
      Char c = char_at(p, end_, classes_);
      if ((c.classes & wanted) == 0) break;
      p += c.bytes;
    }
    see(p);
  }

  // That what stands at `p` had a say, or that nothing does.
  void see(const char* p) { looked_at_ = std::max(looked_at_, p + 1); }

  const UnicodeClasses& classes_;
  const char* end_;
  const char* looked_at_;
};

Splitter::Word Splitter::any_word(std::string_view text) const {
  const char* begin = text.data();
  const char* text_end = begin + text.size();
  Reading in(classes_, text_end);
  bool cl100k = rule_ == SplitRule::cl100k;
  const char* end = cl100k ? in.contraction(begin) : nullptr;
  Char first = char_at(begin, text_end, classes_);
  bool may_lead = (first.classes & (class_letter | class_number | class_newline)) == 0;
  auto word = [&](const char* p) { return cl100k ? in.letters(p) : in.cased_letters(p); };
  if (end == nullptr && may_lead) end = word(begin + first.bytes);
  if (end == nullptr) end = word(begin);
  if (end == nullptr) end = in.numbers(begin);
  if (end == nullptr) end = in.symbols(begin, !cl100k);
  if (end == nullptr) end = in.spaces(begin);
  return {.bytes = static_cast<std::size_t>(end - begin),
          .looked_at = static_cast<std::size_t>(in.looked_at() - begin)};
}

}  // namespace recloser::text
