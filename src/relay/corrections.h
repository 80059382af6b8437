// Corrections: what providers said of a conversation's last prompt, against what was counted.
#pragma once

#include "text/prompt_overhead.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recloser::relay {

// One per worker. The next prompt of a conversation is most often the last one and something more.
// Of the last one the provider has said how many tokens it had; what is new is likely to be off by
// as much as all of it was. A fixed table by a hash of the conversation: another may take a place,
// which then knows only that one.
class Corrections {
 public:
  static constexpr std::size_t places = 8192;     // 128 KiB, and nothing before the first call
  static constexpr std::uint64_t factor_max = 4;  // either way; beyond it the two are not alike

  // A prompt that was counted as `counted` was read as `said` tokens.
  void learn(std::uint64_t conversation, std::uint64_t counted, std::uint64_t said);

  bool known(std::uint64_t conversation) const { return find(conversation) != nullptr; }

  // As it was counted where nothing is known. `max` is never corrected downwards: it is a bound for
  // this text, and the provider's word was of another one.
  text::TokenRange corrected(std::uint64_t conversation, text::TokenRange counted) const;

 private:
  struct Place {
    std::uint64_t conversation = 0;
    std::uint32_t counted = 0;  // 0: free
    std::uint32_t said = 0;
  };
  const Place* find(std::uint64_t conversation) const;

  std::vector<Place> places_;
};

}  // namespace recloser::relay
