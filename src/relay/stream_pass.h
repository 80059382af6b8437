// StreamPass: what goes through of a provider's event stream, and what it said on the way.
#pragma once

#include "codec/operation.h"
#include "codec/stream_reader.h"
#include "codec/usage_hider.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::relay {

// Pure: bytes in, bytes out, facts beside. The bytes out are the bytes in, unless usage is hidden.
class StreamPass {
 public:
  StreamPass(codec::Operation operation, bool hide_usage);

  // What the client gets of `piece`: the piece itself, or what the hider let through, in `room`,
  // which is cleared first. With `last`, no byte comes after the piece.
  std::string_view take(std::string_view piece, bool last, std::string& room);

  const codec::StreamFacts& facts() const { return reader_.facts(); }
  bool ended() const { return reader_.ended(); }
  // Whether a piece of the answer (text, reasoning, a tool call) has been seen.
  bool saw_content() const { return saw_content_; }

  // Where the bytes out stand: a comment may be put between two lines, an event between two events.
  bool between_lines() const { return tail_[1] == '\n'; }
  bool between_events() const { return tail_[0] == '\n' && tail_[1] == '\n'; }

 private:
  void see(const codec::Event& event, std::string& room);
  void remember_tail(std::string_view out);

  codec::StreamReader reader_;
  std::optional<codec::UsageHider> hider_;
  bool saw_content_ = false;
  std::array<char, 2> tail_{'\n', '\n'};  // the last line ends' bytes out; CR LF counts as LF
};

}  // namespace recloser::relay
