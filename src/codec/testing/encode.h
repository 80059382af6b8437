// Encodes what the decoder must read again: by the encoders of the same libraries.
#pragma once

#include "codec/content_decoder.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec::testing {

class Encoder {
 public:
  virtual ~Encoder() = default;
  // What stands for `text`, so that it can be read as soon as it has come; `last` ends the data.
  virtual std::string piece(std::string_view text, bool last) = 0;
};
std::unique_ptr<Encoder> encoder_of(ContentCoding coding, bool raw = false);

// All of `text`, ended. `raw`: deflate without zlib's header.
std::string encode(ContentCoding coding, std::string_view text, bool raw = false);

// A stream whose pieces can each be read as soon as they have come; what follows the last one
// only ends it.
std::vector<std::string> encode_pieces(ContentCoding coding,
                                       const std::vector<std::string_view>& texts,
                                       bool raw = false);

ContentCodings codings(std::string_view list);  // "gzip, br"

}  // namespace recloser::codec::testing
