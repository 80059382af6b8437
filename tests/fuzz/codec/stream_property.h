// The property of every stream: the same events, facts and shown bytes at every split.
#pragma once

#include "codec/testing/event_text.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace recloser::codec {

inline void check_stream(Operation operation, std::size_t cut, std::string_view stream) {
  testing::Told whole = testing::tell_whole(operation, stream);
  testing::Told bytes = testing::tell_bytes(operation, stream);
  if (bytes.lines != whole.lines || bytes.shown != whole.shown) std::abort();
  if (cut < stream.size()) {
    testing::Told split = testing::tell_split(operation, stream, cut);
    if (split.lines != whole.lines || split.shown != whole.shown) std::abort();
  }
  if (whole.shown.size() > stream.size()) std::abort();
}

}  // namespace recloser::codec
