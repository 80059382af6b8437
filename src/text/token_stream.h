// TokenStream: the tokens of a text that comes in pieces.
#pragma once

#include "text/encoding.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::text {

// After every piece, count() is what the encoding counts in all pieces together. It keeps only the
// words that may still change: the last one or two.
class TokenStream {
 public:
  // A word that goes on beyond this is counted in parts, as if it ended there: what has no end
  // (base64, a letter repeated) shall not be encoded again with every piece.
  static constexpr std::size_t open_bytes_max = 256;

  explicit TokenStream(const Encoding& encoding) : encoding_(&encoding) {}

  // UTF-8; may be cut anywhere, within a character too.
  void add(std::string_view piece, EncodingScratch& scratch);

  std::uint64_t count() const { return closed_ + open_tokens_; }

 private:
  std::string_view close_words(std::string_view text, EncodingScratch& scratch);

  const Encoding* encoding_;
  std::uint64_t closed_ = 0;       // tokens of words that cannot change any more
  std::uint64_t open_tokens_ = 0;  // of those that can
  std::string open_;
};

}  // namespace recloser::text
