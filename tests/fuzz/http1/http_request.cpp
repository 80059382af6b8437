// Any bytes as a request head: the same however they are split, and what is accepted means the same
// after it went through the writer.
#include "pieces.h"

#include <string>

namespace recloser::net::http1::fuzz {
namespace {

void round_trip(const RequestHead& head) {
  // An HTTP/1.0 request may lack the Host, and its Expect means nothing.
  constexpr NameSet replaced{Name::host, Name::expect};
  std::string wire;
  HeadWriter writer(wire);
  writer.request_line(head.method_text(), {.path = head.target()});
  std::string authority(head.authority().empty() ? "h" : head.authority());
  writer.field(Name::host, authority);
  writer.copy_fields(head, replaced);
  writer.end(head.body());

  RequestHead again;
  CHECK(again.read(wire) == Progress::complete, "what is written is accepted");
  CHECK(again.size() == wire.size() && again.body() == head.body());
  CHECK(again.method() == head.method() && again.target() == head.target());
  CHECK(again.path() == head.path() && again.query() == head.query());
  CHECK(kept_fields(again, replaced) == kept_fields(head, replaced));
  CHECK(!again.connection_names_fields() && !again.asks_for_websocket());
}

void run(const Input& input) {
  Outcome<RequestHead> outcome = read_every_way<RequestHead>(input);
  if (outcome.progress != Progress::complete) return;
  const RequestHead& head = outcome.head;
  CHECK(head.size() <= input.bytes.size() && head.size() <= limits::head_bytes_max);
  CHECK(!(head.has(Name::content_length) && head.has(Name::transfer_encoding)));
  CHECK(head.version_minor() == 0 || !head.authority().empty());
  round_trip(head);
}

}  // namespace
}  // namespace recloser::net::http1::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  recloser::net::http1::fuzz::run(recloser::net::http1::fuzz::input_of(data, size));
  return 0;
}
