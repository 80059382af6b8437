#include "codec/continuation/seam.h"

#include "codec/continuation/anchor.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

constexpr std::string_view text =
    "It was a bright cold day in April. The clocks were striking and the old";
constexpr std::string_view anchor = "were striking and the old";

// "fits: ..", "repaired chatter: ..", "misfits word_border"; fed byte by byte if it is to be.
std::string told(std::string_view delivered, Ask ask, std::string_view said, bool bytes) {
  Seam seam(std::string(delivered), ask);
  std::string out;
  std::size_t size = bytes ? 1 : said.size();
  for (std::size_t at = 0; at < said.size(); at += size) {
    if (seam.state() == Seam::State::fits) {
      out += said.substr(at, size);
    } else {
      seam.feed(said.substr(at, size), out);
    }
  }
  if (seam.state() == Seam::State::undecided) seam.finish(out);
  if (seam.state() == Seam::State::misfits) {
    EXPECT_EQ(out, "");
    return "misfits " + std::string(name_of(seam.misfit()));
  }
  EXPECT_EQ(seam.state(), Seam::State::fits);
  if (seam.repair() == Repair::none) return "fits: " + out;
  return "repaired " + std::string(name_of(seam.repair())) + ": " + out;
}

std::string seam(std::string_view delivered, Ask ask, std::string_view said) {
  std::string whole = told(delivered, ask, said, false);
  EXPECT_EQ(told(delivered, ask, said, true), whole);
  return whole;
}
std::string instructed(std::string_view said, std::string_view delivered = text) {
  return seam(delivered, Ask::instruction, said);
}
std::string prefilled(std::string_view said, std::string_view delivered = text) {
  return seam(delivered, Ask::prefill, said);
}
std::string with_anchor(std::string_view rest) { return std::string(anchor).append(rest); }

TEST(SeamTest, TheLastWordsAreCutAway) {
  ASSERT_EQ(anchor_of(text), anchor);
  EXPECT_EQ(instructed(with_anchor(" man sat down.")), "fits:  man sat down.");
  EXPECT_EQ(instructed("\n" + with_anchor(", tired man.")), "fits: , tired man.");
  EXPECT_EQ(instructed(with_anchor("")), "fits: ");
}

TEST(SeamTest, WithoutTheLastWordsNothingFits) {
  EXPECT_EQ(instructed(" man sat down."), "misfits no_anchor");
  EXPECT_EQ(instructed(""), "misfits no_anchor");
  EXPECT_EQ(instructed("were striking and the"), "misfits no_anchor");
  EXPECT_EQ(instructed("striking and the old man"), "misfits no_anchor");
  EXPECT_EQ(instructed("were striking, and the old man"), "misfits no_anchor");
  EXPECT_EQ(instructed(std::string(Seam::held_bytes_max, 'x') + with_anchor(" man")),
            "misfits no_anchor");
}

TEST(SeamTest, MoreThanTheLastWordsIsCutAwayToo) {
  EXPECT_EQ(instructed("The clocks were striking and the old man"), "repaired repeated_end:  man");
  EXPECT_EQ(instructed(std::string(text) + " man"), "repaired repeated_all:  man");
  EXPECT_EQ(instructed("All clocks were striking and the old man"), "misfits chatter");
  EXPECT_EQ(instructed("It was a bright cold day in May. The clocks"), "misfits started_over");
  EXPECT_EQ(instructed(text.substr(0, 40)), "misfits started_over");
}

TEST(SeamTest, TalkBeforeTheLastWordsIsCutAway) {
  EXPECT_EQ(instructed("Sure, here it goes on:\n\n" + with_anchor(" man")),
            "repaired chatter:  man");
  EXPECT_EQ(instructed("Continuing from where I left off: " + with_anchor(" man")),
            "repaired chatter:  man");
  EXPECT_EQ(instructed("```\n" + with_anchor(" man")), "repaired chatter:  man");
  EXPECT_EQ(instructed("..." + with_anchor(" man")), "repaired chatter:  man");
  // Who quotes the words says them again, or does not go on from them.
  EXPECT_EQ(instructed("Sure: " + with_anchor("\" it was:\n") + with_anchor(" man")),
            "misfits chatter");
  EXPECT_EQ(instructed("Sure, you had \"" + with_anchor("\". Now: man")), "misfits chatter");
  EXPECT_EQ(instructed("Sure:\nthe clocks\n" + with_anchor(" man")), "misfits chatter");
  EXPECT_EQ(instructed("Hm.\n" + with_anchor(" man")), "misfits chatter");
}

TEST(SeamTest, AFewLettersAreNoProofAgainstTalk) {
  EXPECT_EQ(instructed("Here is some more", "Here is"), "fits:  some more");
  EXPECT_EQ(instructed("Here is the rest of it:\nHere is some", "Here is"), "misfits chatter");
  EXPECT_EQ(instructed("Sure, I will", "Sure,"), "fits:  I will");
}

TEST(SeamTest, WordsThatComeAgainBehindThemDoNotFit) {
  EXPECT_EQ(instructed(with_anchor(" old man")), "misfits doubled_words");
  EXPECT_EQ(instructed(with_anchor(" " + with_anchor(" man"))), "misfits doubled_words");
  EXPECT_EQ(instructed(with_anchor(" older man")), "misfits doubled_words");  // "old" was cut?
  EXPECT_EQ(instructed(with_anchor(" oil lamp")), "fits:  oil lamp");
  EXPECT_EQ(instructed("a row of | cells | | b", "a row of | cells |"), "misfits doubled_words");
  EXPECT_EQ(instructed("a row of | cells |\n| b", "a row of | cells |"), "fits: \n| b");
}

TEST(SeamTest, WhereTwoLettersMeetNobodyKnows) {
  EXPECT_EQ(instructed(with_anchor("er man")), "misfits word_border");
  EXPECT_EQ(prefilled("er man"), "misfits word_border");
  EXPECT_EQ(prefilled("man", "He said \"no.\""), "misfits word_border");
  EXPECT_EQ(prefilled("man", "The old,"), "misfits word_border");
  EXPECT_EQ(prefilled("man", "The old-"), "fits: man");
  // But for a word that the text knows, and of which it does not know the half.
  constexpr std::string_view known = "The implementation is new. The impl";
  EXPECT_EQ(prefilled("ementation of it", known), "fits: ementation of it");
  EXPECT_EQ(prefilled("ements of it", known), "misfits word_border");
  EXPECT_EQ(prefilled("ementation of it", "An impl is an implementation. The impl"),
            "misfits word_border");
  EXPECT_EQ(prefilled("\u754c\u3002", "\u4f60\u597d\u4e16"), "fits: \u754c\u3002");
}

TEST(SeamTest, APrefillGoesOnAtOnce) {
  EXPECT_EQ(prefilled(" man sat down."), "fits:  man sat down.");
  EXPECT_EQ(prefilled(", tired man."), "fits: , tired man.");
  EXPECT_EQ(prefilled(""), "fits: ");
  EXPECT_EQ(prefilled("\n"), "fits: \n");
  EXPECT_EQ(prefilled("surely", "He was not "), "misfits white_space");
  EXPECT_EQ(prefilled(" surely", "He was not "), "fits: surely");
}

TEST(SeamTest, WhatAPrefillRepeatsIsCutAwayWhereItIsASlip) {
  EXPECT_EQ(prefilled(" clocks were striking and the old man"), "repaired repeated_end:  man");
  EXPECT_EQ(prefilled(std::string(text) + " man"), "repaired repeated_all:  man");
  EXPECT_EQ(prefilled(" the old man"), "misfits doubled_words");  // too few to be sure
  EXPECT_EQ(prefilled(" old man"), "misfits doubled_words");
  EXPECT_EQ(prefilled("It was a bright cold day in May."), "misfits started_over");
  EXPECT_EQ(prefilled(" extraordinarily uncomfortable chair", "An extraordinarily uncomfortable"),
            "misfits doubled_words");
  EXPECT_EQ(prefilled(" so is he to me", "You are to me, so is he to"), "misfits doubled_words");
  // What came again may be all of it, or its first half only.
  EXPECT_EQ(prefilled(" a very big cat saw a very big cat again",
                      "I know a very big cat saw a very "
                      "big cat"),
            "misfits doubled_words");
  // On purpose: clauses, whole lines, and texts that go in rounds.
  EXPECT_EQ(prefilled(" and then we went home again, and",
                      "First we ate, and then we went home "
                      "again,"),
            "misfits doubled_words");
  EXPECT_EQ(prefilled("Up the river we go today\nand", "Sing\nUp the river we go today\n"),
            "misfits doubled_words");
  EXPECT_EQ(prefilled("We sing of land and of sea.", "We sing of land and of sea."),
            "misfits doubled_words");
  constexpr std::string_view line = "We sing.\nUp the river we go today,\n";
  EXPECT_EQ(prefilled("Up the river we go today,\nand", line), "misfits doubled_words");
  EXPECT_EQ(prefilled(" the river we go today,\nUp the", "Sing:\nUp the river we go today,\nUp"),
            "misfits doubled_words");
  EXPECT_EQ(prefilled(" la la la la la la la la la", "La la la la la la la la la la la"),
            "misfits doubled_words");
}

TEST(SeamTest, TalkInPlaceOfAPrefillsRestDoesNotFit) {
  EXPECT_EQ(prefilled("Sure, here is the rest. He"), "misfits chatter");
  EXPECT_EQ(prefilled("\n\nContinuing: man"), "misfits chatter");
  EXPECT_EQ(prefilled("Sure:\n" + with_anchor(" man")), "repaired chatter:  man");
  EXPECT_EQ(prefilled(" Surely not."), "fits:  Surely not.");
  EXPECT_EQ(prefilled(" sure"), "fits:  sure");
}

TEST(SeamTest, WhiteSpaceThatStandsInBothIsToldOnce) {
  EXPECT_EQ(prefilled("\n\nThen", "The end.\n\n"), "fits: Then");
  EXPECT_EQ(prefilled("\n\n  Then", "The end.\n\n"), "fits:   Then");
  EXPECT_EQ(prefilled("\nThen", "The end. "), "repaired white_space: \nThen");
  EXPECT_EQ(prefilled("Then", "The end. "), "repaired white_space: Then");
  EXPECT_EQ(prefilled("\nThen", "The end.\n\n"), "misfits white_space");
  EXPECT_EQ(prefilled("then", "The end "), "misfits white_space");
  EXPECT_EQ(prefilled("  x", "if a:\n    "), "misfits white_space");
  EXPECT_EQ(prefilled(std::string(Seam::held_bytes_max + 1, ' ')), "misfits white_space");
  EXPECT_EQ(instructed(with_anchor(std::string(Seam::held_bytes_max + 1, '\n') + "x")),
            "misfits white_space");
}

TEST(SeamTest, AnAnswerThatIsAskedForAgainFitsAtOnce) {
  EXPECT_EQ(seam("\n\n", Ask::again, "Sure"), "fits: Sure");
}

TEST(SeamTest, ATextThatGoesInRoundsHasAnAnchorOfMoreThanOne) {
  EXPECT_EQ(anchor_of("Sing now:\nUp the river we go today,\nUp the river"),
            "river we go today,\nUp the river");
}

}  // namespace
}  // namespace recloser::codec
