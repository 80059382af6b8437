#include "sim/answer/dialect.h"
#include "sim/answer/error.h"
#include "sim/answer/models.h"
#include "sim/read/json.h"
#include "sim/read/read_call.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

using codec::Family;
using codec::Operation;

Json embeddings(std::string_view body) {
  std::string out;
  write_embeddings(out, *read_call(Operation::embeddings, body, 1));
  return boost::json::parse(out);
}

TEST(Embeddings, AreUnitVectorsThatDependOnTheText) {
  Json list = embeddings(R"({"model":"sim","input":["a","b","a"],"dimensions":12})");
  double sum = 0;
  for (const Json& x : list.at_pointer("/data/0/embedding").as_array()) {
    sum += x.to_number<double>() * x.to_number<double>();
  }
  EXPECT_NEAR(sum, 1.0, 1e-5);
  EXPECT_EQ(list.at_pointer("/data/0/embedding").as_array().size(), 12u);
  EXPECT_EQ(list.at_pointer("/data/0/embedding"), list.at_pointer("/data/2/embedding"));
  EXPECT_NE(list.at_pointer("/data/0/embedding"), list.at_pointer("/data/1/embedding"));
  EXPECT_EQ(list.at_pointer("/usage/total_tokens").as_int64(), 3);
}

TEST(Embeddings, InBase64TheyAreLittleEndianFloats) {
  for (auto [dimensions, padding] : {std::pair{1, 2}, {2, 1}, {3, 0}}) {
    std::string size = std::to_string(dimensions);
    Json list = embeddings(
        R"({"model":"sim","input":"a","encoding_format":"base64","dimensions":)" + size + "}");
    std::string text(list.at_pointer("/data/0/embedding").as_string());
    EXPECT_EQ(text.size(), static_cast<std::size_t>((dimensions * 4 + 2) / 3 * 4));
    EXPECT_EQ(std::ranges::count(text, '='), padding);
  }
  Json one = embeddings(R"({"model":"sim","input":"a","encoding_format":"base64","dimensions":1})");
  std::string text(one.at_pointer("/data/0/embedding").as_string());
  EXPECT_TRUE(text == "AACAPw==" || text == "AACAvw==") << text;  // 1.0f or -1.0f
}

TEST(Moderations, FlagNothing) {
  std::string out;
  AnswerFacts facts{.unique = std::string(32, 'a'), .created = {}};
  write_moderations(out, *read_call(Operation::moderations, R"({"input":["a","b"]})", 1), facts);
  Json list = boost::json::parse(out);
  EXPECT_EQ(list.at_pointer("/results").as_array().size(), 2u);
  EXPECT_FALSE(list.at_pointer("/results/1/flagged").as_bool());
  EXPECT_EQ(list.at_pointer("/results/0/categories").as_object().size(), 13u);
}

TEST(Models, AreListedInBothFamilies) {
  std::string out;
  write_models(out, Family::openai);
  EXPECT_EQ(boost::json::parse(out).at_pointer("/data/0/id").as_string(), "sim-fast");
  out.clear();
  write_models(out, Family::anthropic);
  Json list = boost::json::parse(out);
  EXPECT_EQ(list.at_pointer("/last_id").as_string(), "sim-long");
  EXPECT_FALSE(list.at_pointer("/has_more").as_bool());
}

TEST(InputTokens, InTheShapeOfEachRoute) {
  std::string out;
  write_input_tokens(
      out, *read_call(Operation::count_tokens,
                      R"({"model":"sim","messages":[{"role":"user","content":"hi"}]})", 1));
  EXPECT_EQ(out, R"({"input_tokens":5})");
  out.clear();
  write_input_tokens(out, *read_call(Operation::responses_input_tokens, R"({"input":"hi"})", 1));
  EXPECT_EQ(out, R"({"object":"response.input_tokens","input_tokens":5})");
}

TEST(Errors, OfEachFamily) {
  std::string out;
  write_error(out, Family::openai, scripted_error(429, Family::openai), "req_1");
  EXPECT_EQ(out,
            R"({"error":{"message":"The rate limit is reached; the model's name asked for status )"
            R"(429.","type":"requests","param":null,"code":"rate_limit_exceeded"}})");
  out.clear();
  write_error(out, Family::anthropic, scripted_error(529, Family::anthropic), "req_1");
  EXPECT_EQ(out, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},)"
                 R"("request_id":"req_1"})");
  out.clear();
  write_error(out, Family::openai, scripted_error(418, Family::openai), "");
  EXPECT_NE(out.find("invalid_request_error"), out.npos);
  out.clear();
  write_error(out, Family::anthropic, scripted_error(599, Family::anthropic), "");
  EXPECT_NE(out.find("api_error"), out.npos);
}

TEST(Fields, AreWholeLinesWithTheRequestId) {
  for (Family family : {Family::openai, Family::anthropic}) {
    for (int status : {200, 400, 401, 429, 500, 529}) {
      std::string out;
      append_fields(out, family, status, BodyKind::json, "req_7",
                    WallTime{1'790'000'000'000'000'000});
      EXPECT_TRUE(out.ends_with("\r\n"));
      EXPECT_NE(out.find("x-request-id: req_7\r\n"), out.npos);
      EXPECT_NE(out.find("date: Mon, 21 Sep 2026 14:13:20 GMT\r\n"), out.npos);
      EXPECT_EQ(out.find("retry-after: 1\r\n") != out.npos, status == 429);
    }
  }
  std::string later;
  append_fields(later, Family::openai, 503, BodyKind::json, "req_7", {}, 5);
  append_fields(later, Family::anthropic, 429, BodyKind::json, "req_7", {}, 6);
  EXPECT_NE(later.find("retry-after: 5\r\nretry-after-ms: 5000\r\n"), later.npos) << later;
  EXPECT_TRUE(later.ends_with("retry-after: 6\r\n")) << later;
  EXPECT_EQ(later.find("retry-after: 1\r\n"), later.npos);
  std::string out;
  append_fields(out, Family::anthropic, 400, BodyKind::json, "req_7", {});
  EXPECT_NE(out.find("x-should-retry: false\r\n"), out.npos);
  append_fields(out, Family::anthropic, 529, BodyKind::events, "req_7", {});
  EXPECT_NE(out.find("x-should-retry: true\r\n"), out.npos);
  EXPECT_NE(out.find("\r\nrequest-id: req_7\r\n"), out.npos);
}

}  // namespace
}  // namespace recloser::sim
