// TokenStream: the tokens of a text that comes in pieces.
#pragma once

#include "text/encoding.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::text {

// count() is what the encoding counts in all pieces together. Pieces are gathered and encoded some
// hundred bytes at a time: for one of a few bytes, what is around the encoding costs more than it.
class TokenStream {
 public:
  // So many are gathered before their words are counted.
  static constexpr std::size_t open_bytes_usual = 128;
  // A word that goes on beyond this is counted in parts, as if it ended there: what has no end
  // (base64, a letter repeated) shall not be encoded again and again.
  static constexpr std::size_t word_bytes_max = 112;

  explicit TokenStream(const Encoding& encoding) : encoding_(&encoding) {}

  // UTF-8; may be cut anywhere, within a character too.
  void add(std::string_view piece, EncodingScratch& scratch) {
    if (open_.capacity() < open_bytes_usual) open_.reserve(open_bytes_usual + 15);
    open_ += piece;
    if (open_.size() >= open_bytes_usual) close_words(scratch);
  }

  // Encodes what is gathered: to be asked now and then, not after every piece.
  std::uint64_t count(EncodingScratch& scratch) const {
    return closed_tokens_ + encoding_->count(open_, scratch);
  }

  // The same at no cost, rather a few too many than too few: what is gathered has a quarter more
  // for its bytes than all before it, so that what is booked of a running stream covers what was
  // sent.
  std::uint64_t about() const {
    return closed_tokens_ + (open_.size() * tokens_per_64_kib_ + 0xFFFF) / 0x10000;
  }

 private:
  void close_words(EncodingScratch& scratch);
  std::string_view close_words_of(std::string_view text, EncodingScratch& scratch);

  const Encoding* encoding_;
  std::uint64_t closed_tokens_ = 0;  // of words that cannot change any more
  std::uint64_t closed_bytes_ = 0;
  std::uint64_t tokens_per_64_kib_ = 0x5000;  // a token for 3.2 bytes, while nothing is known
  std::string open_;                          // what is gathered, and words that may go on
};

}  // namespace recloser::text
