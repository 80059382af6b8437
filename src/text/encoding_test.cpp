// Token counts against those of OpenAI's own encoder; the whole vectors are in tests/tokens.
#include "text/encoding.h"

#include "text/testing/naive_merge.h"

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

// A part of a word that is a token counts as one, whatever made it a part.
TEST(Encoding, EveryTokenIsWhatItsBytesAreMergedTo) {
  for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
    const RankTable& ranks = encoding->ranks();
    for (Rank rank = 0; rank < ranks.size(); rank += 5) {
      ASSERT_EQ(testing::naive_count(ranks, ranks.token(rank)), 1u) << rank;
    }
  }
}

// Where writing has no spaces, words are cut between characters that no token joins.
TEST(Encoding, WordsOfOtherWritingsAreMergedWhole) {
  EncodingScratch scratch;
  std::uint64_t seed = 7;
  auto random = [&seed](std::uint64_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
  };
  constexpr std::string_view some[] = {
      "\u4e2d",     "\u56fd", "\u7684", "\u4e00", "\u662f", "\u3042", "\u306e", "\u30a2", "\u0e01",
      "\u0e32",     "\u0e23", "\ud55c", "\uad6d", "\u0434", "\u043e", "\u00e9", "\u0915", "\u093e",
      "\U0001F600", "\u200d", "a",      "in",     "\xe4",   "\xb8",   "\xf0"};
  for (int round = 0; round < 2000; ++round) {
    std::string word;
    std::size_t first = random(std::size(some));
    for (std::uint64_t size = 1 + random(120); word.size() < size;) {
      word += some[(first + random(6)) % std::size(some)];
    }
    for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
      ASSERT_EQ(encoding->count_word(word, scratch), testing::naive_count(encoding->ranks(), word))
          << ::testing::PrintToString(word);
    }
  }
}

// The short way and the long way of merging meet at a length that depends on nothing else.
TEST(Encoding, LongWordsAreMergedAsShortOnesAre) {
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
      EXPECT_EQ(encoding->count_word(word, scratch), testing::naive_count(encoding->ranks(), word))
          << word;
    }
  }
}

}  // namespace
}  // namespace recloser::text
