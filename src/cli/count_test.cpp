// count from the outside.
#include "cli/json.h"
#include "cli/test_process.h"

#include <algorithm>
#include <string>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

TEST_F(CliTest, CountsAFile) {
  environment_.files["notes.md"] = "hello world";
  Ran ran = run({"count", "--model", "gpt-4o", "notes.md"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "2 tokens (o200k)\n");
  EXPECT_EQ(run({"count", "--model", "gpt-4", "notes.md"}).out, "2 tokens (cl100k)\n");
  EXPECT_EQ(run({"count", "--model", "claude-sonnet-4-5", "notes.md"}).out,
            "about 5 tokens, at most 17 (o200k, and a line for the family claude)\n");
  Ran json = run({"count", "--model=gpt-4o", "--json", "notes.md"});
  EXPECT_TRUE(json.out.starts_with("{\"tokens\":2,\"upper\":")) << json.out;
  EXPECT_TRUE(json.out.ends_with(",\"exact\":true,\"encoding\":\"o200k\"}\n")) << json.out;
}

TEST_F(CliTest, CountsWhatComesIn) {
  in_.put("hello world");
  EXPECT_EQ(run({"count", "--model", "gpt-4o"}).out, "2 tokens (o200k)\n");
  in_.put("hello");
  EXPECT_EQ(run({"count", "--model", "gpt-4o", "-"}).exit, 0);
}

TEST_F(CliTest, CountOfAModelThatIsNotKnownSaysSo) {
  environment_.files["a"] = "hello";
  Ran ran = run({"count", "--model", "house-model", "--json", "a"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("\"exact\":false,\"encoding\":\"o200k\""));
}

TEST_F(CliTest, CountNeedsAModelAndAFileThatIsThere) {
  Ran model = run({"count", "a.txt"});
  EXPECT_EQ(model.exit, 2);
  EXPECT_THAT(model.err, HasSubstr("recloser count --model gpt-4o FILE"));
  Ran file = run({"count", "--model", "gpt-4o", "a.txt"});
  EXPECT_EQ(file.exit, 3);
  EXPECT_EQ(file.err, "recloser: cannot read a.txt: No such file or directory\n");
}

TEST_F(CliTest, CountsEachLine) {
  in_.put(
      "{\"id\":1,\"text\":\"hello world\"}\r\n\n"
      "{\"id\":\"b\",\"model\":\"gpt-4\",\"text\":\"\"}\n"
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hello world\"}]}\n"
      "{\"id\":null,\"messages\":[[\"user\",\"hello world\"],[\"system\",\"hello\"]]}");
  Ran ran = run({"count", "--model", "gpt-4o", "--jsonl"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("{\"id\":1,\"tokens\":2,\"upper\":"));
  EXPECT_THAT(ran.out, HasSubstr("{\"id\":\"b\",\"tokens\":0,\"upper\":0,\"exact\":true,"
                                 "\"encoding\":\"cl100k\"}\n"));
  EXPECT_THAT(ran.out, HasSubstr("{\"tokens\":9,"));
  EXPECT_THAT(ran.out, HasSubstr("{\"id\":null,\"tokens\":14,"));
}

// One recorded exchange each: what OpenAI billed is in the name.
TEST_F(CliTest, CountsToolsAsOpenAiDoes) {
  in_.put(
      R"({"id":"85 less 4","model":"gpt-3.5-turbo-0125","messages":[{"content":"What is the )"
      R"(weather like in San Francisco, CA?","role":"user"}],"tools":[{"type":"function",)"
      R"("function":)"
      R"({"name":"get_current_weather","description":"Get the current weather in a given )"
      R"(location","parameters":{"type":"object","properties":{"location":{"type":"string",)"
      R"("description":)"
      R"("The city and state, e.g. San Francisco, CA"},"unit":{"type":"string","enum":)"
      R"(["celsius","fahrenheit"]}},"required":["location"]}}}]})"
      "\n"
      R"({"id":"58 less 1","model":"gpt-4o-mini","messages":[{"role":"developer","content":)"
      R"("A streaming agent with tools"},{"role":"user","content":"What is 6 times 7?"}],"tools":)"
      R"([{"type":"function","function":{"name":"multiply","description":"Multiply two numbers.",)"
      R"("parameters":{"type":"object","properties":{"a":{"type":"number"},"b":{"type":)"
      R"("number"}},"required":["a","b"]}}}]})");
  Ran ran = run({"count", "--jsonl"});
  EXPECT_THAT(ran.out, HasSubstr("{\"id\":\"85 less 4\",\"tokens\":81,"));
  EXPECT_THAT(ran.out, HasSubstr("{\"id\":\"58 less 1\",\"tokens\":57,"));
  EXPECT_THAT(ran.out, HasSubstr("\"exact\":false"));
}

TEST_F(CliTest, CountsAllPartsOfMessages) {
  auto tokens = [this](std::string_view content) {
    in_.put(fmt::format("{{\"messages\":[{{\"role\":\"user\",\"content\":{}}}]}}\n", content));
    Ran ran = run({"count", "--model", "claude-sonnet-4-5", "--jsonl"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    std::optional<Json> json = parse_json(ran.out);
    EXPECT_LE(whole(*json, "tokens"), whole(*json, "upper"));
    return whole(*json, "tokens").value_or(-1);
  };
  std::int64_t text = tokens(R"([{"type":"text","text":"hello"}])");
  EXPECT_EQ(tokens("\"hello\""), text);
  EXPECT_EQ(tokens(R"([{"type":"text","text":"hello"},{"type":"image","source":{"data":"AAAA"}}])"),
            text + 1600);
  EXPECT_GT(tokens(R"([{"type":"text","text":"hello"},{"type":"tool_use","name":"f","input":{}}])"),
            text);
  EXPECT_GT(
      tokens(R"([{"type":"tool_result","content":[{"type":"text","text":"hello"}]},{"a":1}])"),
      text);
  EXPECT_GT(tokens(R"([{"type":"document","source":{"data":"AAAA"}}, "x", 1])"), text);
  EXPECT_GT(tokens(R"([{"type":"input_audio","input_audio":{"data":"AAAAAAAAAAAAAAAA"}}])"), 0);
}

TEST_F(CliTest, CountTellsWhichLinesAreWrong) {
  environment_.files["p.jsonl"] =
      "{\"text\":\"hello\"}\n{\"text\":\n[1]\n{\"id\":4}\n{\"text\":1}\n{\"text\":\"a\",\"model\":"
      "1}\n"
      "{\"messages\":{}}\n{\"messages\":[1]}\n{\"text\":\"a\",\"tools\":1}\n"
      "{\"text\":\"a\",\"messages\":[]}\n{\"text\":\"hello\"}\n";
  Ran ran = run({"count", "--model", "gpt-4o", "--jsonl", "p.jsonl"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 2) << "the others are counted";
  for (std::string_view wanted :
       {"p.jsonl:2: this is not JSON: ", "p.jsonl:3: a line must be a JSON object\n",
        "p.jsonl:4: a line needs \"text\" or \"messages\", and not both\n",
        "p.jsonl:5: \"text\" must be a string\n", "p.jsonl:6: \"model\" must be a string\n",
        "p.jsonl:7: messages must be a list\n", "p.jsonl:8: messages[0] must be",
        "p.jsonl:9: tools must be a list\n", "p.jsonl:10: a line needs"}) {
    EXPECT_THAT(ran.err, HasSubstr(std::string(wanted)));
  }
  in_.put("{\"text\":\"a\"}");
  EXPECT_THAT(run({"count", "--jsonl"}).err,
              HasSubstr("standard input:1: it names no \"model\", and there is no --model"));
  std::string many;
  for (int i = 0; i < 50; ++i) many += "x\n";
  in_.put(many);
  EXPECT_THAT(run({"count", "--jsonl"}).err, HasSubstr("30 more lines are wrong"));
}

TEST_F(CliTest, CountTakesHalfACharacterForAReplacement) {
  in_.put("{\"text\":\"a\\ud83d b\\\\ud83d\\udE00\\ud83d\\ude00\"}");
  Ran ran = run({"count", "--model", "gpt-4o", "--json", "--jsonl"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  environment_.files["same"] = "a\uFFFD b\\ud83d\uFFFD\U0001F600";
  Ran same = run({"count", "--model", "gpt-4o", "--json", "same"});
  EXPECT_EQ(ran.out, same.out);
}

}  // namespace
}  // namespace recloser::cli
