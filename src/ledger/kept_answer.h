// Answers of calls with an Idempotency-Key, as a store keeps them beyond the life of a process.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "ledger/call_record.h"
#include "ledger/stored_call.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace recloser::ledger {

// All that is kept together; beyond it those are forgotten that would be over first.
inline constexpr std::uint64_t kept_answers_bytes_max = 1u << 30;
// What one of them counts for beside its texts.
inline constexpr std::uint64_t kept_answer_overhead_bytes = 512;

// Clients' keys and requests are stored as hashes alone, made by whoever claims.
using AnswerHash = std::array<std::uint8_t, 16>;

// What a call says before it is made. A key is known by its hash and its owner: who makes two keys
// collide hurts only himself.
struct AnswerClaim {
  AnswerHash owner{};
  AnswerHash key{};
  AnswerHash request{};  // of all that the answer depends on
  CallId call;
};

struct StoredAnswer {
  CallId call;  // that it was made for
  Outcome outcome = Outcome::open;
  std::uint16_t status = 0;
  std::string fields;  // of its head, as whole lines
  std::string body;
};

// What is known of a key that is claimed.
struct ClaimFinding {
  enum class State : std::uint8_t {
    claimed,    // nothing was: the call is to be made, and its end to be told
    answered,   // the answer is there
    too_large,  // there was one, and it was not kept
    conflicts,  // the key was sent with another request
    cut_off,    // the process ended in the midst of its call: nobody knows what came of it
  };
  State state = State::claimed;
  StoredAnswer answer;       // where it is answered
  bool was_damaged = false;  // what was kept did not prove itself, and counts as nothing
};

// The end of a call that had claimed its key.
struct EndedAnswer {
  enum class Keep : std::uint8_t { nothing, answer, that_it_was_too_large };
  AnswerClaim claim;
  Keep keep = Keep::nothing;
  Outcome outcome = Outcome::open;
  std::uint16_t status = 0;
  std::string fields;
  std::shared_ptr<const std::string> body;  // null: empty
  WallTime until{};                         // from then on it is as if it had never been

  std::uint64_t bytes() const {
    return kept_answer_overhead_bytes + fields.size() + (body ? body->size() : 0);
  }
};

// Of a call that claimed a key in a process that has ended, by its row: whether the same call may
// be made without making anything twice.
bool left_nothing(const StoredCall& call);

}  // namespace recloser::ledger
