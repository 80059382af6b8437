// Takes the content codings (RFC 9110 8.4) off an answer as it arrives: gzip, deflate, br, zstd.
#pragma once

#include "core/limits.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace recloser::codec {

enum class ContentCoding : unsigned char { gzip, deflate, br, zstd };

// The codings of one answer, in the order in which they were put on.
class ContentCodings {
 public:
  // One name of Content-Encoding; `identity` adds nothing. False for one that is not known, and
  // for one too many: then the answer cannot be read.
  bool add(std::string_view name);

  bool empty() const { return count_ == 0; }
  std::span<const ContentCoding> list() const { return std::span(codings_).first(count_); }

 private:
  std::array<ContentCoding, limits::content_codings_max> codings_{};
  std::size_t count_ = 0;
};

// What one answer may become. Nothing of it is kept here: these limits stop a provider from keeping
// us at work for a few bytes.
struct DecodingLimits {
  std::uint64_t bytes_max = limits::decoded_bytes_max;
  std::uint64_t ratio_max = limits::decoded_ratio_max;
  std::uint64_t free_bytes = limits::decoded_free_bytes;  // whatever the ratio
};

// Use, for each piece of the body as it comes:
//   std::string_view out = decoder.next(piece, last, room);
//   while (decoder.more()) { .. yield ..; out = decoder.next("", last, room); }
// Each call does a bounded part of the work, well below a millisecond. What of a piece was not
// read is copied, so that the piece may go; between pieces nothing is kept but the state of the
// codings. Bytes behind the end of the encoded data are dropped, as browsers do.
class ContentDecoder {
 public:
  static constexpr std::size_t room_bytes = 16u << 10;  // a good size of `room`

  explicit ContentDecoder(const ContentCodings& codings, DecodingLimits limits = {});
  ~ContentDecoder();

  // What was decoded, in `room`; may be empty. `piece` must be empty while there is more(). With
  // `last`, no byte comes after the piece.
  std::string_view next(std::string_view piece, bool last, std::span<char> room);

  // Whether there is something to do, or a fault to tell, without another piece.
  bool more() const { return !fault_.empty() || rest() != 0 || full_; }

  // Why nothing more can be decoded: broken data, an end that came too early, too much. "" while
  // all is well. What the last next() gave is good all the same.
  std::string_view fault() const { return fault_; }

  std::size_t memory_bytes() const;

 private:
  class Layer;
  class Zlib;
  class Brotli;
  class Zstd;

  static std::unique_ptr<Layer> layer_of(ContentCoding coding);
  std::size_t rest() const { return held_.size() - held_at_; }
  std::string_view take(std::string_view piece);
  void run(std::string_view& in, std::span<char>& room);
  void judge(bool last);

  std::array<std::unique_ptr<Layer>, limits::content_codings_max> layers_;  // the outermost first
  std::string between_;  // what the first layer gave and the second has not read
  std::size_t between_at_ = 0;
  std::string held_;  // of a piece, not read yet
  std::size_t held_at_ = 0;
  DecodingLimits limits_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::string_view fault_;
  bool full_ = false;  // a layer filled its room: it may have more
};

}  // namespace recloser::codec
