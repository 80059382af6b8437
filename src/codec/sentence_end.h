// Where a sentence ends in a text that passes piece by piece, for a cut that need not be in
// mid-word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::codec {

// A sentence ends behind a line feed, behind the full stops of Chinese and Japanese, and behind
// `.`, `!` and `?` (with the quotes and brackets that close there) when white space follows. Not in
// a code block, and not behind the number of a list ("1. "). Abbreviations are not known: a
// sentence may so end at "e.g. ", which harms nobody.
// See all of the answer's text from its begin, so that a code block is known as such.
class SentenceEnd {
 public:
  // `raw`: the next text, as it stands between the quotes of JSON. How many of its bytes belong to
  // a sentence that ends in it, the first; 0 when its first byte shows that one had ended before.
  std::optional<std::size_t> see(std::string_view raw);

 private:
  bool ends_before(char32_t c);
  bool ends_behind(char32_t c);

  bool marked_ = false;      // the last character ended a sentence if white space follows
  bool in_block_ = false;    // of code
  bool only_digits_ = true;  // so far in this line
  std::uint8_t ticks_ = 0;   // in a row
};

}  // namespace recloser::codec
