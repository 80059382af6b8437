// For tests: a stream as the client gets it when it is cut after some of its events.
#pragma once

#include "codec/stream_cut.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec::testing {

struct CutStream {
  std::string out;              // what the client gets
  std::size_t passed = 0;       // bytes of it that are the provider's
  std::size_t events = 0;       // SSE events that were seen, passed or not
  std::size_t held_events = 0;  // of them held when it was cut
  bool over = false;            // it was whole already
};

// How the stream was passed until it is cut.
enum class Passing {
  holds,     // as it should
  releases,  // what is to be held is passed on at once, as where it is too large
  unseen,    // nothing was to cut it
};

inline CutStream cut_unseen(Operation operation, std::string_view stream, std::size_t events,
                            const CutOrder& order) {
  CutStream told;
  StreamReader reader(operation);
  StreamSoFar so_far;
  std::string_view bytes = stream;
  while (told.events < events) {
    std::optional<Event> event = reader.next(bytes);
    if (!event) break;
    so_far.see(*event);
    if (!event->last_of_frame) continue;
    ++told.events;
    told.out.append(stream.substr(event->range.begin, event->range.size()));
  }
  told.passed = told.out.size();
  StreamCut cut(operation, so_far, reader.facts());
  told.over = cut.over();
  cut.write(told.out, order, reader.facts());
  return told;
}

// Cuts behind `events` SSE events, or at the end of the stream if it has fewer.
inline CutStream cut_stream(Operation operation, std::string_view stream, std::size_t events,
                            const CutOrder& order, Passing passing = Passing::holds) {
  if (passing == Passing::unseen) return cut_unseen(operation, stream, events, order);
  bool releases = passing == Passing::releases;
  CutStream told;
  StreamReader reader(operation);
  StreamCut cut(operation);
  std::string held;
  std::string_view bytes = stream;
  while (told.events < events) {
    std::optional<Event> event = reader.next(bytes);
    if (!event) break;
    std::string_view frame = stream.substr(event->range.begin, event->range.size());
    StreamCut::Pass pass = cut.see(*event, frame);
    if (!event->last_of_frame) continue;
    ++told.events;
    ++told.held_events;
    if (pass == StreamCut::Pass::held_anew) {
      told.out += held;
      held.clear();
      told.held_events = 1;
    }
    held += frame;
    if (pass != StreamCut::Pass::on && !releases) continue;
    if (pass != StreamCut::Pass::on) cut.release();
    told.out += held;
    held.clear();
    told.held_events = 0;
  }
  told.passed = told.out.size();
  told.over = cut.over();
  cut.write(told.out, order, reader.facts());
  return told;
}

}  // namespace recloser::codec::testing
