#include "relay/meter.h"

#include "text/encoding.h"

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using codec::Event;
using codec::EventKind;

class MeterTest : public testing::Test {
 protected:
  std::uint64_t alone(std::string_view text) {
    return text::Encoding::o200k().count(text, room_.scratch);
  }
  void text(std::string_view piece, std::uint32_t choice = 0) {
    meter_.see({.kind = EventKind::text, .choice = choice, .text = piece}, room_);
  }

  MeterRoom room_;
  const text::TokenFamily& family_ = text::token_family("gpt-4o");
  static constexpr std::uint64_t call_tokens = 7;
  Meter meter_{family_, call_tokens};
};

TEST_F(MeterTest, CountsATextAsIfItHadComeWhole) {
  std::string_view all = "An internationalized sentence, in pieces that end anywhere.";
  for (std::size_t at = 0; at < all.size(); at += 3) text(all.substr(at, 3));
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), family_.tokens(alone(all)));
}

TEST_F(MeterTest, KindsAndChoicesAreTextsOfTheirOwn) {
  text("Hel");
  text("lo", 1);
  meter_.see({.kind = EventKind::reasoning, .text = "hm"}, room_);
  meter_.see({.kind = EventKind::tool_call, .index = 0, .text = "{}", .name = "find"}, room_);
  meter_.close(room_);
  std::uint64_t counted = alone("Hel") + alone("lo") + alone("hm") + alone("find{}");
  EXPECT_EQ(meter_.output_tokens(), family_.tokens(counted) + call_tokens);
  EXPECT_EQ(meter_.reasoning_tokens(), family_.tokens(alone("hm")));
}

TEST_F(MeterTest, EscapesAreTheCharactersTheyMean) {
  meter_.see({.kind = EventKind::text, .text_escaped = true, .text = R"(\u00e9t\u00e9\n)"}, room_);
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), family_.tokens(alone("été\n")));
}

TEST_F(MeterTest, ARunningUsageIsTheGroundOfWhatIsCountedAfterIt) {
  text("one two three");
  meter_.close(room_);
  meter_.said(50);
  EXPECT_EQ(meter_.output_tokens(), 50u);
  text(" four five");
  meter_.close(room_);
  std::uint64_t before = alone("one two three");
  std::uint64_t after = before + alone(" four five");
  EXPECT_EQ(meter_.output_tokens(), 50 + family_.tokens(after) - family_.tokens(before));
}

TEST_F(MeterTest, WhatIsSaidBeforeTheFirstEventIsTheBeginningOfWhatIsSeen) {
  meter_.said(2);
  text("one two three");
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), family_.tokens(alone("one two three")));
}

TEST_F(MeterTest, ACallThatWasBegunAheadIsCountedOnce) {
  meter_.said(call_tokens - 1);
  meter_.see({.kind = EventKind::tool_call, .name = "find"}, room_);
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), family_.tokens(alone("find")) + call_tokens);
}

TEST_F(MeterTest, ThinkingThatNoEventShowsStaysOnTop) {
  meter_.said(88);
  text("one two three");
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), 88 + family_.tokens(alone("one two three")));
}

TEST_F(MeterTest, AnAnswersOwnMarksComeWithItsFirstText) {
  Meter meter(family_, call_tokens, 9);
  EXPECT_EQ(meter.output_tokens(), 0u);
  meter.see({.kind = EventKind::text, .text = "one"}, room_);
  meter.close(room_);
  EXPECT_EQ(meter.output_tokens(), family_.tokens(alone("one")) + 9);
}

TEST_F(MeterTest, InMidWordItIsNear) {
  for (int i = 0; i < 200; ++i) text(" words");
  text(" unfin");
  std::uint64_t open = meter_.output_tokens();
  meter_.close(room_);
  EXPECT_NEAR(static_cast<double>(open), static_cast<double>(meter_.output_tokens()), 2);
}

TEST_F(MeterTest, SealedThinkingCountsByItsSize) {
  std::uint64_t thought = family_.sealed.tokens(2, 5'000);
  ASSERT_GT(thought, 100u);
  meter_.sealed(1, 880);  // an envelope
  EXPECT_EQ(meter_.output_tokens(), 0u);
  meter_.sealed(2, 5'000);
  EXPECT_EQ(meter_.output_tokens(), thought);
  EXPECT_EQ(meter_.sealed_tokens(), thought);
  text("one two three");
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), thought + family_.tokens(alone("one two three")));
  EXPECT_EQ(meter_.reasoning_tokens(), 0u);
}

TEST_F(MeterTest, WhatIsShownOfSealedThinkingCountsOnce) {
  std::string summary = "a summary of what was thought";
  meter_.see({.kind = EventKind::reasoning, .text = summary}, room_);
  meter_.close(room_);
  meter_.sealed(1, 2'000);
  EXPECT_EQ(meter_.output_tokens(), family_.sealed.tokens(1, 2'000));
  EXPECT_EQ(meter_.sealed_tokens(), family_.sealed.tokens(1, 2'000) - alone(summary));
}

TEST_F(MeterTest, ThinkingThatIsShownInFullIsCountedByItsWords) {
  std::string thought;
  for (int i = 0; i < 40; ++i) thought += " another thought";
  meter_.see({.kind = EventKind::reasoning, .text = thought}, room_);
  meter_.close(room_);
  meter_.sealed(1, 1'500);
  ASSERT_GT(family_.sealed.tokens(1, 1'500), alone(thought));
  EXPECT_EQ(meter_.output_tokens(), alone(thought));
}

TEST_F(MeterTest, SealedThinkingThatWasSaidAheadIsNotAddedToIt) {
  std::uint64_t thought = family_.sealed.tokens(1, 2'000);
  meter_.said(thought + 8);
  meter_.sealed(1, 2'000);
  text("one two three");
  meter_.close(room_);
  EXPECT_EQ(meter_.output_tokens(), thought + 8 + family_.tokens(alone("one two three")));
}

TEST_F(MeterTest, WhereNobodyKnowsTheSealItSaysNothing) {
  Meter meter(text::token_family("house-model"), call_tokens);
  meter.sealed(1, 100'000);
  EXPECT_EQ(meter.output_tokens(), 0u);
}

TEST_F(MeterTest, WhatIsNoOutputIsNotCounted) {
  for (EventKind kind : {EventKind::start, EventKind::finish, EventKind::error, EventKind::ping,
                         EventKind::other, EventKind::done}) {
    meter_.see({.kind = kind, .text = "words of a finish reason"}, room_);
  }
  EXPECT_EQ(meter_.output_tokens(), 0u);
}

}  // namespace
}  // namespace recloser::relay
