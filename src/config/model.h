// A model name of the operator's own: where it is served, in which order, and what happens when a
// target fails.
#pragma once

#include "core/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// Whether a call that is not streamed is streamed from its provider, and put together here.
enum class StreamUpstream : unsigned char { automatic, always, never };

// How one of several targets of the same order is chosen.
enum class Balance : unsigned char {
  weights,        // in proportion to their weights
  least_latency,  // of two at random, the one that answers sooner
};

std::string_view name_of(Balance balance);

// What becomes of a stream that breaks off when its client has some of it.
enum class Interrupted : unsigned char {
  error,    // the client is told
  go_on,    // "continue": a target is asked to go on from there
  restart,  // the answer begins anew, for clients that said they can take that
};

// What a call may need of its target.
enum class Ability : unsigned char { tools, vision, schema, streaming };
inline constexpr std::size_t ability_count = 4;
std::string_view name_of(Ability ability);

// Abilities as a set.
class Abilities {
 public:
  constexpr Abilities() = default;
  constexpr bool has(Ability ability) const { return (bits_ & bit(ability)) != 0; }
  constexpr void add(Ability ability) { bits_ = static_cast<std::uint8_t>(bits_ | bit(ability)); }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(Abilities, Abilities) = default;

 private:
  static constexpr unsigned bit(Ability ability) { return 1u << static_cast<unsigned>(ability); }
  std::uint8_t bits_ = 0;
};

struct Target {
  std::string provider;  // the name of one of Config::providers
  std::string model;     // as the provider calls it
  std::uint32_t weight = 1;
  std::uint32_t order = 1;  // those of a lower one first
  Abilities lacks;          // beyond what the price list knows of the model
};

inline constexpr std::size_t targets_max = 16;   // of one model, without its fallbacks
inline constexpr std::size_t fallbacks_max = 8;  // of one model

struct Model {
  std::string name;  // as clients call it
  std::vector<Target> targets;
  std::vector<std::string> fallback;  // other models, asked when no target of this one answers
  std::vector<std::string> regions;   // of providers that may serve it; empty: any
  Balance balance = Balance::weights;
  bool sticky = true;
  Interrupted interrupted = Interrupted::error;
  std::uint32_t attempts = 3;
  Duration deadline = 10min;  // from the request to the first piece of the answer
  StreamUpstream stream_upstream = StreamUpstream::automatic;
  bool hedge = false;  // a late stream is asked for at a second target
};

}  // namespace recloser::config
