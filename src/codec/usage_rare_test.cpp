// What few calls are charged for, in streams and whole answers, however the bytes are cut.
#include "codec/answer_reader.h"
#include "codec/stream_reader.h"
#include "codec/usage_paths.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

Usage of_stream(Operation operation, std::string_view stream, std::size_t cut) {
  StreamReader reader(operation);
  for (std::string_view piece : {stream.substr(0, cut), stream.substr(cut)}) {
    while (reader.next(piece)) {
    }
  }
  while (reader.finish()) {
  }
  return reader.facts().usage;
}

Usage of_answer(Operation operation, std::string_view answer, std::size_t cut) {
  AnswerReader reader(operation);
  reader.feed(answer.substr(0, cut));
  reader.feed(answer.substr(cut));
  return reader.finish().usage;
}

// The same usage out of every split in two, and out of the stream as one event.
void expect_everywhere(Operation operation, const std::string& answer, const std::string& event,
                       const Usage& usage) {
  std::string stream = "data: " + event + "\n\n";
  for (std::size_t cut = 0; cut <= answer.size(); ++cut)
    ASSERT_EQ(of_answer(operation, answer, cut), usage) << cut;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut)
    ASSERT_EQ(of_stream(operation, stream, cut), usage) << cut;
}

TEST(RareUsage, AudioAndImagesAndTheLaneOfAChat) {
  std::string rest =
      R"("service_tier":"priority","usage":{"prompt_tokens":100,"completion_tokens":50,)"
      R"("total_tokens":150,"prompt_tokens_details":{"cached_tokens":30,"audio_tokens":20,)"
      R"("image_tokens":7,"cached_tokens_details":{"audio_tokens":5,"image_tokens":1}},)"
      R"("completion_tokens_details":{"audio_tokens":11,"image_tokens":3}}})";
  Usage usage{.input_tokens = 100, .output_tokens = 50, .cached_input_tokens = 30};
  usage.tier = ServiceTier::priority;
  RareUsage& rare = usage.rare.make();
  rare.audio_input_tokens = 20;
  rare.image_input_tokens = 7;
  rare.cached_audio_tokens = 5;
  rare.cached_image_tokens = 1;
  rare.audio_output_tokens = 11;
  rare.image_output_tokens = 3;
  expect_everywhere(Operation::chat, R"({"id":"a",)" + rest, R"({"choices":[],)" + rest, usage);
}

TEST(RareUsage, TheBillOfTheProviderIsReadToTheNanoDollar) {
  struct Case {
    std::string figures;
    std::optional<NanoUsd> cost;
  };
  for (const Case& each : std::vector<Case>{
           {R"("cost":0.025265)", NanoUsd{25'265'000}},
           {R"("cost":1.4e-07)", NanoUsd{140}},
           {R"("cost":0)", NanoUsd{0}},
           {R"("cost":0.00014875000000000002)", NanoUsd{148'750}},
           {R"("cost":0.0000000025)", NanoUsd{2}},
           {R"("cost":0.0000000035)", NanoUsd{4}},
           {R"("cost":2)", NanoUsd{2'000'000'000}},
           {R"("cost":{"input_tokens_cost":1,"total_cost":0.005041})", NanoUsd{5'041'000}},
           {R"("cost_in_usd_ticks":1777000)", NanoUsd{177'700}},
           {R"("cost_in_usd_ticks":25)", NanoUsd{2}},
           {R"("cost_in_usd_ticks":0)", std::nullopt},
           {R"("cost_in_usd_ticks":35)", NanoUsd{4}},
           {R"("cost":-1)", std::nullopt},
           {R"("cost":1e30)", std::nullopt},
           {R"("cost":"much")", std::nullopt},
           {R"("cost":null)", std::nullopt},
       }) {
    std::string usage_text = R"("usage":{"prompt_tokens":4,"completion_tokens":2,)" + each.figures;
    Usage usage{.input_tokens = 4, .output_tokens = 2};
    if (each.cost) usage.rare.make().provider_cost = each.cost;
    SCOPED_TRACE(each.figures);
    expect_everywhere(Operation::chat, R"({"id":"a",)" + usage_text + "}}",
                      R"({"choices":[],)" + usage_text + "}}", usage);
  }
}

TEST(RareUsage, ProviderToolsOfAResponseAreCounted) {
  std::string usage_text = R"("usage":{"input_tokens":8,"output_tokens":6,"total_tokens":14})";
  std::string items =
      R"({"type":"web_search_call","action":{"type":"search","query":"q"}},)"
      R"({"type":"web_search_call","action":{"type":"open_page"}},)"
      R"({"action":{"type":"find_in_page"},"type":"web_search_call"},)"
      R"({"type":"web_search_call"},{"type":"file_search_call"},{"type":"code_interpreter_call"},)"
      R"({"type":"code_interpreter_call"},{"type":"message"})";
  Usage usage{.input_tokens = 8, .output_tokens = 6};
  usage.rare.make().web_searches = 2;
  usage.rare->file_searches = 1;
  usage.rare->code_sessions = 1;
  std::string answer = R"({"id":"r","output":[)" + items + "]," + usage_text + "}";
  EXPECT_EQ(of_answer(Operation::responses, answer, 0), usage);
  std::string stream;
  for (std::size_t at = 0; at < items.size();) {
    std::size_t end = std::min(items.find("},{", at), items.size() - 1) + 1;
    stream += R"(data: {"type":"response.output_item.done","item":)" + items.substr(at, end - at) +
              "}\n\n";
    at = end + 1;
  }
  Usage unsaid = of_stream(Operation::responses, stream, 0);
  EXPECT_EQ(unsaid.rare, usage.rare) << "an answer that breaks off has had its searches";
  stream += R"(data: {"type":"response.completed","response":{)" + usage_text + "}}\n\n";
  for (std::size_t cut = 0; cut <= stream.size(); cut += 7)
    ASSERT_EQ(of_stream(Operation::responses, stream, cut), usage) << cut;
}

TEST(RareUsage, AnthropicsHourOfCacheSearchesLaneAndPlace) {
  std::string usage_text =
      R"("usage":{"input_tokens":10,"cache_creation_input_tokens":300,"cache_read_input_tokens":5,)"
      R"("cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},)"
      R"("output_tokens":7,"server_tool_use":{"web_search_requests":3},"service_tier":"standard",)"
      R"("speed":"fast","inference_geo":"us"})";
  Usage usage{
      .input_tokens = 315, .output_tokens = 7, .cached_input_tokens = 5, .cache_write_tokens = 300};
  usage.tier = ServiceTier::fast;
  usage.rare.make().cache_write_1h_tokens = 200;
  usage.rare->web_searches = 3;
  usage.rare->geography = "us";
  expect_everywhere(Operation::messages, R"({"id":"m",)" + usage_text + "}",
                    R"({"type":"message_delta",)" + usage_text + "}", usage);
}

// Totals leave compaction and advisor turns out; each turn keeps the model that it ran on.
TEST(RareUsage, AnthropicsIterationsAreSummedAndKept) {
  std::string usage_text =
      R"("usage":{"input_tokens":181,"output_tokens":8,"iterations":[)"
      R"({"type":"compaction","input_tokens":100,"cache_read_input_tokens":55096,)"
      R"("output_tokens":83,"cache_creation_input_tokens":4,)"
      R"("cache_creation":{"ephemeral_1h_input_tokens":4}},)"
      R"({"type":"advisor_message","model":"claude-opus-4-6","input_tokens":20,)"
      R"("output_tokens":30},{"type":"message","input_tokens":181,"output_tokens":8}]})";
  Usage usage{.input_tokens = 55'401,
              .output_tokens = 121,
              .cached_input_tokens = 55'096,
              .cache_write_tokens = 4};
  std::vector<Usage>& parts = usage.rare.make().iterations;
  usage.rare->cache_write_1h_tokens = 4;
  parts.push_back({.input_tokens = 55'200,
                   .output_tokens = 83,
                   .cached_input_tokens = 55'096,
                   .cache_write_tokens = 4});
  parts.back().rare.make().cache_write_1h_tokens = 4;
  parts.push_back({.input_tokens = 20, .output_tokens = 30});
  parts.back().rare.make().model = "claude-opus-4-6";
  parts.push_back({.input_tokens = 181, .output_tokens = 8});
  expect_everywhere(Operation::messages, R"({"id":"m",)" + usage_text + "}",
                    R"({"type":"message_delta",)" + usage_text + "}", usage);
}

TEST(RareUsage, OneIterationOfTheAnswersModelIsTheUsageItself) {
  std::string usage_text = R"("usage":{"input_tokens":5,"output_tokens":2,"iterations":[)"
                           R"({"type":"message","input_tokens":5,"output_tokens":2}]})";
  Usage usage{.input_tokens = 5, .output_tokens = 2};
  expect_everywhere(Operation::messages, R"({"id":"m",)" + usage_text + "}",
                    R"({"type":"message_delta",)" + usage_text + "}", usage);
}

TEST(RareUsage, ARareFigureThatNoCallCanHaveMakesAllUnsaid) {
  for (std::string lie : {"-1", "1.5", "1e15"}) {
    std::string answer = R"({"id":"a","usage":{"prompt_tokens":4,"completion_tokens":2,)"
                         R"("prompt_tokens_details":{"audio_tokens":)" +
                         lie + "}}}";
    AnswerReader reader(Operation::chat);
    reader.feed(answer);
    EXPECT_EQ(reader.finish().usage_source, UsageSource::none) << lie;
  }
  std::string many = R"({"id":"m","usage":{"input_tokens":5,"output_tokens":2,"iterations":[)";
  for (std::size_t i = 0; i <= IterationFields::count_max; ++i) many += R"({"input_tokens":1},)";
  many += "{}]}}";
  AnswerReader reader(Operation::messages);
  reader.feed(many);
  EXPECT_EQ(reader.finish().usage_source, UsageSource::none);
}

// While a search runs nobody has said its price yet.
TEST(RareUsage, ASearchOfAnthropicCountsUntilTheUsageSaysHowManyAreBilled) {
  std::string search = R"(data: {"type":"content_block_start","index":0,"content_block":)"
                       R"({"type":"server_tool_use","id":"s","name":"web_search"}})"
                       "\n\n";
  Usage seen = of_stream(Operation::messages, search, 0);
  ASSERT_TRUE(seen.rare);
  EXPECT_EQ(seen.rare->web_searches, 1u);
  std::string end = R"(data: {"type":"message_delta","usage":{"input_tokens":1,"output_tokens":2,)"
                    R"("server_tool_use":{"web_search_requests":0}}})"
                    "\n\n";
  EXPECT_FALSE(of_stream(Operation::messages, search + end, 0).rare) << "one that failed is free";
}

}  // namespace
}  // namespace recloser::codec
