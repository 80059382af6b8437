// The order of places, against a list in which the rounds are counted anew each time.
#include "route/waiting_line.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using config::Priority;
using Member = WaitingLine::Member;

class WaitingLineTest : public testing::Test {
 protected:
  Member& join(std::uint64_t tenant, Priority priority = Priority::normal) {
    Member& member = members_.emplace_back(Member{.tenant = tenant, .priority = priority});
    line_.join(member);
    return member;
  }
  // The tenants of so many places.
  std::string served(int places) {
    std::string tenants;
    for (int i = 0; i < places; ++i) {
      tenants += static_cast<char>(line_.first().tenant);
      line_.take_first();
    }
    return tenants;
  }

  WaitingLine line_;
  std::deque<Member> members_;
};

TEST_F(WaitingLineTest, OneTenantsCallsStandAsTheyCame) {
  Member& first = join('a');
  Member& second = join('a');
  EXPECT_EQ(&line_.first(), &first);
  line_.take_first();
  EXPECT_EQ(&line_.first(), &second);
  line_.take_first();
  EXPECT_TRUE(line_.empty());
}

TEST_F(WaitingLineTest, TenantsTakeTurns) {
  for (int i = 0; i < 4; ++i) join('a');
  join('b');
  join('b');
  join('c');
  EXPECT_EQ(served(7), "abcabaa");
}

TEST_F(WaitingLineTest, WhoComesIsBehindOneOfEachOther) {
  for (int i = 0; i < 100; ++i) join('a');
  EXPECT_EQ(served(10), "aaaaaaaaaa");
  EXPECT_EQ(line_.ahead_of({.tenant = 'b'}), 1u);
  EXPECT_EQ(line_.ahead_of({.tenant = 'a'}), 90u);
  join('b');
  EXPECT_EQ(served(4), "abaa");
}

TEST_F(WaitingLineTest, WhoAlwaysHasOneCallHereHasEverySecondPlace) {
  for (int i = 0; i < 10; ++i) join('a');
  join('b');
  std::string order;
  for (int i = 0; i < 10; ++i) {
    order += served(1);
    if (order.back() == 'b') join('b');
  }
  EXPECT_EQ(order, "ababababab");
}

TEST_F(WaitingLineTest, AHigherPriorityGoesFirst) {
  join('l', Priority::low);
  join('n');
  join('h', Priority::high);
  join('H', Priority::high);
  EXPECT_EQ(line_.ahead_of({.tenant = 'x', .priority = Priority::low}), 4u);
  EXPECT_EQ(line_.ahead_of({.tenant = 'x', .priority = Priority::normal}), 3u);
  EXPECT_EQ(line_.ahead_of({.tenant = 'x', .priority = Priority::high}), 2u);
  EXPECT_EQ(served(4), "hHnl");
}

TEST_F(WaitingLineTest, NobodyIsPassedOverForEver) {
  for (int i = 0; i < 30; ++i) join('h', Priority::high);
  for (int i = 0; i < 30; ++i) join('n');
  for (int i = 0; i < 30; ++i) join('l', Priority::low);
  EXPECT_EQ(served(20), "hhhhhhhhlnhhhhhhhlhn");
}

TEST_F(WaitingLineTest, WhoWasNotThereWasNotPassedOver) {
  for (int i = 0; i < 30; ++i) join('h', Priority::high);
  EXPECT_EQ(served(10), "hhhhhhhhhh");
  join('l', Priority::low);
  EXPECT_EQ(served(10), "hhhhhhhhlh");
}

TEST_F(WaitingLineTest, OneThatLeavesTakesNothingFromThoseOfItsPriority) {
  join('l', Priority::low);
  Member& impatient = join('L', Priority::low);
  for (int i = 0; i < 30; ++i) join('h', Priority::high);
  EXPECT_EQ(served(7), "hhhhhhh");
  EXPECT_TRUE(line_.leave(impatient));
  EXPECT_EQ(served(3), "hlh");
}

TEST_F(WaitingLineTest, WhoLeavesIsOut) {
  Member& first = join('a');
  Member& second = join('b');
  join('a');
  EXPECT_TRUE(line_.leave(second));
  EXPECT_FALSE(line_.leave(second));
  EXPECT_EQ(line_.size(), 2u);
  EXPECT_TRUE(line_.leave(first));
  EXPECT_EQ(served(1), "a");
  EXPECT_FALSE(line_.leave(first));
  EXPECT_TRUE(line_.empty());
}

TEST_F(WaitingLineTest, ATurnIsItsTenants) {
  Member& first = join('a');
  Member& second = join('a');
  join('b');
  join('b');
  Member& third = join('a');
  EXPECT_TRUE(line_.leave(first));
  EXPECT_EQ(&line_.first(), &second);
  EXPECT_EQ(served(4), "abab");
  EXPECT_EQ(third.round, 2u);
}

TEST_F(WaitingLineTest, WhoWaitedInVainIsNotOwedForIt) {
  Member& low = join('l', Priority::low);
  for (int i = 0; i < 8; ++i) join('h', Priority::high);
  EXPECT_EQ(served(7), "hhhhhhh");
  EXPECT_TRUE(line_.leave(low));
  join('h', Priority::high);
  join('l', Priority::low);
  EXPECT_EQ(served(3), "hhl");
}

// In any order of coming, going and being served: as many turns as others, no place lost.
TEST(WaitingLineModel, TenantsThatAlwaysWaitHaveEqualShares) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand dice(seed);
    WaitingLine line;
    std::vector<std::unique_ptr<Member>> waiting;
    std::map<std::uint64_t, int> places;
    auto count = [&](std::uint64_t tenant) {
      return std::ranges::count_if(waiting, [&](auto& one) { return one->tenant == tenant; });
    };
    for (int i = 0; i < 3'000; ++i) {
      for (std::uint64_t tenant = 0; tenant < 4; ++tenant) {
        // Each has at least one call, the higher ones far more.
        std::uint64_t wanted = 1 + dice() % (1 + 10 * tenant);
        while (static_cast<std::uint64_t>(count(tenant)) < wanted) {
          waiting.push_back(std::make_unique<Member>(Member{.tenant = tenant}));
          line.join(*waiting.back());
        }
      }
      ASSERT_EQ(line.size(), waiting.size());
      Member* first = &line.first();
      line.take_first();
      ++places[first->tenant];
      std::erase_if(waiting, [&](auto& one) { return one.get() == first; });
      std::size_t leaves = dice() % waiting.size();
      if (dice() % 4 != 0 || count(waiting[leaves]->tenant) < 2) continue;
      ASSERT_TRUE(line.leave(*waiting[leaves]));
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(leaves));
    }
    for (std::uint64_t tenant = 0; tenant < 4; ++tenant) EXPECT_NEAR(places[tenant], 750, 40);
  }
}

}  // namespace
}  // namespace recloser::route
