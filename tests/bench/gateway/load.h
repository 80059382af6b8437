// The load of the bench: calls on many connections as a plan says, with what they took.
#pragma once

#include "body.h"
#include "core/result.h"
#include "core/time.h"
#include "message_reader.h"
#include "samples.h"
#include "sockets.h"
#include "stream_meter.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::bench {

// Closed loop: a connection makes its next call when the last one has ended.
struct Plan {
  std::uint16_t port = 0;
  std::string key = "sk-bench-0123456789abcdef0123456789abcdef";
  std::string model = "gpt-4o-mini";
  Order order;
  std::size_t body_bytes = 1024;
  unsigned connections = 1;
  std::uint64_t calls_max = 0;       // all connections together; 0 = no limit
  std::uint64_t calls_each_max = 0;  // 0 = no limit
  Duration time_max = 60s;           // no call starts later; those still open may end
  Duration stagger = 0ms;            // between the first calls of two connections
  unsigned ramp_max = 0;             // first calls without an answer's head; 0 = no limit
  bool hold = false;                 // keep all connections open when each has been answered
};

struct Totals {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t unfinished = 0;
  std::uint64_t chunks = 0;
  std::uint64_t misnumbered_chunks = 0;  // lost, doubled or out of order
  std::uint64_t met_chunks = 0;          // read together with the one before
  Duration time{};
  Samples whole;  // request's first byte sent to answer's last byte read
  Samples first;  // ... to the first chunk
  Samples delay;  // chunk sent by the provider to chunk read
  Samples gap;    // between two chunks of one stream
};

class Load {
 public:
  Load(Plan plan, const Clock& clock);

  // With `hold`, prints "holding" when all connections stand, and keeps them until standard input
  // ends.
  Result<void> run();
  Totals& totals() { return totals_; }
  const std::string& first_error() const { return first_error_; }

 private:
  struct Connection {
    Descriptor socket;
    MessageReader reader{MessageReader::Kind::response};
    StreamMeter meter;
    std::string_view unsent;
    Instant started;
    Instant last_chunk;
    std::uint64_t calls = 0;
    std::uint32_t next_chunk = 0;
    bool connected = false;
    bool busy = false;
    bool answered = false;  // the head of its first answer has come
  };

  void start_first_calls(Instant now);
  bool first_call_may_start(Instant now) const;
  bool more_calls(const Connection& connection) const;
  void connect(std::size_t index);
  void on_event(const epoll_event& event);
  void start_call(std::size_t index);
  void send_more(std::size_t index);
  void read(std::size_t index);
  void take(std::size_t index, std::string_view bytes, Instant now);
  void take_body(Connection& connection, std::string_view body, Instant now);
  void end_call(std::size_t index, Instant now);
  void count_answered(Connection& connection);
  void fail_call(std::size_t index, std::string_view why);
  bool finished(Instant now) const;
  Duration wait_at_most(Instant now) const;
  Result<void> hold();

  const Plan plan_;
  const Clock& clock_;
  const std::string request_;
  Poller poller_;
  std::vector<Connection> connections_;
  std::vector<char> scratch_;
  std::string first_error_;
  std::string error_body_;
  Totals totals_;
  Instant begin_;
  Instant next_first_call_;
  std::size_t first_calls_ = 0;  // connections that have made their first call
  std::size_t answered_ = 0;     // connections that have the head of its answer
  std::size_t busy_ = 0;
  std::uint64_t started_ = 0;
  bool holding_ = false;
  bool released_ = false;
};

}  // namespace recloser::bench
