// Puts the events of a stream together to the answer that the provider would have given to the same
// call without a stream.
#pragma once

#include "codec/operation.h"
#include "codec/sse.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec {

class AssembledGrammar;

// Use: feed() the bytes that a client of the stream would get, in any pieces, then finish(), then
// write(). The answer is equal to the other form as JSON, not as bytes; a member that no event
// tells cannot be in it.
//
// Events that are no JSON are left out: whoever feeds them judges what that makes of the answer
// (StreamFacts::malformed). An event has room up to the limit of the answer.
class Assembled {
 public:
  // `bytes_max`: of memory, for all that is kept.
  Assembled(Operation operation, std::size_t bytes_max);
  ~Assembled();
  Assembled(Assembled&&) noexcept;
  Assembled& operator=(Assembled&&) noexcept;

  // False: the answer is more than may be kept, and of no use any more.
  bool feed(std::string_view bytes);
  // From here on the stream is ours, which ends it in the provider's place (codec/stream_cut.h): a
  // few lines, for which there is room.
  void ends_by_us();
  // After the last byte: an event whose blank line is missing counts.
  bool finish();

  // Appends the answer, or, of a stream that told of a failure, the error object that a provider
  // answers with; of one that told nothing of it, nothing.
  void write(std::string& out) const;
  void write_error(std::string& out) const;

  std::size_t memory_bytes() const;

 private:
  bool take_event();

  std::unique_ptr<AssembledGrammar> grammar_;
  SseReader sse_;
  std::string event_;  // data of the one that is being read
  std::size_t bytes_max_;
};

}  // namespace recloser::codec
