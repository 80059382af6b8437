// Tables, colour, and the words for figures and times.
#include "cli/output.h"

#include "cli/human.h"
#include "cli/test_process.h"

#include <fcntl.h>
#include <pty.h>
#include <string>

namespace recloser::cli {
namespace {

TEST(Table, StandsInColumns) {
  Table table({{"NAME"}, {"TOKENS", true}, {"LAST"}});
  table.add({{"a", Colour::none}, {"1,234", Colour::none}, {"x", Colour::none}});
  table.add({{"größer", Colour::none}, {"5", Colour::none}, {"", Colour::none}});
  EXPECT_EQ(table.text(Style::plain()),
            "NAME    TOKENS  LAST\n"
            "a        1,234  x\n"
            "größer       5\n");
}

TEST(Table, WithoutRowsIsItsTitles) {
  EXPECT_EQ(Table({{"A"}, {"B", true}}).text(Style::plain()), "A  B\n");
}

TEST(Human, CountedThings) {
  EXPECT_EQ(counted(0, "calls"), "0 calls");
  EXPECT_EQ(counted(1, "calls"), "1 call");
  EXPECT_EQ(counted(1'200, "calls"), "1,200 calls");
}

TEST(Human, Thousands) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1'000), "1,000");
  EXPECT_EQ(with_thousands(1'234'567), "1,234,567");
  EXPECT_EQ(with_thousands(-999), "-999");
  EXPECT_EQ(with_thousands(-123'456), "-123,456");
  EXPECT_EQ(with_thousands(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(Human, WordsForAShell) {
  EXPECT_EQ(shell_word("ci-2.a_b"), "ci-2.a_b");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's; rm *"), R"('it'\''s; rm *')");
  EXPECT_EQ(shell_word("-x"), "'-x'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Human, Durations) {
  EXPECT_EQ(human_usd(NanoUsd{0}), "$0.000000");
  EXPECT_EQ(human_usd(NanoUsd{1}), "<$0.000001");
  EXPECT_EQ(human_usd(NanoUsd{500}), "<$0.000001");
  EXPECT_EQ(human_usd(NanoUsd{1'500}), "$0.000002");
  EXPECT_EQ(human_usd(NanoUsd{2'500}), "$0.000002") << "half to even, as everywhere";
  EXPECT_EQ(human_usd("1234.567890499"), "$1,234.567890");
  EXPECT_EQ(human_usd(NanoUsd{-2'000'000'001}), "-$2.000000");
  EXPECT_EQ(human_usd(NanoUsd{INT64_MIN}), "-$9,223,372,036.854776");
  EXPECT_EQ(human_usd(""), "-");
  EXPECT_EQ(human_ms(0), "0.0 ms");
  EXPECT_EQ(human_ms(9.94), "9.9 ms");
  EXPECT_EQ(human_ms(9.96), "10 ms");
  EXPECT_EQ(human_ms(999.4), "999 ms");
  EXPECT_EQ(human_ms(999.6), "1.00 s");
  EXPECT_EQ(human_ms(59'990), "59.99 s");
  EXPECT_EQ(human_ms(59'999), "1 m 00 s");
  EXPECT_EQ(human_ms(125'000), "2 m 05 s");
  EXPECT_EQ(human_ms(3'600'000), "1 h 00 m");
  EXPECT_EQ(human_ms(26.0 * 3'600'000), "26 h 00 m");
}

TEST(Human, TimesAsShortAsTheyCanBe) {
  WallTime now = *parse_rfc3339("2026-11-21T10:15:30Z");
  EXPECT_EQ(human_time(now, now), "10:15:30");
  EXPECT_EQ(human_time(*parse_rfc3339("2026-11-21T00:00:00Z"), now), "00:00:00");
  EXPECT_EQ(human_time(*parse_rfc3339("2026-11-20T23:59:59Z"), now), "11-20 23:59:59");
  EXPECT_EQ(human_time(*parse_rfc3339("2025-11-21T10:15:30Z"), now), "2025-11-21 10:15");
}

TEST(Human, Folding) {
  EXPECT_EQ(folded("one two three", 2, 9), "  one two\n  three\n");
  EXPECT_EQ(folded("one two three", 2, 8), "  one\n  two\n  three\n");
  EXPECT_EQ(folded("unbreakable", 0, 4), "unbreakable\n") << "never cut";
  EXPECT_EQ(folded("a\nb", 1, 80), " a\n b\n");
}

// A terminal of our own: what is written to `screen` can be read from `reader`.
struct Terminal {
  Terminal() { EXPECT_EQ(::openpty(&reader, &screen, nullptr, nullptr, nullptr), 0); }
  ~Terminal() {
    ::close(reader);
    ::close(screen);
  }
  int reader = -1;
  int screen = -1;
};

TEST_F(CliTest, ColourIsForTerminalsThatWantIt) {
  Terminal terminal;
  auto coloured = [&](int descriptor) {
    Process process{.environment = environment_,
                    .clock = clock_,
                    .entropy = entropy_,
                    .version = {},
                    .program_path = {},
                    .out = descriptor,
                    .err = descriptor};
    return Style::of(process).coloured();
  };
  environment_.variables["TERM"] = "xterm-256color";
  EXPECT_TRUE(coloured(terminal.screen));
  EXPECT_FALSE(coloured(out_.descriptor())) << "a file";
  environment_.variables["NO_COLOR"] = "";
  EXPECT_TRUE(coloured(terminal.screen)) << "empty counts as not set (no-color.org)";
  environment_.variables["NO_COLOR"] = "1";
  EXPECT_FALSE(coloured(terminal.screen));
  environment_.variables.erase("NO_COLOR");
  environment_.variables["TERM"] = "dumb";
  EXPECT_FALSE(coloured(terminal.screen));
  environment_.variables.erase("TERM");
  EXPECT_FALSE(coloured(terminal.screen));
}

TEST_F(CliTest, AnOutputThatCannotBeWrittenIsToldAndCounted) {
  int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Process process{.environment = environment_,
                  .clock = clock_,
                  .entropy = entropy_,
                  .version = "1",
                  .program_path = {},
                  .out = full,
                  .err = err_.descriptor()};
  const char* argv[] = {"recloser", "version"};
  EXPECT_EQ(run_cli(2, argv, process), 3);
  EXPECT_EQ(err_.take(), "recloser: cannot write the output: No space left on device\n");
  ::close(full);
}

}  // namespace
}  // namespace recloser::cli
