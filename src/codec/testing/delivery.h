// For tests: what the client has got of a stream that breaks off after some of its events.
#pragma once

#include "codec/continuation/delivered.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec::testing {

struct Delivery {
  Delivered delivered;
  std::string out;     // the bytes
  bool ended = false;  // the stream has no more events
};

// `guarded`: calls of tools are held until they are whole, as where something may cut the stream.
inline Delivery deliver(Operation operation, std::string_view stream, std::size_t events = SIZE_MAX,
                        bool guarded = false) {
  Delivery told{.delivered = Delivered(operation), .out = {}};
  StreamReader reader(operation);
  StreamCut cut(operation);
  std::string held;
  std::string_view bytes = stream;
  for (std::size_t seen = 0; seen < events;) {
    std::optional<Event> event = reader.next(bytes);
    if (!event) {
      told.ended = true;
      break;
    }
    std::string_view frame = stream.substr(event->range.begin, event->range.size());
    StreamCut::Pass pass = guarded ? cut.see(*event, frame) : StreamCut::Pass::on;
    told.delivered.see(*event, frame, pass);
    if (!event->last_of_frame) continue;
    ++seen;
    if (pass == StreamCut::Pass::held_anew) told.out += std::exchange(held, "");
    held += frame;
    if (pass == StreamCut::Pass::on) told.out += std::exchange(held, "");
  }
  return told;
}

}  // namespace recloser::codec::testing
