#include "options.h"

#include <array>

#include <gtest/gtest.h>

namespace recloser::bench {
namespace {

TEST(Options, GivesWhatWasWrittenAndOtherwiseTheDefault) {
  std::array arguments{"--port", "80", "--key", "k", "--stream", "yes"};
  Result<Options> options = Options::parse(arguments);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->number("port", 1, 65'535), 80U);
  EXPECT_EQ(options->number("calls", 5, 10), 5U);
  EXPECT_EQ(options->text("key", ""), "k");
  EXPECT_TRUE(options->flag("stream"));
  EXPECT_FALSE(options->flag("hold"));
  EXPECT_TRUE(options->finish());
}

TEST(Options, ComplainsOfANumberPastItsLimit) {
  std::array arguments{"--port", "65536"};
  Result<Options> options = Options::parse(arguments);
  ASSERT_TRUE(options);
  options->number("port", 1, 65'535);
  Result<void> good = options->finish();
  ASSERT_FALSE(good);
  EXPECT_EQ(good.error().message(), "--port must be 0..65535; you wrote 65536");
}

TEST(Options, ComplainsOfAMisspeltName) {
  std::array arguments{"--prot", "80"};
  Result<Options> options = Options::parse(arguments);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->finish().error().message(), "there is no option --prot");
}

TEST(Options, ComplainsOfAFlagThatIsNeitherYesNorNo) {
  std::array arguments{"--hold", "true"};
  Result<Options> options = Options::parse(arguments);
  ASSERT_TRUE(options);
  options->flag("hold");
  EXPECT_EQ(options->finish().error().message(), "--hold must be yes or no; you wrote true");
}

TEST(Options, RefusesWhatIsNotAPairAndWhatIsGivenTwice) {
  std::array lonely{"--port"};
  EXPECT_FALSE(Options::parse(lonely));
  std::array plain{"port", "80"};
  EXPECT_FALSE(Options::parse(plain));
  std::array twice{"--port", "80", "--port", "81"};
  EXPECT_EQ(Options::parse(twice).error().message(), "--port is given twice");
}

}  // namespace
}  // namespace recloser::bench
