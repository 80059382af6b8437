// ByteClasses: how many tokens a text has about, and at most, told from its bytes alone.
#pragma once

#include "text/token_family.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::text {

// What of a call is known before it is worth encoding: about a nanosecond for each byte, and no
// memory. Every byte has a class, and every pair of neighbours a weight by their classes
// (byte_weights.h); the weights of a text are summed up twice. One sum is near the tokens that
// people's texts have. The other is a line that about one text in a thousand passes (SEMANTICS 1),
// of people's and of texts made by chance: a third above the tokens of prose and programs, more in
// scripts whose characters say little by their bytes (Devanagari, Thai, Arabic). A text written to
// pass it can; what it costs beyond is booked. None has more tokens than bytes().
//
// A text may come in pieces, cut anywhere; the sums go on over many texts.
class ByteClasses {
 public:
  // A piece of a text in UTF-8. (What is not UTF-8 is bounded as well.)
  void add(std::string_view piece);

  // A piece of a text as it stands between the quotes of a JSON string: an escape is the character
  // that it means. What is no escape counts as the bytes that it is.
  void add_json(std::string_view piece);

  // The text is complete; what is added after it is another.
  void end_text();

  std::uint64_t bytes() const { return bytes_ + escape_bytes_; }  // escapes undone

  // Without what a provider puts around texts. For a family whose tokenizer is not public, both go
  // by what was recorded of it.
  std::uint64_t tokens_about(const TokenFamily& family) const;
  std::uint64_t tokens_max(const TokenFamily& family) const;

 private:
  // Units of weight, one for each encoding.
  struct Sums {
    std::uint64_t about = 0;
    std::uint64_t max = 0;
  };
  const Sums& sums(const TokenFamily& family) const;
  void count(std::string_view bytes);
  void count_code_point(std::uint32_t code_point);
  void take(char c);
  void take_code_unit(std::uint32_t unit);
  void give_up_escape();

  static constexpr std::size_t surrogates_bytes = 12;  // the longest escape: \ud83d\ude00

  Sums o200k_;
  Sums cl100k_;
  std::uint64_t bytes_ = 0;
  std::uint64_t texts_ = 0;  // that have begun
  std::uint8_t last_class_ = 0;
  bool begun_ = false;
  std::uint8_t escape_bytes_ = 0;  // an escape that is not complete
  std::array<char, surrogates_bytes> escape_{};
};

}  // namespace recloser::text
