// Every recorded exchange of these dialects, read in place: our readers against a naive one.
#include "codec/answer_reader.h"
#include "codec/request.h"
#include "codec/testing/event_text.h"
#include "codec/testing/recording.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

namespace json = boost::json;

using recordings::Recording;

// The naive reader of what streams carry: a whole event at a time, a DOM.
struct Naive {
  std::string text;
  std::string reasoning;
  std::uint64_t argument_bytes = 0;
};

const json::value* member(const json::value& of, std::string_view name) {
  return of.is_object() ? of.as_object().if_contains(name) : nullptr;
}

void add_text(std::string& to, const json::value* from) {
  if (from != nullptr && from->is_string()) to += std::string_view(from->as_string());
}

void add_chat_content(Naive& naive, const json::value* content) {
  if (content == nullptr || !content->is_array()) return add_text(naive.text, content);
  for (const json::value& part : content->as_array()) {
    add_text(naive.text, member(part, "text"));
    if (const json::value* thinking = member(part, "thinking"); thinking && thinking->is_array()) {
      for (const json::value& each : thinking->as_array()) {
        add_text(naive.reasoning, member(each, "text"));
      }
    }
  }
}

void naive_chat(Naive& naive, const json::value& chunk, Operation operation) {
  const json::value* choices = member(chunk, "choices");
  if (choices == nullptr || !choices->is_array()) return;
  for (const json::value& choice : choices->as_array()) {
    if (operation == Operation::completions) {
      add_text(naive.text, member(choice, "text"));
      continue;
    }
    const json::value* delta = member(choice, "delta");
    if (delta == nullptr) continue;
    add_chat_content(naive, member(*delta, "content"));
    add_text(naive.text, member(*delta, "refusal"));
    const json::value* reasoning = member(*delta, "reasoning");
    bool empty = reasoning == nullptr || !reasoning->is_string() || reasoning->as_string().empty();
    add_text(naive.reasoning, empty ? member(*delta, "reasoning_content") : reasoning);
    const json::value* calls = member(*delta, "tool_calls");
    if (calls == nullptr || !calls->is_array()) continue;
    for (const json::value& call : calls->as_array()) {
      std::string arguments;
      add_text(arguments, member(call.at("function"), "arguments"));
      naive.argument_bytes += arguments.size();
    }
  }
}

void naive_responses(Naive& naive, const json::value& event) {
  const json::value* type = member(event, "type");
  if (type == nullptr) return;
  std::string_view name = type->as_string();
  if (name == "response.output_text.delta" || name == "response.refusal.delta") {
    add_text(naive.text, member(event, "delta"));
  }
  if (name == "response.reasoning_text.delta" || name == "response.reasoning_summary_text.delta") {
    add_text(naive.reasoning, member(event, "delta"));
  }
  if (name == "response.function_call_arguments.delta" ||
      name == "response.custom_tool_call_input.delta" ||
      name == "response.mcp_call_arguments.delta" ||
      name == "response.code_interpreter_call_code.delta") {
    naive.argument_bytes += event.at("delta").as_string().size();
  }
}

void naive_messages(Naive& naive, const json::value& event) {
  for (std::string_view place : {"delta", "content_block"}) {
    const json::value* at = member(event, place);
    if (at == nullptr) continue;
    const json::value* kind = member(*at, "type");
    bool tool_result = kind != nullptr && kind->is_string() && kind->as_string() != "text" &&
                       place == "content_block";
    if (!tool_result) add_text(naive.text, member(*at, "text"));
    if (place == "delta") {
      add_text(naive.reasoning, member(*at, "thinking"));
      std::string arguments;
      add_text(arguments, member(*at, "partial_json"));
      naive.argument_bytes += arguments.size();
    }
  }
}

Naive read_naively(Operation operation, const std::string& stream) {
  Naive naive;
  std::istringstream lines(stream);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.starts_with("data:")) continue;
    std::string data = line.substr(line.starts_with("data: ") ? 6 : 5);
    if (data == "[DONE]" || data.empty()) continue;
    json::value event = json::parse(data);
    if (operation == Operation::responses) {
      naive_responses(naive, event);
    } else if (operation == Operation::messages) {
      naive_messages(naive, event);
    } else {
      naive_chat(naive, event, operation);
    }
  }
  return naive;
}

// `./test --long` reads every stream from its start for every split; it takes minutes without
// optimisation.
bool long_run() { return std::getenv("RECLOSER_TEST_LONG") != nullptr; }

void expect_split(Operation operation, std::string_view stream, const testing::Told& whole,
                  std::size_t at) {
  testing::Told split = testing::tell_split(operation, stream, at);
  ASSERT_EQ(split.lines, whole.lines) << "cut at " << at;
  ASSERT_EQ(split.shown, whole.shown) << "cut at " << at;
}

// Every split too, but each within the event it cuts and the one after it: a reader between two
// events holds nothing of the first.
void expect_splits_near_events(Operation operation, std::string_view stream) {
  std::vector<std::uint64_t> borders{0};
  StreamReader reader(operation);
  std::string_view rest = stream;
  while (std::optional<Event> event = reader.next(rest)) {
    if (event->last_of_frame) borders.push_back(event->range.end);
  }
  borders.push_back(stream.size());
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    std::size_t from = borders[i];
    std::size_t to = borders[std::min(i + 2, borders.size() - 1)];
    std::string_view window = stream.substr(from, to - from);
    testing::Told whole = testing::tell_whole(operation, window);
    for (std::uint64_t at = borders[i]; at < borders[i + 1]; ++at) {
      expect_split(operation, window, whole, at - from);
    }
  }
}

// The tokens of it; what else is charged is compared by its price (tests/prices).
Usage tokens_of(Usage usage) {
  usage.rare.reset();
  usage.tier = ServiceTier::standard;
  return usage;
}

class Recordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (recordings::folder().empty()) {
      GTEST_SKIP() << "no recordings at $RECLOSER_SHARED/recordings, nor at ../shared/recordings";
    }
    all_ = recordings::load(recordings::folder());
    ASSERT_GT(all_.size(), 150u);
  }
  std::vector<Recording> all_;
};

TEST_F(Recordings, StreamsSayTheSameAtEverySplit) {
  constexpr std::size_t every_split_bytes_max = 32u << 10;
  std::size_t streams = 0;
  for (const Recording& recording : all_) {
    if (!recording.stream) continue;
    ++streams;
    SCOPED_TRACE(recording.name);
    Operation operation = recording.operation;
    const std::string& stream = recording.body;
    testing::Told whole = testing::tell_whole(operation, stream);
    testing::Told bytes = testing::tell_bytes(operation, stream);
    ASSERT_EQ(bytes.lines, whole.lines);
    ASSERT_EQ(bytes.shown, whole.shown);
    if (stream.size() > every_split_bytes_max) continue;
    if (long_run()) {
      for (std::size_t at = 1; at < stream.size(); ++at) expect_split(operation, stream, whole, at);
    } else {
      expect_splits_near_events(operation, stream);
    }
  }
  EXPECT_GT(streams, 90u);
}

TEST_F(Recordings, StreamsGiveTheRecordedUsageAndText) {
  for (const Recording& recording : all_) {
    if (!recording.stream) continue;
    SCOPED_TRACE(recording.name);
    Operation operation = recording.operation;
    testing::Told told = testing::tell_whole(operation, recording.body);
    Naive naive = read_naively(operation, recording.body);
    std::optional<Usage> usage = recordings::recorded_usage(recording);
    EXPECT_EQ(tokens_of(told.facts.usage), usage.value_or(Usage{}))
        << told.lines.substr(told.lines.rfind("facts"));
    EXPECT_EQ(told.facts.usage_source != UsageSource::none, usage.has_value());
    EXPECT_EQ(told.facts.text_bytes, naive.text.size());
    EXPECT_EQ(told.facts.reasoning_bytes, naive.reasoning.size());
    EXPECT_EQ(told.facts.argument_bytes, naive.argument_bytes);
    EXPECT_EQ(told.facts.malformed, 0u);
    EXPECT_FALSE(told.facts.model.empty());
  }
}

TEST_F(Recordings, AnswersGiveTheRecordedUsage) {
  std::size_t answers = 0;
  for (const Recording& recording : all_) {
    if (recording.stream) continue;
    SCOPED_TRACE(recording.name);
    Operation operation = recording.operation;
    boost::system::error_code bad;
    json::value body = json::parse(recording.body, bad);
    AnswerReader whole(operation);
    whole.feed(recording.body);
    const AnswerFacts& facts = whole.finish();
    EXPECT_EQ(facts.malformed, static_cast<bool>(bad));
    if (bad) continue;
    ++answers;
    std::optional<Usage> usage = recordings::recorded_usage(recording);
    EXPECT_EQ(tokens_of(facts.usage), usage.value_or(Usage{}));
    bool error = member(body, "error") != nullptr && !member(body, "error")->is_null();
    if (error) {
      EXPECT_TRUE(facts.saw_error);
      EXPECT_FALSE(facts.error_message.empty());
    } else if (usage) {
      EXPECT_FALSE(facts.saw_error);
    }

    AnswerReader bytes(operation);
    for (char byte : recording.body) bytes.feed(std::string_view(&byte, 1));
    EXPECT_EQ(bytes.finish().usage, facts.usage);
    EXPECT_EQ(bytes.facts().finish, facts.finish);
    EXPECT_EQ(bytes.facts().text_bytes, facts.text_bytes);
    EXPECT_EQ(bytes.facts().error_message, facts.error_message);
    EXPECT_EQ(bytes.facts().model, facts.model);
  }
  EXPECT_GT(answers, 60u);
}

TEST_F(Recordings, RequestsGiveTheirModelAndStream) {
  std::size_t requests = 0;
  for (const Recording& recording : all_) {
    SCOPED_TRACE(recording.name);
    json::value body = json::parse(recording.request);
    const json::value* model = member(body, "model");
    if (model == nullptr) continue;
    ++requests;
    Operation operation = recording.operation;
    RequestReader whole(operation);
    ASSERT_TRUE(whole.feed(recording.request));
    Result<RequestFacts> facts = whole.finish();
    ASSERT_TRUE(facts) << facts.error().message();
    EXPECT_EQ(facts->model, std::string_view(model->as_string()));
    const json::value* stream = member(body, "stream");
    EXPECT_EQ(facts->streams(), stream != nullptr && stream->is_bool() && stream->as_bool());
    const json::value* tools = member(body, "tools");
    if (tools == nullptr) tools = member(body, "functions");
    EXPECT_EQ(facts->tools, tools == nullptr ? 0 : tools->as_array().size());
  }
  EXPECT_GT(requests, 100u);
}

}  // namespace
}  // namespace recloser::codec
