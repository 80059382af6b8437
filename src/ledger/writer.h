// The one thread that carries settled calls from the journal to the store, and keeps house.
#pragma once

#include "core/log.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/doorbell.h"
#include "ledger/journal.h"
#include "ledger/kept_answer.h"
#include "ledger/ledger_options.h"
#include "ledger/store.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace recloser::ledger {

// A row leaves its slot only when the store has committed it. While the store refuses rows, they
// stay where they are, nothing is admitted, and the writer tries again with growing pauses.
class Writer {
 public:
  Writer(const LedgerOptions& options, Journal& journal, Store& store, const Clock& clock,
         Log& log);
  ~Writer();  // one last round, then the journal is marked clean if nothing is left in it
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // For any thread.
  void settle(std::uint32_t slot);
  bool admitting() const { return admitting_.load(std::memory_order_relaxed); }
  // Whether the journal could not grow when it last was to.
  bool growth_blocked() const { return growth_blocked_.load(std::memory_order_relaxed); }
  Error why_not() const;
  Result<void> grow_journal();
  Result<void> flush();
  LedgerStatus status() const;
  void end_answer(EndedAnswer&& ended);
  // What became of the last try to claim a key, or to keep answers.
  enum class AnswerStep : std::uint8_t { claim, keep };
  void note_answers(AnswerStep step, const Result<void>& done);
  void note_damaged_answer(CallId asks);

 private:
  void run();
  void wait();
  bool is_urgent() const;
  Duration rest_time() const;
  Duration until_next_duty() const;
  void round();
  void take_answers();
  void store_answers();
  Result<void> store_pending();
  Result<void> sync_if_due();
  void keep_room();
  void delete_old();
  bool delete_old_rows();
  bool delete_ended_balances();
  bool delete_ended_answers();
  void note(const Result<void>& done);
  void answer(std::uint64_t flushes, const Result<void>& done);

  const LedgerOptions options_;
  Journal& journal_;
  Store& store_;
  const Clock& clock_;
  Log& log_;
  Doorbell bell_;

  std::atomic<bool> admitting_{true};
  std::atomic<bool> growth_blocked_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> answers_wait_{false};
  std::array<std::atomic<bool>, 2> answers_fail_{};  // by AnswerStep
  std::atomic<std::uint64_t> flushes_wanted_{0};
  std::atomic<std::uint64_t> stored_rows_{0};
  std::atomic<std::uint64_t> deleted_rows_{0};
  alignas(64) std::atomic<std::uint64_t> waiting_rows_{0};

  mutable std::mutex mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_done_ = 0;      // under mutex_
  std::optional<Error> flush_failure_;  // under mutex_; of the last round
  std::string last_error_;              // under mutex_
  std::vector<EndedAnswer> ended_;      // under mutex_; answers whose rows are settled

  // The writer thread's own.
  std::vector<std::uint32_t> pending_;  // settled slots, oldest first
  std::vector<const CallRecord*> batch_;
  std::vector<EndedAnswer> answers_;  // whose rows are in this round or were in one before
  bool failing_ = false;
  bool stored_something_ = false;  // in the last round
  bool unsynced_ = false;
  bool more_to_delete_ = false;
  Duration retry_after_{};
  Instant synced_at_;
  Instant deletion_due_;
  Instant growth_due_;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace recloser::ledger
