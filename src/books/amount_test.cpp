#include "books/amount.h"

#include <gtest/gtest.h>

namespace recloser::books {
namespace {

TEST(Amount, IsReadAndWrittenExactly) {
  EXPECT_EQ(parse_amount("0.06")->atto, 60'000'000'000'000'000);
  EXPECT_EQ(parse_amount("-1.5e-07")->atto, -150'000'000'000);
  EXPECT_EQ(parse_amount("0.003835980000000000000000000000")->atto, 3'835'980'000'000'000);
  EXPECT_EQ(parse_amount(".5")->atto, 500'000'000'000'000'000);
  EXPECT_EQ(text_of(*parse_amount("12.5")), "12.500000000");
  EXPECT_EQ(text_of(*parse_amount("0.0000123456789")), "0.0000123456789");
  EXPECT_EQ(text_of(*parse_amount("-3")), "-3.000000000");
  EXPECT_EQ(Amount::of(NanoUsd{525'300}), *parse_amount("0.0005253"));
}

TEST(Amount, DigitsBeyondThePlacesRoundHalfToEven) {
  EXPECT_EQ(parse_amount("0.0000000000000000005")->atto, 0);
  EXPECT_EQ(parse_amount("0.00000000000000000051")->atto, 1);
  EXPECT_EQ(parse_amount("0.0000000000000000015")->atto, 2);
  EXPECT_EQ(parse_amount("1e-40")->atto, 0);
}

TEST(Amount, WhatIsNoneIsRefused) {
  for (std::string_view text : {"", "-", "1,5", "$1", "1.", "1e", "1e+-2", "nan", "+1", "1e41",
                                "1000000000000001", "0x1", "1 2"}) {
    EXPECT_FALSE(parse_amount(text)) << text;
  }
  EXPECT_FALSE(parse_amount(std::string(65, '1')));
}

TEST(Amount, ShownPlaces) {
  EXPECT_EQ(places_shown("0.06"), 2U);
  EXPECT_EQ(places_shown("0.10"), 2U);
  EXPECT_EQ(places_shown("1.5e-07"), 8U);
  EXPECT_EQ(places_shown("12"), 0U);
}

}  // namespace
}  // namespace recloser::books
