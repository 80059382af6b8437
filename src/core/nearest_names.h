// The few names most like a mistyped one, found within a bound of work.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace recloser {

// Use: offer() every name, then human(). A worker answers the client meanwhile, so after a fixed
// number of steps no further name is looked at: a miss costs a suggestion, not other calls' time.
class NearestNames {
 public:
  explicit NearestNames(std::string_view wanted) : wanted_(wanted) {}

  void offer(std::string_view name);
  std::string human() const;  // "gpt-4o, gpt-4o-mini", nearest first; "" when nothing is near

 private:
  struct Near {
    std::string name;
    std::size_t distance = 0;
  };
  static constexpr std::size_t wanted_bytes_max = 64;
  static constexpr std::size_t shown_max = 3;

  std::string_view wanted_;
  std::array<Near, shown_max> nearest_;
  std::size_t count_ = 0;
  std::size_t steps_left_ = 200'000;  // cells of edit distance tables: about half a millisecond
};

}  // namespace recloser
