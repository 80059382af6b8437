// A text in pieces counts what it counts whole, at every piece.
#include "text/token_stream.h"

#include <array>
#include <string>

namespace recloser::text {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % bound;
  }

 private:
  std::uint64_t state_;
};

// Of what decides where words end: spaces, line ends, cases, marks, digits, apostrophes.
std::string random_text(Random& random) {
  static constexpr std::array<std::string_view, 34> parts{
      " ",      "  ",     "\n",           "\r\n",   "\t",  "\u00A0", "\u3000", "\u2028", "a",
      "the",    "Word",   "XML",          "'",      "'s",  "'L",     "ll",     "re",     "\u017F",
      "\u0300", "\u01C5", "\u4E2D\u6587", "\u05D0", "1",   "23",     "4567",   "\u0661", "/",
      "//\n",   "...",    "\U0001F600",   "\u200D", "{\"", "-",      "zZ"};
  std::string text;
  for (std::uint64_t n = random.below(25); n > 0; --n) text += parts[random.below(parts.size())];
  return text;
}

TEST(TokenStream, CountsAfterEveryPieceWhatTheWholeCounts) {
  Random random(7);
  EncodingScratch scratch;
  for (int round = 0; round < 4000; ++round) {
    std::string text = random_text(random);
    for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
      TokenStream stream(*encoding);
      for (std::size_t at = 0; at < text.size();) {
        std::size_t bytes = 1 + random.below(6);
        stream.add(std::string_view(text).substr(at, bytes), scratch);
        at = std::min(text.size(), at + bytes);
        ASSERT_EQ(stream.count(scratch), encoding->count(text.substr(0, at), scratch))
            << text << " up to " << at;
      }
    }
  }
}

TEST(TokenStream, KnowsAboutHowManyThereAreWithoutCounting) {
  EncodingScratch scratch;
  TokenStream stream(Encoding::cl100k());
  for (int i = 0; i < 400; ++i) {
    stream.add(i % 3 == 0 ? " 12345678" : " some words,", scratch);
    auto exact = static_cast<double>(stream.count(scratch));
    auto about = static_cast<double>(stream.about());
    // Before the first ones are counted, nothing is known but the bytes.
    ASSERT_NEAR(about, exact, i < 60 ? exact * 0.5 + 2 : 12) << i;
    if (i >= 60) ASSERT_GE(about + 2, exact) << i;
  }
}

TEST(TokenStream, AWordWithoutEndIsCountedInParts) {
  EncodingScratch scratch;
  TokenStream stream(Encoding::o200k());
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    std::string piece(1 + static_cast<std::size_t>(i) % 7, static_cast<char>('a' + i % 26));
    stream.add(piece, scratch);
    all += piece;
  }
  auto whole = static_cast<double>(Encoding::o200k().count(all, scratch));
  EXPECT_NEAR(static_cast<double>(stream.count(scratch)), whole, whole * 0.01);
}

}  // namespace
}  // namespace recloser::text
