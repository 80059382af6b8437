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

}  // namespace
}  // namespace recloser::text
