#include "text/utf8.h"

#include <string>

namespace recloser::text {
namespace {

TEST(Utf8, IncompleteBytesAreThoseOfACharacterWithoutItsEnd) {
  EXPECT_EQ(incomplete_bytes(""), 0u);
  EXPECT_EQ(incomplete_bytes("a"), 0u);
  EXPECT_EQ(incomplete_bytes("a\u00E9"), 0u);
  EXPECT_EQ(incomplete_bytes("a\xC3"), 1u);
  EXPECT_EQ(incomplete_bytes("\xE4\xB8"), 2u);
  EXPECT_EQ(incomplete_bytes("\xF0\x9F\x98"), 3u);
  EXPECT_EQ(incomplete_bytes("\xF0\x9F\x98\x80"), 0u);
  EXPECT_EQ(incomplete_bytes("\x98\x80\x80\x80"), 0u);
}

TEST(Utf8, WhatIsNoneBecomesOneMarkForEachPart) {
  struct Case {
    std::string_view text;
    std::string_view valid;
  };
  for (const Case& c :
       {Case{"plain \u00E9\u4E2D\U0001F600", "plain \u00E9\u4E2D\U0001F600"},
        Case{"\x80", "\uFFFD"}, Case{"a\xC3z", "a\uFFFDz"}, Case{"\xE4\xB8z", "\uFFFDz"},
        Case{"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // a surrogate
        Case{"\xC0\xAF", "\uFFFD\uFFFD"},                      // too long
        Case{"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // beyond U+10FFFF
        Case{"\xF0\x9F\x98", "\uFFFD"}}) {
    EXPECT_EQ(as_valid_utf8(c.text), c.valid);
    EXPECT_EQ(is_valid_utf8(c.text), c.text == c.valid);
    EXPECT_TRUE(is_valid_utf8(c.valid));
  }
}

}  // namespace
}  // namespace recloser::text
