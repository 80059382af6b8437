#include "core/names.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser {
namespace {

std::string fault(std::string_view text, std::size_t bytes_max = 8) {
  Result<void> checked = check_name(Side::client, "x-recloser-user", text, bytes_max);
  return checked ? "" : checked.error().message();
}

TEST(CheckName, TakesPrintableAscii) {
  EXPECT_EQ(fault("a"), "");
  EXPECT_EQ(fault("a b;c@d"), "");
  EXPECT_EQ(fault("12345678"), "");
}

TEST(IsPlainName, TakesWhatNeedsNoQuotes) {
  for (std::string_view text : {"a", "9", "a.b_c-d", "A-"})
    EXPECT_TRUE(is_plain_name(text)) << text;
  for (std::string_view text : {"", ".", "-a", "_a", "a b", "a/b", "a%", "a'", "\xc3\xa9", "a\n"}) {
    EXPECT_FALSE(is_plain_name(text)) << text;
  }
}

TEST(CheckName, RefusesOnePastTheLimit) {
  EXPECT_EQ(fault("123456789"),
            "x-recloser-user has 9 characters and at most 8 are accepted; use a shorter one");
}

TEST(CheckName, RefusesWhatWouldBreakAHeaderALineOrAList) {
  EXPECT_EQ(fault(""), "x-recloser-user is empty; leave it out instead");
  EXPECT_NE(fault(" a"), "");
  EXPECT_NE(fault("a "), "");
  EXPECT_NE(fault("a,b"), "");
  EXPECT_NE(fault(std::string_view("a\0b", 3)), "");
  EXPECT_NE(fault("a\xc3\xa4"), "");
  EXPECT_EQ(fault("a\nb"),
            "x-recloser-user has a byte 0x0a at position 1; only printable ASCII characters other "
            "than the comma are accepted");
  EXPECT_NE(fault("a\x7f"), "");
}

TEST(Shown, LeavesShortTextAlone) {
  EXPECT_EQ(shown("gpt-4o"), "gpt-4o");
  EXPECT_EQ(shown("12345678", 8), "12345678");
}

TEST(Shown, CutsAtTheLimitAndSaysSo) { EXPECT_EQ(shown("123456789", 8), "12345678.."); }

TEST(Shown, NeverCutsInsideACharacter) {
  EXPECT_EQ(shown("1234567\xc3\xa4", 8), "1234567..");                     // two bytes, one fits
  EXPECT_EQ(shown("12345\xf0\x9f\x98\x80", 8), "12345..");                 // four bytes, three fit
  EXPECT_EQ(shown("1234\xf0\x9f\x98\x80z", 8), "1234\xf0\x9f\x98\x80..");  // fits to the byte
  EXPECT_EQ(shown(std::string(20, '\x80'), 8), std::string(5, '\x80') + "..");  // not UTF-8 at all
}

TEST(Shown, HidesControlCharacters) { EXPECT_EQ(shown("a\nb\x1b[0m\x7f"), "a?b?[0m?"); }

}  // namespace
}  // namespace recloser
