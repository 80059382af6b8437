#include "codec/answer_reader.h"

#include "codec/provider_error.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

AnswerFacts read(Operation operation, std::string_view body) {
  AnswerReader whole(operation);
  whole.feed(body);
  AnswerFacts facts = whole.finish();
  AnswerReader bytes(operation);
  for (char byte : body) bytes.feed(std::string_view(&byte, 1));
  AnswerFacts again = bytes.finish();
  EXPECT_EQ(again.usage, facts.usage);
  EXPECT_EQ(again.finish, facts.finish);
  EXPECT_EQ(again.error_message, facts.error_message);
  EXPECT_EQ(again.error_code, facts.error_code);
  EXPECT_EQ(again.tool_calls, facts.tool_calls);
  EXPECT_EQ(again.malformed, facts.malformed);
  EXPECT_EQ(again.model, facts.model);
  return facts;
}

TEST(AnswerReader, ReadsAChatAnswer) {
  AnswerFacts facts =
      read(Operation::chat,
           R"({"id":"c1","model":"gpt","choices":[{"index":0,"message":{"content":"Hello",)"
           R"("tool_calls":[{"id":"a"},{"id":"b"}]},"finish_reason":"tool_calls"},)"
           R"({"index":1,"message":{"content":null},"finish_reason":"stop"}],"usage":)"
           R"({"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":)"
           R"({"cached_tokens":3}}})");
  EXPECT_EQ(facts.usage, (Usage{.input_tokens = 9, .output_tokens = 4, .cached_input_tokens = 3}));
  EXPECT_EQ(facts.usage_source, UsageSource::final);
  EXPECT_EQ(facts.finish, Finish::tool_call);
  EXPECT_EQ(facts.tool_calls, 2u);
  EXPECT_EQ(facts.text_bytes, 5u);
  EXPECT_EQ(facts.response_id, "");  // nobody can refer to it
  EXPECT_EQ(facts.model, "gpt");
  EXPECT_FALSE(facts.saw_error);
}

TEST(AnswerReader, ReadsAResponseThatStoppedForLength) {
  AnswerFacts facts = read(
      Operation::responses,
      R"({"id":"r1","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},)"
      R"("error":null,"model":"gpt-5","output":[{"type":"message","content":[{"type":)"
      R"("output_text","text":"abc"}]}],"usage":{"input_tokens":1,"output_tokens":2}})");
  EXPECT_EQ(facts.response_id, "r1");
  EXPECT_EQ(facts.finish, Finish::length);
  EXPECT_EQ(facts.text_bytes, 3u);
  EXPECT_EQ(facts.usage.output_tokens, 2u);
}

TEST(AnswerReader, ReadsTheOneFigureOfATokenCount) {
  AnswerFacts facts = read(Operation::count_tokens, R"({"input_tokens":2095})");
  EXPECT_EQ(facts.usage.input_tokens, 2095u);
  EXPECT_EQ(facts.usage_source, UsageSource::final);
  EXPECT_EQ(read(Operation::chat, R"({"input_tokens":5})").usage_source, UsageSource::none);
}

TEST(AnswerReader, ReadsOverVectorsOfEmbeddings) {
  std::string body = R"({"object":"list","data":[{"object":"embedding","embedding":[0.1)";
  for (int i = 0; i < 1535; ++i) body += ",-0.0023064255";
  body += R"(],"index":0}],"model":"e3","usage":{"prompt_tokens":8,"total_tokens":8}})";
  AnswerFacts facts = read(Operation::embeddings, body);
  EXPECT_EQ(facts.usage.input_tokens, 8u);
  EXPECT_EQ(facts.model, "e3");
}

TEST(AnswerReader, KnowsTheErrorOfEveryShape) {
  struct Case {
    Operation operation;
    std::string_view body, type, code, message;
  };
  constexpr Operation chat = Operation::chat;
  for (const Case& each : {
           Case{chat, R"({"error":{"message":"M","type":"T","param":null,"code":"C"}})", "T", "C",
                "M"},
           Case{chat, R"({"error":{"code":400,"message":"M"},"user_id":"u"})", "", "400", "M"},
           Case{chat, R"({"code":"C","error":"M"})", "", "C", "M"},
           Case{chat, R"({"object":"error","message":"M","type":"T","code":1300})", "T", "1300",
                "M"},
           Case{chat, R"({"detail":"M"})", "", "", "M"},
           Case{chat, R"({"message":"M"})", "", "", "M"},
           Case{Operation::messages,
                R"({"type":"error","error":{"type":"T","message":"M"},"request_id":"r"})", "T", "",
                "M"},
       }) {
    AnswerFacts facts = read(each.operation, each.body);
    EXPECT_TRUE(facts.saw_error) << each.body;
    EXPECT_EQ(facts.error_type, each.type) << each.body;
    EXPECT_EQ(facts.error_code, each.code) << each.body;
    EXPECT_EQ(facts.error_message, each.message) << each.body;
  }
}

TEST(AnswerReader, KeepsOnlyTheBeginOfALongError) {
  std::string body = R"({"error":{"message":")" + std::string(error_bytes_kept + 1, 'x') + "\"}}";
  EXPECT_EQ(read(Operation::chat, body).error_message, std::string(error_bytes_kept, 'x'));
}

TEST(AnswerReader, SaysWhenItIsNoJson) {
  EXPECT_TRUE(read(Operation::chat, "<html>502</html>").malformed);
  EXPECT_TRUE(read(Operation::chat, R"({"usage":{"prompt_tokens":7})").malformed);
  EXPECT_EQ(read(Operation::chat, R"({"usage":{"prompt_tokens":7})").usage_source,
            UsageSource::none);
  EXPECT_FALSE(read(Operation::chat, "\n\n\n{}").malformed);  // DeepSeek's keep-alive
}

TEST(ProviderError, StandsForAStatus) {
  EXPECT_EQ(status_of_error("overloaded_error", ""), 529);
  EXPECT_EQ(status_of_error("rate_limit_error", ""), 429);
  EXPECT_EQ(status_of_error("insufficient_quota", ""), 429);
  EXPECT_EQ(status_of_error("invalid_request_error", "insufficient_quota"), 429);
  EXPECT_EQ(status_of_error("invalid_request_error", "context_length_exceeded"), 400);
  EXPECT_EQ(status_of_error("", "503"), 503);
  EXPECT_EQ(status_of_error("", "600"), 500);
  EXPECT_EQ(status_of_error("", "40"), 500);
  EXPECT_EQ(status_of_error("new_error", "new_code"), 500);
}

TEST(ProviderError, FinishReasonsOfAllDialects) {
  EXPECT_EQ(finish_named("end_turn"), Finish::stop);
  EXPECT_EQ(finish_named("model_context_window_exceeded"), Finish::length);
  EXPECT_EQ(finish_named("pause_turn"), Finish::pause);
  EXPECT_EQ(finish_named("content_filter"), Finish::refusal);
  EXPECT_EQ(finish_named("brand_new"), Finish::other);
  EXPECT_EQ(finish_named(""), Finish::none);
}

TEST(UsageArithmetic, PutsReasoningAndAudioWhereTheTotalSaysTheyAre) {
  auto both = [](UsageFields fields) {
    fields.input_said = fields.output_said = true;
    return fields;
  };
  UsageFields inside = both({.input = 9, .output = 4, .total = 13, .reasoning = 3});
  EXPECT_EQ(usage_of_openai(inside, true)->output_tokens, 4u);
  UsageFields outside = both({.input = 12, .output = 1, .total = 241, .reasoning = 228});
  EXPECT_EQ(usage_of_openai(outside, true)->output_tokens, 229u);
  UsageFields in_total_only = both({.input = 35, .output = 12, .total = 109});
  EXPECT_EQ(usage_of_openai(in_total_only, true)->output_tokens, 74u);
  EXPECT_EQ(usage_of_openai(in_total_only, true)->reasoning_tokens, 62u);
  UsageFields audio = both({.input = 9, .output = 201, .total = 585});
  audio.rare.make().audio_input_tokens = 375;
  EXPECT_EQ(usage_of_openai(audio, true)->input_tokens, 384u);
  EXPECT_EQ(usage_of_openai(audio, true)->output_tokens, 201u);
  UsageFields wrong = both({.input = 10, .output = 10, .total = 5});
  EXPECT_EQ(usage_of_openai(wrong, true)->output_tokens, 10u);
  UsageFields huge = both({.input = limits::tokens_of_a_call_max, .output = 2});
  EXPECT_EQ(usage_of_openai(huge, true)->input_tokens, limits::tokens_of_a_call_max);
  ++huge.input;
  EXPECT_EQ(usage_of_openai(huge, true), std::nullopt);
  EXPECT_EQ(usage_of_anthropic(huge), std::nullopt);
}

// What is beyond the figures that were sent is reasoning only where both of them were; an input
// that was not sent is the rest of the total.
TEST(UsageArithmetic, ATotalBesideOneFigureTellsTheOther) {
  UsageFields read{.input = 5, .total = 9, .input_said = true};
  EXPECT_EQ(usage_of_openai(read, true), (Usage{.input_tokens = 5, .output_tokens = 4}));
  UsageFields written{.output = 7, .total = 18, .output_said = true};
  EXPECT_EQ(usage_of_openai(written, true), (Usage{.input_tokens = 11, .output_tokens = 7}));
  UsageFields alone{.total = 10};
  EXPECT_EQ(usage_of_openai(alone, true), std::nullopt);
}

TEST(UsageArithmetic, WhereNothingIsWrittenAllIsInput) {
  UsageFields alone{.total = 10};
  EXPECT_EQ(usage_of_openai(alone, false), (Usage{.input_tokens = 10}));
  UsageFields embedded{.input = 5, .total = 9, .input_said = true};
  EXPECT_EQ(usage_of_openai(embedded, false), (Usage{.input_tokens = 5}));
}

TEST(AnswerReader, AUsageWithoutItsOutputIsNotAllOfIt) {
  std::string body = R"({"id":"c1","usage":{"prompt_tokens":11}})";
  EXPECT_EQ(read(Operation::chat, body).usage_source, UsageSource::running);
  EXPECT_EQ(read(Operation::embeddings, body).usage_source, UsageSource::final);
  body = R"({"id":"m1","usage":{"input_tokens":11}})";
  EXPECT_EQ(read(Operation::messages, body).usage_source, UsageSource::running);
  EXPECT_EQ(read(Operation::responses, body).usage_source, UsageSource::running);
}

TEST(AnswerReader, AUsageWithoutItsInputSaysSoUnlessATotalTells) {
  std::string body = R"({"id":"c1","usage":{"completion_tokens":7}})";
  EXPECT_EQ(read(Operation::chat, body).usage_source, UsageSource::final);
  EXPECT_FALSE(read(Operation::chat, body).usage.input_known);
  body = R"({"id":"c1","usage":{"completion_tokens":7,"total_tokens":18}})";
  EXPECT_EQ(read(Operation::chat, body).usage_source, UsageSource::final);
  EXPECT_EQ(read(Operation::chat, body).usage.input_tokens, 11u);
  body = R"({"id":"m1","usage":{"output_tokens":11}})";
  EXPECT_FALSE(read(Operation::messages, body).usage.input_known);
}

TEST(AnswerReader, AResponseThatFailedIsAnError) {
  EXPECT_TRUE(
      read(Operation::responses, R"({"id":"r1","status":"failed","error":null})").saw_error);
  EXPECT_FALSE(read(Operation::responses, R"({"id":"r1","status":"completed"})").saw_error);
}

std::string chat_with_usage(std::string_view output) {
  return R"({"id":"c1","usage":{"prompt_tokens":12.0,"completion_tokens":)" + std::string(output) +
         "}}";
}

TEST(AnswerReader, ReadsACountHoweverItIsWritten) {
  AnswerFacts facts = read(Operation::chat, chat_with_usage("1e3"));
  EXPECT_EQ(facts.usage, (Usage{.input_tokens = 12, .output_tokens = 1000}));
  EXPECT_EQ(facts.usage_source, UsageSource::final);
}

TEST(AnswerReader, AFigureThatIsNoCountIsNoUsage) {
  for (std::string_view odd : {"-3", "1.5", "1e30", "1000000000001", "18446744073709551616"}) {
    AnswerFacts facts = read(Operation::chat, chat_with_usage(odd));
    EXPECT_EQ(facts.usage_source, UsageSource::none) << odd;
    EXPECT_EQ(facts.usage, Usage()) << odd;
  }
  AnswerFacts facts = read(Operation::messages,
                           R"({"id":"m","usage":{"input_tokens":1,"output_tokens":2,"iterations":)"
                           R"([{"output_tokens":-1},{"output_tokens":7}]}})");
  EXPECT_EQ(facts.usage_source, UsageSource::none);
}

TEST(AnswerReader, AUsageWithoutAFigureIsNoUsage) {
  for (std::string_view usage :
       {"{}", R"({"queue_time":0.1})", R"({"prompt_tokens":null,"completion_tokens":null})",
        R"({"input_tokens":"7"})", R"({"prompt_tokens_details":{"cached_tokens":0}})",
        R"({"iterations":[]})"}) {
    std::string body = R"({"id":"x","usage":)" + std::string(usage) + "}";
    for (Operation operation : {Operation::chat, Operation::completions, Operation::responses,
                                Operation::embeddings, Operation::messages}) {
      EXPECT_EQ(read(operation, body).usage_source, UsageSource::none) << body;
    }
  }
  AnswerFacts zero = read(Operation::messages, R"({"usage":{"input_tokens":0,"output_tokens":0}})");
  EXPECT_EQ(zero.usage_source, UsageSource::final);  // said, and nothing
}

TEST(AnswerReader, NamesAreReadWithoutTheirEscapes) {
  std::string_view body = R"({"id":"r\u005f1","model":"meta\/llama","output":[]})";
  EXPECT_EQ(read(Operation::responses, body).model, "meta/llama");
  EXPECT_EQ(read(Operation::responses, body).response_id, "r_1");
  std::string most(limits::model_name_bytes_max, 'x');
  std::string cut = R"({"model":")" + most + R"(y"})";
  EXPECT_EQ(read(Operation::chat, cut).model, most);
  std::string escapes = R"({"model":")";
  for (int i = 0; i < 400; ++i) escapes += "\\u0041";
  EXPECT_EQ(read(Operation::chat, escapes + R"("})").model, "");
}

TEST(Operation, NamesGoThereAndBack) {
  for (unsigned i = 0; i < operation_count; ++i) {
    auto operation = static_cast<Operation>(i);
    EXPECT_EQ(operation_named(name_of(operation)), operation);
  }
  EXPECT_EQ(operation_named("chats"), std::nullopt);
  EXPECT_EQ(family_of(Operation::count_tokens), Family::anthropic);
  EXPECT_EQ(family_of(Operation::responses), Family::openai);
}

}  // namespace
}  // namespace recloser::codec
