// Every recorded exchange of these dialects, read in place: our readers against a naive one.
#include "codec/answer_reader.h"
#include "codec/request.h"
#include "codec/testing/event_text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

namespace json = boost::json;

struct Recording {
  std::string name;
  std::string api;
  bool stream = false;
  std::string body;
  std::string request;  // "" when it was not recorded
};

std::filesystem::path shared_folder() {
  const char* set = std::getenv("RECLOSER_SHARED");
  return set == nullptr ? "../shared" : set;
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<Operation> operation_of(const std::string& api) {
  if (api == "chat" || api == "openai-chat") return Operation::chat;
  if (api == "count-tokens") return Operation::count_tokens;
  if (api == "responses-compact") return Operation::responses_compact;
  if (api == "responses-input_tokens") return Operation::responses_input_tokens;
  return operation_named(api);
}

// The recordings of the OpenAI and Anthropic dialects: other dialects are named by their provider.
std::vector<Recording> recordings() {
  std::filesystem::path folder = shared_folder() / "recordings";
  std::ifstream index(folder / "INDEX.tsv");
  std::vector<Recording> found;
  std::string line;
  std::getline(index, line);
  while (std::getline(index, line)) {
    std::istringstream fields(line);
    std::string name, provider, api, framing;
    std::getline(fields, name, '\t');
    std::getline(fields, provider, '\t');
    std::getline(fields, api, '\t');
    std::getline(fields, framing, '\t');
    bool other_dialect = provider == "bedrock" || provider == "cohere" || provider == "vertex" ||
                         (provider == "gemini" && api != "openai-chat") ||
                         (provider == "ollama" && api == "embeddings");
    if (other_dialect || !operation_of(api)) continue;
    json::value document = json::parse(read_all(folder / (name + ".json")));
    const json::object& response = document.at("response").as_object();
    if (response.at("body_encoding").as_string() != "utf8") continue;
    Recording recording{.name = name, .api = api, .stream = framing == "sse"};
    recording.body = response.at("body").as_string();
    if (const json::value* request = document.as_object().if_contains("request")) {
      if (request->is_object() && request->as_object().contains("json")) {
        recording.request = json::serialize(request->at("json"));
      }
    }
    found.push_back(std::move(recording));
  }
  return found;
}

// The naive reader: a whole event at a time, a DOM, the last usage wins.
struct Naive {
  Usage usage;
  bool has_usage = false;
  std::string text;
  std::string reasoning;
  std::uint64_t argument_bytes = 0;
};

std::uint64_t figure(const json::value* at, std::initializer_list<std::string_view> path) {
  for (std::string_view name : path) {
    if (at == nullptr || !at->is_object()) return 0;
    at = at->as_object().if_contains(name);
  }
  if (at == nullptr || !at->is_number()) return 0;
  return at->to_number<std::uint64_t>();
}

Usage openai_usage(const json::value& usage) {
  const json::value* u = &usage;
  auto either = [](std::uint64_t a, std::uint64_t b) { return a != 0 ? a : b; };
  Usage result;
  result.input_tokens = either(figure(u, {"prompt_tokens"}), figure(u, {"input_tokens"}));
  result.output_tokens = either(figure(u, {"completion_tokens"}), figure(u, {"output_tokens"}));
  result.cached_input_tokens =
      either(either(figure(u, {"prompt_tokens_details", "cached_tokens"}),
                    figure(u, {"input_tokens_details", "cached_tokens"})),
             either(figure(u, {"prompt_cache_hit_tokens"}),
                    either(figure(u, {"num_cached_tokens"}), figure(u, {"cached_tokens"}))));
  result.cache_write_tokens = either(figure(u, {"prompt_tokens_details", "cache_write_tokens"}),
                                     figure(u, {"input_tokens_details", "cache_write_tokens"}));
  result.reasoning_tokens = either(figure(u, {"completion_tokens_details", "reasoning_tokens"}),
                                   figure(u, {"output_tokens_details", "reasoning_tokens"}));
  std::uint64_t total = figure(u, {"total_tokens"});
  std::uint64_t sum = result.input_tokens + result.output_tokens;
  std::uint64_t audio = figure(u, {"prompt_tokens_details", "audio_tokens"});
  if (total > sum && total - sum == audio) {
    result.input_tokens += audio;
  } else if (total > sum) {
    result.output_tokens += total - sum;
    if (result.reasoning_tokens == 0) result.reasoning_tokens = total - sum;
  }
  return result;
}

Usage anthropic_usage(json::object merged) {
  Usage result;
  json::array turns;
  if (const json::value* iterations = merged.if_contains("iterations")) {
    turns = iterations->as_array();
  }
  if (turns.empty()) turns.push_back(merged);
  for (const json::value& turn : turns) {
    result.cached_input_tokens += figure(&turn, {"cache_read_input_tokens"});
    result.cache_write_tokens += figure(&turn, {"cache_creation_input_tokens"});
    result.input_tokens += figure(&turn, {"input_tokens"}) +
                           figure(&turn, {"cache_read_input_tokens"}) +
                           figure(&turn, {"cache_creation_input_tokens"});
    result.output_tokens += figure(&turn, {"output_tokens"});
  }
  json::value whole(merged);
  result.reasoning_tokens = figure(&whole, {"output_tokens_details", "thinking_tokens"});
  return result;
}

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
  const json::value* usage = member(chunk, "usage");
  if (usage == nullptr || !usage->is_object()) {
    if (const json::value* groq = member(chunk, "x_groq")) usage = member(*groq, "usage");
  }
  if (usage != nullptr && usage->is_object()) {
    naive.usage = openai_usage(*usage);
    naive.has_usage = true;
  }
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
  const json::value* response = member(event, "response");
  const json::value* usage = response == nullptr ? nullptr : member(*response, "usage");
  if (usage == nullptr || !usage->is_object()) return;
  naive.usage = openai_usage(*usage);
  naive.has_usage = true;
}

void naive_messages(Naive& naive, const json::value& event, json::object& merged) {
  const json::value* usage = member(event, "usage");
  if (const json::value* message = member(event, "message")) usage = member(*message, "usage");
  if (usage != nullptr && usage->is_object()) {
    for (const auto& [key, value] : usage->as_object()) merged[key] = value;
    naive.usage = anthropic_usage(merged);
    naive.has_usage = true;
  }
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
  json::object merged;
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
      naive_messages(naive, event, merged);
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

class Recordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(shared_folder() / "recordings" / "INDEX.tsv")) {
      GTEST_SKIP() << "no recordings at " << shared_folder()
                   << "; set RECLOSER_SHARED to the folder that holds them";
    }
    all_ = recordings();
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
    Operation operation = *operation_of(recording.api);
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
    Operation operation = *operation_of(recording.api);
    testing::Told told = testing::tell_whole(operation, recording.body);
    Naive naive = read_naively(operation, recording.body);
    EXPECT_EQ(told.facts.usage, naive.usage) << told.lines.substr(told.lines.rfind("facts"));
    EXPECT_EQ(told.facts.usage_source != UsageSource::none, naive.has_usage);
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
    Operation operation = *operation_of(recording.api);
    boost::system::error_code bad;
    json::value body = json::parse(recording.body, bad);
    AnswerReader whole(operation);
    whole.feed(recording.body);
    const AnswerFacts& facts = whole.finish();
    EXPECT_EQ(facts.malformed, static_cast<bool>(bad));
    if (bad) continue;
    ++answers;
    const json::value* usage = member(body, "usage");
    Usage expected;
    if (operation == Operation::count_tokens || operation == Operation::responses_input_tokens) {
      expected.input_tokens = figure(&body, {"input_tokens"});
    } else if (usage != nullptr && usage->is_object()) {
      expected = operation == Operation::messages ? anthropic_usage(usage->as_object())
                                                  : openai_usage(*usage);
    }
    EXPECT_EQ(facts.usage, expected);
    bool error = member(body, "error") != nullptr && !member(body, "error")->is_null();
    if (error) {
      EXPECT_TRUE(facts.saw_error);
      EXPECT_FALSE(facts.error_message.empty());
    } else if (usage != nullptr) {
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
    if (recording.request.empty()) continue;
    SCOPED_TRACE(recording.name);
    json::value body = json::parse(recording.request);
    const json::value* model = member(body, "model");
    if (model == nullptr) continue;
    ++requests;
    Operation operation = *operation_of(recording.api);
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
