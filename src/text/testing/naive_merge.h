// naive_count: what the tokens of a word are by definition, for tests to compare with.
#pragma once

#include "text/rank_table.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace recloser::text::testing {

// A word at a time: the pair of lowest rank, the leftmost of equals, until there is none.
inline std::size_t naive_count(const RankTable& ranks, std::string_view word) {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i <= word.size(); ++i) begins.push_back(i);
  for (;;) {
    Rank least = RankTable::none;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 2 < begins.size(); ++i) {
      Rank rank = ranks.find(word.substr(begins[i], begins[i + 2] - begins[i]));
      if (rank < least) {
        least = rank;
        at = i;
      }
    }
    if (least == RankTable::none) return begins.size() - 1;
    begins.erase(begins.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

}  // namespace recloser::text::testing
