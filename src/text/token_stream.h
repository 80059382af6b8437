// TokenStream: the tokens of a text that comes in pieces.
#pragma once

#include "text/encoding.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::text {

// count() is what the encoding counts in all pieces together. It keeps only the words that may
// still change: the last one or two.
class TokenStream {
 public:
  // A word that goes on beyond this is counted in parts, as if it ended there: what has no end
  // (base64, a letter repeated) shall not be encoded again with every piece.
  static constexpr std::size_t open_bytes_max = 256;

  explicit TokenStream(const Encoding& encoding) : encoding_(&encoding) {}

  // UTF-8; may be cut anywhere, within a character too.
  void add(std::string_view piece, EncodingScratch& scratch);

  // Encodes the words that may still change: to be asked now and then, not after every piece.
  std::uint64_t count(EncodingScratch& scratch) const {
    return closed_ + encoding_->count(open_, scratch);
  }

  // The same at no cost, with the open words by their bytes: off by a token or two.
  std::uint64_t about() const { return closed_ + (open_.size() + 3) / 4; }

 private:
  std::string_view close_words(std::string_view text, EncodingScratch& scratch);

  const Encoding* encoding_;
  std::uint64_t closed_ = 0;  // tokens of words that cannot change any more
  std::string open_;          // those that can
};

}  // namespace recloser::text
