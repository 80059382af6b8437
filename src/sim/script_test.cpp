#include "sim/script.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::sim {
namespace {

Script script_of(std::string_view model) {
  ParsedScript parsed = parse_script(model);
  EXPECT_FALSE(parsed.unknown) << parsed.unknown->message;
  return parsed.script;
}

std::string fault_of(std::string_view model) {
  ParsedScript parsed = parse_script(model);
  return parsed.unknown ? parsed.unknown->directive : "(understood)";
}

TEST(Script, NamesOfThePriceList) {
  EXPECT_EQ(script_of("sim-fast").tier, Tier::fast);
  EXPECT_EQ(script_of("sim-smart").tier, Tier::smart);
  EXPECT_EQ(script_of("sim-long").tier, Tier::long_);
  EXPECT_EQ(script_of("sim").tier, Tier::fast);
  EXPECT_EQ(script_of("sim-smart").flavour, Flavour::greeting);
}

TEST(Script, DirectivesStandInAnyOrder) {
  for (std::string_view model : {"sim-t400-d5-x146-smart", "sim-smart-x146-d5-t400"}) {
    Script script = script_of(model);
    EXPECT_EQ(script.length(1), 400u);
    EXPECT_EQ(script.piece_gap(), 5ms);
    EXPECT_EQ(script.billing_percent, 146u);
    EXPECT_EQ(script.tier, Tier::smart);
    EXPECT_EQ(script.flavour, Flavour::plain);
  }
}

TEST(Script, Faults) {
  EXPECT_EQ(script_of("sim-hang").fault, FaultKind::hang);
  EXPECT_EQ(script_of("sim-stall40").fault, FaultKind::stall);
  EXPECT_EQ(script_of("sim-stall40").fault_after, 40u);
  EXPECT_EQ(script_of("sim-t60-reset40").fault, FaultKind::reset);
  EXPECT_EQ(script_of("sim-trunc0").fault, FaultKind::trunc);
  EXPECT_EQ(script_of("sim-429").status, 429);
  EXPECT_EQ(script_of("sim-529-slow").first_byte_delay(), 2s);
}

TEST(Script, StatusesFrom400To599) {
  EXPECT_EQ(script_of("sim-400").status, 400);
  EXPECT_EQ(script_of("sim-599").status, 599);
  EXPECT_EQ(fault_of("sim-399"), "399");
  EXPECT_EQ(fault_of("sim-600"), "600");
  EXPECT_EQ(fault_of("sim-0500"), "0500");
}

TEST(Script, FiguresAtTheirBounds) {
  EXPECT_EQ(script_of("sim-t0").length(7), 0u);
  EXPECT_EQ(script_of("sim-t10000000").length(7), 10'000'000u);
  EXPECT_EQ(fault_of("sim-t10000001"), "t10000001");
  EXPECT_EQ(script_of("sim-d600000").piece_gap(), 600s);
  EXPECT_EQ(fault_of("sim-d600001"), "d600001");
  EXPECT_EQ(script_of("sim-x10000").billing_percent, 10'000u);
  EXPECT_EQ(fault_of("sim-x10001"), "x10001");
  EXPECT_EQ(fault_of("sim-t99999999999999999999"), "t99999999999999999999");
}

TEST(Script, WhatIsNotUnderstoodIsNamed) {
  EXPECT_EQ(fault_of("gpt-4o"), "gpt-4o");
  EXPECT_EQ(fault_of("simple"), "simple");
  EXPECT_EQ(fault_of("sim-"), "");
  EXPECT_EQ(fault_of("sim-t5-"), "");
  EXPECT_EQ(fault_of("sim-T5"), "T5");
  EXPECT_EQ(fault_of("sim-t-5"), "t");
  EXPECT_EQ(fault_of("sim-t5x"), "t5x");
  EXPECT_EQ(fault_of("sim-t+5"), "t+5");
  EXPECT_EQ(fault_of("sim-stall"), "stall");
  EXPECT_EQ(fault_of("sim-fast\n"), "fast?");
  EXPECT_EQ(fault_of(""), "");
  std::string message = parse_script("sim-turbo").unknown->message;
  EXPECT_TRUE(message.starts_with("'turbo' is not a directive of a simulated model")) << message;
}

TEST(Script, ATypoIsToldTheNameThatWasMeant) {
  auto told = [](std::string_view model) { return parse_script(model).unknown->message; };
  using testing::HasSubstr;
  EXPECT_THAT(told("sim-fsat"), HasSubstr("(did you mean sim-fast?)"));
  EXPECT_THAT(told("sim-t400-smrt-d5"), HasSubstr("(did you mean sim-t400-smart-d5?)"));
  EXPECT_THAT(told("sim-stal40"), HasSubstr("(did you mean sim-stall40?)"));
  EXPECT_THAT(told("sim-flakey30"), HasSubstr("(did you mean sim-flaky30?)"));
  for (std::string_view model :
       {"sim-turbo", "sim-40", "sim-", "sim-fsat-fsat", "sim-long-lnog", "sim-fastfastfastfast"}) {
    EXPECT_THAT(told(model), testing::Not(HasSubstr("did you mean"))) << model;
  }
}

TEST(Script, OneOfAKind) {
  EXPECT_EQ(fault_of("sim-t5-t6"), "t6");
  EXPECT_EQ(fault_of("sim-inf-t6"), "t6");
  EXPECT_EQ(fault_of("sim-hang-reset4"), "reset4");
  EXPECT_EQ(fault_of("sim-500-503"), "503");
}

TEST(Script, AnErrorInTheAnswer) {
  EXPECT_EQ(script_of("sim-err0").fault, FaultKind::error);
  EXPECT_EQ(script_of("sim-err7").fault_after, 7u);
  EXPECT_EQ(script_of("sim-err7").status_in_band(), 529);
  EXPECT_FALSE(script_of("sim-err7").is_refused());
  EXPECT_EQ(script_of("sim-err7-429").status_in_band(), 429);
  EXPECT_FALSE(script_of("sim-err7-429").is_refused()) << "it says which error comes then";
  EXPECT_TRUE(script_of("sim-429").is_refused());
  EXPECT_EQ(fault_of("sim-err1-stall2"), "stall2");
}

TEST(Script, WhenToComeBackIsSaidOfARefusal) {
  EXPECT_EQ(script_of("sim-429-ra5").retry_after_s, 5u);
  EXPECT_EQ(script_of("sim-ra0-503").retry_after_s, 0u);
  EXPECT_EQ(script_of("sim-flaky10-ra86400").retry_after_s, 86'400u);
  EXPECT_EQ(script_of("sim-load3-ra2").retry_after_s, 2u);
  EXPECT_EQ(fault_of("sim-429-ra86401"), "ra86401");
  EXPECT_EQ(fault_of("sim-ra5"), "ra5");
  EXPECT_EQ(fault_of("sim-err2-429-ra5"), "ra5");
  EXPECT_EQ(fault_of("sim-flaky5-stall2-ra5"), "ra5");
}

TEST(Script, FlakyIsSoManyOfAHundred) {
  auto failures = [](std::string_view model, std::uint64_t seed) {
    Script script = script_of(model);
    int failed = 0;
    for (std::uint64_t nth = 0; nth < 10'000; ++nth) {
      Script one = script.of_call(nth, 0s, seed);
      EXPECT_EQ(one.is_refused(), script.of_call(nth, 9s, seed).is_refused());
      failed += one.is_refused() ? 1 : 0;
      if (one.is_refused()) EXPECT_EQ(one.status, 503);
    }
    return failed;
  };
  EXPECT_EQ(failures("sim-flaky0", 1), 0);
  EXPECT_EQ(failures("sim-flaky100", 1), 10'000);
  EXPECT_NEAR(failures("sim-flaky30", 1), 3'000, 150);
  EXPECT_NEAR(failures("sim-flaky30", 2), 3'000, 150);
  EXPECT_EQ(fault_of("sim-flaky101"), "flaky101");
  Script script = script_of("sim-flaky50");
  bool differs = false;
  for (std::uint64_t nth = 0; nth < 64; ++nth) {
    differs |= script.of_call(nth, 0s, 1).status != script.of_call(nth, 0s, 2).status;
  }
  EXPECT_TRUE(differs) << "the seed decides";
}

TEST(Script, FlakyWithAFaultOrAStatusIsThatOne) {
  Script reset = script_of("sim-flaky50-reset4");
  Script limited = script_of("sim-flaky50-429");
  Script told = script_of("sim-flaky50-err2-429");
  int wrong = 0;
  for (std::uint64_t nth = 0; nth < 1'000; ++nth) {
    Script one = reset.of_call(nth, 0s, 7);
    bool is_wrong = one.fault == FaultKind::reset;
    wrong += is_wrong ? 1 : 0;
    EXPECT_EQ(one.fault, is_wrong ? FaultKind::reset : FaultKind::none);
    EXPECT_EQ(one.status, 0);
    EXPECT_EQ(limited.of_call(nth, 0s, 7).status, is_wrong ? 429 : 0) << "the same calls";
    EXPECT_EQ(told.of_call(nth, 0s, 7).fault, is_wrong ? FaultKind::error : FaultKind::none);
  }
  EXPECT_NEAR(wrong, 500, 75);
}

TEST(Script, AModelIsLoadedOnce) {
  Script script = script_of("sim-load3");
  for (Duration since : {Duration(0s), Duration(2'999ms)}) {
    Script one = script.of_call(5, since, 1);
    EXPECT_TRUE(one.is_loading());
    EXPECT_EQ(one.status, 503);
    EXPECT_TRUE(one.is_refused());
  }
  Script loaded = script.of_call(6, 3s, 1);
  EXPECT_FALSE(loaded.is_loading());
  EXPECT_FALSE(loaded.is_refused());
  EXPECT_TRUE(script_of("sim-load3-429").of_call(0, 3s, 1).is_refused());
  EXPECT_EQ(script_of("sim-load3-err1").of_call(0, 0s, 1).fault, FaultKind::none);
  EXPECT_EQ(script_of("sim-load3-err1").of_call(0, 3s, 1).fault, FaultKind::error);
  EXPECT_TRUE(script_of("sim-load3-flaky0").of_call(0, 0s, 1).is_refused());
  EXPECT_FALSE(script_of("sim-load3-flaky0-500").of_call(0, 3s, 1).is_refused());
}

TEST(Script, AFaultIsReachedForEveryPrompt) {
  for (std::string_view model :
       {"sim-stall40", "sim-reset40-smart", "sim-trunc2000-long", "sim-reset7000-loop",
        "sim-stall160-pii", "sim-trunc0", "sim-err50"}) {
    Script script = script_of(model);
    for (std::uint64_t prompt = 0; prompt < 500; ++prompt) {
      ASSERT_GT(script.length(prompt << 32), script.fault_after) << model << " " << prompt;
    }
  }
  EXPECT_EQ(script_of("sim-reset5").length(0), 24u) << "no longer than it must be";
}

TEST(Script, AFaultBehindTheEndIsAContradiction) {
  EXPECT_EQ(script_of("sim-t40-reset40").length(1), 40u) << "the end itself is a place";
  EXPECT_EQ(fault_of("sim-t39-reset40"), "reset40");
  EXPECT_EQ(fault_of("sim-stall40-t39"), "stall40");
  EXPECT_EQ(fault_of("sim-inf-trunc40"), "(understood)");
  EXPECT_EQ(parse_script("sim-t1-trunc2").unknown->message,
            "'trunc2' lies beyond the end of the answer that the name asks for");
}

TEST(Script, TheBillIsExactAndRoundedUp) {
  Script script = script_of("sim-x146");
  EXPECT_EQ(script.billed(0), 0u);
  EXPECT_EQ(script.billed(1), 2u);
  EXPECT_EQ(script.billed(50), 73u);
  EXPECT_EQ(script.billed(100), 146u);
  EXPECT_EQ(script_of("sim").billed(endless), endless);
}

TEST(Script, NoLimitIsEverPassedByTheBill) {
  for (std::string_view model : {"sim", "sim-x146", "sim-x33", "sim-x1", "sim-x250"}) {
    Script script = script_of(model);
    for (std::uint64_t limit = 0; limit < 300; ++limit) {
      std::uint64_t most = script.pieces_within(limit);
      EXPECT_LE(script.billed(most), limit) << model << " " << limit;
      EXPECT_GT(script.billed(most + 1), limit) << model << " " << limit;
    }
  }
  EXPECT_EQ(script_of("sim-x0").pieces_within(5), endless);
}

TEST(Script, AnEndlessStreamHasAPaceOfItsOwn) {
  EXPECT_EQ(script_of("sim-inf").length(3), endless);
  EXPECT_EQ(script_of("sim-inf").piece_gap(), 5ms);
  EXPECT_EQ(script_of("sim-inf-d0").piece_gap(), 0ms);
  EXPECT_EQ(script_of("sim-t9").piece_gap(), 0ms);
}

TEST(Script, LengthsFollowTheRequestWhenNotSaid) {
  Script script = script_of("sim-fast");
  EXPECT_EQ(script.length(42), script.length(42));
  EXPECT_NE(script.length(std::uint64_t{3} << 32), script.length(std::uint64_t{4} << 32));
  EXPECT_GE(script.length(0), 24u);
}

}  // namespace
}  // namespace recloser::sim
