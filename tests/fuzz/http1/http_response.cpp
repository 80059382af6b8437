// Any bytes as a response head: the same however they are split, and what is accepted means the
// same after it went through the writer.
#include "pieces.h"

#include <string>

namespace recloser::net::http1::fuzz {
namespace {

void round_trip(const ResponseHead& head, Method requested) {
  std::string wire;
  HeadWriter writer(wire);
  writer.status_line(head.status(), head.phrase());
  writer.copy_fields(head, {});
  writer.end(head.body(requested));

  ResponseHead again;
  CHECK(again.read(wire) == Progress::complete, "what is written is accepted");
  CHECK(again.size() == wire.size() && again.body(requested) == head.body(requested));
  CHECK(again.status() == head.status() && again.phrase() == head.phrase());
  CHECK(kept_fields(again, {}) == kept_fields(head, {}));
}

void run(const Input& input) {
  Outcome<ResponseHead> outcome = read_every_way<ResponseHead>(input);
  if (outcome.progress != Progress::complete) return;
  const ResponseHead& head = outcome.head;
  CHECK(head.size() <= input.bytes.size() && head.size() <= limits::head_bytes_max);
  CHECK(!(head.has(Name::content_length) && head.has(Name::transfer_encoding)));
  CHECK(head.status() >= 100 && head.status() <= 599);
  CHECK(head.body(Method::head) == Body::none());
  CHECK(!head.keep_alive(Method::get) || head.body(Method::get).kind != Body::Kind::until_close);
  round_trip(head, Method::get);
  round_trip(head, Method::head);
}

}  // namespace
}  // namespace recloser::net::http1::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  recloser::net::http1::fuzz::run(recloser::net::http1::fuzz::input_of(data, size));
  return 0;
}
