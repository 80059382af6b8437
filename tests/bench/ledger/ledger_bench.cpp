// What a call costs the ledger: on the call path (begin .. settle) and in the writer (a row).
//
//   ledger_bench path N       begin, fill and settle N calls, rows thrown away
//   ledger_bench rows N       insert N rows into SQLite, 1,000 in a transaction
//   ledger_bench budgets N    the same, each with four budgets
//   ledger_bench find N       insert N rows of N/10 sessions, then look one up in every way
//   ledger_bench usage N      insert N rows, then add them up in several ways
//   ledger_bench all N        the whole ledger with its writer thread, N calls as fast as it takes
//
// Instructions per call are the difference of two lengths under `valgrind --tool=callgrind`.
#include "core/ids.h"
#include "core/log.h"
#include "core/time.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/sqlite_store.h"
#include "ledger/testing/usual_budgets.h"
#include "ledger/testing/usual_call.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace recloser;
using namespace recloser::ledger;

using test::fill_completed;
using test::someone;

// As long as those that agents send: the bytes of a row are counted.
constexpr std::string_view session = "0f4c2b86-6e0b-4a5e-9a57-3a1a86f5b1c9";

std::int64_t nanoseconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

struct Stopwatch {
  std::int64_t wall = nanoseconds(CLOCK_MONOTONIC);
  std::int64_t cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);

  void tell(std::string_view what, std::int64_t calls) const {
    auto each = [calls](std::int64_t ns) {
      return static_cast<double>(ns) / 1000 / static_cast<double>(calls);
    };
    std::int64_t wall_ns = nanoseconds(CLOCK_MONOTONIC) - wall;
    fmt::print("{}: {} calls, {:.2f} us each, {:.2f} us of processor time, {:.0f} a second\n", what,
               calls, each(wall_ns), each(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu),
               1e6 / each(wall_ns));
  }
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "ledger_bench: {}\n", result.error().message());
    std::exit(3);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void bench_path(const std::string& directory, std::int64_t calls) {
  std::unique_ptr<Journal> journal = must(Journal::create(directory + "/calls.journal", {}));
  CallIdMaker ids(1);
  std::vector<std::uint32_t> settled;
  Stopwatch watch;
  for (std::int64_t i = 0; i < calls; ++i) {
    WallTime now{1'790'000'000'000'000'000 + i * 1'000'000};
    std::uint32_t slot = journal->take(ids.next(now), now, someone).value();
    fill_completed(journal->record(slot), session);
    journal->record(slot).outcome = Outcome::completed;
    journal->settle(slot);
    settled.clear();
    journal->take_settled(settled);
    journal->release(slot);
  }
  watch.tell("path", calls);
}

void bench_rows(const std::string& directory, std::int64_t calls, bool budgets) {
  constexpr std::size_t batch = 1000;
  SystemClock clock;
  std::unique_ptr<Store> store = must(open_sqlite_store(directory + "/recloser.db", {}, clock));
  CallIdMaker ids(1);
  WallTime now{1'790'000'000'000'000'000};
  std::vector<CallRecord> records(batch, CallRecord(CallId{}, now, someone));
  std::vector<const CallRecord*> pointers;
  for (CallRecord& record : records) {
    fill_completed(record, session);
    record.outcome = Outcome::completed;
    record.duration_ns = 1'500'000'000;
    pointers.push_back(&record);
    if (!budgets) continue;
    for (const BudgetLine& line : test::usual_budgets(448'500, now)) record.add_budget(line);
  }
  Stopwatch watch;
  for (std::int64_t done = 0; done < calls; done += batch) {
    for (CallRecord& record : records) {
      now = now + 1ms;
      record.id = ids.next(now);
      record.started_at = now;
    }
    must(store->insert_calls(pointers));
  }
  watch.tell(budgets ? "rows with budgets" : "rows", calls);
  auto bytes = std::filesystem::file_size(directory + "/recloser.db") +
               std::filesystem::file_size(directory + "/recloser.db-wal");
  fmt::print("rows: {:.0f} bytes each with the log\n",
             static_cast<double>(bytes) / static_cast<double>(calls));
}

void bench_find(const std::string& directory, std::int64_t calls) {
  constexpr std::size_t batch = 250;
  SystemClock clock;
  std::unique_ptr<Store> store = must(open_sqlite_store(directory + "/recloser.db", {}, clock));
  CallIdMaker ids(1);
  Random random(1);
  WallTime now{1'790'000'000'000'000'000};
  CallId some;
  auto sessions = static_cast<std::uint64_t>(calls / 10 + 1);
  for (std::int64_t done = 0; done < calls; done += batch) {
    std::vector<CallRecord> records;
    std::vector<const CallRecord*> pointers;
    for (std::size_t i = 0; i < batch; ++i) {
      now = now + 1ms;
      CallRecord& record = records.emplace_back(ids.next(now), now, someone);
      fill_completed(record, fmt::format("session {}", random.below(sessions)));
      record.outcome = done < 1000 ? Outcome::cut : Outcome::completed;
    }
    for (const CallRecord& record : records) pointers.push_back(&record);
    must(store->insert_calls(pointers));
    if (done == 0) some = records[7].id;
  }
  auto timed = [&](const char* what, const CallFilter& filter) {
    std::int64_t begun = nanoseconds(CLOCK_MONOTONIC);
    CallPage page = must(store->calls(filter));
    fmt::print("find by {}: {} calls in {} us\n", what, page.calls.size(),
               (nanoseconds(CLOCK_MONOTONIC) - begun) / 1000);
  };
  timed("nothing", {});
  timed("session", {.session = "session 7"});
  timed("an outcome that was rare and long ago", {.outcome = Outcome::cut});
  timed("an age at the beginning", {.before = some});
  timed("a team that is not there", {.team = "nobody", .since = now - 100s});
}

void bench_usage(const std::string& directory, std::int64_t calls) {
  constexpr std::size_t batch = 1000;
  SystemClock clock;
  std::unique_ptr<Store> store = must(open_sqlite_store(directory + "/recloser.db", {}, clock));
  CallIdMaker ids(1);
  Random random(1);
  WallTime now{1'790'000'000'000'000'000};
  for (std::int64_t done = 0; done < calls; done += batch) {
    std::vector<CallRecord> records;
    std::vector<const CallRecord*> pointers;
    for (std::size_t i = 0; i < batch; ++i) {
      now = now + 1s;
      CallOpening who = someone;
      std::string team = fmt::format("team-{}", random.below(20));
      who.team = team;
      CallRecord& record = records.emplace_back(ids.next(now), now, who);
      fill_completed(record, fmt::format("session {}", random.below(50'000)));
      record.outcome = Outcome::completed;
    }
    for (const CallRecord& record : records) pointers.push_back(&record);
    must(store->insert_calls(pointers));
  }
  auto timed = [&](const char* what, const UsageQuery& query) {
    Stopwatch watch;
    Usage usage = must(store->usage(query));
    watch.tell(fmt::format("usage by {}: {} rows", what, usage.rows.size()), calls);
  };
  timed("nothing", {});
  timed("team, model and day", {.by = {Dim::team, Dim::model, Dim::day}});
  timed("session", {.by = {Dim::session}});
  timed("label, as last rated", {.by = {Dim::label}, .latest_rating = true});
}

void bench_all(const std::string& directory, std::int64_t calls) {
  SystemClock clock;
  Log log(LogLevel::warning, LogFormat::text, clock, std::make_unique<DescriptorSink>(2));
  LedgerOptions options;
  options.directory = directory;
  std::unique_ptr<Ledger> ledger = must(Ledger::open(
      options, must(open_sqlite_store(directory + "/recloser.db", {}, clock)), clock, log));
  CallIdMaker ids(1);
  Stopwatch watch;
  for (std::int64_t i = 0; i < calls;) {
    Result<OpenCall> call =
        ledger->begin(ids.next(clock.wall()), clock.now(), clock.wall(), someone);
    if (!call) {  // the journal is full: the writer is slower than this loop
      std::this_thread::yield();
      continue;
    }
    fill_completed(call->record(), session);
    call->settle(Outcome::completed, clock.now());
    ++i;
  }
  must(ledger->flush());
  watch.tell("all", calls);
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "";
  std::int64_t calls = 0;
  std::string_view number = argc > 2 ? argv[2] : "200000";
  std::from_chars(number.data(), number.data() + number.size(), calls);
  bool known = what == "path" || what == "rows" || what == "budgets" || what == "find" ||
               what == "usage" || what == "all";
  if (!known || calls <= 0) {
    fmt::print(stderr, "usage: ledger_bench path|rows|budgets|find|usage|all [CALLS]\n");
    return 2;
  }
  std::string name = (std::filesystem::temp_directory_path() / "ledger-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return 3;
  if (what == "path") bench_path(name, calls);
  if (what == "rows") bench_rows(name, calls, false);
  if (what == "budgets") bench_rows(name, calls, true);
  if (what == "find") bench_find(name, calls);
  if (what == "usage") bench_usage(name, calls);
  if (what == "all") bench_all(name, calls);
  std::filesystem::remove_all(name);
  return 0;
}
