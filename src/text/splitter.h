// Cuts a text into the words that a byte-pair encoding encodes one by one.
#pragma once

#include "text/unicode_class.h"
#include "text/usual_word.h"

#include <cstdint>
#include <string_view>

namespace recloser::text {

// The patterns (openai/tiktoken, `pat_str`), written out as code because they look ahead:
//
//   o200k   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+
//               (?i:'s|'t|'re|'ve|'m|'ll|'d)?
//           [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*
//               (?i:'s|'t|'re|'ve|'m|'ll|'d)?
//           \p{N}{1,3}    ` ?[^\s\p{L}\p{N}]+[\r\n/]*`    \s*[\r\n]+    \s+(?!\S)    \s+
//   cl100k  (?i:'s|'t|'re|'ve|'m|'ll|'d)    [^\r\n\p{L}\p{N}]?\p{L}+
//           \p{N}{1,3}    ` ?[^\s\p{L}\p{N}]+[\r\n]*`    \s*[\r\n]+    \s+(?!\S)    \s+
//
// Takes time in proportion to the text, whatever it is. The text should be UTF-8; a byte that is
// not is taken for a symbol.
class Splitter {
 public:
  explicit Splitter(SplitRule rule) : classes_(UnicodeClasses::get()), rule_(rule) {}

  struct Word {
    std::size_t bytes;
    // No byte from here on had a say: with at least as many, the same word comes out of any text
    // that goes on. More than the text has when its end decided.
    std::size_t looked_at;
  };

  // The first word of `text`, which is not empty; any_word() for one that is known to be no usual
  // one (usual_word.h).
  Word first_word(std::string_view text) const {
    std::size_t bytes = rule_ == SplitRule::o200k ? usual_word<SplitRule::o200k>(text)
                                                  : usual_word<SplitRule::cl100k>(text);
    return bytes > 0 ? Word{.bytes = bytes, .looked_at = bytes + 1} : any_word(text);
  }
  Word any_word(std::string_view text) const;

 private:
  class Reading;

  const UnicodeClasses& classes_;
  SplitRule rule_;
};

}  // namespace recloser::text
