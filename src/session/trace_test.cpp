#include "session/trace.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::session {
namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string text_of(const TraceParent& parent) {
  auto text = parent.text();
  return std::string(text.data(), text.size());
}

TEST(TraceParent, ReadsAndWritesTheExampleOfTheRecommendation) {
  auto parent = TraceParent::parse(good);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parent->flags, 1);
  EXPECT_EQ(text_of(*parent), good);
  EXPECT_TRUE(TraceParent::parse(" " + std::string(good) + "\t"));
}

TEST(TraceParent, EveryShorterOrChangedTextIsNone) {
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(TraceParent::parse(good.substr(0, size))) << size;
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (char bad : {'G', 'A', ' ', '\0', '\xff'}) {
      std::string text(good);
      text[i] = bad;
      EXPECT_FALSE(TraceParent::parse(text)) << i << bad;
    }
  }
  EXPECT_FALSE(TraceParent::parse(std::string(good) + "-"));  // version 00 has four fields
}

TEST(TraceParent, AllZeroIdsAreNone) {
  EXPECT_FALSE(TraceParent::parse("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
  EXPECT_FALSE(TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
}

TEST(TraceParent, LaterVersions) {
  std::string later(good);
  later[1] = '1';
  later[53] = 'f';
  later[54] = 'f';
  auto parent = TraceParent::parse(later + "-more");
  ASSERT_TRUE(parent);
  EXPECT_EQ(text_of(*parent), good);  // only the sampled bit is known
  EXPECT_TRUE(TraceParent::parse(later));
  EXPECT_FALSE(TraceParent::parse(later + "more"));
  later[0] = later[1] = 'f';
  EXPECT_FALSE(TraceParent::parse(later));
}

TEST(TraceParent, AChildKeepsTheTraceAndTheFlags) {
  auto parent = TraceParent::parse(good);
  ASSERT_TRUE(parent);
  Random random(7);
  TraceParent child = parent->child(random);
  EXPECT_EQ(child.trace(), parent->trace());
  EXPECT_EQ(child.flags, parent->flags);
  EXPECT_NE(child.span_id, parent->span_id);
  EXPECT_NE(child.span_id, parent->child(random).span_id);
  EXPECT_TRUE(TraceParent::parse(text_of(child)));
}

TEST(TraceOf, OurHeaderThenTheParentThenNothing) {
  auto parent = TraceParent::parse(good);
  EXPECT_EQ(*trace_of("run-1", parent), "run-1");
  EXPECT_EQ(*trace_of(" ", parent), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(*trace_of("", std::nullopt), "");
  EXPECT_TRUE(trace_of(std::string(64, 'x'), parent));
  Result<std::string_view> refused = trace_of(std::string(65, 'x'), parent);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "x-recloser-trace has 65 characters and at most 64 are accepted; use a shorter one");
}

}  // namespace
}  // namespace recloser::session
