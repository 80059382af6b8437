// Recorded streams, assembled: what our reader of whole answers finds in them is what our reader of
// streams found, and they have the members that recorded whole answers have.
#include "codec/answer_reader.h"
#include "codec/testing/assembly.h"
#include "codec/testing/event_text.h"
#include "codec/testing/recording.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

namespace json = boost::json;

using recordings::Recording;

// What bad proxies have made of a stream (shared/recordings/README.md).
bool is_spliced(const Recording& recording) {
  return recording.name.contains("duplicate-message-start") ||
         recording.name.contains("spliced-message-start");
}

std::set<std::string> members_of(const json::value& of) {
  std::set<std::string> names;
  if (!of.is_object()) return names;
  for (const auto& [name, value] : of.as_object()) names.insert(name);
  return names;
}

void keep_common(std::optional<std::set<std::string>>& common, std::set<std::string> names) {
  if (!common) {
    common = std::move(names);
    return;
  }
  std::erase_if(*common, [&](const std::string& name) { return !names.contains(name); });
}

const json::value* message_of(const json::value& answer) {
  const json::value* choices = answer.as_object().if_contains("choices");
  if (choices == nullptr || choices->as_array().empty()) return nullptr;
  return choices->as_array()[0].as_object().if_contains("message");
}

// Of one provider, dialect and model.
std::string series_of(const Recording& recording, const json::value& answer) {
  const json::value* model = answer.as_object().if_contains("model");
  return recording.name.substr(0, recording.name.find('-') + 1) +
         std::string(name_of(recording.operation)) + (model ? json::serialize(*model) : "");
}

// The last event of Responses holds the answer: it has what its provider puts there.
bool is_put_together(Operation operation) {
  return can_stream(operation) && operation != Operation::responses;
}

// What providers put into whole answers alone (mostly as null), or what hangs on the answer.
bool no_event_tells(std::string_view name) {
  constexpr std::string_view names[] = {
      "annotations",        "prompt",          "refusal",          "tool_calls",   "function_call",
      "stop_details",       "usage_breakdown", "x_groq",           "service_tier", "reasoning",
      "system_fingerprint", "audio",           "reasoning_content"};
  return std::ranges::find(names, name) != std::end(names);
}

class AssembledRecordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (recordings::folder().empty()) {
      GTEST_SKIP() << "no recordings at $RECLOSER_SHARED/recordings, nor at ../shared/recordings";
    }
    all_ = recordings::load(recordings::folder());
  }
  std::vector<Recording> all_;
};

TEST_F(AssembledRecordings, SayWhatTheStreamSaid) {
  std::size_t streams = 0;
  for (const Recording& recording : all_) {
    if (!recording.stream || recording.status != 200 || is_spliced(recording)) continue;
    SCOPED_TRACE(recording.name);
    testing::Told told = testing::tell_whole(recording.operation, recording.body);
    std::string answer = testing::assemble(recording.operation, recording.body);
    EXPECT_EQ(testing::assemble_bytes(recording.operation, recording.body), answer);
    AnswerReader reader(recording.operation);
    reader.feed(answer);
    const AnswerFacts& facts = reader.finish();
    ASSERT_FALSE(facts.malformed) << answer;
    EXPECT_EQ(facts.saw_error, told.facts.saw_error) << answer;
    if (told.facts.saw_error || !told.ended) continue;
    ++streams;
    EXPECT_EQ(facts.model, told.facts.model);
    EXPECT_EQ(facts.finish, told.facts.finish);
    if (told.facts.usage_source == UsageSource::final) EXPECT_EQ(facts.usage, told.facts.usage);
    json::value parsed = json::parse(answer);
    EXPECT_EQ(facts.tool_calls, told.facts.tool_calls) << answer;
    EXPECT_GE(facts.text_bytes, told.facts.text_bytes);
  }
  EXPECT_GT(streams, 80u);
}

// What every recorded whole answer of a provider has, an assembled one of it has too.
TEST_F(AssembledRecordings, HaveTheMembersOfWholeAnswers) {
  std::map<std::string, std::optional<std::set<std::string>>> top;
  std::map<std::string, std::optional<std::set<std::string>>> message;
  for (const Recording& recording : all_) {
    if (recording.stream || recording.status != 200 || recordings::failed(recording)) continue;
    if (!is_put_together(recording.operation)) continue;
    json::value answer = json::parse(recording.body);
    std::string series = series_of(recording, answer);
    keep_common(top[series], members_of(answer));
    if (recording.operation != Operation::chat) continue;
    if (const json::value* told = message_of(answer))
      keep_common(message[series], members_of(*told));
  }
  std::size_t compared = 0;
  for (const Recording& recording : all_) {
    if (!recording.stream || recordings::failed(recording)) continue;
    SCOPED_TRACE(recording.name);
    testing::Told told = testing::tell_whole(recording.operation, recording.body);
    if (!told.ended || !is_put_together(recording.operation)) continue;
    json::value answer = json::parse(testing::assemble(recording.operation, recording.body));
    std::string series = series_of(recording, answer);
    if (!top.contains(series)) continue;
    std::set<std::string> names = members_of(answer);
    for (const std::string& name : *top[series]) {
      if (name == "usage" && told.facts.usage_source == UsageSource::none) continue;
      EXPECT_TRUE(names.contains(name) || no_event_tells(name)) << name << ": " << answer;
    }
    ++compared;
    if (recording.operation != Operation::chat) continue;
    ASSERT_NE(message_of(answer), nullptr);
    names = members_of(*message_of(answer));
    for (const std::string& name : *message[series]) {
      EXPECT_TRUE(names.contains(name) || no_event_tells(name)) << name << ": " << answer;
    }
  }
  EXPECT_GT(compared, 30u);
}

}  // namespace
}  // namespace recloser::codec
