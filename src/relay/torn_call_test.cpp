// An answer that breaks off in the midst of a call of a tool: the call is dropped, and what came
// before it is gone on with.
#include "codec/continuation/anchor.h"
#include "codec/stream_reader.h"
#include "relay/testing/failing_targets.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using codec::EventKind;
using codec::Operation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view begun = "The old man had fished alone for eighty-four days";
constexpr std::string_view remaining = ", and now he looks.";

std::string event_of(std::string_view name, std::string_view data) {
  return fmt::format("event: {}\ndata: {{\"type\":\"{}\"{}}}\n\n", name, name, data);
}

// How one dialect tells an answer of a text and a call.
struct Grammar {
  std::string_view path;
  Operation operation;
  std::string_view request;
  std::string start;
  std::string (*text)(std::string_view text);  // all of it, with its begin and its end
  std::string (*call)(std::string_view arguments, bool whole);
  std::string end;
  std::string_view error;
};

std::string chat_chunk(std::string_view delta, std::string_view finish = "null") {
  return fmt::format(
      "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":{}}}]}}\n\n",
      delta, finish);
}

const Grammar chat{
    .path = "/v1/chat/completions",
    .operation = Operation::chat,
    .request = R"({"model":"n","stream":true,"max_tokens":100,"stream_options":{"include_usage":)"
               R"(true},"messages":[{"role":"user","content":"tell it"}]})",
    .start = chat_chunk(R"({"role":"assistant","content":""})"),
    .text =
        [](std::string_view text) {
          return chat_chunk(fmt::format(R"({{"content":"{}"}})", text));
        },
    .call =
        [](std::string_view arguments, bool) {
          return chat_chunk(R"({"tool_calls":[{"index":0,"id":"t","type":"function","function":)"
                            R"({"name":"look","arguments":""}}]})") +
                 chat_chunk(fmt::format(
                     R"({{"tool_calls":[{{"index":0,"function":{{"arguments":"{}"}}}}]}})",
                     arguments));
        },
    .end = chat_chunk("{}", "\"tool_calls\"") +
           "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":40,"
           "\"completion_tokens\":9}}\n\ndata: [DONE]\n\n",
    .error = "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n"};

const Grammar messages{
    .path = "/v1/messages",
    .operation = Operation::messages,
    .request = R"({"model":"n","stream":true,"max_tokens":100,"messages":[{"role":"user",)"
               R"("content":"tell it"}]})",
    .start = event_of("message_start",
                      R"(,"message":{"id":"c","type":"message","role":"assistant","model":"m",)"
                      R"("content":[],"usage":{"input_tokens":9,"output_tokens":1}})"),
    .text =
        [](std::string_view text) {
          return event_of("content_block_start",
                          R"(,"index":0,"content_block":{"type":"text","text":""})") +
                 event_of("content_block_delta",
                          fmt::format(R"(,"index":0,"delta":{{"type":"text_delta","text":"{}"}})",
                                      text)) +
                 event_of("content_block_stop", R"(,"index":0)");
        },
    .call =
        [](std::string_view arguments, bool whole) {
          return event_of("content_block_start",
                          R"(,"index":1,"content_block":{"type":"tool_use","id":"t","name":)"
                          R"("look","input":{}})") +
                 event_of("content_block_delta",
                          fmt::format(R"(,"index":1,"delta":{{"type":"input_json_delta",)"
                                      R"("partial_json":"{}"}})",
                                      arguments)) +
                 (whole ? event_of("content_block_stop", R"(,"index":1)") : "");
        },
    .end = event_of("message_delta",
                    R"(,"delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9})") +
           event_of("message_stop", ""),
    .error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
        "\"message\":\"busy\"}}\n\n"};

std::string item_event(std::string_view name, std::string_view more) {
  return event_of(name, fmt::format(R"(,"sequence_number":1{})", more));
}

const Grammar responses{
    .path = "/v1/responses",
    .operation = Operation::responses,
    .request = R"({"model":"n","stream":true,"max_output_tokens":100,"input":"tell it"})",
    .start = item_event("response.created",
                        R"(,"response":{"id":"c","object":"response","created_at":1,"status":)"
                        R"("in_progress","model":"m","output":[]})"),
    .text =
        [](std::string_view text) {
          return item_event("response.output_item.added",
                            R"(,"output_index":0,"item":{"id":"i","type":"message","status":)"
                            R"("in_progress","role":"assistant","content":[]})") +
                 item_event("response.content_part.added",
                            R"(,"item_id":"i","output_index":0,"content_index":0,"part":{"type":)"
                            R"("output_text","text":"","annotations":[]})") +
                 item_event("response.output_text.delta",
                            fmt::format(R"(,"item_id":"i","output_index":0,"content_index":0,)"
                                        R"("delta":"{}")",
                                        text)) +
                 item_event("response.output_text.done",
                            fmt::format(R"(,"item_id":"i","output_index":0,"content_index":0,)"
                                        R"("text":"{}")",
                                        text)) +
                 item_event("response.content_part.done",
                            fmt::format(R"(,"item_id":"i","output_index":0,"content_index":0,)"
                                        R"("part":{{"type":"output_text","text":"{}",)"
                                        R"("annotations":[]}})",
                                        text)) +
                 item_event("response.output_item.done",
                            fmt::format(R"(,"output_index":0,"item":{{"id":"i","type":"message",)"
                                        R"("status":"completed","role":"assistant","content":[{{)"
                                        R"("type":"output_text","text":"{}","annotations":[]}}]}})",
                                        text));
        },
    .call =
        [](std::string_view arguments, bool whole) {
          std::string out =
              item_event("response.output_item.added",
                         R"(,"output_index":1,"item":{"id":"f","type":"function_call","status":)"
                         R"("in_progress","call_id":"t","name":"look","arguments":""})") +
              item_event("response.function_call_arguments.delta",
                         fmt::format(R"(,"item_id":"f","output_index":1,"delta":"{}")", arguments));
          if (!whole) return out;
          return out +
                 item_event("response.function_call_arguments.done",
                            fmt::format(R"(,"item_id":"f","output_index":1,"arguments":"{}")",
                                        arguments)) +
                 item_event("response.output_item.done",
                            fmt::format(R"(,"output_index":1,"item":{{"id":"f","type":)"
                                        R"("function_call","status":"completed","call_id":"t",)"
                                        R"("name":"look","arguments":"{}"}})",
                                        arguments));
        },
    .end = item_event("response.completed",
                      R"(,"response":{"id":"c","object":"response","created_at":1,"status":)"
                      R"("completed","model":"m","output":[],"usage":{"input_tokens":40,)"
                      R"("output_tokens":9,"total_tokens":49}})"),
    .error =
        "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":"
        "\"busy\",\"param\":null,\"sequence_number\":9}\n\n"};

class TornCall : public FailoverTest, public testing::WithParamInterface<const Grammar*> {
 protected:
  void start(std::size_t targets = 2) {
    with_targets(targets);
    model().interrupted = config::Interrupted::go_on;
    for (config::Provider& provider : gateway_.config().providers) {
      provider.prefill = config::Prefill::plain;
    }
    gateway_.start();
    first_ = stream(torn());
    for (Other& other : others_) *other.answer = stream(rest_of_it());
  }
  std::string torn() const {
    return grammar_.start + grammar_.text(begun) + grammar_.call(R"({\"a\":)", false);
  }
  std::string rest_of_it() const {
    return grammar_.start + grammar_.text(as_asked(remaining)) +
           grammar_.call(R"({\"b\":1})", true) + grammar_.end;
  }
  // A response is never asked for by a prefill: its model repeats the last words first.
  std::string as_asked(std::string_view text, std::string_view out = begun) const {
    bool repeats = grammar_.operation == Operation::responses;
    return std::string(repeats ? codec::anchor_of(out) : "") + std::string(text);
  }
  Seen ask() { return gateway_.post(std::string(grammar_.path), std::string(grammar_.request)); }
  struct Heard {
    std::string text;
    std::string arguments;
    int finishes = 0;
    bool error = false;
    bool ended = false;
    std::vector<std::string> begins;  // of Anthropic's blocks, their indexes
  };
  Heard heard(std::string_view body) const {
    Heard out;
    for (std::size_t at = 0; (at = body.find("block_start\",\"index\":", at)) != body.npos; ++at) {
      out.begins.emplace_back(body.substr(at + 21, 1));
    }
    codec::StreamReader reader(grammar_.operation);
    while (std::optional<codec::Event> event = reader.next(body)) {
      if (event->kind == EventKind::text) codec::unescape(out.text, event->text);
      if (event->kind == EventKind::tool_call) codec::unescape(out.arguments, event->text);
      if (event->kind == EventKind::finish) ++out.finishes;
    }
    out.error = reader.facts().saw_error;
    out.ended = reader.ended();
    return out;
  }
  void expect_one_answer(const Seen& seen) {
    Heard out = heard(seen.body);
    EXPECT_EQ(out.text, std::string(begun) + std::string(remaining)) << seen.body;
    EXPECT_EQ(out.arguments, R"({"b":1})") << seen.body;
    EXPECT_EQ(out.finishes, 1);
    EXPECT_FALSE(out.error);
    EXPECT_TRUE(out.ended);
    if (grammar_.operation == Operation::messages) {
      EXPECT_THAT(out.begins, ElementsAre("0", "1", "2")) << seen.body;
    }
    EXPECT_EQ(gateway_.books().back().outcome, ledger::Outcome::completed);
  }
  const Grammar& grammar_ = *GetParam();
};

INSTANTIATE_TEST_SUITE_P(Continuing, TornCall, testing::Values(&chat, &messages, &responses),
                         [](const auto& each) {
                           return std::string(codec::name_of(each.param->operation));
                         });

TEST_P(TornCall, IsDroppedAndTheNextModelMakesItsOwn) {
  start();
  expect_one_answer(ask());
  EXPECT_THAT(others_[0].provider->bodies.back(), HasSubstr(begun));
  EXPECT_THAT(others_[0].provider->bodies.back(), Not(HasSubstr("look")));
}

TEST_P(TornCall, SoIsOneThatAnErrorTore) {
  start();
  first_ = stream(torn() + std::string(grammar_.error));
  expect_one_answer(ask());
  EXPECT_THAT(attempts(),
              ElementsAre("p/one error_in_answer provider_failed", "q/two - completed"));
}

TEST_P(TornCall, AtWhicheverByteItBreaks) {
  start();
  std::string whole = torn();
  std::size_t begin = grammar_.start.size() + grammar_.text(begun).size();
  for (std::size_t part = 1; part <= 8; ++part) {
    after(31s);
    first_ = stream(whole.substr(0, begin + (whole.size() - begin) * part / 8));
    expect_one_answer(ask());
  }
}

TEST_P(TornCall, OfAnAnswerOfNothingElseTheWholeIsAskedForAgain) {
  start();
  first_ = stream(grammar_.start + grammar_.call(R"({\"a\":)", false));
  *others_[0].answer = stream(grammar_.start + grammar_.call(R"({\"b\":1})", true) + grammar_.end);
  Heard out = heard(ask().body);
  EXPECT_EQ(out.arguments, R"({"b":1})");
  EXPECT_TRUE(out.ended);
  EXPECT_FALSE(out.error);
}

TEST_P(TornCall, MayBeTornTwice) {
  start(3);
  *others_[0].answer = stream(grammar_.start + grammar_.text(as_asked(", and")) +
                              grammar_.call(R"({\"c\":)", false));
  *others_[1].answer = stream(
      grammar_.start + grammar_.text(as_asked(" now he looks.", std::string(begun) + ", and")) +
      grammar_.call(R"({\"b\":1})", true) + grammar_.end);
  Heard out = heard(ask().body);
  EXPECT_EQ(out.text, std::string(begun) + std::string(remaining));
  EXPECT_EQ(out.arguments, R"({"b":1})");
  EXPECT_TRUE(out.ended);
}

TEST_P(TornCall, WhereNobodyGoesOnTheClientIsToldAndHasNothingOfIt) {
  start();
  *others_[0].answer = status(500);
  Heard out = heard(ask().body);
  EXPECT_EQ(out.text, begun);
  EXPECT_EQ(out.arguments, "");
  EXPECT_TRUE(out.error);
}

// What was dropped is paid, and its client has not got it.
TEST_P(TornCall, IsNoPartOfWhatWasDelivered) {
  start();
  std::string arguments = R"({\"a\":\")";
  for (int i = 0; i < 40; ++i) arguments += "word ";
  first_ = stream(grammar_.start + grammar_.text(begun) + grammar_.call(arguments, false));
  expect_one_answer(ask());
  ledger::StoredCall row = gateway_.books().back();
  EXPECT_GT(row.output_tokens.value_or(0), 9 + 40);
  EXPECT_LT(row.delivered_tokens.value_or(0), 9 + 20);
  std::string_view limit = others_[0].provider->bodies.back();
  limit.remove_prefix(limit.find("_tokens\":") + 9);
  EXPECT_GT(std::stoi(std::string(limit.substr(0, 3))), 70) << "of 100, ten are out";
}

}  // namespace
}  // namespace recloser::relay
