// Truth: what the simulated provider saw and really sent, call by call, to check books against.
#pragma once

#include "core/time.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace recloser::sim {

enum class CallState : unsigned char {
  open,
  finished,  // the last byte was written
  aborted,   // the peer left before that
  fault,     // it was scripted to fail, and did
};
std::string_view name_of(CallState state);

// One request. Tokens are as billed.
struct Seen {
  std::uint64_t number = 0;  // counts up from 1
  std::string id;            // the x-request-id of the answer
  std::string method;
  std::string path;
  std::string model;  // "" when it was not understood
  std::string key;    // as it was given
  WallTime started;
  WallTime ended;
  std::uint16_t status = 0;  // answered; 0: nothing yet
  CallState state = CallState::open;
  bool is_call = false;  // accepted as a call: it stands in the truth, not only in the attempts
  bool peer_closed = false;
  std::uint64_t input = 0;
  std::uint64_t output_written = 0;  // up to the last piece of which every byte was written
  std::uint64_t output_acked = 0;    // and acknowledged by the peer's kernel
};

// Requests kept; beyond it the oldest that have ended leave only their sums behind.
inline constexpr std::size_t seen_kept_max = 200'000;

class Truth {
 public:
  explicit Truth(std::size_t kept_max = seen_kept_max) : kept_max_(kept_max) {}

  // The reference is good until the next begin(); the number for as long as the request is open.
  Seen& begin(std::string id, WallTime now);
  Seen* find(std::uint64_t number);
  void end(std::uint64_t number, CallState state, WallTime now);

  // Lists as JSON, `{"data": [..], "next": cursor or null}`. The query is that of a URL:
  // after=CURSOR, limit=N, key=, model=, state=; for the truth also by=key,model (either or both),
  // which gives sums.
  std::string truth_json(std::string_view query) const;
  std::string attempts_json(std::string_view query) const;

 private:
  struct Sums {
    std::uint64_t started = 0;
    std::uint64_t open = 0;
    std::uint64_t finished = 0;
    std::uint64_t aborted = 0;
    std::uint64_t fault = 0;
    std::uint64_t input = 0;
    std::uint64_t output_written = 0;
    std::uint64_t output_acked = 0;
  };
  using SumKey = std::pair<std::string, std::string>;  // key, model
  static void add(Sums& sums, const Seen& seen);
  void forget_oldest();
  std::string sums_json(bool by_key, bool by_model) const;

  std::deque<Seen> seen_;
  std::map<SumKey, Sums> forgotten_;
  std::uint64_t next_number_ = 1;
  std::size_t kept_max_;
};

// The value of `name` in the query of a URL, decoded; "" when it is not there.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace recloser::sim
