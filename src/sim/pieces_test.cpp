#include "sim/pieces.h"

#include "sim/words.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

std::vector<std::string> take(WordPieces pieces, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.emplace_back(pieces.next());
  return out;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) out += piece;
  return out;
}

// The vocabulary is verified against a tokenizer outside the project; whoever changes it must do
// that again and write the new checksum here.
TEST(Words, AreTheOnesThatWereVerified) {
  EXPECT_EQ(vocabulary_checksum(), 1522754835670645543ull);
}

TEST(Words, StandWithOneLeadingSpaceAndOnce) {
  std::size_t count = 0;
  for (unsigned part = 0; part < word_class_count; ++part) {
    std::set<std::string_view> seen;
    for (std::string_view word : words_of(static_cast<WordClass>(part))) {
      EXPECT_TRUE(word.size() > 2 && word[0] == ' ' && word.find(' ', 1) == word.npos) << word;
      EXPECT_TRUE(seen.insert(word).second) << word;
      ++count;
    }
  }
  EXPECT_GE(count, 400u);
}

TEST(Pieces, AreTheSameForASeedAndOthersForAnother) {
  EXPECT_EQ(take(WordPieces(1, Flavour::plain), 500), take(WordPieces(1, Flavour::plain), 500));
  EXPECT_NE(take(WordPieces(1, Flavour::plain), 20), take(WordPieces(2, Flavour::plain), 20));
}

TEST(Pieces, ACopyGoesOnFromWhereTheOriginalStood) {
  for (Flavour flavour : {Flavour::plain, Flavour::greeting, Flavour::loop, Flavour::personal}) {
    WordPieces original(9, flavour);
    for (int i = 0; i < 50; ++i) original.next();
    WordPieces copy = original;
    for (int i = 0; i < 200; ++i) EXPECT_EQ(copy.next(), original.next());
  }
}

TEST(Pieces, PlainTextIsClausesOfWordsFromTheList) {
  std::set<std::string_view> known;
  for (unsigned part = 0; part < word_class_count; ++part) {
    for (std::string_view word : words_of(static_cast<WordClass>(part))) known.insert(word);
  }
  for (const std::string& piece : take(WordPieces(3, Flavour::plain), 2'000)) {
    EXPECT_TRUE(known.contains(piece)) << piece;
  }
}

TEST(Pieces, PlainTextDoesNotRepeatItself) {
  std::vector<std::string> pieces = take(WordPieces(5, Flavour::plain), 4'000);
  std::map<std::string, int> sixgrams;
  int most = 0;
  for (std::size_t i = 0; i + 6 <= pieces.size(); ++i) {
    std::string gram;
    for (std::size_t k = 0; k < 6; ++k) gram += pieces[i + k];
    most = std::max(most, ++sixgrams[gram]);
  }
  EXPECT_LE(most, 2);
}

TEST(Pieces, TheGreetingSaysWhoAnswers) {
  std::string text = joined(take(WordPieces(1, Flavour::greeting), 14));
  EXPECT_EQ(text, " this is a simulated answer and no real model was called for it and");
}

TEST(Pieces, ALoopIsOrdinaryTextAndThenOnePhrase) {
  std::vector<std::string> pieces = take(WordPieces(1, Flavour::loop), 1'000);
  EXPECT_EQ(std::vector<std::string>(pieces.begin(), pieces.begin() + 24),
            take(WordPieces(1, Flavour::plain), 24));
  for (std::size_t i = 30; i < pieces.size(); ++i) EXPECT_EQ(pieces[i], pieces[i - 6]);
}

TEST(Pieces, PersonalDataStandsInTheText) {
  std::string text = joined(take(WordPieces(1, Flavour::personal), 200));
  for (std::string_view datum : {"Alice Johnson", "alice.johnson@example.com", "+1 555 0142 199",
                                 "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32",
                                 "219-09-9999", "42 Elm Street", "1984-03-27", "203.0.113.7"}) {
    EXPECT_NE(text.find(datum), text.npos) << datum;
  }
}

TEST(CutPieces, AreAtMostFourBytesAndNeverInsideACharacter) {
  std::string text = "{\"a\":\"\xc3\xa4\xf0\x9f\x98\x80zz\xe2\x82\xac\"}";
  CutPieces pieces(text);
  std::string back;
  std::uint64_t count = 0;
  for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
    EXPECT_LE(piece.size(), 4u);
    EXPECT_NE(static_cast<unsigned char>(piece.front()) & 0xc0, 0x80);
    back += piece;
    ++count;
  }
  EXPECT_EQ(back, text);
  EXPECT_EQ(count, count_cut_pieces(text));
  EXPECT_EQ(count_cut_pieces(""), 0u);
  EXPECT_EQ(count_cut_pieces("1234"), 1u);
  EXPECT_EQ(count_cut_pieces("12345"), 2u);
}

TEST(SeedHash, TellsPartsApart) {
  EXPECT_EQ(SeedHash(1).add("ab").value(), SeedHash(1).add("ab").value());
  EXPECT_NE(SeedHash(1).add("ab").value(), SeedHash(2).add("ab").value());
  EXPECT_NE(SeedHash(1).add("ab").add("c").value(), SeedHash(1).add("a").add("bc").value());
}

}  // namespace
}  // namespace recloser::sim
