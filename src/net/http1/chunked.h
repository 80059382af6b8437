// The chunked coding, strictly: payload is handed out as views of the input, never copied.
#pragma once

#include "net/http1/reason.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::net::http1 {

// What one look at the input gave.
struct BodyStep {
  enum class Kind : std::uint8_t {
    more,     // all of the input is consumed and the body goes on
    payload,  // `payload` lies in the input
    end,      // the body is over; what follows `consumed` is the next message
    refused,  // `reason` says why; the connection is of no further use
  };

  Kind kind = Kind::more;
  Reason reason = Reason::none;
  std::size_t consumed = 0;  // drop so many bytes from the front of the input
  std::string_view payload = {};
};

// Reads a chunked body that may be split at any byte. Each call goes on to the next payload, the
// end or a fault. Chunk extensions are bounded and dropped; trailers are bounded, checked like
// header lines, and kept unless they may not stand there.
class ChunkedDecoder {
 public:
  BodyStep next(std::string_view input);

  bool ended() const { return state_ == State::ended; }
  std::string_view trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    size_first,     // a digit must come
    size,           // digits, then an extension or the end of the line
    size_blank,     // white space, after which only an extension may come
    extension,      // dropped
    size_line_end,  // LF
    payload,
    payload_end_cr,
    payload_end_lf,
    trailer,           // a line, or the empty one that ends the body
    trailer_line_end,  // LF
    ended,
    refused,
  };

  bool take_plain_head(std::string_view input, std::size_t& at);
  Reason step(std::string_view input, std::size_t& at);
  Reason take_size(char c);
  Reason take_extension(std::string_view input, std::size_t& at);
  Reason take_trailers(std::string_view input, std::size_t& at);
  Reason end_trailer_line();
  void begin_payload();

  std::uint64_t bytes_left_ = 0;  // the size being read, then what is left of the chunk
  std::string trailers_;          // allocates only when a trailer comes
  std::uint16_t line_at_ = 0;     // in trailers_, where the line being read begins
  std::uint16_t trailer_bytes_ = 0;
  std::uint16_t extension_bytes_ = 0;
  std::uint8_t size_digits_ = 0;
  State state_ = State::size_first;
  Reason reason_ = Reason::none;
};

// "1f4\r\n": what stands before the bytes of a chunk. After them comes `chunk_end`.
class ChunkHead {
 public:
  explicit ChunkHead(std::uint64_t payload_bytes);  // > 0: a chunk of no bytes would end the body
  std::string_view text() const { return {text_.data() + begin_, text_.size() - begin_}; }

 private:
  std::array<char, 18> text_;
  std::uint8_t begin_;
};

inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

// With trailers: last_chunk_head, the lines each with CR LF, chunk_end.
inline constexpr std::string_view last_chunk_head = "0\r\n";

}  // namespace recloser::net::http1
