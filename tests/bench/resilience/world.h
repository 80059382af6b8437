// The world of a simulated day: five targets, what goes wrong at each of them and when, and the
// calls that come. All of it is made from a seed before anybody chooses: every rule meets the same
// day.
#pragma once

#include "core/ids.h"
#include "core/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace recloser::resilience {

inline constexpr std::size_t target_count = 5;

// How long a target may take to its first token, for every rule (`timeouts.firstToken`).
inline constexpr Duration first_token_limit = 30s;
inline constexpr std::size_t attempts_max = 3;

// What a target is like on a good day. The figures are of the size that providers show; nothing
// here depends on more than that.
struct TargetFigures {
  std::string_view name;
  Duration ttft;             // of an empty prompt, the median
  Duration ttft_per_1k;      // more for each thousand tokens of the prompt
  Duration per_token;        // of the answer
  std::uint32_t capacity;    // calls at once
  bool slows_when_full;      // else it answers 429
  bool says_retry_after;     // with its 429
  std::uint32_t fails_1_in;  // calls, on a good day
};
extern const std::array<TargetFigures, target_count> targets;

enum class Trouble : std::uint8_t {
  refuses,  // connections
  errors,   // a share of the calls, with a 5xx
  slow,     // first tokens come late, by a factor
  silent,   // no answer at all
  limited,  // to a share of its capacity
};
inline constexpr std::size_t trouble_count = 5;
std::string_view name_of(Trouble trouble);

struct Outage {
  std::size_t target = 0;
  Trouble trouble = Trouble::refuses;
  Instant begin;
  Instant end;
  double how_much = 0;  // errors, limited: the share; slow: the factor
};

struct Arrival {
  Instant at;
  std::uint32_t principal = 0;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t output_tokens = 0;
};

// Uniform in (0, 1), and of a normal distribution.
double uniform(Random& random);
double normal(Random& random);

struct World {
  World(std::uint64_t seed, Duration length);

  Duration length;
  std::vector<Outage> outages;  // by begin
  // In order of time; at 15 to 45 calls a second, as the hour of the day has it.
  std::vector<Arrival> arrivals;

  // What is wrong with a target at a time; null: nothing.
  const Outage* trouble_at(std::size_t target, Instant now) const;
};

}  // namespace recloser::resilience
