#include "ledger/writer.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

constexpr std::uint32_t slots_kept_free = segment_slots / 2;  // below it the writer grows the file
constexpr Duration growth_retry_every = 1s;
constexpr std::size_t delete_rows_max = 500;  // in one go, so that rows never wait long behind it
constexpr std::size_t answers_at_once_max = 16;  // large ones let others write between them
constexpr Duration balances_kept = 48h;          // after their time: a clock may jump back by a day

}  // namespace

Writer::Writer(const LedgerOptions& options, Journal& journal, Store& store, const Clock& clock,
               Log& log)
    : options_(options),
      journal_(journal),
      store_(store),
      clock_(clock),
      log_(log),
      synced_at_(clock.now()),
      deletion_due_(clock.now()),
      growth_due_(clock.now()),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  stopping_.store(true);
  bell_.ring();
  thread_.join();
}

void Writer::settle(std::uint32_t slot) {
  std::uint64_t waiting = waiting_rows_.fetch_add(1, std::memory_order_relaxed) + 1;
  journal_.settle(slot);
  bell_.ring_if_asleep();
  if (waiting == options_.batch_rows_max) bell_.ring();  // a batch is full: no need to rest on
}

Error Writer::why_not() const {
  std::lock_guard lock(mutex_);
  return Error(Side::gateway, Kind::full,
               "the ledger cannot store calls, so none is admitted: " + last_error_);
}

// From begin(), when the writer did not get to it in time.
Result<void> Writer::grow_journal() {
  if (growth_blocked_.load(std::memory_order_relaxed)) {
    return fail(Side::gateway, Kind::full,
                fmt::format("the journal of calls is full: {} calls are open or wait for the "
                            "store, and it cannot grow just now",
                            journal_.in_use()));
  }
  Result<void> grown = journal_.grow();
  if (!grown) growth_blocked_.store(true, std::memory_order_relaxed);
  return grown;
}

Result<void> Writer::flush() {
  std::unique_lock lock(mutex_);
  std::uint64_t mine = flushes_wanted_.fetch_add(1) + 1;
  bell_.ring();
  flushed_.wait(lock, [&] { return flushes_done_ >= mine; });
  if (flush_failure_) return fail(*flush_failure_);
  return {};
}

LedgerStatus Writer::status() const {
  LedgerStatus status;
  status.waiting_rows = waiting_rows_.load(std::memory_order_relaxed);
  std::uint64_t in_use = journal_.in_use();
  status.open_calls = in_use > status.waiting_rows ? in_use - status.waiting_rows : 0;
  status.stored_rows = stored_rows_.load(std::memory_order_relaxed);
  status.deleted_rows = deleted_rows_.load(std::memory_order_relaxed);
  status.slots = journal_.capacity();
  status.admitting = admitting();
  std::lock_guard lock(mutex_);
  status.last_error = last_error_;
  return status;
}

void Writer::end_answer(EndedAnswer&& ended) {
  {
    std::lock_guard lock(mutex_);
    ended_.push_back(std::move(ended));
  }
  answers_wait_.store(true);
  bell_.ring_if_asleep();
}

void Writer::note_answers(AnswerStep step, const Result<void>& done) {
  bool failed_before = answers_fail_[std::size_t(step)].exchange(!done);
  if (done || failed_before) return;
  log_.warning(
      "answers for calls that are sent again cannot be kept on the disk: a restart forgets them",
      {{"why", done.error().message()}});
}

void Writer::note_damaged_answer(CallId asks) {
  log_.warning("the answer that was kept for a call is damaged: the call is made again",
               {{"call", asks.str()}});
}

void Writer::run() {
  while (!stopping_.load()) {
    wait();
    round();
  }
  round();  // what was settled before the stop
  if (!failing_ && journal_.in_use() == 0) {
    Result<void> synced = store_.sync();
    journal_.mark_clean(synced.has_value());
  } else if (failing_) {
    log_.error("calls stay in the journal; the next start stores them",
               {{"rows", waiting_rows_.load()}});
  }
}

void Writer::wait() {
  if (is_urgent()) return;
  if (failing_) return bell_.rest(retry_after_);
  bool full_batch = waiting_rows_.load() >= options_.batch_rows_max;
  if (full_batch) return;
  // Under load the next rows come within this rest, and whoever settles them makes no system call.
  if (stored_something_ || !journal_.none_settled()) return bell_.rest(rest_time());
  if (more_to_delete_ || answers_wait_.load()) return;
  bell_.sleep(until_next_duty(),
              [this] { return is_urgent() || answers_wait_.load() || !journal_.none_settled(); });
  if (!is_urgent() && !journal_.none_settled()) bell_.rest(rest_time());
}

// No longer than until what is written must survive a power loss.
Duration Writer::rest_time() const {
  Duration until_sync = synced_at_ + options_.sync_every - clock_.now();
  return std::clamp(until_sync, Duration{1ms}, std::max(options_.batch_time_max, Duration{1ms}));
}

bool Writer::is_urgent() const {
  std::lock_guard lock(mutex_);
  return stopping_.load() || flushes_wanted_.load() > flushes_done_;
}

// Calls begin without waking the writer, so it looks for something to sync by itself.
Duration Writer::until_next_duty() const { return std::min(options_.sync_every, Duration{1s}); }

void Writer::round() {
  std::uint64_t flushes = flushes_wanted_.load();
  take_answers();
  journal_.take_settled(pending_);
  Result<void> done = store_pending();
  if (done) store_answers();
  if (done) done = sync_if_due();
  note(done);
  keep_room();
  answer(flushes, done);
  if (done) delete_old();
}

// Before the rows are taken: a call is settled and then its answer has ended, so that its row is
// never behind it.
void Writer::take_answers() {
  answers_wait_.store(false);
  std::lock_guard lock(mutex_);
  std::ranges::move(ended_, std::back_inserter(answers_));
  ended_.clear();
}

// By themselves: a disk that is too full for answers may have room for rows, and one that is too
// full for a large answer room for a small one.
void Writer::store_answers() {
  if (answers_.empty()) return;
  Result<void> all;
  for (std::span rest(answers_); !rest.empty();) {
    std::span<const EndedAnswer> some = rest.first(std::min(rest.size(), answers_at_once_max));
    Result<void> done = store_.end_answers(some);
    if (!done) all = done;
    rest = rest.subspan(some.size());
  }
  note_answers(AnswerStep::keep, all);
  answers_.clear();
  stored_something_ = true;
  unsynced_ = true;
}

Result<void> Writer::store_pending() {
  stored_something_ = false;
  std::size_t stored = 0;
  Result<void> done;
  while (done && stored < pending_.size()) {
    std::span<const std::uint32_t> slots = std::span(pending_).subspan(stored);
    slots = slots.first(std::min(slots.size(), options_.batch_rows_max));
    batch_.clear();
    for (std::uint32_t slot : slots) batch_.push_back(&journal_.record(slot));
    Result<std::size_t> inserted = store_.insert_calls(batch_);
    if (!inserted) {
      done = fail(inserted.error());
      break;
    }
    if (options_.watcher != nullptr) options_.watcher->stored(batch_);
    for (std::uint32_t slot : slots) journal_.release(slot);
    waiting_rows_.fetch_sub(slots.size(), std::memory_order_relaxed);
    stored_rows_.fetch_add(slots.size(), std::memory_order_relaxed);
    stored += slots.size();
  }
  stored_something_ = stored > 0;
  unsynced_ = unsynced_ || stored_something_;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(stored));
  return done;
}

Result<void> Writer::sync_if_due() {
  unsynced_ = unsynced_ || journal_.in_use() > 0;
  if (!unsynced_ || clock_.now() - synced_at_ < options_.sync_every) return {};
  Result<void> done = store_.sync();
  if (done) done = journal_.sync();
  if (!done) return done;
  unsynced_ = false;
  synced_at_ = clock_.now();
  return {};
}

// A segment more before workers run out of slots and would have to make it themselves.
void Writer::keep_room() {
  bool low = journal_.capacity() - journal_.slots_in_use() < slots_kept_free;
  if (!low || journal_.capacity() == journal_.capacity_max()) return;
  if (growth_blocked_.load() && clock_.now() < growth_due_) return;
  growth_due_ = clock_.now() + growth_retry_every;
  Result<void> grown = journal_.grow();
  if (!grown && !growth_blocked_.load()) {
    log_.warning("the journal cannot grow", {{"why", grown.error().message()}});
  }
  growth_blocked_.store(!grown);
}

void Writer::delete_old() {
  if (!more_to_delete_ && clock_.now() < deletion_due_) return;
  deletion_due_ = clock_.now() + options_.retain_check_every;
  bool more_rows = options_.retain != Duration::zero() && delete_old_rows();
  bool more_balances = delete_ended_balances();
  bool more_answers = delete_ended_answers();
  more_to_delete_ = more_rows || more_balances || more_answers;
}

// Whether there may be more.
bool Writer::delete_old_rows() {
  WallTime before = clock_.wall() - options_.retain;
  Result<std::size_t> deleted = store_.delete_calls_before(before, delete_rows_max);
  if (!deleted) {
    log_.warning("rows past ledger.retain could not be deleted; tried again later",
                 {{"why", deleted.error().message()}});
    return false;
  }
  deleted_rows_.fetch_add(*deleted, std::memory_order_relaxed);
  return *deleted == delete_rows_max;
}

// Whatever the retention of rows: an account whose window is over for good refuses nobody.
bool Writer::delete_ended_balances() {
  WallTime before = clock_.wall() - balances_kept;
  Result<std::size_t> deleted = store_.delete_balances_before(before, delete_rows_max);
  if (deleted) return *deleted == delete_rows_max;
  log_.warning("balances of budgets whose time is over could not be deleted; tried again later",
               {{"why", deleted.error().message()}});
  return false;
}

// Where none are kept any more, all of them.
bool Writer::delete_ended_answers() {
  bool keeps = options_.answers_ttl > Duration::zero();
  WallTime until = keeps ? clock_.wall() : WallTime{INT64_MAX};
  Result<std::size_t> deleted = store_.delete_answers_until(until, answers_at_once_max);
  if (deleted) return *deleted == answers_at_once_max;
  log_.warning("answers past idempotency.ttl could not be deleted; tried again later",
               {{"why", deleted.error().message()}});
  return false;
}

void Writer::note(const Result<void>& done) {
  if (done && !failing_) return;
  std::string why = done ? std::string() : done.error().message();
  bool news = false;
  {
    std::lock_guard lock(mutex_);
    news = why != last_error_;
    last_error_ = why;
  }
  retry_after_ =
      failing_ ? std::min(retry_after_ * 2, options_.retry_after_max) : options_.retry_after_min;
  failing_ = !done;
  admitting_.store(!failing_, std::memory_order_relaxed);
  if (failing_ && news) {
    log_.error("the ledger cannot store calls; none is admitted until it can",
               {{"why", why}, {"waiting_rows", waiting_rows_.load()}});
  }
  if (!failing_) log_.info("the ledger stores calls again");
}

void Writer::answer(std::uint64_t flushes, const Result<void>& done) {
  std::lock_guard lock(mutex_);
  if (flushes_done_ == flushes) return;
  flushes_done_ = flushes;
  flush_failure_ = done ? std::nullopt : std::optional(done.error());
  flushed_.notify_all();
}

}  // namespace recloser::ledger
