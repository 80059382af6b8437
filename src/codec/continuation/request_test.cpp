#include "codec/continuation/request.h"

#include "codec/continuation/anchor.h"
#include "codec/testing/delivery.h"
#include "core/json_writer.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string stream_of(Operation operation, std::string_view text) {
  switch (operation) {
    case Operation::messages:
      return fmt::format(
          "data: {{\"type\":\"message_start\",\"message\":{{\"id\":\"m\"}}}}\n\n"
          "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"text\":{}}}}}\n\n",
          quoted(text));
    case Operation::responses:
      return fmt::format(
          "data: {{\"type\":\"response.output_text.delta\",\"output_index\":0,"
          "\"delta\":{}}}\n\n",
          quoted(text));
    case Operation::completions:
      return fmt::format("data: {{\"choices\":[{{\"index\":0,\"text\":{}}}]}}\n\n", quoted(text));
    default:
      return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}]}}\n\n",
                         quoted(text));
  }
}

struct Asked {
  Continuation continuation;
  std::string body;
};

Asked ask(Operation operation, std::string_view body, std::string_view text, Prefill prefill) {
  RequestReader reader(operation);
  std::vector<std::uint64_t> begins;
  reader.note_messages(begins);
  EXPECT_TRUE(reader.feed(body));
  EXPECT_TRUE(reader.end());
  BodyEdits edits;
  testing::Delivery told = testing::deliver(operation, stream_of(operation, text));
  Asked asked;
  asked.continuation = ask_to_continue(edits, body, reader.facts(),
                                       begins.empty() ? 0 : begins.back(), told.delivered, prefill);
  std::array<std::string_view, BodyEdits::pieces_max> room;
  for (std::string_view piece : edits.pieces(body, room)) asked.body += piece;
  boost::json::parse(asked.body);  // throws where it is none
  return asked;
}

constexpr std::string_view chat =
    R"({"model":"m","messages":[ {"role":"user","content":"Q"} ],"odd":1,"stream":true})";
constexpr std::string_view text = "One two three four five six seven.\n\n";

TEST(ContinuationRequest, APrefillEndsWithTheTextWithoutItsWhiteEnd) {
  Asked asked = ask(Operation::messages, chat, text, Prefill::plain);
  EXPECT_EQ(asked.continuation.ask, Ask::prefill);
  EXPECT_EQ(asked.body, R"({"model":"m","messages":[ {"role":"user","content":"Q"} ,)"
                        R"({"role":"assistant","content":"One two three four five six seven."}],)"
                        R"("odd":1,"stream":true})");
}

TEST(ContinuationRequest, SomeProvidersWantItSaid) {
  std::string message = R"({"role":"assistant","content":"One two three four five six seven.")";
  EXPECT_TRUE(ask(Operation::chat, chat, text, Prefill::prefix)
                  .body.contains(message + R"(,"prefix":true}])"));
  EXPECT_TRUE(ask(Operation::chat, chat, text, Prefill::partial)
                  .body.contains(message + R"(,"partial":true}])"));
  EXPECT_TRUE(
      ask(Operation::chat, chat, text, Prefill::final_message)
          .body.contains(message +
                         R"(}],"add_generation_prompt":false,"continue_final_message":true,)"));
}

TEST(ContinuationRequest, WhoTakesNoneIsAskedToBeginWithTheLastWords) {
  for (Prefill prefill : {Prefill::no, Prefill::unknown}) {
    Asked asked = ask(Operation::chat, chat, text, prefill);
    EXPECT_EQ(asked.continuation.ask, Ask::instruction);
    boost::json::value body = boost::json::parse(asked.body);
    const boost::json::array& messages = body.at("messages").as_array();
    ASSERT_EQ(messages.size(), 3u);
    EXPECT_EQ(messages[1].at("role").as_string(), "assistant");
    EXPECT_EQ(messages[1].at("content").as_string(), "One two three four five six seven.");
    EXPECT_EQ(messages[2].at("role").as_string(), "user");
    std::string_view words = messages[2].at("content").as_string();
    EXPECT_TRUE(words.contains("<last_words>three four five six seven.</last_words>"));
  }
}

TEST(ContinuationRequest, WhoThinksIsNotPrefilled) {
  constexpr std::string_view thinking =
      R"({"model":"m","max_tokens":9,"thinking":{"type":"enabled","budget_tokens":1024},)"
      R"("messages":[{"role":"user","content":"Q"}]})";
  EXPECT_EQ(ask(Operation::messages, thinking, text, Prefill::plain).continuation.ask,
            Ask::instruction);
}

TEST(ContinuationRequest, InputOfResponsesIsAListOrBecomesOne) {
  Asked asked =
      ask(Operation::responses, R"({"model":"m","input":"Say \"x\""})", text, Prefill::plain);
  EXPECT_EQ(asked.continuation.ask, Ask::instruction);
  boost::json::value body = boost::json::parse(asked.body);
  const boost::json::array& items = body.at("input").as_array();
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].at("role").as_string(), "user");
  EXPECT_EQ(items[0].at("content").as_string(), "Say \"x\"");
  EXPECT_EQ(items[1].at("role").as_string(), "assistant");
  asked = ask(Operation::responses, R"({"model":"m","input":[{"role":"user","content":"Q"}]})",
              text, Prefill::plain);
  EXPECT_EQ(boost::json::parse(asked.body).at("input").as_array().size(), 3u);
}

TEST(ContinuationRequest, ACompletionGoesOnFromItsPrompt) {
  Asked asked =
      ask(Operation::completions, R"({"model":"m","prompt":"Once"})", " upon \"a\" ", Prefill::no);
  EXPECT_EQ(asked.continuation.ask, Ask::prefill);
  EXPECT_EQ(asked.body, R"({"model":"m","prompt":"Once upon \"a\""})");
  asked = ask(Operation::completions, R"({"model":"m","prompt":["a","b"]})", "x", Prefill::no);
  EXPECT_EQ(asked.continuation.obstacle, Obstacle::odd_request);
}

TEST(ContinuationRequest, NothingDeliveredChangesNothing) {
  for (std::string_view blank : {"", "\n\n"}) {
    Asked asked = ask(Operation::chat, chat, blank, Prefill::prefix);
    EXPECT_EQ(asked.continuation.ask, Ask::again);
    EXPECT_EQ(asked.continuation.obstacle, Obstacle::none);
    EXPECT_EQ(asked.body, chat);
  }
}

TEST(ContinuationRequest, WhatCannotBeContinuedChangesNothing) {
  constexpr std::string_view own =
      R"({"messages":[{"role":"user","content":"Q"},{"content":"A:","role":"assistant"}],)"
      R"("model":"m"})";
  Asked asked = ask(Operation::chat, own, text, Prefill::plain);
  EXPECT_EQ(asked.continuation.obstacle, Obstacle::own_prefill);
  EXPECT_EQ(asked.body, own);
  asked = ask(Operation::chat, R"({"model":"m","messages":"Q"})", text, Prefill::plain);
  EXPECT_EQ(asked.continuation.obstacle, Obstacle::odd_request);
  asked = ask(Operation::chat, chat, "{\"a\":", Prefill::plain);
  EXPECT_EQ(asked.continuation.obstacle, Obstacle::json);
  std::string chant;
  for (int i = 0; i < 200; ++i) chant += "na ";
  asked = ask(Operation::chat, chat, chant, Prefill::no);
  EXPECT_EQ(asked.continuation.obstacle, Obstacle::no_anchor);
  EXPECT_EQ(asked.body, chat);
}

TEST(ContinuationRequest, TheLimitIsLowered) {
  RequestFacts facts;
  EXPECT_EQ(output_left(facts, 10, Ask::prefill), 0u);
  facts.max_tokens = 100;
  facts.max_tokens_value = {1, 4};
  EXPECT_EQ(output_left(facts, 10, Ask::again), 100u);
  EXPECT_EQ(output_left(facts, 10, Ask::prefill), 90u);
  EXPECT_EQ(output_left(facts, 10, Ask::instruction), 90u + anchor_tokens_max);
  EXPECT_EQ(output_left(facts, 100, Ask::prefill), 1u);
  EXPECT_EQ(output_left(facts, 500, Ask::prefill), 1u);
  facts.thinking_tokens = 95;
  EXPECT_EQ(output_left(facts, 10, Ask::prefill), 96u);
}

TEST(AnchorTest, IsTheShortestEndThatStandsNowhereElse) {
  EXPECT_EQ(anchor_of("One two three four five six seven. \n"), "three four five six seven.");
  EXPECT_EQ(anchor_of("  The\n"), "The");
  EXPECT_EQ(anchor_of(""), "");
  std::string twice = "Eins zwei drei vier fuenf sechs. Und Eins zwei drei vier fuenf sechs.";
  // One word more than a round.
  EXPECT_EQ(anchor_of(twice), "sechs. Und Eins zwei drei vier fuenf sechs.");
  std::string chant;
  for (int i = 0; i < 200; ++i) chant += "na ";
  EXPECT_EQ(anchor_of(chant), "");
  // No spaces between words: any character may be the first.
  std::string chinese;
  for (int i = 0; i < 100; ++i) {
    chinese += {'\xE4', static_cast<char>(0xB8 + i / 64), static_cast<char>(0x80 + i % 64)};
  }
  EXPECT_EQ(anchor_of(chinese), chinese.substr(chinese.size() - 24));
}

TEST(PrefillTest, IsKnownOfFew) {
  auto claude = [](std::string_view model) {
    return prefill_of(Operation::messages, "api.anthropic.com", "", model);
  };
  EXPECT_EQ(claude("claude-3-5-haiku-20241022"), Prefill::plain);
  EXPECT_EQ(claude("claude-sonnet-4-20250514"), Prefill::plain);
  EXPECT_EQ(claude("claude-opus-4-1"), Prefill::plain);
  EXPECT_EQ(claude("claude-haiku-4-5-20251001"), Prefill::plain);
  EXPECT_EQ(claude("claude-opus-4-6"), Prefill::no);
  EXPECT_EQ(claude("claude-sonnet-4-6"), Prefill::no);
  EXPECT_EQ(claude("claude-opus-4-8"), Prefill::no);
  EXPECT_EQ(claude("claude-fable-5"), Prefill::no);
  EXPECT_EQ(claude("qwen3"), Prefill::unknown);
  auto at = [](std::string_view host, std::string_view model, std::string_view path = "/v1") {
    return prefill_of(Operation::chat, host, path, model);
  };
  EXPECT_EQ(at("api.openai.com", "gpt-5"), Prefill::no);
  EXPECT_EQ(at("x.openai.azure.com", "gpt-5"), Prefill::no);
  EXPECT_EQ(at("api.mistral.ai", "mistral-large"), Prefill::prefix);
  EXPECT_EQ(at("notmistral.ai", "m"), Prefill::unknown);
  EXPECT_EQ(at("api.deepseek.com", "deepseek-chat"), Prefill::no);
  EXPECT_EQ(at("api.deepseek.com", "deepseek-chat", "/beta"), Prefill::prefix);
  EXPECT_EQ(at("api.moonshot.ai", "kimi-k2"), Prefill::partial);
  EXPECT_EQ(at("dashscope.aliyuncs.com", "qwen3-coder-plus"), Prefill::partial);
  EXPECT_EQ(at("dashscope.aliyuncs.com", "qwen3-thinking"), Prefill::unknown);
  EXPECT_EQ(at("10.0.0.7", "llama"), Prefill::unknown);
  EXPECT_EQ(prefill_of(Operation::completions, "", "", "m"), Prefill::plain);
  EXPECT_EQ(prefill_of(Operation::responses, "api.mistral.ai", "", "m"), Prefill::no);
}

}  // namespace
}  // namespace recloser::codec
