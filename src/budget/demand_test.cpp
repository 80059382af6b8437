// What an answer takes, and how long one may be: the short ways come to what the long ones do.
#include "budget/budget.h"
#include "core/ids.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

using Wide = unsigned __int128;

// Of every size, and often at an end of its range.
std::uint64_t some(Random& random, std::uint64_t most) {
  std::uint64_t number = random.next() >> random.below(64);
  if (random.below(8) == 0) number = UINT64_MAX - random.below(3);
  if (random.below(8) == 0) number = random.below(3);
  return std::min(number, most);
}

Amount with(const Demand& demand, std::uint64_t tokens) {
  Wide output = Wide{tokens} * static_cast<std::uint64_t>(demand.per_million_output);
  Wide all = (output + 999'999) / 1'000'000 + static_cast<std::uint64_t>(demand.base);
  return static_cast<Amount>(std::min<Wide>(all, INT64_MAX));
}

TEST(Demand, IsRoundedUpWhateverItsSize) {
  Random random(1);
  for (int i = 0; i < 200'000; ++i) {
    Demand demand{.base = static_cast<Amount>(some(random, INT64_MAX)),
                  .per_million_output = static_cast<Amount>(some(random, INT64_MAX))};
    std::uint64_t tokens = some(random, UINT64_MAX);
    ASSERT_EQ(demand.with(tokens), with(demand, tokens))
        << demand.base << ' ' << demand.per_million_output << ' ' << tokens;
  }
}

TEST(Demand, EnoughIsToldAsTheMostIs) {
  Random random(2);
  int enough_told = 0;
  for (int i = 0; i < 200'000; ++i) {
    Demand demand{.base = static_cast<Amount>(some(random, amount_max)),
                  .per_million_output = static_cast<Amount>(some(random, amount_max))};
    auto amount = static_cast<Amount>(some(random, INT64_MAX));
    std::uint64_t enough = some(random, UINT64_MAX);
    std::optional<std::uint64_t> most = demand.affordable(amount);
    if (most) most = std::min(*most, enough);
    ASSERT_EQ(demand.affordable(amount, enough), most)
        << demand.base << ' ' << demand.per_million_output << ' ' << amount << ' ' << enough;
    enough_told += most == enough ? 1 : 0;
  }
  EXPECT_GT(enough_told, 10'000);
}

TEST(Numbers, HaveAsManyPlacesAsSayItAll) {
  EXPECT_EQ(number_of(Unit::usd, 0), "0.00");
  EXPECT_EQ(number_of(Unit::usd, 100'000'000'000'000), "100000.00");
  EXPECT_EQ(number_of(Unit::usd, 1), "0.000000001");
  EXPECT_EQ(number_of(Unit::usd, -1'500'000'000), "-1.50");
  EXPECT_EQ(number_of(Unit::usd, 1'230'400'000), "1.2304");
  EXPECT_EQ(number_of(Unit::seconds, 2'000), "2");
  EXPECT_EQ(number_of(Unit::seconds, 2'050), "2.05");
  EXPECT_EQ(number_of(Unit::tokens, 17), "17");
}

}  // namespace
}  // namespace recloser::budget
