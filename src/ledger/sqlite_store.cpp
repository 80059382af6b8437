#include "ledger/sqlite_store.h"

#include "ledger/sqlite_answers.h"
#include "ledger/sqlite_budgets.h"
#include "ledger/sqlite_calls.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_holders.h"
#include "ledger/sqlite_keys.h"
#include "ledger/sqlite_requests.h"
#include "ledger/sqlite_schema.h"
#include "ledger/sqlite_usage.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

namespace recloser::ledger {
namespace {

constexpr std::int64_t write_ahead_log_bytes_kept = 16 << 20;  // after a checkpoint
constexpr int progress_steps = 4000;  // of SQLite's machine between two looks at the clock

Result<std::unique_ptr<Database>> connect(const std::string& path, const SqliteOptions& options) {
  Result<std::unique_ptr<Database>> database = Database::open(path);
  if (!database) return database;
  auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(options.busy_timeout);
  sqlite3_busy_timeout((*database)->handle(), static_cast<int>(wait.count()));
  // Counts for a file that is made now. Fewer pages are fewer system calls; every row goes to the
  // end of its table, so a large page is not written again for one row of it.
  Result<void> paged = (*database)->execute(fmt::format("PRAGMA page_size = {}", store_page_bytes));
  if (!paged) return fail(paged.error());
  return database;
}

Result<void> configure(Database& database, const SqliteOptions& options) {
  bool full = options.synchronous == SqliteOptions::Synchronous::full;
  std::string sql = fmt::format(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA journal_size_limit = {}; "
      "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = OFF;",
      full ? "FULL" : "NORMAL", write_ahead_log_bytes_kept);
  if (options.pages_max > 0) sql += fmt::format("PRAGMA max_page_count = {};", options.pages_max);
  return database.execute(sql);
}

// To this version's schema; a store that has rows in an older one is copied first.
Result<void> bring_up(Database& database, const SqliteOptions& options, WallTime now) {
  Result<std::size_t> found = schema_of(database, migrations(), options.program_version);
  if (!found) return fail(found.error());
  auto from = static_cast<std::int64_t>(*found);
  auto to = static_cast<std::int64_t>(migrations().size());
  if (from == to) return {};
  std::string kept;
  if (from > 0) {
    Result<Backup> backup = back_up_before_migration(database, from, now, options.free_bytes);
    if (!backup) return fail(backup.error());
    kept = backup->path;
  }
  Result<void> done = migrate(database, migrations(), options.program_version);
  if (done && from > 0 && options.log != nullptr) {
    options.log->info("the store was brought to this version's schema; as it was it is kept",
                      {{"from", from}, {"to", to}, {"backup", kept}});
  }
  return done;
}

// A mutex that is passed on in the order in which it was asked for: rows wait for one step of a
// copy, and a copy comes to its end however fast rows come.
class TurnMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    std::uint64_t mine = next_++;
    changed_.wait(lock, [&] { return serving_ == mine; });
  }
  void unlock() {
    std::lock_guard lock(mutex_);
    ++serving_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0;
  std::uint64_t serving_ = 0;
};

// Ends a query that reads for too long: a snapshot that stays open keeps the write-ahead log from
// being taken back into the file.
class ReadLimit {
 public:
  ReadLimit(Database& database, const Clock& clock, Duration most)
      : database_(database), clock_(clock), end_(clock.now() + most) {
    sqlite3_progress_handler(database_.handle(), progress_steps, &ReadLimit::is_over, this);
  }
  ~ReadLimit() { sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr); }
  ReadLimit(const ReadLimit&) = delete;
  ReadLimit& operator=(const ReadLimit&) = delete;

  // The failure of a query, told as what it was.
  Error told(Error error) const {
    if (clock_.now() < end_) return error;
    return Error(Side::client, Kind::timed_out,
                 "the search through the ledger took too long and was ended; narrow it by `since` "
                 "or `session`");
  }

 private:
  static int is_over(void* self) {
    const auto* limit = static_cast<const ReadLimit*>(self);
    return limit->clock_.now() >= limit->end_ ? 1 : 0;
  }

  Database& database_;
  const Clock& clock_;
  const Instant end_;
};

class SqliteStore final : public Store {
 public:
  // The statements refer to the connections, so they go first (they are declared last).
  SqliteStore(std::unique_ptr<Database> writer, std::unique_ptr<Database> reader,
              CallWriter call_writer, CallReader call_reader, const Clock& clock,
              const SqliteOptions& options)
      : clock_(clock),
        query_time_max_(options.query_time_max),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        call_writer_(std::move(call_writer)),
        call_reader_(std::move(call_reader)),
        answers_(*writer_, options.answers_bytes_max) {}

  Result<std::size_t> insert_calls(std::span<const CallRecord* const> calls) override {
    std::lock_guard lock(writing_);
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    Result<std::size_t> fresh = call_writer_.insert(calls);
    if (!fresh) return fresh;
    Result<void> committed = transaction->commit();
    if (!committed) return fail(committed.error());
    call_writer_.committed();
    return fresh;
  }

  Result<void> sync() override {
    std::lock_guard lock(writing_);
    // The log file of this connection: committed rows are in it, or were synced by a checkpoint.
    sqlite3_file* log = nullptr;
    sqlite3_file_control(writer_->handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                         static_cast<void*>(&log));
    if (log == nullptr || log->pMethods == nullptr) return {};
    if (log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK) return {};
    return fail(Side::operator_, Kind::io,
                fmt::format("cannot sync the store {}: look at the disk", writer_->path()));
  }

  Result<CallPage> calls(const CallFilter& filter) override {
    std::lock_guard lock(reading_);
    ReadLimit limit(*reader_, clock_, query_time_max_);
    Result<CallPage> page = call_reader_.page(filter);
    if (!page) return fail(limit.told(page.error()));
    return page;
  }

  Result<std::optional<StoredCall>> call(CallId id) override {
    std::lock_guard lock(reading_);
    return call_reader_.find(id);
  }

  Result<std::uint64_t> count_calls() override {
    std::lock_guard lock(reading_);
    ReadLimit limit(*reader_, clock_, query_time_max_);
    Result<std::int64_t> count = reader_->query_number("SELECT count(*) FROM call_rows");
    if (!count) return fail(limit.told(count.error()));
    return static_cast<std::uint64_t>(*count);
  }

  Result<std::size_t> delete_calls_before(WallTime before, std::size_t limit) override {
    std::lock_guard lock(writing_);
    return while_overwriting([&] { return delete_within(before, limit); });
  }

  Result<Backup> backup(const std::string& to) override {
    std::unique_lock lock(writing_);
    Result<std::unique_ptr<BackupCopy>> copy = BackupCopy::begin(*writer_, to);
    if (!copy) return fail(copy.error());
    for (;;) {
      Result<bool> whole = (*copy)->step();
      if (!whole) return fail(whole.error());
      if (*whole) return (*copy)->finish();
      lock.unlock();
      lock.lock();
    }
  }

  Result<Usage> usage(const UsageQuery& query) override {
    UsageTable table(query);
    KeyRange range = usage_range(query);
    for (;;) {
      std::lock_guard lock(reading_);
      ReadLimit limit(*reader_, clock_, query_time_max_);
      Result<bool> more = add_usage(*reader_, query, range, table);
      if (!more) return fail(limit.told(more.error()));
      if (!*more) return std::move(table).take();
    }
  }

  Result<void> add_ratings(std::span<const CallRating> ratings) override {
    std::lock_guard lock(writing_);
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    Result<void> inserted = insert_ratings(*writer_, ratings);
    if (!inserted) return inserted;
    return transaction->commit();
  }

  Result<std::vector<Rating>> ratings(CallId id) override {
    std::lock_guard lock(reading_);
    return read_ratings(*reader_, id);
  }

  Result<BalancePage> balances(const BalanceQuery& query) override {
    std::lock_guard lock(reading_);
    ReadLimit limit(*reader_, clock_, query_time_max_);
    Result<BalancePage> page = read_balances(*reader_, query);
    if (!page) return fail(limit.told(page.error()));
    return page;
  }

  Result<std::size_t> delete_balances_before(WallTime before, std::size_t limit) override {
    std::lock_guard lock(writing_);
    return delete_ended_balances(*writer_, before, limit);
  }

  Result<std::int64_t> add_adjustment(const Adjustment& adjustment) override {
    Result<void> sane = check(adjustment);
    if (!sane) return fail(sane.error());
    std::lock_guard lock(writing_);
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    Result<std::int64_t> id = insert_adjustment(*writer_, adjustment);
    if (!id) return id;
    Result<void> committed = transaction->commit();
    if (!committed) return fail(committed.error());
    return id;
  }

  Result<std::vector<Adjustment>> adjustments() override {
    std::lock_guard lock(reading_);
    return read_adjustments(*reader_);
  }

  Result<ClaimFinding> claim_answer(const AnswerClaim& claim, WallTime now) override {
    std::lock_guard lock(writing_);
    return while_overwriting(
        [&] { return changing_answers([&] { return answers_.claim(claim, now); }); });
  }

  Result<void> end_answers(std::span<const EndedAnswer> ended) override {
    std::lock_guard lock(writing_);
    return while_overwriting([&] { return changing_answers([&] { return answers_.end(ended); }); });
  }

  Result<void> cut_off_answers(WallTime until) override {
    std::lock_guard lock(writing_);
    return changing_answers([&] { return cut_off_within(until); });
  }

  Result<std::size_t> delete_answers_until(WallTime until, std::size_t limit) override {
    std::lock_guard lock(writing_);
    return while_overwriting(
        [&] { return changing_answers([&] { return answers_.remove_until(until, limit); }); });
  }

  Result<std::int64_t> add_request(const BudgetRequest& request) override {
    Result<void> sane = check(request);
    if (!sane) return fail(sane.error());
    std::lock_guard lock(writing_);
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    Result<std::int64_t> id = insert_request(*writer_, request);
    if (!id) return id;
    Result<void> committed = transaction->commit();
    if (!committed) return fail(committed.error());
    return id;
  }

  Result<std::optional<BudgetRequest>> request(std::int64_t id) override {
    std::lock_guard lock(reading_);
    return read_request(*reader_, id);
  }

  Result<RequestPage> requests(const RequestQuery& query) override {
    std::lock_guard lock(reading_);
    return read_requests(*reader_, query);
  }

  Result<std::int64_t> answer_request(std::int64_t id, const RequestAnswer& answer,
                                      const Adjustment* grant) override {
    Result<void> sane = grant == nullptr ? Result<void>() : check(*grant);
    if (!sane) return fail(sane.error());
    std::lock_guard lock(writing_);
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    Result<std::optional<BudgetRequest>> request = read_request(*writer_, id);
    if (!request) return fail(request.error());
    Result<void> waits = check_waits(*request, id, answer.at);
    if (!waits) return fail(waits.error());
    RequestAnswer kept = answer;
    if (grant != nullptr) {
      Result<std::int64_t> adjustment = insert_adjustment(*writer_, *grant);
      if (!adjustment) return adjustment;
      kept.adjustment = *adjustment;
    }
    Result<void> written = write_answer(*writer_, id, kept);
    if (written) written = transaction->commit();
    if (!written) return fail(written.error());
    return kept.adjustment;
  }

  Result<void> put_switch(const Switch& setting) override {
    Result<void> sane = check(setting);
    if (!sane) return sane;
    std::lock_guard lock(writing_);
    return write_switch(*writer_, setting);
  }

  Result<std::vector<Switch>> switches() override {
    std::lock_guard lock(reading_);
    return read_switches(*reader_);
  }

  Result<void> put_key(const KeyRow& key) override {
    std::lock_guard lock(writing_);
    return insert_key(*writer_, key);
  }

  Result<std::vector<KeyRow>> keys() override {
    std::lock_guard lock(reading_);
    return read_keys(*reader_);
  }

  Result<void> revoke_key(std::string_view id, WallTime at) override {
    std::lock_guard lock(writing_);
    return mark_key_revoked(*writer_, id, at);
  }

  Result<void> change_key(const KeyRow& key) override {
    std::lock_guard lock(writing_);
    return update_key(*writer_, key);
  }

  Result<void> put_holder(const HolderRow& holder) override {
    std::lock_guard lock(writing_);
    return write_holder(*writer_, holder);
  }

  Result<std::vector<HolderRow>> holders() override {
    std::lock_guard lock(reading_);
    return read_holders(*reader_);
  }

  Result<void> remove_holder(std::string_view kind, std::string_view org,
                             std::string_view name) override {
    std::lock_guard lock(writing_);
    return delete_holder(*writer_, kind, org, name);
  }

 private:
  // What is to be gone is overwritten. While rows are added, that would be work for nothing.
  template <class Work>
  auto while_overwriting(Work work) -> decltype(work()) {
    Result<void> set = writer_->execute("PRAGMA secure_delete = ON");
    if (!set) return fail(set.error());
    auto done = work();
    set = writer_->execute("PRAGMA secure_delete = OFF");
    if (done && !set) return fail(set.error());
    return done;
  }

  // In one transaction.
  template <class Work>
  auto changing_answers(Work work) -> decltype(work()) {
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    auto done = work();
    Result<void> committed;
    if (done) committed = transaction->commit();
    if (!done || !committed) answers_.rolled_back();
    if (!committed) return fail(committed.error());
    return done;
  }

  Result<void> cut_off_within(WallTime until) {
    Result<std::vector<AnswerWriter::Running>> running = answers_.running();
    if (!running) return fail(running.error());
    for (const AnswerWriter::Running& one : *running) {
      std::optional<StoredCall> row;
      if (one.call) {
        Result<std::optional<StoredCall>> found = call(*one.call);
        if (!found) return fail(found.error());
        row = std::move(*found);
      }
      bool nothing = row && left_nothing(*row);
      Result<void> done =
          nothing ? answers_.release(one.number) : answers_.cut_off(one.number, until);
      if (!done) return done;
    }
    return {};
  }

  Result<std::size_t> delete_within(WallTime before, std::size_t limit) {
    Result<Transaction> transaction = Transaction::begin(*writer_);
    if (!transaction) return fail(transaction.error());
    Result<std::size_t> deleted = call_writer_.delete_before(before, limit);
    if (!deleted) return deleted;
    Result<void> unrated = delete_old_ratings(*writer_, limit);
    if (!unrated) return fail(unrated.error());
    Result<void> committed = transaction->commit();
    if (!committed) return fail(committed.error());
    return deleted;
  }

  const Clock& clock_;
  const Duration query_time_max_;
  TurnMutex writing_;
  std::mutex reading_;
  std::unique_ptr<Database> writer_;
  std::unique_ptr<Database> reader_;
  CallWriter call_writer_;
  CallReader call_reader_;
  AnswerWriter answers_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path,
                                                 const SqliteOptions& options, const Clock& clock) {
  Result<std::unique_ptr<Database>> writer = connect(path, options);
  if (!writer) return fail(writer.error());
  // First of all, so that a file which is not ours to change stays byte for byte as it is.
  Result<void> done = bring_up(**writer, options, clock.wall());
  if (done) done = configure(**writer, options);
  if (!done) return fail(done.error());
  Result<std::unique_ptr<Database>> reader = connect(path, options);
  if (!reader) return fail(reader.error());
  done = configure(**reader, options);
  if (done) done = (*reader)->execute("PRAGMA query_only = ON");
  if (!done) return fail(done.error());
  Result<CallWriter> call_writer = CallWriter::prepare(**writer);
  if (!call_writer) return fail(call_writer.error());
  Result<CallReader> call_reader = CallReader::prepare(**reader);
  if (!call_reader) return fail(call_reader.error());
  return std::make_unique<SqliteStore>(std::move(*writer), std::move(*reader),
                                       std::move(*call_writer), std::move(*call_reader), clock,
                                       options);
}

}  // namespace recloser::ledger
