// Day: what a rule makes of a world, event by event, in virtual time.
#pragma once

#include "rule.h"
#include "world.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recloser::resilience {

inline constexpr Duration bin_length = 5min;

struct Figures {
  std::uint64_t calls = 0;
  std::uint64_t answered = 0;
  std::uint64_t attempts = 0;
  std::uint64_t failed_attempts = 0;
  std::vector<float> seconds_to_first_token;  // of those answered, from the arrival of the call on
  std::vector<float> seconds_to_refusal;      // of the others

  void add(const Figures& other);
};

// Below which so many calls of a hundred are; 0 of none. Sorts a part of it.
double percentile(std::vector<float>& all, double of_hundred);

struct Day {
  std::vector<Figures> bins;  // by arrival
  Figures all;
};

// `seed`: of the chance in what targets do, the same for every rule.
Day live(const World& world, Rule& rule, std::uint64_t seed);

}  // namespace recloser::resilience
