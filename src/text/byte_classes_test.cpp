#include "text/byte_classes.h"

#include "text/utf8.h"

#include <string>

namespace recloser::text {
namespace {

const TokenFamily& o200k() { return token_family("gpt-4o"); }
const TokenFamily& cl100k() { return token_family("gpt-4"); }

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state_ >> 33) % n;
  }

 private:
  std::uint64_t state_;
};

ByteClasses of_text(std::string_view text) {
  ByteClasses classes;
  classes.add(text);
  classes.end_text();
  return classes;
}

ByteClasses of_json(std::string_view raw) {
  ByteClasses classes;
  classes.add_json(raw);
  classes.end_text();
  return classes;
}

void expect_same(const ByteClasses& got, const ByteClasses& wanted, std::string_view what) {
  EXPECT_EQ(got.bytes(), wanted.bytes()) << what;
  for (const TokenFamily* family : {&o200k(), &cl100k()}) {
    EXPECT_EQ(got.tokens_about(*family), wanted.tokens_about(*family)) << what;
    EXPECT_EQ(got.tokens_max(*family), wanted.tokens_max(*family)) << what;
  }
}

// Texts against the line of at most: which it holds for, and which pass it.
class Line {
 public:
  void judge(std::string_view text) {
    ByteClasses classes = of_text(text);
    ++texts_;
    bool below = classes.tokens_max(o200k()) < Encoding::o200k().count(text, scratch_) ||
                 classes.tokens_max(cl100k()) < Encoding::cl100k().count(text, scratch_);
    if (below) ++passed_;
    EXPECT_LE(classes.tokens_max(o200k()), text.size());
    EXPECT_LE(classes.tokens_max(cl100k()), text.size());
  }

  // SEMANTICS 1: one in a thousand.
  void expect_held(std::size_t of_thousand = 1) const {
    EXPECT_LE(passed_ * 1000, texts_ * of_thousand)
        << passed_ << " of " << texts_ << " pass the line";
  }

 private:
  EncodingScratch scratch_;
  std::size_t texts_ = 0;
  std::size_t passed_ = 0;
};

TEST(ByteClasses, NothingHasNoTokens) {
  EXPECT_EQ(ByteClasses().tokens_max(o200k()), 0u);
  EXPECT_EQ(ByteClasses().tokens_about(o200k()), 0u);
  EXPECT_EQ(of_text("").tokens_max(token_family("claude-opus-4-8")), 0u);
  EXPECT_EQ(of_json("").bytes(), 0u);
}

TEST(ByteClasses, ProseIsFarBelowItsBytes) {
  std::string prose;
  for (int i = 0; i < 50; ++i) {
    prose += "The gateway reads every answer as it passes, and stops what would cost too much. ";
  }
  EncodingScratch scratch;
  std::size_t tokens = Encoding::o200k().count(prose, scratch);
  ByteClasses classes = of_text(prose);
  EXPECT_EQ(classes.bytes(), prose.size());
  EXPECT_NEAR(static_cast<double>(classes.tokens_about(o200k())), static_cast<double>(tokens),
              0.15 * static_cast<double>(tokens));
  EXPECT_LT(classes.tokens_max(o200k()), tokens * 3 / 2);
  EXPECT_GT(classes.tokens_max(token_family("claude-opus-4-8")), classes.tokens_max(o200k()));
}

TEST(ByteClasses, PiecesAreTheWhole) {
  std::string text = "Über 1,234 Wörter — it's 中文, \U0001F600 {\"a\": [1, 2]}\r\n\t x";
  ByteClasses whole = of_text(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ByteClasses classes;
    classes.add(std::string_view(text).substr(0, cut));
    classes.add(std::string_view(text).substr(cut));
    classes.end_text();
    expect_same(classes, whole, std::to_string(cut));
  }
}

TEST(ByteClasses, TextsAreApart) {
  ByteClasses both;
  both.add("first ");
  both.end_text();
  both.add("second");
  both.end_text();
  std::uint64_t max = of_text("first ").tokens_max(o200k()) + of_text("second").tokens_max(o200k());
  EXPECT_LE(both.tokens_max(o200k()), max);
  EXPECT_GE(both.tokens_max(o200k()) + 1, max) << "but for the rounding";
}

struct Escaped {
  std::string_view raw;
  std::string_view text;
};
constexpr Escaped escapes[] = {
    {R"(a\nb\tc\rd\be\ff\"g\\h\/i)", "a\nb\tc\rd\be\ff\"g\\h/i"},
    {R"(caf\u00e9 \u4E2D\u6587 \u0041\u0020)", "caf\u00e9 \u4e2d\u6587 A "},
    {R"(\ud83d\ude00\uD83D\uDE00x)", "\U0001F600\U0001F600x"},
    {R"(\ud83dx)", "\uFFFDx"},
    {R"(\ud83d\nx)", "\uFFFD\nx"},
    {R"(\ud83d\u0041x)", "\uFFFD\u0041x"},
    {R"(\ud83d\ud83d\ude00)", "\uFFFD\U0001F600"},
    {R"(\ude00\ud83d\\)", "\uFFFD\uFFFD\\"},
};

TEST(ByteClasses, AnEscapeIsWhatItMeans) {
  for (const Escaped& escaped : escapes) {
    for (std::size_t cut = 0; cut <= escaped.raw.size(); ++cut) {
      ByteClasses classes;
      classes.add_json(escaped.raw.substr(0, cut));
      classes.add_json(escaped.raw.substr(cut));
      classes.end_text();
      expect_same(classes, of_text(escaped.text), escaped.raw);
    }
  }
}

// No reader takes such JSON; should one do so, it makes no more of it than the bytes that it is.
TEST(ByteClasses, ABrokenEscapeIsItsBytes) {
  for (std::string_view raw : {R"(\x)", R"(\u12G4)", R"(\u)", R"(\)", R"(\u00)", R"(a\u\u\u)",
                               R"(\ud83d\ud8zz)", R"(\ud83d\u)", R"(\ud83d\q)"}) {
    ByteClasses classes = of_json(raw);
    EXPECT_GE(classes.bytes() + 3, raw.size()) << raw;
    ByteClasses open;
    open.add_json(raw);
    EXPECT_GE(open.tokens_max(o200k()), classes.bytes() > 0 ? 1u : 0u) << raw;
  }
}

TEST(ByteClasses, FewTextsOfOneSortPassTheLine) {
  Line line;
  Random random(1);
  constexpr std::string_view alphabets[] = {
      "abcdefghijklmnopqrstuvwxyz",
      "etaoinshr",
      "aeiou",
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
      "aA",
      "01",
      "0123456789",
      "0123456789abcdef",
      "ACGT",
      " \n",
      " \t\r\n",
      "()[]{}",
      "{}:,\" ",
      "-=_*#",
      "'st ",
      "a ",
      "x1",
      "qzxj ",
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
      "!\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~ abcdefghijklmnopqrstuvwxyz"};
  for (std::string_view alphabet : alphabets) {
    for (std::size_t round = 0; round < 200; ++round) {
      std::string text;
      for (std::size_t size = 1 + random.below(round < 100 ? 12 : 400); text.size() < size;) {
        text += alphabet[random.below(alphabet.size())];
      }
      line.judge(text);
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size : {1, 2, 3, 7, 64, 1000}) {
      line.judge(std::string(size, static_cast<char>(byte)));
    }
  }
  line.expect_held();
}

TEST(ByteClasses, FewWritingsPassTheLine) {
  Line line;
  Random random(2);
  auto code_point = [](std::uint32_t c) {
    if (c < 0x800)
      return std::string{static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    std::string out;
    if (c >= 0x10000) {
      out += static_cast<char>(0xF0 | c >> 18);
      out += static_cast<char>(0x80 | (c >> 12 & 63));
    } else {
      out += static_cast<char>(0xE0 | c >> 12);
    }
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
    return out;
  };
  // Scripts that nobody writes any more are not among them.
  for (std::uint32_t first : {0x80,   0x370,  0x400,  0x530,   0x590,   0x600,  0x900,  0xA00,
                              0xB80,  0xE00,  0x10A0, 0x1E00,  0x2000,  0x2500, 0x3040, 0x4E00,
                              0x8000, 0xAC00, 0xFF00, 0x1D400, 0x1F300, 0x1F600}) {
    for (int round = 0; round < 100; ++round) {
      std::string text;
      for (int i = 0; i < 40; ++i) {
        text += code_point(first + static_cast<std::uint32_t>(random.below(100)));
        if (random.below(8) == 0) text += ' ';
      }
      line.judge(text);
    }
  }
  line.expect_held();
}

// Whoever makes a text of the tokens themselves can pass the line; most such texts do not.
TEST(ByteClasses, MostTextsOfTokensInAnyOrderAreBelowTheLine) {
  Line line;
  Random random(3);
  for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      std::size_t ranks = round % 2 == 0 ? encoding->ranks().size() : 2000;
      std::size_t different = 1 + random.below(6);
      std::vector<Rank> chosen(different);
      for (Rank& rank : chosen) rank = static_cast<Rank>(random.below(ranks));
      while (text.size() < 100) text += encoding->ranks().token(chosen[random.below(different)]);
      line.judge(text);
    }
  }
  line.expect_held(200);
}

}  // namespace
}  // namespace recloser::text
