// Slots against a list of them: taken, moved, answered, ended in every way and forgotten, in random
// order; what runs and what waits is at every step what the list says. The seed of a failure is
// printed.
#include "route/target_health.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

constexpr Duration ttft = 100ms;

struct Held {
  TargetHealth::Slot slot;
  std::uint64_t tokens = 0;
  bool waits = true;
  bool on_its_way = true;
};

class World {
 public:
  explicit World(std::uint64_t seed) : dice_(static_cast<unsigned>(seed)) {
    if (any(2) == 0) {
      limit_ = 1 + any(20);
      target_.configure({.limits = {.concurrency = static_cast<std::uint32_t>(limit_)}});
    }
    // So much is left that nobody is kept away, and that it can be asked for exactly.
    TargetHealth::Slot slot = target_.admit({}, now_).value();
    slot.headers(left(), now_);
    slot.first_token(ttft, 1, now_);
    slot.end(AttemptEnd::answered, std::nullopt, now_);
  }

  void step() {
    switch (any(8)) {
      case 0:
      case 1:
      case 2:
        return begin();
      case 3:
        return with_any([&](Held& held) {
          held.slot.first_token(ttft, 1, now_);
          held.waits = held.on_its_way = false;
        });
      case 4:
        return with_any([&](Held& held) {
          held.slot.headers(left(), now_);
          held.on_its_way = false;
        });
      case 5:
        if (!held_.empty()) std::swap(held_.front(), held_[any_held()]);
        return;
      case 6:
        if (!held_.empty()) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(any_held()));
        return;
      default:
        return end();
    }
  }

  void check() {
    ASSERT_EQ(target_.standing(now_).running, held_.size());
    auto waiting = std::ranges::count_if(held_, &Held::waits);
    ASSERT_EQ(target_.cost(now_),
              static_cast<double>(ttft.count()) * static_cast<double>(waiting + 1));
    std::uint64_t on_their_way = 0;
    for (const Held& held : held_) on_their_way += held.on_its_way ? held.tokens : 0;
    if (held_.size() >= limit_) return;
    Asker fits{.needs = {tokens_left - on_their_way, 0}};
    Asker does_not{.needs = {tokens_left - on_their_way + 1, 0}};
    ASSERT_EQ(target_.would_admit(fits, now_).why, Admission::Why::yes);
    ASSERT_EQ(target_.would_admit(does_not, now_).why, Admission::Why::quota);
  }

  void let_all_go() { held_.clear(); }

 private:
  static constexpr std::uint64_t tokens_left = 1'000'000;

  static QuotaReading left() {
    QuotaReading reading;
    reading.field("x-ratelimit-remaining-tokens", "1000000", {});
    reading.field("x-ratelimit-limit-tokens", "2000000", {});
    reading.field("x-ratelimit-reset-tokens", "1h", {});
    return reading;
  }
  unsigned any(unsigned below) { return static_cast<unsigned>(dice_() >> 4) % below; }
  std::size_t any_held() { return any(static_cast<unsigned>(held_.size())); }
  template <class What>
  void with_any(const What& what) {
    if (!held_.empty()) what(held_[any_held()]);
  }

  void begin() {
    Held held{.tokens = any(1'000)};
    Asker asker{.principal = any(5), .needs = {held.tokens, 0}};
    auto slot = target_.admit(asker, now_);
    ASSERT_EQ(slot.has_value(), held_.size() < limit_);
    if (!slot) return;
    held.slot = std::move(*slot);
    held_.push_back(std::move(held));
  }
  void end() {
    static constexpr AttemptEnd ends[] = {AttemptEnd::answered, AttemptEnd::rejected,
                                          AttemptEnd::cancelled};
    if (held_.empty()) return;
    std::size_t which = any_held();
    held_[which].slot.end(ends[any(3)], std::nullopt, now_);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  std::minstd_rand dice_;
  KeyState key_;
  TargetHealth target_{"p/m", "p", key_, 7, nullptr};
  Instant now_{1'000'000'000'000};
  std::size_t limit_ = SIZE_MAX;
  std::vector<Held> held_;
};

TEST(SlotsModel, WhatRunsAndWaitsIsWhatTheListSays) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int i = 0; i < 1'000; ++i) {
      world.step();
      world.check();
      if (testing::Test::HasFatalFailure()) return;
    }
    world.let_all_go();
    world.check();
  }
}

}  // namespace
}  // namespace recloser::route
