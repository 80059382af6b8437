// Answers: what calls with an Idempotency-Key were answered, for whoever sends the same call again.
#pragma once

#include "core/keyed_hash.h"
#include "core/time.h"
#include "ledger/call_record.h"
#include "ledger/ledger.h"
#include "net/cancel.h"
#include "net/worker.h"
#include "session/hash128.h"

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::relay {

class Answer;
class Answers;

// Of its call, of those that read it and of the table: they end in any order, on any thread.
// tidy: allow banned - it changes under a lock of its own, until its call has ended
using SharedAnswer = std::shared_ptr<Answer>;

// One answer, as its client gets it. Its call writes it; calls that were sent again read it
// meanwhile and later, on any thread.
class Answer {
 public:
  enum class State : std::uint8_t {
    comes,
    whole,
    broken,     // its call ended in the middle of it, or before it began
    too_large,  // it is not kept, and what there was of it is gone
    conflicts,  // an earlier process knew the key with another request
    cut_off,    // an earlier process ended in the midst of its call
  };

  // What there is of it beyond what its reader has.
  struct Reading {
    State state = State::comes;
    ledger::Outcome outcome = ledger::Outcome::open;  // of its call, once that has ended
    int status = 0;                                   // 0: nothing of it has come
    std::string fields;                               // of its head, as whole lines
    std::string bytes;                                // of its body, at most read_bytes_max
    std::size_t body_bytes = 0;                       // of its body so far
    std::uint64_t version = 0;                        // for News
  };
  static constexpr std::size_t read_bytes_max = 64u << 10;

  // `name` is its place among all, `call` the id of the call that it answers.
  Answer(Answers& all, std::string name, std::string call, session::Hash128 request);
  ~Answer();
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  const std::string& name() const { return name_; }
  std::string call() const;
  const session::Hash128& request() const { return request_; }

  // For its call, in this order; end() by Answers. It is that of an earlier one:
  void stand_for(std::string call);
  void begin(int status, std::string fields);
  void append(std::span<const std::string_view> pieces);

  // The head with from == 0, and the body from there on.
  Reading read(std::size_t from) const;

  // What is to be kept of one that has ended so, beyond this process.
  static ledger::EndedAnswer ended(const SharedAnswer& answer, const ledger::AnswerClaim& claim);

  class News;

 private:
  friend class Answers;
  // A reader that waits. Its `news` is its own thread's alone: null once it waits no more.
  struct Ear {
    net::Worker& worker;
    News* news;
  };
  // tidy: allow banned - the letter to a reader may come when it is gone
  using SharedEar = std::shared_ptr<Ear>;

  void end(State state, ledger::Outcome outcome);
  void give_up();
  void tell();

  Answers& all_;
  const std::string name_;
  const session::Hash128 request_;

  // A mutex and not a spin lock: to tell readers is a system call.
  mutable std::mutex mutex_;
  std::string call_;  // guarded by mutex_, as all that follows
  State state_ = State::comes;
  ledger::Outcome outcome_ = ledger::Outcome::open;
  int status_ = 0;
  std::string fields_;
  std::string body_;
  std::size_t held_bytes_ = 0;  // that count among all
  std::uint64_t version_ = 0;   // grows with each change
  std::vector<SharedEar> ears_;
};

// Waits until an answer has changed since it was read, or the call that waits has ended. Use:
//   Answer::News news(answer, worker, reading.version);
//   net::CancelPoint::During waiting(call.cancel, news);
//   co_await news;
// May be destroyed at any moment.
class Answer::News final : public net::Cancellable, private net::Waiter {
 public:
  News(Answer& answer, net::Worker& worker, std::uint64_t version);
  ~News();

  void heard() { waiting_.resume(); }  // on its worker
  void cancel() override;

  bool await_ready() const { return cancelled_; }
  bool await_suspend(std::coroutine_handle<> waiting);
  void await_resume() const {}

 private:
  static void go_on(net::Waiter& self) { static_cast<News&>(self).heard(); }

  Answer& answer_;
  net::Worker& worker_;
  const std::uint64_t version_;
  SharedEar ear_;
  std::coroutine_handle<> waiting_;
  bool cancelled_ = false;
};

// All of a process, for all its workers. They are in memory: a process that begins anew has those
// that its books have, if any are kept there.
class Answers {
 public:
  struct Limits {
    Duration ttl = 24h;                       // after the end of the call
    std::size_t answer_bytes_max = 1u << 20;  // of one answer; a larger one is not kept
    std::size_t all_bytes_max = 256u << 20;   // beyond it the oldest that have ended are forgotten
  };

  // What a client says of its call.
  struct Claim {
    session::Hash128 principal;  // its keys mean nothing to another one
    std::string_view key;
    session::Hash128 request;  // of all that the answer depends on
  };
  enum class Finding : std::uint8_t {
    begins,     // the first with this key: its answer is to be written, and ended
    again,      // the answer, or what there is of it so far, is there to be read
    conflicts,  // the key was sent with another request
  };
  struct Found {
    Finding finding;
    SharedAnswer answer;  // null where it conflicts
  };

  // `hash_seed`: random, and for keys of tables alone. `books`: where answers are kept beyond this
  // process; null: nowhere.
  Answers(Limits limits, std::uint64_t hash_seed, ledger::Ledger* books = nullptr);

  ledger::Ledger* books() const { return books_; }

  // `call` is the id of the call that asks.
  Found find(const Claim& claim, std::string_view call, Instant now);

  // Of one that began. Unless it is kept, the next call with its key is a new one; who reads it
  // already reads it to its end.
  enum class Keep : bool { no, yes };
  void end(const SharedAnswer& answer, Answer::State state, ledger::Outcome outcome, Keep keep,
           Instant now);

  std::size_t size() const;
  std::size_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class Answer;
  struct Hash {
    KeyedHash hash;
    std::size_t operator()(std::string_view name) const { return hash.of(name); }
  };
  struct Ended {
    std::string name;
    Instant until;
  };

  bool hold(std::size_t bytes);
  void forget_oldest();

  const Limits limits_;
  ledger::Ledger* const books_;
  std::atomic<std::size_t> held_bytes_{0};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, SharedAnswer, Hash> answers_;  // guarded by mutex_
  std::deque<Ended> ended_;  // guarded by mutex_; those that are kept, as they end
};

}  // namespace recloser::relay
