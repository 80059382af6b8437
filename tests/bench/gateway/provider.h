// The provider of the bench: answers chat completions as ordered, on time, and as cheaply as it
// can.
#pragma once

#include "body.h"
#include "core/time.h"
#include "message_reader.h"
#include "sockets.h"

#include <cstdint>
#include <memory>
#include <queue>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::bench {

// One thread, one poller. A body's `user` field orders the answer (body.h); every chunk of a stream
// leaves in a send of its own at its own time and carries a mark (stream_meter.h).
class Provider {
 public:
  Provider(Descriptor listener, const Clock& clock);

  Result<void> run(const std::stop_token& stop);

 private:
  struct Connection {
    Descriptor socket;
    MessageReader reader{MessageReader::Kind::request};
    OrderReader orders;
    std::string unsent;
    Order order;
    unsigned chunks_sent = 0;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // of this slot: old timers and events are told apart by it
    bool streaming = false;

    std::uint64_t key() const { return std::uint64_t{generation} << 32 | slot; }
  };
  struct Due {
    Instant at;
    std::uint64_t key;
    friend bool operator<(const Due& a, const Due& b) { return a.at > b.at; }  // earliest on top
  };

  Duration until_next_chunk() const;
  void accept_all();
  Connection& free_connection();
  Connection* find(std::uint64_t key);
  void drop(Connection& connection);

  // These drop the connection when its peer has gone, and then return false.
  bool read(Connection& connection);
  bool take(Connection& connection, std::string_view bytes);
  bool answer(Connection& connection);
  bool send(Connection& connection, std::string_view bytes);
  bool send_rest(Connection& connection);

  Instant first_due(const Connection& connection) const;
  void send_due_chunks();
  void send_chunk(Connection& connection, Instant was_due);

  Descriptor listener_;
  const Clock& clock_;
  Poller poller_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::uint32_t> free_slots_;
  std::priority_queue<Due> due_;
  std::vector<char> scratch_;
  std::string whole_answer_;
  std::string chunk_;             // with a place for the mark
  std::string chunk_with_usage_;  // the same, as providers send it when usage was asked for
  std::size_t mark_at_;
  std::size_t mark_at_with_usage_;
};

}  // namespace recloser::bench
