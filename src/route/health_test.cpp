#include "route/health.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Instant begun{1'000'000'000'000};

TEST(Health, KnowsATargetByItsName) {
  Health health(1, nullptr);
  TargetHealth& one = health.of("p", "m");
  EXPECT_EQ(one.name(), "p/m");
  EXPECT_EQ(&health.of("p", "m"), &one);
  EXPECT_NE(&health.of("p", "n"), &one);
  EXPECT_NE(&health.of("q", "m"), &one);
  EXPECT_EQ(health.find("p/m"), &one);
  EXPECT_EQ(health.find("p/x"), nullptr);
  EXPECT_EQ(health.find("x/*"), nullptr);
}

TEST(Health, TargetsOfAProviderShareItsKey) {
  Health health(1, nullptr);
  TargetHealth::Slot slot = health.of("p", "m").admit({}, begun).value();
  slot.end(AttemptEnd::unauthorized, std::nullopt, begun);
  EXPECT_EQ(health.of("p", "n").would_admit({}, begun).why, Admission::Why::key_tripped);
  EXPECT_TRUE(health.of("q", "m").would_admit({}, begun).passes());
  EXPECT_EQ(health.key_of("p").standing(begun).state, State::tripped);
  EXPECT_EQ(health.key_of("q").standing(begun).state, State::passing);
}

TEST(Health, BeyondItsRoomTargetsShareAState) {
  Health health(1, nullptr);
  for (std::size_t i = 0; i < Health::targets_max; ++i) health.of("p", std::to_string(i));
  EXPECT_EQ(health.list(begun).size(), Health::targets_max + 1);
  TargetHealth& other = health.of("p", "one");
  EXPECT_EQ(&health.of("p", "two"), &other);
  EXPECT_NE(&health.of("q", "two"), &other);
  EXPECT_EQ(other.name(), "p/*");
  EXPECT_EQ(health.find("p/*"), &other);
  EXPECT_EQ(health.of("p", "4095").name(), "p/4095");
}

TEST(Health, ListsByName) {
  Health health(1, nullptr);
  for (std::string_view model : {"c", "a", "b"}) health.of("p", model);
  health.of("a", "z");
  std::vector<std::string> names;
  for (const auto& standing : health.list(begun)) names.emplace_back(standing.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/z", "p/a", "p/b", "p/c"}));
}

TEST(Health, AnOperatorHoldsATarget) {
  Health health(1, nullptr);
  health.of("p", "m");
  EXPECT_FALSE(health.drain("p/x", true));
  EXPECT_TRUE(health.drain("p/m", true));
  EXPECT_EQ(health.of("p", "m").would_admit({}, begun).why, Admission::Why::drained);
  EXPECT_TRUE(health.drain("p/m", false));
  EXPECT_TRUE(health.of("p", "m").would_admit({}, begun).passes());
}

TEST(Health, TargetsDoNotWaitForTheSameTime) {
  Health health(1, nullptr);
  std::vector<Instant> until;
  for (std::string_view model : {"a", "b"}) {
    TargetHealth& target = health.of("p", model);
    for (int i = 0; i < 5; ++i) {
      TargetHealth::Slot slot = target.admit({}, begun).value();
      slot.end(AttemptEnd::server_error, std::nullopt, begun);
    }
    until.push_back(target.standing(begun).until);
  }
  EXPECT_NE(until[0], until[1]);
}

class Counting final : public HealthWatcher {
 public:
  void changed(const StateChange& change) override {
    EXPECT_FALSE(change.name.empty());
    ++changes;
  }
  std::atomic<int> changes = 0;
};

void call(Health& health, int step, unsigned thread) {
  unsigned dice = static_cast<unsigned>(step) * 2'654'435'761u + thread * 40'503u;
  Instant now = begun + step * 5ms;
  TargetHealth& target = health.of("p", dice >> 28 < 14 ? "hot" : std::to_string(dice >> 24 & 7));
  Asker asker{.principal = dice >> 13 & 3, .needs = {100, 100}, .key_is_ours = (dice & 64) != 0};
  (void)target.would_admit(asker, now);
  (void)target.cost(now);
  std::expected<TargetHealth::Slot, Admission> slot =
      target.admit(asker, now, (dice & 7) == 0 ? Panic::yes : Panic::no);
  if (!slot) return;
  if ((dice & 8) != 0) {
    QuotaReading reading;
    reading.field("x-ratelimit-remaining-tokens", "100000", {});
    slot->headers(reading, now);
  }
  if ((dice & 16) != 0) slot->first_token(Duration{dice % 1'000'000'000}, 100, now);
  if ((dice & 32) != 0) return;  // forgotten
  auto end = static_cast<AttemptEnd>(dice >> 7 & 15);
  slot->end(dice >> 7 & 8 ? AttemptEnd::answered : end, std::nullopt, now);
}

// For ThreadSanitizer, and for the sums.
TEST(Health, ThreadsShareIt) {
  Counting watcher;
  Health health(1, &watcher);
  std::atomic<bool> over = false;
  {
    std::jthread looks([&] {
      for (int i = 0; !over; ++i) {
        health.list(begun + i * 1ms);
        health.drain("p/3", i % 2 == 0);
        Instant now = begun + i * 1ms;
        health.probed("p", {.at = now, .passed = i % 8 < 4}, {}, now);
        std::this_thread::yield();
      }
    });
    std::vector<std::jthread> callers;
    for (unsigned thread = 0; thread < 3; ++thread) {
      callers.emplace_back([&health, thread] {
        for (int step = 0; step < 10'000; ++step) {
          call(health, step, thread);
          if (std::optional<RetryToken> token = health.of("p", "hot").retries().take(begun)) {
            health.hedges().count_call(begun);
          }
        }
      });
    }
    callers.clear();
    over = true;
  }
  for (const TargetHealth::Standing& standing : health.list(begun)) {
    EXPECT_EQ(standing.running, 0) << standing.name;
  }
  EXPECT_EQ(health.of("p", "hot").retries().running(), 0);
  EXPECT_GT(watcher.changes, 0);
}

}  // namespace
}  // namespace recloser::route
