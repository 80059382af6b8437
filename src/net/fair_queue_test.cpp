#include "net/fair_queue.h"

#include "core/ids.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net {
namespace {

struct Item : FairQueue::Entry {
  Item(FairQueue::Flow flow, std::size_t n) : Entry([](Waiter&) {}), number(n) { set_flow(flow); }
  std::size_t number;
};

class FairQueueTest : public testing::Test {
 protected:
  void add(char flow) {
    items_.push_back(std::make_unique<Item>(flow, items_.size()));
    queue_.add(*items_.back());
  }
  void add_all(std::string_view flows) {
    for (char flow : flows) add(flow);
  }
  // The flow of the next one, which then works so long; '-': there is none.
  char take(Duration worked = Duration{}) {
    FairQueue::Entry* next = queue_.take();
    if (next == nullptr) return '-';
    queue_.charge(worked);
    return static_cast<char>(next->flow());
  }
  std::string take_all(Duration each) {
    std::string out;
    while (!queue_.empty()) out += take(each);
    return out;
  }

  FairQueue queue_;
  std::vector<std::unique_ptr<Item>> items_;
};

TEST_F(FairQueueTest, AQueueOfOneFlowIsInOrder) {
  add_all("aaa");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(static_cast<Item*>(queue_.take())->number, i);
  }
  EXPECT_EQ(queue_.take(), nullptr);
}

TEST_F(FairQueueTest, EachFlowHasItsQuantum) {
  add_all("aaaaaabbb");
  EXPECT_EQ(take_all(FairQueue::quantum), "abababaaa");
}

TEST_F(FairQueueTest, WhatIsSharedIsTimeAndNotNumbers) {
  add_all("aaaabbbbbbbb");
  std::string order;
  for (int i = 0; i < 6; ++i) {
    char flow = take();
    queue_.charge(flow == 'a' ? FairQueue::quantum : FairQueue::quantum / 4);
    order += flow;
  }
  EXPECT_EQ(order, "abbbba");
}

TEST_F(FairQueueTest, WhoTookLongerThanItsQuantumPaysItBack) {
  add_all("aaabbbbbb");
  EXPECT_EQ(take(3 * FairQueue::quantum), 'a');
  std::string order;
  for (int i = 0; i < 4; ++i) order += take(FairQueue::quantum);
  EXPECT_EQ(order, "bbba");
}

TEST_F(FairQueueTest, ADebtHasAnEnd) {
  add_all("aaabbbbbbbbbbbbbb");
  EXPECT_EQ(take(1h), 'a');
  std::string order;
  for (int i = 0; i < 8; ++i) order += take(FairQueue::quantum);
  EXPECT_NE(order.find('a'), order.npos);
}

TEST_F(FairQueueTest, WhoHadNothingToDoGoesFirst) {
  add_all("aaaaaaaabbbbbbbb");
  EXPECT_EQ(take(FairQueue::quantum), 'a');
  EXPECT_EQ(take(FairQueue::quantum), 'b');
  add('c');
  EXPECT_EQ(take(FairQueue::quantum), 'c');
}

// Else two that take turns in having nothing to do would keep all others from theirs.
TEST_F(FairQueueTest, WhoComesAgainAtOnceStandsInLine) {
  add_all("aaaaaaaa");
  EXPECT_EQ(take(FairQueue::quantum), 'a');
  std::string order;
  for (int i = 0; i < 12; ++i) {
    if (i % 2 == 0) add('c');
    if (i % 2 == 1) add('d');
    order += take(FairQueue::quantum);
  }
  EXPECT_GE(std::ranges::count(order, 'a'), 3) << order;
}

TEST_F(FairQueueTest, WhoComesAgainBeforeItsQuantumIsUsedStandsInLine) {
  add_all("aaaaaaaa");
  EXPECT_EQ(take(FairQueue::quantum), 'a');
  std::string order;
  for (int i = 0; i < 12; ++i) {
    add(i % 2 == 0 ? 'c' : 'd');
    order += take(FairQueue::quantum / 4);
  }
  EXPECT_GE(std::ranges::count(order, 'a'), 3) << order;
}

// Who seldom has much to do saves nothing up for when it has.
TEST_F(FairQueueTest, WhatIsNotUsedOfAQuantumIsLost) {
  add_all(std::string(40, 'b'));
  EXPECT_EQ(take(FairQueue::quantum), 'b');
  for (int i = 0; i < 8; ++i) {
    add('a');
    EXPECT_EQ(take(FairQueue::quantum / 4), 'a');
    // Until its line has been found empty.
    for (int more = 0; more < 3; ++more) EXPECT_EQ(take(FairQueue::quantum), 'b');
  }
  add_all("aaaaaa");
  std::string order;
  for (int i = 0; i < 6; ++i) order += take(FairQueue::quantum);
  EXPECT_EQ(order, "aababa") << "b has just had its quantum";
}

TEST_F(FairQueueTest, OneThatIsHereStaysWhereItIs) {
  add_all("ab");
  queue_.add(*items_[0]);
  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(take(), 'a');
}

TEST_F(FairQueueTest, AFlowChangesWithTheNextAdd) {
  add_all("ab");
  items_[0]->set_flow('b');
  EXPECT_EQ(static_cast<Item*>(queue_.take())->number, 0u);
  queue_.add(*items_[0]);
  EXPECT_EQ(static_cast<Item*>(queue_.take())->number, 1u);
}

// Against lists of numbers: nothing is lost, nothing comes twice, order within a flow, and no flow
// that waits gets less than its share of the time by more than what one turn can take.
TEST_F(FairQueueTest, RandomWorkIsSharedAsANaiveModelHasIt) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    Random dice(seed);
    FairQueue queue;
    std::vector<std::unique_ptr<Item>> items;
    std::map<FairQueue::Flow, std::deque<std::size_t>> model;
    std::size_t inside = 0;
    for (int step = 0; step < 2000; ++step) {
      unsigned what = dice.below(8);
      auto flow = static_cast<FairQueue::Flow>(1 + dice.below(3));
      if (what < 3) {
        items.push_back(std::make_unique<Item>(flow, items.size()));
        queue.add(*items.back());
        model[flow].push_back(items.size() - 1);
        ++inside;
      } else if (what == 3 && !items.empty()) {
        Item& item = *items[dice.below(items.size())];
        inside -= std::erase(model[item.flow()], item.number);
        queue.remove(item);
      } else {
        auto* item = static_cast<Item*>(queue.take());
        ASSERT_EQ(item == nullptr, inside == 0);
        if (item == nullptr) continue;
        --inside;
        ASSERT_EQ(model[item->flow()].front(), item->number);
        model[item->flow()].pop_front();
        queue.charge(Duration(dice.below(400'000)));
      }
      ASSERT_EQ(queue.size(), inside);
      ASSERT_EQ(queue.empty(), inside == 0);
    }
  }
}

TEST_F(FairQueueTest, FlowsThatAlwaysHaveMoreGetTheSameTime) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random dice(seed);
    FairQueue queue;
    std::vector<std::unique_ptr<Item>> items;
    std::array<Duration, 3> worked{};
    for (FairQueue::Flow flow : {0, 1, 2}) {
      for (int i = 0; i < (flow == 0 ? 200 : 2); ++i) {
        items.push_back(std::make_unique<Item>(flow, 0));
        queue.add(*items.back());
      }
    }
    for (int i = 0; i < 10'000; ++i) {
      FairQueue::Entry* next = queue.take();
      // Those of the second flow are long, those of the third short.
      auto took = Duration(dice.below(next->flow() == 1 ? 600'000 : 60'000));
      queue.charge(took);
      worked[next->flow()] += took;
      queue.add(*next);
    }
    auto [least, most] = std::ranges::minmax(worked);
    EXPECT_LE(most - least, 2 * FairQueue::debt_max) << seed;
  }
}

}  // namespace
}  // namespace recloser::net
