#include "relay/remembered_counts.h"

#include "core/ids.h"

#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using Count = RememberedCounts::Count;

Count count_of(std::uint64_t n) { return {.about = static_cast<std::uint32_t>(n), .max = 9}; }

TEST(RememberedCounts, KnowsWhatWasKeptAndNothingElse) {
  RememberedCounts counts;
  EXPECT_EQ(counts.find(5), std::nullopt);
  Count count{.about = 1, .max = 2, .calls = 3, .messages = 4, .names = 5};
  counts.keep(5, count);
  EXPECT_EQ(counts.find(5), count);
  EXPECT_EQ(counts.find(5 + RememberedCounts::sets), std::nullopt);
  counts.keep(5, count_of(7));
  EXPECT_EQ(counts.find(5), count_of(7));
}

TEST(RememberedCounts, OfAFullSetGoesWhatWasAskedForLongestAgo) {
  RememberedCounts counts;
  auto hash = [](std::uint64_t n) { return 3 + n * RememberedCounts::sets; };
  for (std::uint64_t n = 0; n < RememberedCounts::ways; ++n) {
    counts.next_call();
    counts.keep(hash(n), count_of(n));
  }
  counts.next_call();
  EXPECT_TRUE(counts.find(hash(0)));  // younger now than the second
  counts.keep(hash(9), count_of(9));
  EXPECT_FALSE(counts.find(hash(1)));
  for (std::uint64_t n : {0, 2, 3, 9}) EXPECT_EQ(counts.find(hash(n)), count_of(n)) << n;
}

TEST(RememberedCounts, NothingIsLostWhereItGrows) {
  RememberedCounts counts;
  Random random(3);
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 12'000; ++i) {
    hashes.push_back(random.next());
    counts.keep(hashes.back(), count_of(i));
  }
  std::size_t found = 0;
  for (std::uint64_t i = 0; i < hashes.size(); ++i) {
    std::optional<Count> count = counts.find(hashes[i]);
    if (!count) continue;
    ASSERT_EQ(count, count_of(i));
    ++found;
  }
  EXPECT_GT(found, 11'800u);  // a set may be full before others
}

// Against a list in which each set is kept in the order of asking.
TEST(RememberedCounts, IsTheSameAsANaiveTable) {
  RememberedCounts counts;
  std::map<std::uint64_t, std::vector<std::pair<std::uint64_t, Count>>> model;  // oldest first
  Random random(11);
  std::size_t found = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    counts.next_call();  // one question a call, so that no two are of one age
    std::uint64_t hash = 1 + random.below(8) + random.below(7) * RememberedCounts::sets;
    auto& set = model[hash % RememberedCounts::sets];
    auto at = std::ranges::find(set, hash, [](const auto& entry) { return entry.first; });
    std::optional<Count> expected;
    if (at != set.end()) {
      expected = at->second;
      std::rotate(at, at + 1, set.end());
      ++found;
    }
    ASSERT_EQ(counts.find(hash), expected) << i;
    if (expected) continue;
    if (set.size() == RememberedCounts::ways) set.erase(set.begin());
    set.emplace_back(hash, count_of(i));
    counts.keep(hash, count_of(i));
  }
  EXPECT_GT(found, 5'000u);
}

}  // namespace
}  // namespace recloser::relay
