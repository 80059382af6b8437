#include "relay/prompt_estimate.h"

#include "core/ids.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::size_t all_at_once = SIZE_MAX;
constexpr std::string_view line = "The quick brown fox jumps over the lazy dog, again and again. ";

std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line;
  return text;
}

std::string message(std::string_view content, std::string_view role = "user") {
  return fmt::format(R"({{"role":"{}","content":"{}"}})", role, content);
}

// A worker, as far as estimates go.
struct Room {
  text::TokenRange estimate(codec::Operation operation, std::string_view body,
                            std::string_view model = "gpt-4o",
                            std::size_t bytes_per_turn = all_at_once) {
    codec::RequestReader reader(operation);
    std::vector<std::uint64_t> begins;
    reader.note_messages(begins);
    EXPECT_TRUE(reader.feed(body)) << body;
    codec::RequestFacts facts = *reader.finish();
    text::PromptOverhead overhead = text::prompt_overhead(model, text::PromptForm::chat);
    PromptEstimate estimate({.body = body,
                             .operation = operation,
                             .facts = &facts,
                             .message_begins = begins,
                             .model = model,
                             .family = &text::token_family(model),
                             .overhead = &overhead,
                             .principal = principal},
                            hash, counts);
    turns = 1;
    while (!estimate.count(bytes_per_turn)) ++turns;
    return estimate.sum();
  }
  text::TokenRange chat(const std::vector<std::string>& messages) {
    std::string body = R"({"model":"m","messages":[)";
    for (const std::string& each : messages) {
      if (!body.ends_with('[')) body += ", ";
      body += each;
    }
    return estimate(codec::Operation::chat, body + "]}");
  }

  KeyedHash hash{1};
  RememberedCounts counts;
  session::Hash128 principal;
  std::size_t turns = 0;
};

TEST(PromptEstimate, IsNearWhatTheTokenizerSaysAndItsBoundIsOne) {
  text::EncodingScratch scratch;
  for (std::size_t n : {1u, 20u, 100u, 6000u}) {
    auto exact = static_cast<double>(text::Encoding::o200k().count(lines(n), scratch) + 7);
    text::TokenRange range = Room().chat({message(lines(n))});
    EXPECT_NEAR(static_cast<double>(range.about), exact, exact * 0.35 + 5) << n;
    EXPECT_GE(static_cast<double>(range.max), exact) << n;
    EXPECT_LT(range.max, line.size() * n) << n;  // not its bytes, however long it is
  }
}

TEST(PromptEstimate, IsTheSumOfItsPiecesAndOfWhatIsAroundThem) {
  constexpr std::string_view model = "claude-opus-4-8";
  const text::TokenFamily& family = text::token_family(model);
  text::PromptOverhead overhead = text::prompt_overhead(model, text::PromptForm::chat);
  std::string text;
  std::string escaped;
  for (int i = 0; i < 30; ++i) {
    text += "caf\u00e9\n";
    escaped += R"(caf\u00e9\n)";
  }
  text::PromptTokens pieces(model, family, overhead, nullptr);
  pieces.message();
  pieces.text("Be \"kind\".");
  pieces.text(R"([{"name":"get"}])");
  pieces.tool();
  pieces.message();
  pieces.text(text);
  pieces.call();
  pieces.text("get");
  pieces.text(R"({"a":"\n"})");
  pieces.image(text::ImageDetail::any);
  text::TokenRange expected = pieces.pieces() + overhead.of(pieces.shape());
  std::string body =
      R"({"model":"m","system":"Be \"kind\".","tools":[{"name":"get"}],"messages":[)"
      R"({"role":"user","content":[{"type":"text","text":")" +
      escaped +
      R"("},{"type":"tool_use","name":"get","input":{"a":"\n"}},{"type":"image","source":)"
      R"({"type":"base64","media_type":"image/png","data":"AAAA"}}]}]})";
  text::TokenRange range = Room().estimate(codec::Operation::messages, body, model);
  constexpr double rounded = 3 * 2;  // each of the three values by itself
  EXPECT_NEAR(static_cast<double>(range.about), static_cast<double>(expected.about), rounded);
  EXPECT_NEAR(static_cast<double>(range.max), static_cast<double>(expected.max), rounded);
}

TEST(PromptEstimate, EveryPartOfAPromptCounts) {
  using enum codec::Operation;
  struct Case {
    codec::Operation operation;
    std::string_view without;
    std::string_view with;
  };
  for (const Case& c : {
           Case{chat, R"({"model":"m","messages":[]})",
                R"({"model":"m","messages":[{"role":"user","content":"one two three four"}]})"},
           Case{chat, R"({"model":"m","messages":[]})",
                R"({"model":"m","messages":[],"tools":[{"type":"function","function":{}}]})"},
           Case{completions, R"({"model":"m"})", R"({"model":"m","prompt":"one two three four"})"},
           Case{responses, R"({"model":"m"})", R"({"model":"m","input":"one two three four"})"},
           Case{responses, R"({"model":"m","input":[]})",
                R"({"model":"m","input":[{"type":"new","of":"one two three"}]})"},
           Case{responses, R"({"model":"m"})", R"({"model":"m","instructions":"one two three"})"},
           Case{messages, R"({"model":"m","messages":[]})",
                R"({"model":"m","messages":[],"system":[{"type":"text","text":"one two three"}]})"},
       }) {
    text::TokenRange without = Room().estimate(c.operation, c.without);
    text::TokenRange with = Room().estimate(c.operation, c.with);
    EXPECT_GT(with.about, without.about + 3) << c.with;
    EXPECT_GE(with.max, with.about) << c.with;
  }
}

// One recorded exchange; what OpenAI billed for it is 85.
constexpr std::string_view weather_tool =
    R"({"type":"function","function":{"name":"get_current_weather","description":"Get the )"
    R"(current weather in a given location","parameters":{"type":"object","properties":)"
    R"({"location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"},)"
    R"("unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["location"]}}})";

std::string with_tools(std::string_view tools) {
  return fmt::format(R"({{"model":"m","messages":[{}],"tools":[{}]}})",
                     message("What is the weather like in San Francisco, CA?"), tools);
}

TEST(PromptEstimate, ToolsWeighAsTheModelIsShownThem) {
  std::string body = with_tools(weather_tool);
  text::TokenRange declared = Room().estimate(codec::Operation::chat, body, "gpt-3.5-turbo-0125");
  EXPECT_NEAR(static_cast<double>(declared.about), 85, 12);
  EXPECT_GE(declared.max, 85u);
  constexpr std::string_view mistral = "mistral-large-2411";
  text::PromptOverhead overhead = text::prompt_overhead(mistral, text::PromptForm::chat);
  text::PromptTokens json(mistral, text::token_family(mistral), overhead, nullptr);
  json.text(fmt::format("[{}]", weather_tool));
  text::TokenRange before = Room().estimate(codec::Operation::chat, with_tools(""), mistral);
  text::TokenRange with = Room().estimate(codec::Operation::chat, body, mistral);
  EXPECT_NEAR(static_cast<double>(with.about),
              static_cast<double>(before.about + json.pieces().about + overhead.tools.about), 3)
      << "of others the JSON is counted";
}

TEST(PromptEstimate, ManyToolsTakeTurns) {
  std::string tools;
  for (int i = 0; i < 100; ++i) tools += (i == 0 ? "" : ", ") + std::string(weather_tool);
  Room once;
  Room often;
  text::TokenRange whole = once.estimate(codec::Operation::chat, with_tools(tools));
  EXPECT_EQ(often.estimate(codec::Operation::chat, with_tools(tools), "gpt-4o", 1'000), whole);
  EXPECT_EQ(once.turns, 1u);
  EXPECT_GT(often.turns, 100u) << "none reads on beyond a tool";
  std::string one = with_tools(weather_tool);
  text::TokenRange first = Room().estimate(codec::Operation::chat, one);
  EXPECT_GT(whole.about, 50 * (first.about - 40));
  // Beyond what may be declared in one go, the JSON is weighed in parts.
  std::string vast =
      R"({"type":"function","function":{"name":"f","parameters":{"x":")" + lines(3000) + R"("}}})";
  text::TokenRange weighed = often.estimate(codec::Operation::chat, with_tools(vast), "gpt-4o");
  EXPECT_GT(weighed.about, first.about + 30'000) << "though no property says it";
}

// A provider may read either, and what is read is paid for.
TEST(PromptEstimate, ToolsAndFunctionsBothCount) {
  std::string function = R"({"name":"f","description":")" + lines(20) + "\"}";
  auto about = [](std::string_view lists) {
    std::string body = fmt::format(R"({{"model":"m",{}}})", lists);
    return Room().estimate(codec::Operation::chat, body).about;
  };
  std::uint64_t alone = about(fmt::format(R"("messages":[],"functions":[{}])", function));
  EXPECT_GE(about(fmt::format(R"("tools":[],"messages":[],"functions":[{}])", function)), alone);
  EXPECT_GE(about(fmt::format(R"("functions":[],"messages":[],"tools":[{}])", function)), alone);
}

TEST(PromptEstimate, MediaAreNoText) {
  std::string image = R"({"role":"user","content":[{"type":"image_url","image_url":{"url":")" +
                      ("data:image/png;base64," + std::string(400'000, 'A')) + "\"}}]}";
  text::TokenRange range = Room().chat({image});
  EXPECT_GT(range.about, 50u);
  EXPECT_LT(range.max, 10'000u);
}

TEST(PromptEstimate, WhatIsSentAgainIsNotReadAgain) {
  Room room;
  std::vector<std::string> history{message("be kind", "system")};
  for (int i = 0; i < 40; ++i) history.push_back(message(fmt::format("{} {}", i, lines(50))));
  text::TokenRange cold = room.chat(history);
  std::string body = R"({"model":"m","messages":[)";
  for (const std::string& each : history) body += each + ",";
  body.back() = ']';
  body += "}";
  constexpr std::size_t turn = 16u << 10;
  EXPECT_EQ(room.estimate(codec::Operation::chat, body, "gpt-4o", turn), cold);
  EXPECT_EQ(room.turns, 1u);  // 120 KB
  // Who sends it matters: nobody learns from the clock what others have sent.
  room.principal = {.high = 1, .low = 2};
  EXPECT_EQ(room.estimate(codec::Operation::chat, body, "gpt-4o", turn), cold);
  EXPECT_GT(room.turns, 6u);
}

TEST(PromptEstimate, ACountIsOfItsModelAndOfItsPlace) {
  Room room;
  std::string body = R"({"model":"m","messages":[{"role":"user","content":")" + lines(30) + "\"}]}";
  for (std::string_view model : {"gpt-4o", "claude-opus-4-8", "gpt-4", "gpt-4o"}) {
    EXPECT_EQ(room.estimate(codec::Operation::chat, body, model),
              Room().estimate(codec::Operation::chat, body, model))
        << model;
  }
  // A text as system prompt has marks around it; as a prompt of its own it has none.
  std::string text = "\"" + lines(3) + "\"";
  std::string system = R"({"model":"m","instructions":)" + text + "}";
  std::string prompt = R"({"model":"m","prompt":)" + text + "}";
  text::TokenRange first = room.estimate(codec::Operation::responses, system);
  text::TokenRange second = room.estimate(codec::Operation::completions, prompt);
  EXPECT_EQ(first, Room().estimate(codec::Operation::responses, system));
  EXPECT_EQ(second, Room().estimate(codec::Operation::completions, prompt));
  EXPECT_NE(first, second);
  // What stands where a message should counts for nothing, whatever it is elsewhere.
  std::string both = R"({"model":"m","system":)" + text + R"(,"messages":[)";
  EXPECT_EQ(Room().estimate(codec::Operation::messages, both + text + "]}"),
            Room().estimate(codec::Operation::messages, both + "7]}"));
}

// What a client may send as a message, with anything that moves the end of it about.
std::string random_message(Random& random) {
  switch (random.below(8)) {
    case 0:
      return message(fmt::format("{}", random.below(20)));
    case 1:
      return message(lines(random.below(6)), "assistant");
    case 2:
      return R"({"role":"user","name":"al","content":"\u00e9\n] , \ud83d\ude00"})";
    case 3:
      return R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f",)"
             R"("arguments":"{\"a\":[1,2]}"}},{"function":{"name":"g","arguments":"{}"}}]})";
    case 4:
      return R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"odd","x":[ ]}]})";
    case 5:
      return R"([1,[2]])";
    case 6:
      return R"("a,]")";
    default:
      return R"({"content":[{"type":"image_url","image_url":{"url":"data:,AAAA"}}]  })";
  }
}

// A worker that has seen much, in turns of any length, against one that has seen nothing.
TEST(PromptEstimate, AWarmSumIsTheColdOne) {
  Random random(5);
  Room warm;
  std::vector<std::string> history;
  std::size_t cut = 0;
  for (int i = 0; i < 300; ++i) {
    if (random.below(10) == 0) history.clear();
    if (!history.empty() && random.below(4) == 0) history[random.below(history.size())] = "{}";
    history.push_back(random_message(random));
    std::string_view between = random.below(2) == 0 ? "," : " \n,\t";
    std::string body = R"({"model":"m","tools":[ {"x":"y"} ],"messages":[ )";
    for (const std::string& each : history) {
      body += each;
      body += between;
    }
    body.resize(body.size() - between.size());
    body += random.below(2) == 0 ? "]}" : "\n ] }";
    text::TokenRange cold = Room().estimate(codec::Operation::chat, body);
    std::size_t turn = 1 + random.below(200);
    ASSERT_EQ(warm.estimate(codec::Operation::chat, body, "gpt-4o", turn), cold) << body;
    cut += warm.turns > 1 ? 1 : 0;
  }
  EXPECT_GT(cut, 30u);
}

}  // namespace
}  // namespace recloser::relay
