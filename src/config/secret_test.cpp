#include "config/secret.h"

#include <sstream>
#include <utility>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

TEST(Secret, IsNeverPrinted) {
  Secret secret("sk-very-private");
  std::ostringstream stream;
  stream << secret;
  EXPECT_EQ(stream.str(), "[secret]");
  EXPECT_EQ(fmt::format("{}", secret), "[secret]");
}

TEST(Secret, ComparesWholeTexts) {
  Secret secret("abcabc");
  EXPECT_TRUE(secret.equals("abcabc"));
  for (const char* other : {"", "abc", "abcabcabc", "abcabd", "Abcabc", "abcabcabcabc"}) {
    EXPECT_FALSE(secret.equals(other)) << other;
  }
  EXPECT_TRUE(Secret().equals(""));
  EXPECT_FALSE(Secret().equals("a"));
}

TEST(Secret, CopiesAndMovesKeepTheText) {
  Secret first("0123456789");
  Secret copy(first);
  Secret moved(std::move(first));
  EXPECT_EQ(copy.reveal(), "0123456789");
  EXPECT_EQ(moved.reveal(), "0123456789");
  copy = Secret("other");
  EXPECT_EQ(copy.reveal(), "other");
  moved = copy;
  EXPECT_EQ(moved.reveal(), "other");
  const Secret& itself = moved;
  moved = itself;
  EXPECT_EQ(moved.reveal(), "other");
}

TEST(Secret, WipeLeavesNoByteBehind) {
  std::string text = "0123456789012345678901234567890123456789";
  const char* bytes = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  // clear() keeps the buffer, so looking at it is allowed up to the terminator's place and beyond
  // within the capacity.
  text.resize(40);
  EXPECT_EQ(text.data(), bytes);
  EXPECT_EQ(text, std::string(40, '\0'));
}

}  // namespace
}  // namespace recloser::config
