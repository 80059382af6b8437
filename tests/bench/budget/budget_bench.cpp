// What a call's budgets cost: reserve and settle over four scopes on one core, on two threads over
// keys of their own and over one key that is hot, what a chunk costs, and the memory of a million
// sessions.
//
// Single-threaded times are of the thread's own processor time, the best of some rounds; those of
// two threads are by the wall clock, and want two free cores.
#include "budget/permit.h"
#include "budget/table.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <malloc.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace recloser;
using namespace recloser::budget;

constexpr int rounds = 7;
constexpr int times = 200'000;
constexpr Amount plenty = 1'000'000'000'000'000;

std::int64_t ns_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// Org, team, user and session, as a company has them.
std::vector<Live*> four_scopes(Table& table) {
  std::vector<std::shared_ptr<const Budget>> budgets;
  for (std::string_view name : {"org", "team", "user", "session"}) {
    auto budget = std::make_shared<Budget>();
    budget->name = name;
    budget->limit = plenty;
    budget->reserve = Reserve::elastic;
    if (name == "session") {
      budget->window = {.type = WindowType::session, .idle_timeout = 30min, .max_age = 24h};
    }
    budgets.push_back(std::move(budget));
  }
  return table.configure(std::move(budgets));
}

std::array<Ask::Scope, 4> scopes_of(const std::vector<Live*>& budgets, const std::string& who) {
  std::array<Ask::Scope, 4> scopes;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    scopes[i] = {budgets[i],
                 account_key(*budgets[i], who),
                 {.base = 1'000, .per_million_output = 600'000'000}};
  }
  return scopes;
}

void call(Table& table, const std::array<Ask::Scope, 4>& scopes, std::vector<Line>& lines) {
  std::expected<Permit, Exhausted> permit = table.reserve(
      {.scopes = scopes, .output_tokens_max = 4096, .output_tokens_least = 0, .slice_tokens = 256});
  if (permit) permit->settle({.nano_usd = 5'000, .requests = 1}, true, lines);
}

void bench_one_core(const Clock& clock) {
  Table table(clock, nullptr);
  std::vector<Live*> budgets = four_scopes(table);
  std::array<Ask::Scope, 4> scopes = scopes_of(budgets, "org=acme,team=search,user=ada");
  std::vector<Line> lines;
  std::int64_t best = INT64_MAX;
  for (int round = 0; round < rounds; ++round) {
    std::int64_t begun = ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < times; ++i) call(table, scopes, lines);
    best = std::min(best, ns_of(CLOCK_THREAD_CPUTIME_ID) - begun);
  }
  fmt::print("reserve and settle, 4 scopes, one core: {} ns (<= 400)\n", best / times);
}

void bench_two_threads(const Clock& clock, bool hot) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    Table table(clock, nullptr);
    std::vector<Live*> budgets = four_scopes(table);
    std::array<std::array<Ask::Scope, 4>, 2> scopes{
        scopes_of(budgets, "user=ada"), scopes_of(budgets, hot ? "user=ada" : "user=bob")};
    std::atomic<int> ready = 0;
    std::int64_t begun = 0;
    std::vector<std::jthread> threads;
    for (const auto& mine : scopes) {
      threads.emplace_back([&] {
        ++ready;
        while (ready != 2) {
        }
        std::vector<Line> lines;
        for (int i = 0; i < times; ++i) call(table, mine, lines);
      });
    }
    while (ready != 2) {
    }
    begun = ns_of(CLOCK_MONOTONIC);
    threads.clear();
    double seconds = static_cast<double>(ns_of(CLOCK_MONOTONIC) - begun) / 1e9;
    best = std::max(best, 2.0 * times / seconds / 1e6);
  }
  fmt::print("two threads, {}: {:.2f} M/s (>= {})\n", hot ? "one hot key" : "keys of their own",
             best, hot ? "0.8" : "1.5");
}

// As a relay does it: compare, and now and then another slice and a figure for others to see.
void bench_chunk(const Clock& clock) {
  Table table(clock, nullptr);
  std::vector<Live*> budgets = four_scopes(table);
  std::array<Ask::Scope, 4> scopes = scopes_of(budgets, "user=ada");
  constexpr std::uint64_t tokens_per_chunk = 4;
  constexpr std::uint64_t slice = 256;
  std::int64_t best = INT64_MAX;
  for (int round = 0; round < rounds; ++round) {
    std::expected<Permit, Exhausted> permit =
        table.reserve({.scopes = scopes,
                       .output_tokens_max = tokens_per_chunk * times,
                       .output_tokens_least = 0,
                       .slice_tokens = slice});
    std::uint64_t tokens = 0;
    std::int64_t begun = ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < times; ++i) {
      tokens += tokens_per_chunk;
      Use use{.nano_usd = static_cast<Amount>(tokens) * 600, .requests = 1};
      permit->note(use);
      if (tokens <= permit->output_tokens_granted()) continue;
      permit->publish(use);
      if (!permit->extend(tokens + slice)) break;
    }
    best = std::min(best, ns_of(CLOCK_THREAD_CPUTIME_ID) - begun);
  }
  fmt::print("per chunk of {} tokens, slices of {}: {:.1f} ns (<= 30)\n", tokens_per_chunk, slice,
             static_cast<double>(best) / times);
}

void bench_memory(const Clock& clock) {
  constexpr int sessions = 1'000'000;
  Table table(clock, nullptr);
  std::vector<Live*> budgets = four_scopes(table);
  Live& session = *budgets[3];
  std::size_t before = mallinfo2().uordblks;
  std::int64_t begun = ns_of(CLOCK_THREAD_CPUTIME_ID);
  std::int64_t longest = 0;
  for (int i = 0; i < sessions; ++i) {
    std::int64_t one = ns_of(CLOCK_THREAD_CPUTIME_ID);
    std::string who = fmt::format("session=3f1c2b7a-9d0e-4a55-8f6b-{:012d}", i);
    Ask::Scope scope{&session, account_key(session, who), {.base = 1000}};
    std::expected<Permit, Exhausted> permit = table.reserve({.scopes = {&scope, 1},
                                                             .output_tokens_max = 0,
                                                             .output_tokens_least = 0,
                                                             .slice_tokens = 0});
    if (permit) permit->settle({.nano_usd = 500}, true);
    longest = std::max(longest, ns_of(CLOCK_THREAD_CPUTIME_ID) - one);
  }
  std::int64_t spent = ns_of(CLOCK_THREAD_CPUTIME_ID) - begun;
  fmt::print(
      "a million live sessions: {:.0f} MB (<= 256), {} ns each to begin, the longest {} us\n",
      static_cast<double>(mallinfo2().uordblks - before) / 1e6, spent / sessions, longest / 1000);
}

}  // namespace

int main() {
  SystemClock clock;
  bench_one_core(clock);
  bench_two_threads(clock, false);
  bench_two_threads(clock, true);
  bench_chunk(clock);
  bench_memory(clock);
  return 0;
}
