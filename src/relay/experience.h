// Experience: what calls like this one have used, for those whose figures are still to come.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace recloser::relay {

// One per worker; of a key and a model. Moving averages in which the last eight calls weigh most.
// A fixed table: another pair may take a place, which then learns anew.
class Experience {
 public:
  static constexpr std::size_t places = 2048;

  struct Pair {
    std::uint64_t hash = 0;
  };
  static Pair pair(std::string_view key_id, std::string_view model);

  // A call that ended with its provider's own figures. `hidden_tokens` is thinking that no event
  // showed, which passed in the `silence` before the first one.
  void learn(Pair pair, std::uint64_t output_tokens, std::uint64_t hidden_tokens, Duration silence);

  std::optional<std::uint64_t> output_tokens(Pair pair) const;

  // Thinking that nobody sees, in so much silence; nothing where calls of the pair never had any.
  std::uint64_t hidden_tokens(Pair pair, Duration silence) const;

 private:
  struct Place {
    std::uint64_t hash = 0;  // 0: free
    std::uint64_t output_x16 = 0;
    std::uint64_t hidden_per_s_x16 = 0;
  };
  const Place* find(Pair pair) const;

  std::vector<Place> places_;  // made with the first call
};

}  // namespace recloser::relay
