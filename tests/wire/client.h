// The client of a play: sends what its lines say and compares what comes back.
#pragma once

#include "wire/events.h"
#include "wire/peer.h"
#include "wire/play.h"

#include <memory>
#include <optional>
#include <string>

namespace recloser::wire {

// A request that is still being described.
struct Draft {
  Step request;
  std::string fields;
  std::optional<std::string> body;
  std::size_t pad_bytes = 0;
  std::size_t head_bytes = 0;  // that the head must have; 0: as it is
  std::size_t path_bytes = 0;  // the same for the path
  std::size_t more_fields = 0;
  bool without_key = false;
};

class Client {
 public:
  explicit Client(Play& play) : play_(play) {}

  // One line. An error is an expectation that was not met.
  Task<Result<void>> step(const Step& step);
  // After the last line: a request that nothing waited for goes out as well.
  Task<Result<void>> finish() { return flush(); }
  void leave();

  const std::string& received() const { return received_; }

 private:
  Result<void> describe(const Step& step);
  Task<Result<void>> act(const Step& step);
  Task<Result<void>> look(const Step& step);
  Task<Result<void>> look_at_stream(const Step& step);
  Result<void> look_at_head(const Step& step) const;

  Task<Result<void>> connect(bool plainly = false);
  Task<Result<void>> flush();
  std::string render(Draft& draft);
  Task<Result<void>> read_status(const Step& step);
  Task<Result<void>> read_to_end();
  Task<Result<void>> read_bytes(std::string expected);
  Task<Result<void>> read_event_like(std::string_view pattern);
  Task<Result<void>> read_failure(std::string code);

  Play& play_;
  std::unique_ptr<Peer> peer_;
  std::optional<Draft> draft_;
  std::optional<EventWriter> writer_;
  Head head_;
  Instant sent_at_;
  bool head_only_ = false;
  std::string received_;  // by connections that are gone
};

}  // namespace recloser::wire
