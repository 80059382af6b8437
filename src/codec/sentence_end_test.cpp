#include "codec/sentence_end.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

// The first sentence of `raw`; "-" when none ends.
std::string first(std::string_view raw) {
  SentenceEnd ends;
  std::optional<std::size_t> end = ends.see(raw);
  return end ? std::string(raw.substr(0, *end)) : "-";
}

TEST(SentenceEnd, IsBehindItsMarkWhereWhiteSpaceFollows) {
  EXPECT_EQ(first("One. Two."), "One.");
  EXPECT_EQ(first("One! Two"), "One!");
  EXPECT_EQ(first("One? Two"), "One?");
  EXPECT_EQ(first("One\\nTwo. Three"), "One\\n");
  EXPECT_EQ(first("One.\\tTwo"), "One.");
  EXPECT_EQ(first("One ... Two"), "One ...");
  EXPECT_EQ(first("One."), "-") << "it may be a number or a name that goes on";
  EXPECT_EQ(first("One, two"), "-");
}

TEST(SentenceEnd, IncludesWhatClosesThere) {
  EXPECT_EQ(first("(One.) Two"), "(One.)");
  EXPECT_EQ(first("Say \\\"one.\\\" Two"), "Say \\\"one.\\\"");
  EXPECT_EQ(first("**One.** Two"), "**One.**");
  EXPECT_EQ(first("One.\u201D Two"), "One.\u201D");
  EXPECT_EQ(first("One.\\u201d Two"), "One.\\u201d");
}

TEST(SentenceEnd, IsNotInANumberANameOrAnAddress) {
  EXPECT_EQ(first("Pi is 3.14 or so"), "-");
  EXPECT_EQ(first("See a.cpp or x?y=1 or a != b"), "-");
  EXPECT_EQ(first("It is 3. Then"), "It is 3.");
  EXPECT_EQ(first("1. One"), "-");
  EXPECT_EQ(first("  12. One"), "-");
}

TEST(SentenceEnd, IsBehindTheFullStopsOfChineseAndJapanese) {
  EXPECT_EQ(first("\u4e00\u3002\u4e8c"), "\u4e00\u3002");
  EXPECT_EQ(first("\u4e00\uff01\u4e8c"), "\u4e00\uff01");
  EXPECT_EQ(first("\u4e00\uff1f"), "\u4e00\uff1f");
  EXPECT_EQ(first("\\u4e00\\u3002x"), "\\u4e00\\u3002");
}

TEST(SentenceEnd, IsNotInACodeBlock) {
  EXPECT_EQ(first("```\\na. b\\n"), "-");
  EXPECT_EQ(first("```\\na. b\\n```\\nc"), "```\\na. b\\n```\\n");
  EXPECT_EQ(first("`a` b. c"), "`a` b.");
}

// Cut anywhere between two characters, the end is at the same place.
TEST(SentenceEnd, IsTheSameInPieces) {
  const std::vector<std::string> texts = {"One. Two. ",  "Pi is 3.14. So",     "12. One! Two",
                                          "(One.) Two",  "```a. b``` c. d ",   "\u4e00\u3002\u4e8c",
                                          "e\\u0301. a", "x \\ud83d\\ude00. y"};
  for (const std::string& text : texts) {
    std::string whole = first(text);
    for (std::size_t at = 1; at < text.size(); ++at) {
      bool in_escape = false;
      for (std::size_t i = 0; i < at;) {
        std::size_t size = text[i] == '\\' ? (text[i + 1] == 'u' ? 6 : 2) : 1;
        in_escape = i + size > at;
        i += size;
      }
      if (in_escape || (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
      SentenceEnd ends;
      std::optional<std::size_t> end = ends.see(std::string_view(text).substr(0, at));
      if (std::optional<std::size_t> behind = ends.see(std::string_view(text).substr(at));
          !end && behind) {
        end = at + *behind;
      }
      EXPECT_EQ(end ? text.substr(0, *end) : "-", whole) << text << " at " << at;
    }
  }
}

TEST(SentenceEnd, ReadsAnythingToItsEnd) {
  for (std::string_view raw : {"\\", "\\u12", "\\u", "\xE4", "\xF0\x9F", "\x80", ""}) first(raw);
}

}  // namespace
}  // namespace recloser::codec
