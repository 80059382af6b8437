// What recorded answers cost: the gateway's readers and prices against a second computation that
// shares nothing with them (cost_check.py), to the nano-dollar.
#include "codec/answer_reader.h"
#include "codec/stream_reader.h"
#include "codec/testing/recording.h"
#include "price/catalogue.h"
#include "price/cost.h"

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::price {
namespace {

namespace json = boost::json;

constexpr std::string_view made_at = "2026-11-21T12:00:00Z";

// As the second computation tells it.
struct Expected {
  std::string provider;
  std::string model;                     // whose price it took
  std::optional<std::int64_t> nano_usd;  // nothing: unpriced, or no usage
};

std::map<std::string, Expected> computed_again() {
  std::map<std::string, Expected> all;
  std::string command = "python3 " RECLOSER_SOURCE_DIR "/tests/prices/cost_check.py --json --at " +
                        std::string(made_at);
  std::unique_ptr<FILE, int (*)(FILE*)> lines(popen(command.c_str(), "r"), pclose);
  std::string line;
  for (int c = 0; lines && (c = std::fgetc(lines.get())) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    json::object told = json::parse(line).as_object();
    line.clear();
    Expected each{.provider = std::string(told["provider"].as_string()),
                  .model = std::string(told["model"].as_string()),
                  .nano_usd = {}};
    if (const std::int64_t* nano = told["nano_usd"].if_int64()) each.nano_usd = *nano;
    all[std::string(told["name"].as_string())] = each;
  }
  return all;
}

// What the gateway reads of an answer.
struct Read {
  codec::Usage usage;
  bool final = false;
  std::string model;
};

Read read(const recordings::Recording& recording) {
  if (!recording.stream) {
    codec::AnswerReader reader(recording.operation);
    reader.feed(recording.body);
    const codec::AnswerFacts& facts = reader.finish();
    return {facts.usage, facts.usage_source == codec::UsageSource::final, facts.model};
  }
  codec::StreamReader reader(recording.operation);
  std::string_view bytes = recording.body;
  while (reader.next(bytes)) {
  }
  while (reader.finish()) {
  }
  const codec::StreamFacts& facts = reader.facts();
  return {facts.usage, facts.usage_source == codec::UsageSource::final, facts.model};
}

std::string asked_model(const recordings::Recording& recording) {
  json::value request = json::parse(recording.request);
  const json::value* model = request.as_object().if_contains("model");
  return model == nullptr || !model->is_string() ? "" : std::string(model->as_string());
}

std::optional<std::int64_t> cost_of_answer(const Catalogue& catalogue, std::string_view provider,
                                           const Read& answer, std::string_view asked) {
  if (answer.usage.rare && answer.usage.rare->provider_cost) {
    return answer.usage.rare->provider_cost->count;
  }
  Place place = catalogue.place_named(provider);
  Priced priced = catalogue.find(place, answer.model);
  if (!priced) priced = catalogue.find(place, asked);
  if (!priced) return std::nullopt;
  Cost cost = cost_of(catalogue, place, priced, answer.usage, *parse_rfc3339(made_at));
  if (!cost.complete) return std::nullopt;
  return cost.total.count;
}

TEST(RecordingsCost, ToTheNanoDollarAsComputedASecondTime) {
  if (recordings::folder().empty()) {
    GTEST_SKIP() << "no recordings at $RECLOSER_SHARED/recordings, nor at ../shared/recordings";
  }
  std::shared_ptr<const Catalogue> catalogue = Catalogue::shipped();
  std::map<std::string, Expected> expected = computed_again();
  ASSERT_GT(expected.size(), 250u);
  std::size_t priced = 0;
  for (const recordings::Recording& recording : recordings::load(recordings::folder())) {
    SCOPED_TRACE(recording.name);
    ASSERT_TRUE(expected.contains(recording.name));
    const Expected& other = expected[recording.name];
    Read answer = read(recording);
    if (!answer.final) continue;  // a stream that broke off: its cost is an estimate
    if (codec::only_counts(recording.operation)) continue;  // nobody charges it
    std::string asked = asked_model(recording);
    std::optional<std::int64_t> cost = cost_of_answer(*catalogue, other.provider, answer, asked);
    // The second computation also looks at which models an agent called by itself (Groq's
    // compound), which no gateway is told.
    if (!cost && other.model != answer.model && other.model != asked) continue;
    EXPECT_EQ(cost, other.nano_usd);
    priced += cost ? 1 : 0;
  }
  EXPECT_GT(priced, 120u);
  RecordProperty("priced", static_cast<int>(priced));
}

}  // namespace
}  // namespace recloser::price
