#include "text/splitter.h"

#include <string>
#include <vector>

namespace recloser::text {
namespace {

std::vector<std::string> words(SplitRule rule, std::string_view text) {
  Splitter splitter(rule);
  std::vector<std::string> out;
  while (!text.empty()) {
    std::size_t bytes = splitter.first_word(text).bytes;
    out.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return out;
}

using Words = std::vector<std::string>;

TEST(Splitter, ContractionsBelongToTheWordOrStandAlone) {
  std::string_view text = "it's HE'S don'tX we'LL I'd y'all";
  EXPECT_EQ(words(SplitRule::o200k, text),
            (Words{"it's", " HE'S", " don't", "X", " we'LL", " I'd", " y", "'all"}));
  EXPECT_EQ(words(SplitRule::cl100k, text), (Words{"it", "'s", " HE", "'S", " don", "'t", "X",
                                                   " we", "'LL", " I", "'d", " y", "'all"}));
}

TEST(Splitter, CaseEndsAWordInO200k) {
  EXPECT_EQ(words(SplitRule::o200k, "fooBar XMLHttp ABC"),
            (Words{"foo", "Bar", " XMLHttp", " ABC"}));
  EXPECT_EQ(words(SplitRule::cl100k, "fooBar XMLHttp ABC"), (Words{"fooBar", " XMLHttp", " ABC"}));
}

TEST(Splitter, SpacesGoWithWhatFollowsAndLinesEndWords) {
  for (SplitRule rule : {SplitRule::o200k, SplitRule::cl100k}) {
    EXPECT_EQ(words(rule, "a  b\n\n c   "), (Words{"a", " ", " b", "\n\n", " c", "   "}));
    EXPECT_EQ(words(rule, "1234567 8"), (Words{"123", "456", "7", " ", "8"}));
  }
}

TEST(Splitter, SlashesEndSymbolsInO200k) {
  EXPECT_EQ(words(SplitRule::o200k, "...\n/x"), (Words{"...\n/", "x"}));
  EXPECT_EQ(words(SplitRule::cl100k, "...\n/x"), (Words{"...\n", "/x"}));
}

// Every ASCII text of up to four characters out of all that matters, with and without what follows.
TEST(Splitter, TheShortWayCutsWhatThePatternsCut) {
  constexpr std::string_view characters = "aZ'st1 \t\n\r,/\x7F\xC3\xA9";
  for (SplitRule rule : {SplitRule::o200k, SplitRule::cl100k}) {
    Splitter splitter(rule);
    std::size_t usual = 0;
    for (std::size_t n = 0; n < 15 * 15 * 15 * 15; ++n) {
      std::string text;
      for (std::size_t left = n; left > 0; left /= 15) text += characters[left % 15];
      // With more behind it than the processor takes at once, and without.
      for (std::string_view tail : {"", " and words behind it"}) {
        std::string whole = text + std::string(tail);
        if (whole.empty()) continue;
        Splitter::Word any = splitter.any_word(whole);
        ASSERT_EQ(splitter.first_word(whole).bytes, any.bytes) << whole;
        usual += splitter.first_word(whole).looked_at == any.bytes + 1 ? 1 : 0;
      }
    }
    EXPECT_GT(usual, 20'000u);
  }
}

TEST(Splitter, LongWordsOfLettersHaveAShortWayToo) {
  for (SplitRule rule : {SplitRule::o200k, SplitRule::cl100k}) {
    Splitter splitter(rule);
    for (std::size_t capitals = 0; capitals < 40; ++capitals) {
      for (std::size_t small = 0; small < 40; ++small) {
        for (std::string_view behind : {" x", "X y", "'s", "\xC3\xA9", "9 and more behind it"}) {
          std::string text = " " + std::string(capitals, 'A') + std::string(small, 'z');
          text += behind;
          ASSERT_EQ(splitter.first_word(text).bytes, splitter.any_word(text).bytes) << text;
        }
      }
    }
  }
}

}  // namespace
}  // namespace recloser::text
