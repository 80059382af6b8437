// TokenJoints: between which characters no token of a vocabulary reaches across.
#pragma once

#include "text/rank_table.h"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace recloser::text {

// Where no token reaches across, nothing is ever merged: a word may be encoded in two. Writing
// without spaces (Chinese, Japanese, Thai) is one word to the next comma, and falls so into parts
// of a few characters. Only for characters beyond ASCII; what is told to be joined may be apart.
class TokenJoints {
 public:
  explicit TokenJoints(const RankTable& ranks);

  // The bytes at the front of `word` that no token joins to the rest: all when there is no such
  // place.
  std::size_t first_part(std::string_view word) const;

 private:
  static constexpr unsigned bits = 19;
  bool may_join(std::string_view word, std::size_t at) const;
  static std::size_t slot(std::string_view before, std::string_view after);

  std::unique_ptr<std::bitset<1u << bits>> joined_;
};

}  // namespace recloser::text
