#include "wire/scenario.h"

#include "wire/stage.h"
#include "wire/words.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::wire {
namespace {

std::string complaint(std::string_view text) {
  Result<Scenario> scenario = parse_scenario(text, "s.wire");
  return scenario ? "none" : scenario.error().message();
}

// A whole scenario around one line.
std::string with(std::string_view line) {
  return "# A story.\n" + std::string(line) + "\nclient GET /healthz\nledger empty\n";
}

TEST(ScenarioTest, LinesGoToTheirParts) {
  Result<Scenario> scenario = parse_scenario(
      "# A story.\n"
      "config    model m -> m-large\n"
      "\n"
      "# a remark\n"
      "provider  expect POST /chat/completions connection=2\n"
      "provider  answers 200 json {\"a\":[1,\n"
      "            2]}\n"
      "client    POST /v1/chat/completions model=m stream=true\n"
      "client    sees delta \"two words\"\n"
      "client    leaves after 3s\n"
      "ledger    outcome completed input 7\n",
      "s.wire");
  ASSERT_TRUE(scenario) << scenario.error().message();
  EXPECT_EQ(scenario->title, "A story.");
  ASSERT_EQ(scenario->config.size(), 1u);
  EXPECT_EQ(scenario->config[0].name, "m");
  EXPECT_EQ(scenario->config[0].text, "m-large");
  ASSERT_EQ(scenario->provider.size(), 2u);
  EXPECT_EQ(scenario->provider[0].verb, Verb::provider_expect);
  EXPECT_EQ(*find(scenario->provider[0].pairs, "connection"), "2");
  EXPECT_EQ(scenario->provider[1].number, 200);
  EXPECT_EQ(scenario->provider[1].text, "{\"a\":[1,2]}");
  ASSERT_EQ(scenario->client.size(), 3u);
  EXPECT_EQ(scenario->client[0].pairs, (Pairs{{"model", "m"}, {"stream", "true"}}));
  EXPECT_EQ(scenario->client[1].said, Said::delta);
  EXPECT_EQ(scenario->client[1].text, "two words");
  EXPECT_EQ(scenario->client[1].line, 9);
  EXPECT_EQ(scenario->client[2].duration, 3s);
  EXPECT_EQ(scenario->after[0].pairs, (Pairs{{"outcome", "completed"}, {"input", "7"}}));
}

TEST(ScenarioTest, MistakesAreNamedWithTheirLine) {
  EXPECT_EQ(complaint(with("client seez status 200")),
            "s.wire:2: `client seez status` is nothing a scenario can say; did you mean `client "
            "sees status`?");
  EXPECT_EQ(complaint(with("client sees statuss 200")),
            "s.wire:2: `client sees statuss` is nothing a scenario can say; did you mean `client "
            "sees status`?");
  EXPECT_EQ(complaint(with("upstream delta \"x\"")),
            "s.wire:2: `upstream delta \"x\"` is nothing a scenario can say");
  EXPECT_EQ(complaint(with("client sees status two")),
            "s.wire:2: `client sees status`: a whole number belongs here, not \"two\"");
  EXPECT_EQ(complaint(with("client sees status 200 201")),
            "s.wire:2: `client sees status`: \"201\" is too much");
  EXPECT_NE(complaint(with("provider stalls soon")).find("s.wire:2: `provider stalls`: "),
            std::string::npos);
  EXPECT_EQ(complaint(with("client sends \"a\\q\"")),
            "s.wire:2: `client sends`: an escape is none of \\r \\n \\t \\0 \\xHH \\\" \\\\");
  EXPECT_EQ(complaint(with("client sends \"a")),
            "s.wire:2: `client sends`: the quoted text does not end with the line's last quote");
  EXPECT_EQ(complaint(with("config timeouts idel=3s")),
            "s.wire:2: `config timeouts`: there is no \"idel\" here; there are: connect firstByte "
            "idle total");
  EXPECT_EQ(complaint(with("provider expect POST chat")),
            "s.wire:2: `provider expect`: a path that begins with / belongs here");
  EXPECT_EQ(complaint(with("client sees end now")),
            "s.wire:2: `client sees end`: \"now\" is too much");
  EXPECT_EQ(complaint(with("ledger output")), "s.wire:2: `ledger`: \"output\" has no value");
  EXPECT_NE(complaint(with("ledger outcom completed")).find("there is no \"outcom\" here"),
            std::string::npos);
}

TEST(ScenarioTest, AScenarioIsWhole) {
  EXPECT_EQ(complaint("client GET /healthz\nledger empty\n"),
            "s.wire:1: begin with `# ` and one sentence");
  EXPECT_EQ(complaint(""), "s.wire:1: begin with `# ` and one sentence");
  EXPECT_EQ(complaint("# A story.\nledger empty\n"), "s.wire:2: no client does anything");
  EXPECT_EQ(complaint("# A story.\nclient GET /healthz\n"),
            "s.wire:2: nothing is said of the ledger; if no row is expected, say `ledger empty`");
}

TEST(WordsTest, BytesAndPatterns) {
  EXPECT_EQ(*parse_bytes(R"("a\r\n\t\0\x7f\"\\")"), std::string("a\r\n\t\0\x7f\"\\", 8));
  EXPECT_EQ(*parse_bytes("{\"a\": 1}"), "{\"a\": 1}");
  EXPECT_EQ(*parse_size("3KiB"), 3072);
  EXPECT_FALSE(parse_size("3kB"));
  EXPECT_TRUE(matches("a*c*", "abcd"));
  EXPECT_FALSE(matches("a*c", "abcd"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_EQ(visible("a\r\n\x01"), "a\\r\\n\\x01");
}

// What playing these lines says; "" when all came so.
std::string played(std::string_view lines) {
  Result<Scenario> scenario = parse_scenario(lines, "s.wire");
  if (!scenario) return scenario.error().message();
  return play(*scenario, ::testing::TempDir() + "recloser-stage-" + std::to_string(::getpid()))
      .value_or("");
}

constexpr std::string_view story =
    "# A story.\n"
    "provider expect POST /chat/completions\n"
    "provider delta \"hello\"\n"
    "provider finish stop\n"
    "provider usage 7 2\n"
    "provider done\n"
    "client POST /v1/chat/completions model=m stream=true\n"
    "client sees status 200\n"
    "client sees delta \"hello\"\n"
    "client sees finish stop\n"
    "client sees done\n"
    "client sees end\n"
    "ledger outcome completed output 2\n";

// The story with one line in place of another.
std::string but(std::string_view old, std::string_view line) {
  std::string text(story);
  text.replace(text.find(old), old.size(), line);
  return text;
}

TEST(StageTest, WhatComesAsWrittenPasses) { EXPECT_EQ(played(story), ""); }

TEST(StageTest, WhatDoesNotIsToldWithItsLine) {
  EXPECT_NE(played(but("sees status 200", "sees status 201"))
                .find("s.wire:8: `client sees status 201`: came \"HTTP/1.1 200"),
            std::string::npos);
  std::string other = played(but("sees delta \"hello\"", "sees delta \"hallo\""));
  EXPECT_NE(other.find("s.wire:9: `client sees delta \"hallo\"`: expected was data: {"),
            std::string::npos)
      << other;
  EXPECT_NE(other.find("\"content\":\"hello\""), std::string::npos) << other;
  EXPECT_NE(
      played(but("expect POST /chat/completions", "expect POST /responses"))
          .find("s.wire:2: `provider expect POST /responses`: came \"POST /chat/completions HTTP"),
      std::string::npos);
  EXPECT_NE(
      played(but("output 2", "output 3")).find("s.wire:13: `ledger outcome completed output 3`: "),
      std::string::npos);
  EXPECT_NE(played(but("output 2", "output 3")).find("output: expected was 3, the row has 2"),
            std::string::npos);
}

TEST(StageTest, WhatNobodyExpectedIsAFailureToo) {
  EXPECT_EQ(played(but("ledger outcome completed output 2", "ledger empty")),
            "s.wire: the ledger has 1 rows; 0 were expected");
  EXPECT_NE(played("# A story.\nclient POST /v1/chat/completions model=m\nclient waits 1s\n"
                   "ledger empty\n")
                .find("the provider got a connection that no line expects"),
            std::string::npos);
}

TEST(StageTest, WhatNeverComesIsToldAtTheTimeLimit) {
  std::string text = played(
      "# A story.\nprovider expect POST /chat/completions\nclient GET /healthz\n"
      "client sees status 200\nledger empty\n");
  EXPECT_NE(text.find("the provider is at `provider expect POST /chat/completions`"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace recloser::wire
