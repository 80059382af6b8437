// What choosing a target costs: whether each of five targets would take a call, and which of two is
// the quicker one; and what a call costs at the target that it went to. On one core, and on two
// threads over the same targets.
//
// Single-threaded times are of the thread's own processor time, the best of some rounds; those of
// two threads are by the wall clock, and want two free cores.
#include "route/health.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace recloser;
using namespace recloser::route;

constexpr int rounds = 7;
constexpr int times = 500'000;
constexpr std::size_t target_count = 5;
constexpr std::uint64_t prompt_tokens = 2'000;

std::int64_t ns_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

using Targets = std::array<TargetHealth*, target_count>;

// Each has all there is to ask: figures of its provider, times, a limit, a principal that fails.
Targets targets_of(Health& health, Instant now) {
  Targets targets{};
  for (std::size_t i = 0; i < target_count; ++i) {
    targets[i] = &health.of(fmt::format("provider-{}", i), "model");
    targets[i]->configure({.limits = {.concurrency = 10'000}});
    for (int k = 0; k < 100; ++k) {
      Asker asker{.principal = static_cast<PrincipalHash>(k % 10), .needs = {1'000, 1'000}};
      TargetHealth::Slot slot = targets[i]->admit(asker, now).value();
      QuotaReading reading;
      reading.field("x-ratelimit-limit-tokens", "100000000", {});
      reading.field("x-ratelimit-remaining-tokens", "90000000", {});
      reading.field("x-ratelimit-limit-requests", "100000000", {});
      reading.field("x-ratelimit-remaining-requests", "90000000", {});
      slot.headers(reading, now);
      slot.first_token(Duration{300'000'000 + k * 1'000'000}, prompt_tokens, now);
      slot.end(k % 20 == 0 ? AttemptEnd::server_error : AttemptEnd::answered, std::nullopt, now);
    }
  }
  return targets;
}

TargetHealth* choose(const Targets& targets, const Asker& asker, Instant now, Random& random) {
  std::array<TargetHealth*, target_count> willing{};
  std::size_t count = 0;
  for (TargetHealth* target : targets) {
    if (target->would_admit(asker, now).passes()) willing[count++] = target;
  }
  if (count < 2) return count == 0 ? nullptr : willing[0];
  std::size_t first = random.below(count);
  std::size_t second = (first + 1 + random.below(count - 1)) % count;
  return willing[first]->cost(now) <= willing[second]->cost(now) ? willing[first] : willing[second];
}

void call(TargetHealth& target, const Asker& asker, Instant now) {
  std::expected<TargetHealth::Slot, Admission> slot = target.admit(asker, now);
  if (!slot) return;
  slot->first_token(Duration{300'000'000}, prompt_tokens, now);
  slot->end(AttemptEnd::answered, std::nullopt, now);
}

template <class Work>
void bench_one_core(const char* what, const Work& work) {
  std::int64_t best = INT64_MAX;
  for (int round = 0; round < rounds; ++round) {
    std::int64_t begun = ns_of(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < times; ++i) work(i);
    best = std::min(best, ns_of(CLOCK_THREAD_CPUTIME_ID) - begun);
  }
  fmt::print("{}: {} ns\n", what, best / times);
}

void bench_two_threads(const Targets& targets, Instant now) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> ready = 0;
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < 2; ++thread) {
      threads.emplace_back([&, thread] {
        Random random(thread);
        Asker asker{.principal = thread, .needs = {1'000, 1'000}};
        ++ready;
        while (ready != 2) {
        }
        for (int i = 0; i < times; ++i) call(*choose(targets, asker, now, random), asker, now);
      });
    }
    while (ready != 2) {
    }
    std::int64_t begun = ns_of(CLOCK_MONOTONIC);
    threads.clear();
    double seconds = static_cast<double>(ns_of(CLOCK_MONOTONIC) - begun) / 1e9;
    best = std::max(best, 2.0 * times / seconds / 1e6);
  }
  fmt::print("two threads, choice and call: {:.2f} M/s\n", best);
}

}  // namespace

int main() {
  SystemClock clock;
  Instant now = clock.now();
  Health health(1, nullptr);
  Targets targets = targets_of(health, now);
  Random random(1);
  Asker asker{.principal = 3, .needs = {1'000, 1'000}};
  for (TargetHealth* target : targets) {
    if (!target->would_admit(asker, now).passes()) return 1;
  }
  std::size_t chosen = 0;
  bench_one_core("five targets asked and one chosen (<= 1000)", [&](int i) {
    chosen += choose(targets, asker, now + Duration{i}, random) != nullptr;
  });
  bench_one_core("a call: admitted, first token, answered",
                 [&](int i) { call(*targets[0], asker, now + Duration{i}); });
  bench_two_threads(targets, now);
  fmt::print("a target's health: {} bytes\n", sizeof(TargetHealth));
  return chosen > 0 ? 0 : 1;
}
