// Trace identity: the W3C traceparent, our own span in it, and the trace id of a call.
#pragma once

#include "core/ids.h"
#include "core/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::session {

// W3C Trace Context level 1, "traceparent".
struct TraceParent {
  std::array<char, 32> trace_id;  // lower-case hex, not all zero
  std::array<char, 16> span_id;
  std::uint8_t flags = 0;

  // Nothing when the header breaks the grammar; it then means nothing and is passed on as it is. Of
  // a version after 00 the first four fields are read, as that page asks.
  static std::optional<TraceParent> parse(std::string_view header);

  // The same trace with our span, for the provider. Never an all-zero span.
  TraceParent child(Random& random) const;

  static constexpr std::size_t text_size = 55;
  std::array<char, text_size> text() const;  // always version 00

  std::string_view trace() const { return {trace_id.data(), trace_id.size()}; }
};

// The trace a call belongs to: x-recloser-trace, else the traceparent's, else "". The error is the
// client's and about x-recloser-trace. The view is into `recloser_trace` or `parent`.
Result<std::string_view> trace_of(std::string_view recloser_trace,
                                  const std::optional<TraceParent>& parent);

}  // namespace recloser::session
