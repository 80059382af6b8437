// A stream breaks off, and another target goes on with it: one answer for the client, two attempts
// in the books.
#include "codec/stream_reader.h"
#include "core/json_writer.h"
#include "relay/testing/failing_targets.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using codec::Operation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view begun =
    "The old man had fished for eighty-four days without taking a fish when the boy";
constexpr std::string_view remaining = " left him for another boat.";

// What a client reads of a stream.
struct Told {
  std::string text;
  std::string ids;  // of its answers
  int finishes = 0;
  bool done = false;
  bool error = false;
  codec::Usage usage;
};

Told told(Operation operation, std::string_view body) {
  Told out;
  codec::StreamReader reader(operation);
  auto see = [&](const codec::Event& event) {
    if (event.kind == codec::EventKind::text) codec::unescape(out.text, event.text);
    bool well = event.finish != codec::Finish::failed;
    if (event.kind == codec::EventKind::finish && well) ++out.finishes;
  };
  while (std::optional<codec::Event> event = reader.next(body)) see(*event);
  while (std::optional<codec::Event> event = reader.finish()) see(*event);
  out.done = reader.facts().saw_done;
  out.error = reader.facts().saw_error;
  out.ids = reader.facts().response_id;
  out.usage = reader.facts().usage;
  return out;
}

std::string in_json(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

// How one dialect says things.
struct Grammar {
  std::string_view path;
  Operation operation;
  std::string_view request;
  std::string (*start)(std::string_view id);
  std::string (*text)(std::string_view text);
  std::string (*end)(int input, int output);
  std::string_view error;
};

std::string chat_chunk(std::string_view id, std::string_view delta, std::string_view more) {
  return fmt::format(
      "data: {{\"id\":\"{}\",\"model\":\"m-{}\",\"choices\":[{{\"index\":0,\"delta\":{},"
      "\"finish_reason\":{}}}]}}\n\n",
      id, id, delta, more);
}

const Grammar chat{
    .path = "/v1/chat/completions",
    .operation = Operation::chat,
    .request = R"({"model":"n","stream":true,"max_tokens":100,"stream_options":{"include_usage":)"
               R"(true},"messages":[{"role":"user","content":"tell it"}]})",
    .start =
        [](std::string_view id) {
          return chat_chunk(id, R"({"role":"assistant","content":""})", "null");
        },
    .text =
        [](std::string_view text) {
          return chat_chunk("x", R"({"content":")" + in_json(text) + "\"}", "null");
        },
    .end =
        [](int input, int output) {
          return chat_chunk("x", "{}", "\"stop\"") +
                 fmt::format(
                     "data: {{\"id\":\"x\",\"choices\":[],\"usage\":{{\"prompt_tokens\":{},"
                     "\"completion_tokens\":{},\"total_tokens\":{}}}}}\n\ndata: [DONE]\n\n",
                     input, output, input + output);
        },
    .error = "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n"};

std::string event_of(std::string_view name, std::string_view data) {
  return fmt::format("event: {}\ndata: {{\"type\":\"{}\"{}}}\n\n", name, name, data);
}

const Grammar messages{
    .path = "/v1/messages",
    .operation = Operation::messages,
    .request = R"({"model":"n","stream":true,"max_tokens":100,"messages":[{"role":"user",)"
               R"("content":"tell it"}]})",
    .start =
        [](std::string_view id) {
          return event_of(
                     "message_start",
                     fmt::format(R"(,"message":{{"id":"{}","type":"message","role":"assistant",)"
                                 R"("model":"m-{}","content":[],"usage":{{"input_tokens":9,)"
                                 R"("output_tokens":1}}}})",
                                 id, id)) +
                 event_of("content_block_start",
                          R"(,"index":0,"content_block":{"type":"text","text":""})");
        },
    .text =
        [](std::string_view text) {
          return event_of(
              "content_block_delta",
              R"(,"index":0,"delta":{"type":"text_delta","text":")" + in_json(text) + "\"}");
        },
    .end =
        [](int, int output) {
          return event_of("content_block_stop", R"(,"index":0)") +
                 event_of("message_delta",
                          fmt::format(R"(,"delta":{{"stop_reason":"end_turn"}},"usage":{{)"
                                      R"("output_tokens":{}}})",
                                      output)) +
                 event_of("message_stop", "");
        },
    .error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
        "\"message\":\"busy\"}}\n\n"};

std::string response_event(std::string_view name, std::string_view more) {
  return fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":1{}}}\n\n", name, name,
                     more);
}

const Grammar responses{
    .path = "/v1/responses",
    .operation = Operation::responses,
    .request = R"({"model":"n","stream":true,"max_output_tokens":100,"input":"tell it"})",
    .start =
        [](std::string_view id) {
          return response_event(
                     "response.created",
                     fmt::format(R"(,"response":{{"id":"{}","object":"response",)"
                                 R"("created_at":1,"status":"in_progress","model":"m-{}",)"
                                 R"("output":[]}})",
                                 id, id)) +
                 response_event("response.output_item.added",
                                R"(,"output_index":0,"item":{"id":"i","type":"message","status":)"
                                R"("in_progress","role":"assistant","content":[]})") +
                 response_event(
                     "response.content_part.added",
                     R"(,"item_id":"i","output_index":0,"content_index":0,"part":{"type":)"
                     R"("output_text","text":"","annotations":[]})");
        },
    .text =
        [](std::string_view text) {
          return response_event("response.output_text.delta",
                                R"(,"item_id":"i","output_index":0,"content_index":0,"delta":")" +
                                    in_json(text) + "\"");
        },
    .end =
        [](int input, int output) {
          return response_event("response.output_text.done",
                                R"(,"item_id":"i","output_index":0,"content_index":0,"text":"x")") +
                 response_event(
                     "response.content_part.done",
                     R"(,"item_id":"i","output_index":0,"content_index":0,"part":{"type":)"
                     R"("output_text","text":"x","annotations":[]})") +
                 response_event(
                     "response.output_item.done",
                     R"(,"output_index":0,"item":{"id":"i","type":"message","status":)"
                     R"("completed","role":"assistant","content":[{"type":"output_text",)"
                     R"("text":"x","annotations":[]}]})") +
                 response_event(
                     "response.completed",
                     fmt::format(
                         R"(,"response":{{"id":"second","object":"response","created_at":1,)"
                         R"("status":"completed","model":"m","output":[{{"id":"i","type":)"
                         R"("message","status":"completed","role":"assistant","content":[{{)"
                         R"("type":"output_text","text":"x","annotations":[]}}]}}],"usage":{{)"
                         R"("input_tokens":{},"output_tokens":{},"total_tokens":{}}}}})",
                         input, output, input + output));
        },
    .error =
        "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":"
        "\"busy\",\"param\":null,\"sequence_number\":9}\n\n"};

class SwitchingTest : public FailoverTest {
 protected:
  void with_continuation(std::size_t count) {
    with_targets(count);
    model().interrupted = config::Interrupted::go_on;
    for (config::Provider& provider : gateway_.config().providers) {
      provider.prefill = config::Prefill::plain;
    }
    gateway_.start();
  }
  Seen ask(const Grammar& grammar, std::string fields = {}) {
    return gateway_.post(std::string(grammar.path), std::string(grammar.request),
                         std::move(fields));
  }
  const std::string& asked_last(std::size_t other) {
    return others_[other].provider->bodies.back();
  }
  ledger::StoredCall row() { return gateway_.books().back(); }

  static std::string broken(const Grammar& grammar, std::string_view text = begun) {
    return grammar.start("first") + grammar.text(text);
  }
  // The rest as a model tells it that was asked to go on from `out`.
  static std::string rest_of(const Grammar& grammar, std::string_view text = remaining,
                             std::string_view out = begun) {
    return grammar.start("second") + grammar.text(as_asked(grammar, text, out)) +
           grammar.end(40, 7);
  }
  // A response is never asked for by a prefill: its model repeats the last words first.
  static std::string as_asked(const Grammar& grammar, std::string_view text,
                              std::string_view out = begun) {
    bool repeats = grammar.operation == Operation::responses;
    return (repeats ? last_words(out) : "") + std::string(text);
  }
  static std::string last_words(std::string_view out = begun) {
    return std::string(out.substr(out.rfind("without taking a fish")));
  }
};

class EachDialect : public SwitchingTest, public testing::WithParamInterface<const Grammar*> {
 protected:
  const Grammar& grammar_ = *GetParam();

  void expect_one_answer(const Seen& seen) {
    Told heard = told(grammar_.operation, seen.body);
    EXPECT_EQ(heard.text, std::string(begun) + std::string(remaining)) << seen.body;
    EXPECT_EQ(heard.ids, "first");
    EXPECT_EQ(heard.finishes, 1);
    EXPECT_TRUE(heard.done);
    EXPECT_FALSE(heard.error);
    EXPECT_THAT(seen.body, Not(HasSubstr("second")));
    EXPECT_THAT(seen.body, Not(HasSubstr("busy")));
    EXPECT_EQ(row().outcome, ledger::Outcome::completed);
    EXPECT_EQ(row().status, 200);
  }
};

INSTANTIATE_TEST_SUITE_P(Switching, EachDialect, testing::Values(&chat, &messages, &responses),
                         [](const auto& each) {
                           return std::string(codec::name_of(each.param->operation));
                         });

TEST_P(EachDialect, AStreamThatBreaksOffIsGoneOnWith) {
  with_continuation(2);
  first_ = stream(broken(grammar_));
  *others_[0].answer = stream(rest_of(grammar_));
  Seen seen = ask(grammar_);
  expect_one_answer(seen);
  EXPECT_THAT(seen.head, HasSubstr("x-recloser-target: p/one\n"));
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed", "q/two - completed"));
  EXPECT_THAT(asked_last(0), HasSubstr(R"({"role":"assistant","content":")" + std::string(begun)));
  EXPECT_THAT(asked_last(0), HasSubstr(R"("model":"two")"));
}

TEST_P(EachDialect, SoIsOneWhoseProviderTellsAnError) {
  with_continuation(2);
  first_ = stream(broken(grammar_) + std::string(grammar_.error));
  *others_[0].answer = stream(rest_of(grammar_));
  expect_one_answer(ask(grammar_));
  EXPECT_THAT(attempts(),
              ElementsAre("p/one error_in_answer provider_failed", "q/two - completed"));
}

TEST_P(EachDialect, AndOneThatFallsSilent) {
  with_continuation(2);
  first_ = {.bytes = events_head() + broken(grammar_), .stays_open = 1h};
  *others_[0].answer = stream(rest_of(grammar_));
  Seen seen = ask(grammar_);
  Told heard = told(grammar_.operation, seen.body);
  EXPECT_EQ(heard.text, std::string(begun) + std::string(remaining)) << seen.body;
  EXPECT_THAT(attempts(), ElementsAre("p/one timeout provider_failed", "q/two - completed"));
}

// Half an event is with no client: it is dropped.
TEST_P(EachDialect, AtWhicheverByteItBreaks) {
  with_continuation(2);
  *others_[0].answer = stream(rest_of(grammar_));
  std::string whole = broken(grammar_) + grammar_.text(" li");
  std::size_t kept = broken(grammar_).size();
  // Few enough for the target to stay in use.
  for (std::size_t at : {kept + 1, kept + 9, (kept + whole.size()) / 2, whole.size() - 1}) {
    after(11s);  // so that no budget of retries is used up
    first_ = stream(whole.substr(0, at));
    expect_one_answer(ask(grammar_));
  }
}

TEST_P(EachDialect, TheClientIsToldTheSumAndTheBooksHaveBoth) {
  with_continuation(2);
  first_ = stream(broken(grammar_));
  *others_[0].answer = stream(rest_of(grammar_));
  Told heard = told(grammar_.operation, ask(grammar_).body);
  EXPECT_EQ(heard.usage.output_tokens, row().output_tokens);
  EXPECT_GT(row().output_tokens, 7 + 12);
  EXPECT_GT(row().input_tokens, 9);
  EXPECT_EQ(row().delivered_tokens, row().output_tokens);
  EXPECT_EQ(row().tokens_source, ledger::TokensSource::estimated);
}

TEST_P(EachDialect, WhoDoesNotFitIsAnErrorThatNamesTheFirstCause) {
  with_continuation(2);
  first_ = stream(broken(grammar_));
  *others_[0].answer = stream(rest_of(grammar_, "ish fellow left him."));
  Seen seen = ask(grammar_);
  Told heard = told(grammar_.operation, seen.body);
  EXPECT_EQ(heard.text, begun);
  EXPECT_TRUE(heard.error);
  EXPECT_EQ(heard.finishes, 0);
  EXPECT_THAT(seen.body, HasSubstr("provider p ended the stream before its answer was complete"));
  EXPECT_THAT(attempts(),
              ElementsAre("p/one closed provider_failed", "q/two misfit provider_failed"));
  EXPECT_EQ(row().outcome, ledger::Outcome::provider_failed);
}

TEST_P(EachDialect, AThirdTargetMayGoOn) {
  with_continuation(3);
  first_ = stream(broken(grammar_));
  *others_[0].answer =
      stream(grammar_.start("second") + grammar_.text(as_asked(grammar_, " left him")));
  std::string more = std::string(begun) + " left him";
  *others_[1].answer = stream(rest_of(grammar_, " for another boat.", more));
  expect_one_answer(ask(grammar_));
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed",
                                      "q/two closed provider_failed", "r/three - completed"));
  EXPECT_THAT(asked_last(1), HasSubstr(std::string(begun) + " left him\""));
}

TEST_P(EachDialect, WhoRefusesHidesNoCause) {
  with_continuation(2);
  first_ = stream(broken(grammar_));
  *others_[0].answer = status(400, "", R"({"error":{"message":"no prefill"}})");
  Seen seen = ask(grammar_);
  EXPECT_TRUE(told(grammar_.operation, seen.body).error);
  EXPECT_THAT(seen.body, HasSubstr("provider p ended the stream"));
  EXPECT_THAT(seen.body, Not(HasSubstr("no prefill")));
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed",
                                      "q/two request_rejected provider_failed"));
}

TEST_P(EachDialect, WhoIsAskedByInstructionShowsWhereItGoesOn) {
  with_targets(2);
  gateway_.config().providers[1].prefill = config::Prefill::none;
  model().interrupted = config::Interrupted::go_on;
  gateway_.start();
  first_ = stream(broken(grammar_));
  *others_[0].answer =
      stream(grammar_.start("second") + grammar_.text(last_words() + std::string(remaining)) +
             grammar_.end(40, 7));
  expect_one_answer(ask(grammar_));
  EXPECT_THAT(asked_last(0), HasSubstr("<last_words>"));
}

TEST_P(EachDialect, TheLimitOfTheClientHoldsOverBoth) {
  with_continuation(2);
  first_ = stream(broken(grammar_));
  *others_[0].answer = stream(rest_of(grammar_));
  ask(grammar_);
  // About 18 tokens are out, and 64 may be the last words again.
  EXPECT_THAT(asked_last(0), Not(HasSubstr(R"(_tokens":100)")));
  bool repeats = grammar_.operation == Operation::responses;
  EXPECT_THAT(asked_last(0), HasSubstr(repeats ? R"(_tokens":14)" : R"(_tokens":8)"));
}

TEST_P(EachDialect, AnAnswerThatIsNoStreamIsNone) {
  with_continuation(2);
  first_ = stream(broken(grammar_));
  *others_[0].answer = json("{}");
  Seen seen = ask(grammar_);
  EXPECT_TRUE(told(grammar_.operation, seen.body).error);
  EXPECT_THAT(attempts(),
              ElementsAre("p/one closed provider_failed", "q/two not_an_api provider_failed"));
}

TEST_F(SwitchingTest, WithNobodyElseTheClientIsTold) {
  with_continuation(1);
  first_ = stream(broken(chat));
  Seen seen = ask(chat);
  EXPECT_THAT(seen.body, StartsWith(broken(chat)));
  EXPECT_TRUE(told(Operation::chat, seen.body).error);
  EXPECT_EQ(attempts().size(), 1u);
}

TEST_F(SwitchingTest, ACallOfAToolThatItsClientHasIsNeverGoneOnWith) {
  with_continuation(2);
  std::string two = chat_chunk(
      "first", R"({"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]})",
      "null");
  two += chat_chunk(
      "first",
      R"({"tool_calls":[{"index":1,"id":"u","function":{"name":"f","arguments":"{\"a\":"}}]})",
      "null");
  first_ = stream(broken(chat) + two);
  *others_[0].answer = stream(rest_of(chat));
  Seen seen = ask(chat);
  EXPECT_TRUE(told(Operation::chat, seen.body).error);
  EXPECT_EQ(asked(1), 0u);
  EXPECT_EQ(attempts().size(), 1u);
}

TEST_F(SwitchingTest, NorIsJson) {
  with_continuation(2);
  first_ = stream(broken(chat, R"({"name": "Santiago", "age)"));
  Seen seen = ask(chat);
  EXPECT_TRUE(told(Operation::chat, seen.body).error);
  EXPECT_EQ(asked(1), 0u);
}

TEST_F(SwitchingTest, UnlessAskedForNothingIsGoneOnWith) {
  with_targets(2);
  gateway_.start();
  first_ = stream(broken(chat) + std::string(chat.error));
  Seen seen = ask(chat);
  EXPECT_THAT(seen.body, HasSubstr("busy")) << "as its provider said it";
  EXPECT_EQ(asked(1), 0u);
}

TEST_F(SwitchingTest, AnErrorThatNobodyCanMendIsToldAsItCame) {
  with_continuation(1);
  first_ = stream(broken(chat) + std::string(chat.error));
  EXPECT_THAT(ask(chat).body, HasSubstr("\"message\":\"busy\""));
}

// The events of a stream, as a model of that name tells them.
std::string as_of(std::string_view model, std::string events) {
  constexpr std::string_view before = R"("model":")";
  for (std::size_t at = 0; (at = events.find(before, at)) != std::string::npos;) {
    at += before.size();
    events.replace(at, events.find('"', at) - at, model);
  }
  return events;
}

// The answer so far is part of the prompt, and both are paid for. What answered is what is paid
// for: what the first one said of itself is not said of the second.
TEST_F(SwitchingTest, EachAttemptHasItsOwnPrice) {
  with_targets(2);
  model().interrupted = config::Interrupted::go_on;
  model().targets[0].model = "sim-fast";
  model().targets[1].model = "sim-smart";
  gateway_.start();
  first_ = stream(as_of("sim-fast", broken(chat)));
  *others_[0].answer = stream(as_of("sim-smart", rest_of(chat)));
  ask(chat);
  EXPECT_EQ(row().provider, "q");
  EXPECT_EQ(row().model_served, "sim-smart");
  std::int64_t input = row().input_tokens.value_or(0) - 40;
  std::int64_t output = row().output_tokens.value_or(0) - 7;
  EXPECT_EQ(row().cost_nano_usd, input * 150 + output * 600 + 40 * 2'500 + 7 * 10'000);
}

// What it says next follows from nothing, so there are no last words to be repeated.
TEST_F(SwitchingTest, ASimulatedModelGoesOnFromAnyText) {
  with_targets(2);
  model().interrupted = config::Interrupted::go_on;
  gateway_.start();
  first_ = stream(broken(chat));
  *others_[0].answer = stream(rest_of(chat));
  EXPECT_EQ(told(Operation::chat, ask(chat).body).text,
            std::string(begun) + std::string(remaining));
}

// What a client has of a budget holds over both.
TEST_F(SwitchingTest, ABudgetCutsTheSecondStreamWhereTheFirstOneWouldHaveBeenCut) {
  with_continuation(2);
  budget::Budget budget;
  budget.name = "b";
  budget.unit = budget::Unit::output_tokens;
  budget.limit = 21;
  budget.reserve = budget::Reserve::elastic;
  std::vector<std::shared_ptr<const budget::Budget>> all{
      std::make_shared<const budget::Budget>(budget)};
  gateway_.budgets().configure(std::move(all));
  first_ = stream(broken(chat));
  *others_[0].answer = stream(chat.start("second") + chat.text(" left him") +
                              chat.text(" for another boat and for good") + chat.end(40, 9));
  Told heard = told(Operation::chat, ask(chat).body);
  EXPECT_THAT(heard.text, StartsWith(std::string(begun) + " left"));
  EXPECT_THAT(heard.text, Not(HasSubstr("good")));
  EXPECT_THAT(heard.text, HasSubstr("the budget b of 21 output tokens is spent"));
  EXPECT_EQ(row().outcome, ledger::Outcome::cut);
  EXPECT_LE(row().delivered_tokens, 21);
}

TEST_F(SwitchingTest, ABudgetThatIsSpentLetsNobodyGoOn) {
  with_continuation(2);
  budget::Budget budget;
  budget.name = "b";
  budget.unit = budget::Unit::calls;
  budget.limit = 1;
  budget.reserve = budget::Reserve::clamp;
  std::vector<std::shared_ptr<const budget::Budget>> all{
      std::make_shared<const budget::Budget>(budget)};
  std::vector<budget::Live*> lives = gateway_.budgets().configure(std::move(all));
  first_ = stream(broken(chat));
  *others_[0].answer = stream(rest_of(chat));
  Told heard = told(Operation::chat, ask(chat).body);
  EXPECT_EQ(heard.text, std::string(begun) + std::string(remaining)) << "one call at a time";
  EXPECT_EQ(row().outcome, ledger::Outcome::completed);
}

class RestartTest : public SwitchingTest {
 protected:
  void with_restart() {
    with_targets(2);
    model().interrupted = config::Interrupted::restart;
    gateway_.start();
    first_ = stream(broken(chat, R"({"name": "Santi)"));
    *others_[0].answer =
        stream(chat.start("second") + chat.text(R"({"name": "Manolin"})") + chat.end(40, 7));
  }
};

TEST_F(RestartTest, WhoAskedForItGetsAnotherAnswerFromItsBegin) {
  with_restart();
  Seen seen = ask(chat, "x-recloser-restart: allow\r\n");
  EXPECT_THAT(seen.body, StartsWith(broken(chat, R"({"name": "Santi)") +
                                    "event: recloser.restart\ndata: {\"type\":"));
  EXPECT_THAT(seen.body, HasSubstr(chat.start("second") + chat.text(R"({"name": "Manolin"})")));
  EXPECT_THAT(seen.body, testing::EndsWith(chat.end(40, 7)));
  EXPECT_THAT(asked_last(0), Not(HasSubstr("Santi")));
  EXPECT_THAT(attempts(), ElementsAre("p/one closed provider_failed", "q/two - completed"));
  EXPECT_GT(row().output_tokens, 7);
  EXPECT_GT(row().input_tokens, 40);
}

TEST_F(RestartTest, AndNobodyElseDoes) {
  with_restart();
  for (std::string fields : {"", "x-recloser-restart: yes\r\n"}) {
    Seen seen = ask(chat, fields);
    EXPECT_TRUE(told(Operation::chat, seen.body).error);
    EXPECT_EQ(asked(1), 0u);
  }
}

// The target that answers is drained at once, while its stream is silent.
class DrainedNow : public EachDialect {
 protected:
  Seen drain_in_midstream() {
    first_ = {.bytes = events_head() + broken(grammar_), .stays_open = 1h};
    *others_[0].answer = stream(rest_of(grammar_));
    Seen seen;
    net::TestLoop& loop = gateway_.loop();
    loop.worker().tasks().spawn("drain", drain(*this));
    return ask(grammar_);
  }
  static Task<void> drain(DrainedNow& test) {
    net::Worker& worker = test.gateway_.loop().worker();
    co_await worker.sleep_until(worker.now() + 1s);
    test.gateway_.health().drain("p/one", true);
    test.left_ = test.gateway_.relay().leave("p/one");
  }
  LeftTarget left_;
};

INSTANTIATE_TEST_SUITE_P(Switching, DrainedNow, testing::Values(&chat, &messages, &responses),
                         [](const auto& each) {
                           return std::string(codec::name_of(each.param->operation));
                         });

TEST_P(DrainedNow, AnAnswerGoesOnElsewhere) {
  with_continuation(2);
  expect_one_answer(drain_in_midstream());
  EXPECT_EQ(left_.switched, 1u);
  EXPECT_EQ(left_.staying, 0u);
  EXPECT_THAT(attempts(), ElementsAre("p/one drained cut", "q/two - completed"));
  EXPECT_EQ(standing("p/one").state, route::State::passing);
}

TEST_P(DrainedNow, OrToItsEndWhereThereIsNobody) {
  with_continuation(1);
  others_.reserve(1);
  first_ = {.bytes = events_head() + broken(grammar_), .stays_open = 1h};
  net::TestLoop& loop = gateway_.loop();
  loop.worker().tasks().spawn("drain", drain(*this));
  ask(grammar_);
  EXPECT_EQ(left_.switched, 0u);
  EXPECT_EQ(left_.staying, 1u);
  EXPECT_THAT(attempts(), ElementsAre("p/one timeout provider_failed"));
}

}  // namespace
}  // namespace recloser::relay
