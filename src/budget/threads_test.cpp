// The invariant at every instant, with everything going on at once: threads that reserve, extend,
// publish and settle under three scopes, one that raises limits, rolls windows and sweeps, and one
// that looks. For ThreadSanitizer, and for the sums.
#include "budget/permit.h"
#include "budget/table.h"

#include <array>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

constexpr int callers = 3;
constexpr int calls_each = 20'000;

class SharedClock final : public Clock {
 public:
  Instant now() const noexcept override { return Instant{1}; }
  WallTime wall() const noexcept override { return {time.load(std::memory_order_relaxed)}; }

  std::atomic<std::int64_t> time{1'790'000'000'000'000'000};
};

struct World {
  SharedClock clock;
  Table table{clock, nullptr};
  std::vector<Budget> documents;
  std::vector<Live*> lives;
  std::atomic<bool> over = false;
  std::array<std::atomic<Amount>, 3> charged{};  // by budget, in all windows
  std::atomic<int> admitted = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> broken = 0;  // times at which a scope had more than its limit

  World() {
    add("total", {.type = WindowType::total}, Reserve::elastic, 100'000);
    add("hour", {.type = WindowType::calendar, .period = Period::hour, .zone = *find_zone("UTC")},
        Reserve::upper_bound, 4'000);
    add("session", {.type = WindowType::session, .idle_timeout = 10min, .max_age = 1h},
        Reserve::clamp, 700);
    configure();
  }
  void add(std::string name, Window window, Reserve reserve, Amount limit) {
    Budget budget;
    budget.name = std::move(name);
    budget.unit = Unit::output_tokens;
    budget.limit = limit;
    budget.window = window;
    budget.reserve = reserve;
    budget.clamp_floor_tokens = 4;
    documents.push_back(std::move(budget));
  }
  void configure() {
    std::vector<std::shared_ptr<const Budget>> all;
    for (const Budget& each : documents) all.push_back(std::make_shared<const Budget>(each));
    lives = table.configure(std::move(all));
  }
};

// What one call used is known to nobody else, so that each thread keeps its own sum.
void call(World& world, std::minstd_rand& random, std::array<Amount, 3>& mine) {
  auto any = [&random](unsigned below) { return static_cast<unsigned>(random() % below); };
  constexpr Demand token_each{.base = 0, .per_million_output = 1'000'000};
  std::string session = "session=" + std::to_string(any(20));
  std::array<std::string_view, 3> keys{"", "", session};
  std::array<Ask::Scope, 3> scopes;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    scopes[i] = {world.lives[i], account_key(*world.lives[i], keys[i]), token_each};
  }
  std::expected<Permit, Exhausted> permit = world.table.reserve({.scopes = scopes,
                                                                 .output_tokens_max = 1 + any(60),
                                                                 .output_tokens_least = 0,
                                                                 .slice_tokens = 1 + any(20)});
  if (!permit) {
    ++world.refused;
    return;
  }
  ++world.admitted;
  for (unsigned slices = any(4); slices > 0; --slices) {
    std::uint64_t all = permit->output_tokens_max();
    std::uint64_t wanted = std::min(all, permit->output_tokens_granted() + 5);
    if (!permit->extend(wanted)) break;
    permit->publish(
        {.output_tokens = static_cast<Amount>(permit->output_tokens_granted() / 2), .requests = 1});
  }
  auto used = static_cast<Amount>(permit->output_tokens_granted());
  if (any(3) == 0) {
    permit->note({.output_tokens = used, .requests = 1});  // and dies
  } else {
    permit->settle({.output_tokens = used, .requests = 1}, true);
  }
  for (Amount& sum : mine) sum += used;
}

void caller(World& world, unsigned seed) {
  std::minstd_rand random(seed);
  std::array<Amount, 3> mine{};
  for (int i = 0; i < calls_each; ++i) call(world, random, mine);
  for (std::size_t i = 0; i < mine.size(); ++i) world.charged[i] += mine[i];
}

// Limits only rise: below what is held, a limit is broken by definition.
void owner(World& world) {
  while (!world.over) {
    world.clock.time.fetch_add(Duration(7s).count(), std::memory_order_relaxed);
    world.table.adjust(*world.lives[0], account_key(*world.lives[0], ""), 50);
    world.table.sweep(16);
    for (const Standing& each : world.table.list()) {
      if (each.charged + each.reserved > each.limit) ++world.broken;
    }
  }
}

TEST(BudgetThreads, NoScopeHasMoreThanItsLimitAtAnyInstant) {
  World world;
  std::vector<std::jthread> threads;
  for (unsigned seed = 1; seed <= callers; ++seed) {
    threads.emplace_back([&world, seed] { caller(world, seed); });
  }
  std::jthread looks([&world] { owner(world); });
  threads.clear();
  world.over = true;
  looks.join();
  EXPECT_EQ(world.broken, 0);
  EXPECT_EQ(world.admitted + world.refused, callers * calls_each);
  EXPECT_GT(world.admitted, 100);
  EXPECT_GT(world.refused, 100);
  for (const Standing& each : world.table.list()) {
    EXPECT_EQ(each.reserved, 0) << each.key;
    EXPECT_EQ(each.open_calls, 0u) << each.key;
  }
  // The one whose window never ends has all of it.
  EXPECT_EQ(world.table.standing(*world.lives[0], account_key(*world.lives[0], "")).charged,
            world.charged[0]);
}

}  // namespace
}  // namespace recloser::budget
