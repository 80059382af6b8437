// Token counts against those of OpenAI's own encoder; the whole vectors are in tests/tokens.
#include "text/encoding.h"

#include <functional>
#include <string>

namespace recloser::text {
namespace {

std::vector<Rank> encoded(const Encoding& encoding, std::string_view text) {
  EncodingScratch scratch;
  std::vector<Rank> out;
  encoding.encode(text, scratch, out);
  EXPECT_EQ(encoding.count(text, scratch), out.size());
  EXPECT_EQ(encoding.count(text, scratch), out.size()) << "as remembered";
  return out;
}

TEST(Encoding, PublishedVectors) {
  using V = std::vector<Rank>;
  EXPECT_EQ(encoded(Encoding::o200k(), ""), V{});
  EXPECT_EQ(encoded(Encoding::o200k(), "hello"), V{24912});
  EXPECT_EQ(encoded(Encoding::cl100k(), "hello"), V{15339});
  EXPECT_EQ(encoded(Encoding::cl100k(), "a a"), (V{64, 264}));
}

TEST(Encoding, EveryByteIsAToken) {
  for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string one(1, static_cast<char>(byte));
      EXPECT_NE(encoding->ranks().find(one), RankTable::none);
      EXPECT_EQ(encoded(*encoding, one).size(), 1u);
    }
  }
}

TEST(Encoding, TokensAreTheTextAgain) {
  std::string text = "Über 1,234 Wörter — it's 中文, \U0001F600\U0001F468\u200D\U0001F469!\r\n\t x";
  for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
    std::string again;
    for (Rank rank : encoded(*encoding, text)) again += encoding->ranks().token(rank);
    EXPECT_EQ(again, text);
  }
}

// The short way and the long way of merging meet at a length that depends on nothing else.
TEST(Encoding, LongWordsAreMergedAsShortOnesAre) {
  auto naive = [](const RankTable& ranks, std::string_view word) {
    std::vector<std::string> parts;
    for (char c : word) parts.emplace_back(1, c);
    for (;;) {
      Rank least = RankTable::none;
      std::size_t at = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        Rank rank = ranks.find(parts[i] + parts[i + 1]);
        if (rank < least) {
          least = rank;
          at = i;
        }
      }
      if (least == RankTable::none) return parts.size();
      parts[at] += parts[at + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
  };
  std::uint64_t seed = 1;
  auto random = [&seed](std::uint64_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
  };
  EncodingScratch scratch;
  for (int round = 0; round < 300; ++round) {
    std::string word;
    std::uint64_t letters = 1 + random(26);
    for (std::uint64_t size = 1 + random(300); word.size() < size;) {
      word += static_cast<char>('a' + random(letters));
    }
    for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
      EXPECT_EQ(encoding->count_word(word, scratch), naive(encoding->ranks(), word)) << word;
    }
  }
}

}  // namespace
}  // namespace recloser::text
