#include "core/published.h"

#include <thread>

#include <gtest/gtest.h>

namespace recloser {
namespace {

TEST(Published, AReaderSeesWhatWasPublishedLast) {
  Published<int> published(std::make_shared<const int>(1));
  Published<int>::Reader reader(published);
  EXPECT_EQ(*reader.current(), 1);
  published.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*reader.current(), 2);
  EXPECT_EQ(*published.current(), 2);
}

TEST(Published, ACopyOutlivesItsReplacement) {
  Published<int> published(std::make_shared<const int>(1));
  Published<int>::Reader reader(published);
  std::shared_ptr<const int> kept = reader.current();
  published.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*reader.current(), 2);
  EXPECT_EQ(*kept, 1);
}

TEST(Published, TheOldValueGoesWhenNobodyHoldsIt) {
  auto first = std::make_shared<const int>(1);
  std::weak_ptr<const int> watched = first;
  Published<int> published(std::move(first));
  Published<int>::Reader reader(published);
  published.publish(std::make_shared<const int>(2));
  EXPECT_FALSE(watched.expired());  // the reader has not looked yet
  reader.current();
  EXPECT_TRUE(watched.expired());
}

TEST(Published, ValuesNeverGoBackForAnyThread) {
  Published<int> published(std::make_shared<const int>(0));
  constexpr int last = 20'000;
  auto watch = [&] {
    Published<int>::Reader reader(published);
    int seen = 0;
    while (seen < last) {
      int now = *reader.current();
      ASSERT_GE(now, seen);
      seen = now;
    }
  };
  std::thread a(watch);
  std::thread b(watch);
  for (int i = 1; i <= last; ++i) published.publish(std::make_shared<const int>(i));
  a.join();
  b.join();
}

}  // namespace
}  // namespace recloser
