// Any bytes as a chunked body: the same however they are split, and what is accepted is the same
// after it was chunked again.
#include "net/http1/body.h"
#include "pieces.h"

#include <string>

namespace recloser::net::http1::fuzz {
namespace {

struct Decoded {
  BodyStep::Kind kind = BodyStep::Kind::more;
  Reason reason = Reason::none;
  std::size_t taken = 0;  // meant for the end only
  std::string payload;
  std::string trailers;

  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t step_bytes) {
  BodyReader reader(Body::chunked());
  Decoded decoded;
  for (std::size_t from = 0; from < bytes.size(); from += step_bytes) {
    Exact piece(bytes.substr(from, step_bytes));
    std::string_view input = piece.view();
    for (;;) {
      BodyStep step = reader.next(input);
      CHECK(step.consumed <= input.size());
      CHECK(step.payload.empty() ||
            (step.payload.data() >= input.data() &&
             step.payload.data() + step.payload.size() == input.data() + step.consumed));
      decoded.payload.append(step.payload);
      decoded.taken += step.consumed;
      decoded.kind = step.kind;
      input.remove_prefix(step.consumed);
      if (step.kind == BodyStep::Kind::payload) continue;
      if (step.kind == BodyStep::Kind::more) break;
      if (step.kind == BodyStep::Kind::refused) {
        decoded.reason = step.reason;
        decoded.taken = 0;
      }
      decoded.trailers = reader.trailers();
      return decoded;
    }
    CHECK(input.empty(), "`more` leaves nothing unread");
  }
  return decoded;
}

std::string encode(const Decoded& decoded, std::size_t chunk_bytes) {
  std::string wire;
  for (std::size_t at = 0; at < decoded.payload.size(); at += chunk_bytes) {
    std::string_view chunk = std::string_view(decoded.payload).substr(at, chunk_bytes);
    wire.append(ChunkHead(chunk.size()).text()).append(chunk).append(chunk_end);
  }
  return wire.append(last_chunk_head).append(decoded.trailers).append(chunk_end);
}

void run(const Input& input) {
  Decoded whole = decode(input.bytes, std::max<std::size_t>(input.bytes.size(), 1));
  CHECK(whole == decode(input.bytes, input.step), "in pieces it is the same");
  CHECK(whole == decode(input.bytes, 1), "byte by byte it is the same");
  if (whole.kind != BodyStep::Kind::end) return;
  std::string wire = encode(whole, input.step);
  Decoded again = decode(wire, wire.size());
  CHECK(again.kind == BodyStep::Kind::end && again.taken == wire.size());
  CHECK(again.payload == whole.payload && again.trailers == whole.trailers);
}

}  // namespace
}  // namespace recloser::net::http1::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  recloser::net::http1::fuzz::run(recloser::net::http1::fuzz::input_of(data, size));
  return 0;
}
