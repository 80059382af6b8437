// What became of the answers that ran at a target when it was drained at once.
#pragma once

#include <cstddef>

namespace recloser::relay {

struct LeftTarget {
  std::size_t switched = 0;  // another target goes on with them
  std::size_t staying = 0;   // they go on there to their end

  LeftTarget& operator+=(const LeftTarget& more) {
    switched += more.switched;
    staying += more.staying;
    return *this;
  }
};

}  // namespace recloser::relay
