#include "net/http1/body.h"

#include <algorithm>
#include <cstddef>

namespace recloser::net::http1 {

BodyReader::BodyReader(Body body) : kind_(body.kind), bytes_left_(body.bytes) {}

BodyStep BodyReader::next(std::string_view input) {
  switch (kind_) {
    case Body::Kind::none:
      return {.kind = BodyStep::Kind::end};
    case Body::Kind::chunked:
      return chunks_.next(input);
    case Body::Kind::until_close:
      if (input.empty()) return {.kind = BodyStep::Kind::more};
      return {.kind = BodyStep::Kind::payload, .consumed = input.size(), .payload = input};
    case Body::Kind::length:
      break;
  }
  if (bytes_left_ == 0) return {.kind = BodyStep::Kind::end};
  if (input.empty()) return {.kind = BodyStep::Kind::more};
  auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes_left_, input.size()));
  bytes_left_ -= taken;
  return {.kind = BodyStep::Kind::payload, .consumed = taken, .payload = input.substr(0, taken)};
}

BodyStep BodyReader::closed() const {
  if (ended() || kind_ == Body::Kind::until_close) return {.kind = BodyStep::Kind::end};
  return {.kind = BodyStep::Kind::refused, .reason = Reason::body_truncated};
}

bool BodyReader::ended() const {
  switch (kind_) {
    case Body::Kind::none:
      return true;
    case Body::Kind::length:
      return bytes_left_ == 0;
    case Body::Kind::chunked:
      return chunks_.ended();
    case Body::Kind::until_close:
      return false;
  }
  return false;
}

}  // namespace recloser::net::http1
