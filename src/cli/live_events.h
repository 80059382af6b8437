// LiveEvents: what GET /admin/live sends, taken apart into events.
#pragma once

#include "codec/sse.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::cli {

class LiveEvents {
 public:
  static constexpr std::size_t event_bytes_max = 4u << 20;

  // Reads on from the front of `piece`; true when an event is whole, which name() and data() tell
  // until the next call.
  bool next(std::string_view& piece);
  std::string_view name() const { return name_; }
  std::string_view data() const { return data_; }
  // One was larger than any that a gateway sends.
  bool too_large() const { return name_.size() + data_.size() > event_bytes_max; }

 private:
  codec::SseReader reader_;
  std::string name_;
  std::string data_;
  bool whole_ = false;
};

}  // namespace recloser::cli
