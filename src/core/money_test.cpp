#include "core/money.h"

#include <gtest/gtest.h>

namespace recloser {
namespace {

TEST(Money, TextHasNinePlaces) {
  EXPECT_EQ(text_of({525'300}), "0.000525300");
  EXPECT_EQ(text_of({0}), "0.000000000");
  EXPECT_EQ(text_of({12'000'000'001}), "12.000000001");
  EXPECT_EQ(text_of({-1}), "-0.000000001");
  EXPECT_EQ(text_of({INT64_MIN}), "-9223372036.854775808");
}

TEST(Money, DecimalsAreParsedExactly) {
  EXPECT_EQ(parse_decimal("1.25", 9), 1'250'000'000);
  EXPECT_EQ(parse_decimal("0.15", 9), 150'000'000);
  EXPECT_EQ(parse_decimal("-0.075", 9), -75'000'000);
  EXPECT_EQ(parse_decimal("2", 0), 2);
  EXPECT_EQ(parse_decimal("1.5e-07", 9), 150);
  EXPECT_EQ(parse_decimal("1.50E+2", 0), 150);
  EXPECT_EQ(parse_decimal("0.10000000000", 9), 100'000'000);
  EXPECT_EQ(parse_decimal("9223372036.854775807", 9), INT64_MAX);
  EXPECT_EQ(parse_decimal("0e-99", 9), 0);
}

TEST(Money, WhatIsNoDecimalIsRefused) {
  for (std::string_view text : {"", "-", ".5", "5.", "1,5", "1.2.3", "0x10", "nan", "inf", "1e",
                                "1e999", "1e-100", " 1", "1 ", "+1", "--1", "1e+-2"}) {
    EXPECT_FALSE(parse_decimal(text, 9)) << text;
  }
  EXPECT_FALSE(parse_decimal(std::string(65, '1'), 9));
  EXPECT_FALSE(parse_decimal("9223372036.854775808", 9));
  EXPECT_FALSE(parse_decimal("1e20", 9));
}

TEST(Money, DigitsBeyondThePlacesAreAnErrorOrRoundHalfToEven) {
  EXPECT_FALSE(parse_decimal("0.0000000001", 9));
  EXPECT_EQ(parse_decimal_rounded("0.0000000005", 9), 0);
  EXPECT_EQ(parse_decimal_rounded("0.00000000050000001", 9), 1);
  EXPECT_EQ(parse_decimal_rounded("0.0000000015", 9), 2);
  EXPECT_EQ(parse_decimal_rounded("0.0000000025", 9), 2);
  EXPECT_EQ(parse_decimal_rounded("-0.0000000015", 9), -2);
  EXPECT_EQ(parse_decimal_rounded("9e-11", 9), 0);
  EXPECT_EQ(parse_decimal_rounded("9e-10", 9), 1);
}

TEST(Money, SumsStayAtTheEndOfTheRange) {
  EXPECT_EQ(NanoUsd{1} + NanoUsd{2}, NanoUsd{3});
  EXPECT_EQ(NanoUsd::most() + NanoUsd{1}, NanoUsd::most());
  EXPECT_EQ(NanoUsd{-2} - NanoUsd::most(), NanoUsd{INT64_MIN});
}

}  // namespace
}  // namespace recloser
