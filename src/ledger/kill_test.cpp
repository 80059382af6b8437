// kill -9 for real: a process that books calls at full speed dies at a random moment, and the next
// start has every call exactly once.
#include "ledger/ledger.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "ledger/testing/usual_budgets.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <deque>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace recloser::ledger {
namespace {

constexpr int rounds = 20;
constexpr int workers = 2;
constexpr std::uint64_t open_at_once = 7;

// What the process says of itself, in memory that outlives it. Per worker, calls are numbered from
// 0; call n is settled before call n + open_at_once begins.
struct Said {
  struct Worker {
    std::atomic<std::uint64_t> begun{0};    // begin() returned for this many
    std::atomic<std::uint64_t> settled{0};  // settle() returned for this many
  };
  std::array<Worker, workers> worker;
};

CallId id_of(std::uint64_t round, std::uint64_t worker, std::uint64_t n) {
  return {(round << 40) | (worker << 36) | n, n};
}

// The i-th budget of call n; every eighth call has keys that take slots of their own.
constexpr std::size_t budgets_each = 3;
struct Line {
  Line(std::uint64_t n, std::size_t i)
      : name("budget-" + std::to_string(i)),
        key("user=" + std::to_string(n % 5) + std::string(n % 8 == 0 ? 900 : 0, 'x')) {}
  BudgetLine line() const {
    return {.name = name, .unit = "usd", .kind = "total user", .key = key};
  }
  std::string name, key;
};

// What a settled call must look like, computed from its number alone.
void fill(CallRecord& record, std::uint64_t n) {
  for (std::size_t i = 0; i < record.budget_count(); ++i) {
    record.set_budget(i, {.charged = static_cast<std::int64_t>(n % 100 + i + 1)});
  }
  record.input_tokens = static_cast<std::int64_t>(n * 3);
  record.output_tokens = static_cast<std::int64_t>(n % 1000);
  record.tokens_source = TokensSource::exact;
  record.set(Text::session, "session-" + std::to_string(n));
  Attempt* attempt = record.begin_attempt("openai/gpt-" + std::to_string(n % 7), WallTime{1});
  record.set_provider_request_id(*attempt, "req-" + std::to_string(n));
  attempt->status = 200;
}

bool is_as_settled(const StoredCall& row, std::uint64_t n) {
  CallRecord expected(row.id, WallTime{1}, test::someone);
  std::deque<BudgetPart> parts;
  for (std::size_t i = 0; i < budgets_each; ++i) {
    test::add_budget(expected, parts, Line(n, i).line());
  }
  fill(expected, n);
  expected.outcome = Outcome::completed;
  expected.duration_ns = 0;
  return row == stored(expected);
}

void book(Ledger& ledger, Said::Worker& said, std::uint64_t round, std::uint64_t worker) {
  std::vector<OpenCall> open;
  for (std::uint64_t n = 0;; ++n) {
    Result<OpenCall> call =
        ledger.begin(id_of(round, worker, n), Instant{}, WallTime{1}, test::someone);
    if (!call) {
      --n;  // the journal is full for a moment: this call did not begin
      std::this_thread::yield();
      continue;
    }
    said.begun.store(n + 1);
    for (std::size_t i = 0; i < budgets_each; ++i) {
      while (!call->add_budget(Line(n, i).line())) std::this_thread::yield();
    }
    open.push_back(std::move(*call));
    if (open.size() < open_at_once) continue;
    std::uint64_t done = said.settled.load();
    fill(open.front().record(), done);
    open.front().settle(Outcome::completed, Instant{});
    said.settled.store(done + 1);
    open.erase(open.begin());
  }
}

Result<std::unique_ptr<Ledger>> open_ledger(const std::string& directory, const Clock& clock,
                                            Log& log) {
  Result<std::unique_ptr<Store>> store = open_sqlite_store(directory + "/recloser.db", {}, clock);
  if (!store) return fail(store.error());
  LedgerOptions options;
  options.directory = directory;
  options.retain = Duration::zero();
  options.sync_every = 10ms;
  options.batch_time_max = 1ms;  // so that many die in the middle of a commit
  options.journal.slots_max = 8 * segment_slots;
  return Ledger::open(options, std::move(*store), clock, log);
}

[[noreturn]] void run_until_killed(const std::string& directory, std::uint64_t round, Said& said,
                                   int ready) {
  SystemClock clock;
  Log log(LogLevel::error, LogFormat::text, clock, std::make_unique<DescriptorSink>(2));
  Result<std::unique_ptr<Ledger>> ledger = open_ledger(directory, clock, log);
  if (!ledger) ::_exit(3);
  (void)!::write(ready, "r", 1);
  std::thread second([&] { book(**ledger, said.worker[1], round, 1); });
  book(**ledger, said.worker[0], round, 0);
  ::_exit(4);
}

void kill_after(std::uint64_t calls, const std::string& directory, std::uint64_t round,
                Said& said) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) run_until_killed(directory, round, said, ready[1]);
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "the child could not open its ledger";
  int status = 0;
  while (said.worker[0].begun.load() < calls) {
    ASSERT_EQ(::waitpid(child, &status, WNOHANG), 0) << "the child died by itself";
    std::this_thread::yield();
  }
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  ::close(ready[0]);
}

// Rows and balances say the same, whatever was stored before the kill and what after it.
void check_balances(const std::string& directory) {
  Result<std::unique_ptr<Database>> raw = Database::open(directory + "/recloser.db");
  ASSERT_TRUE(raw);
  constexpr std::string_view of_rows =
      "SELECT budget, account_key AS key, sum(charged) AS charged FROM call_budgets GROUP BY 1, 2 "
      "HAVING sum(charged) <> 0";
  constexpr std::string_view of_balances = "SELECT budget, key, charged FROM budget_balances";
  auto count = [&](std::string_view a, std::string_view b) {
    Result<std::int64_t> only_in_a = (*raw)->query_number(
        "SELECT count(*) FROM (" + std::string(a) + " EXCEPT " + std::string(b) + ")");
    EXPECT_TRUE(only_in_a) << only_in_a.error().message();
    return only_in_a.value_or(-1);
  };
  ASSERT_EQ(count(of_rows, of_balances), 0);
  ASSERT_EQ(count(of_balances, of_rows), 0);
  ASSERT_GT(count(of_balances, "SELECT 1, 2, 3"), 10);
}

void check_books(Ledger& ledger, std::uint64_t round, const Said& said) {
  for (std::uint64_t w = 0; w < workers; ++w) {
    std::uint64_t begun = said.worker[w].begun.load();
    std::uint64_t settled = said.worker[w].settled.load();
    for (std::uint64_t n = 0; n < begun; ++n) {
      std::optional<StoredCall> row = *ledger.store().call(id_of(round, w, n));
      ASSERT_TRUE(row) << "call " << n << " of worker " << w << " is lost";
      if (n < settled) {
        ASSERT_TRUE(is_as_settled(*row, n)) << "call " << n << " is not as it was settled";
      } else if (row->outcome == Outcome::completed) {
        // Settled an instant before the kill, not yet said.
        ASSERT_EQ(n, settled);
        ASSERT_TRUE(is_as_settled(*row, n));
      } else {
        ASSERT_EQ(row->outcome, Outcome::gateway_failed);
        ASSERT_EQ(row->tokens_source, TokensSource::estimated);
      }
    }
    // At most the one that had begun an instant before, unsaid; the id makes any second row of a
    // call impossible.
    ASSERT_EQ(*ledger.store().call(id_of(round, w, begun + 1)), std::nullopt);
  }
}

TEST(Kill, AtRandomMomentsEveryCallHasItsRow) {
  test::TempDirectory temp;
  Random random(17);
  SystemClock clock;
  void* shared =
      ::mmap(nullptr, sizeof(Said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  std::uint64_t begun = 0;
  std::uint64_t recovered = 0;
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    Said& said = *std::construct_at(static_cast<Said*>(shared));
    kill_after(random.below(4'000), temp.path(), round, said);
    if (testing::Test::HasFatalFailure()) break;
    test::TestLog log(clock);
    Result<std::unique_ptr<Ledger>> ledger = open_ledger(temp.path(), clock, log.log);
    ASSERT_TRUE(ledger) << ledger.error().message();
    EXPECT_EQ((*ledger)->recovery().damaged, 0u);
    recovered += (*ledger)->recovery().settled + (*ledger)->recovery().open;
    for (const Said::Worker& worker : said.worker) begun += worker.begun.load();
    check_books(**ledger, round, said);
    if (round % 5 == 0) check_balances(temp.path());
    if (testing::Test::HasFatalFailure()) break;
  }
  ::munmap(shared, sizeof(Said));
  EXPECT_GT(begun, 1000u);
  EXPECT_GT(recovered, 100u);
  EXPECT_LT(recovered, begun) << "some rows must have been stored before the kill";
  std::printf("kill -9: %d times, %llu calls begun, %llu recovered from the journal\n", rounds,
              static_cast<unsigned long long>(begun), static_cast<unsigned long long>(recovered));
}

}  // namespace
}  // namespace recloser::ledger
