// How long a body is, as RFC 9112 6.3 decides it, and the reader that finds its end.
#pragma once

#include "net/http1/chunked.h"
#include "net/http1/reason.h"

#include <cstdint>
#include <string_view>

namespace recloser::net::http1 {

struct Body {
  enum class Kind : std::uint8_t {
    none,
    length,       // `bytes` of them
    chunked,      // until the last chunk
    until_close,  // responses only: until the provider closes
  };

  Kind kind = Kind::none;
  std::uint64_t bytes = 0;

  static constexpr Body none() { return {}; }
  static constexpr Body length(std::uint64_t bytes) { return {Kind::length, bytes}; }
  static constexpr Body chunked() { return {Kind::chunked, 0}; }
  static constexpr Body until_close() { return {Kind::until_close, 0}; }

  // Whether no byte can follow the head.
  constexpr bool empty() const {
    return kind == Kind::none || (kind == Kind::length && bytes == 0);
  }

  friend constexpr bool operator==(const Body&, const Body&) = default;
};

// Reads one body of any kind. Use: give it what has arrived, take `payload`, drop `consumed` bytes
// from the front, repeat until `end`; bytes after the end belong to the next message.
class BodyReader {
 public:
  explicit BodyReader(Body body);

  BodyStep next(std::string_view input);

  // The peer closed: `end` for a body that lasts until then, and for one that had ended before;
  // otherwise refused as truncated.
  BodyStep closed() const;

  bool ended() const;

  // The trailer lines of a chunked body that may be passed on, each with its CR LF; "" usually.
  std::string_view trailers() const { return chunks_.trailers(); }

 private:
  Body::Kind kind_;
  std::uint64_t bytes_left_;
  ChunkedDecoder chunks_;
};

}  // namespace recloser::net::http1
