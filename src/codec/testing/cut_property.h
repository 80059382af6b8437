// What holds of every stream that is cut, wherever: it reads as whole, and what stands in front of
// the cut is the provider's, event by event.
#pragma once

#include "codec/testing/cut_stream.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::codec::testing {

// What is wrong with the cut behind `events` events; "" when nothing is.
inline std::string fault_of_cut(Operation operation, std::string_view stream, std::size_t events,
                                const CutOrder& order, Passing passing) {
  CutStream cut = cut_stream(operation, stream, events, order, passing);
  std::string_view passed = std::string_view(cut.out).substr(0, cut.passed);
  if (!stream.starts_with(passed)) return "other bytes than the provider's";

  StreamReader before(operation);
  std::string_view bytes = passed;
  while (before.next(bytes)) {
  }
  if (before.facts().incomplete_tail) return "it passed half an event";

  StreamReader reader(operation);
  bool noted = false;
  bytes = cut.out;
  while (std::optional<Event> event = reader.next(bytes)) {
    bool ours = event->range.begin >= cut.passed;
    noted |= ours && event->kind == EventKind::text && event->text.contains(order.note);
    if (ours && event->kind == EventKind::tool_call) return "a call of ours";
  }
  if (reader.finish()) return "an event behind the last blank line";
  if (!reader.facts().saw_done) return "no end of the grammar's own";
  if (reader.facts().malformed != before.facts().malformed) return "malformed";
  if (cut.over) return cut.passed == cut.out.size() ? "" : "an end behind the end";
  if (!reader.facts().saw_finish && !before.facts().saw_error) return "no reason";
  bool open = !before.facts().saw_finish;
  if (open && !order.structured && !order.note.empty() && !noted) return "no note";
  if (order.structured && noted) return "a note in structured output";
  return "";
}

}  // namespace recloser::codec::testing
