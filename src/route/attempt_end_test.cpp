#include "route/attempt_end.h"

#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using enum AttemptEnd;

TEST(AttemptEnd, OfAStatusAlone) {
  struct Row {
    int status;
    AttemptEnd end;
  };
  for (Row row : {Row{200, answered},     Row{204, answered},     Row{299, answered},
                  Row{301, broken},       Row{400, rejected},     Row{401, unauthorized},
                  Row{402, out_of_quota}, Row{403, unauthorized}, Row{404, rejected},
                  Row{405, rejected},     Row{408, server_error}, Row{409, server_error},
                  Row{413, rejected},     Row{415, rejected},     Row{422, rejected},
                  Row{424, server_error}, Row{425, server_error}, Row{429, rate_limited},
                  Row{431, rejected},     Row{451, rejected},     Row{498, overloaded},
                  Row{500, server_error}, Row{501, server_error}, Row{502, server_error},
                  Row{503, overloaded},   Row{504, server_error}, Row{529, overloaded},
                  Row{599, server_error}, Row{600, broken},       Row{199, broken},
                  Row{0, broken},         Row{-1, broken}}) {
    EXPECT_EQ(end_of_answer(row.status, "", ""), row.end) << row.status;
    EXPECT_EQ(end_of_answer(row.status, ""), row.end) << row.status;
  }
}

struct Body {
  int status;
  std::string_view body;
  AttemptEnd end;
};

// As recorded, or as the provider documents it.
void expect_all(std::initializer_list<Body> rows) {
  for (const Body& row : rows) {
    EXPECT_EQ(name_of(end_of_answer(row.status, row.body)), name_of(row.end))
        << row.status << ' ' << row.body;
  }
}

TEST(AttemptEnd, OfABodyOfOpenAI) {
  expect_all(
      {Body{401,
            R"({"error":{"message":"Incorrect API key provided: x.",)"
            R"("type":"invalid_request_error","param":null,"code":"invalid_api_key"}})",
            unauthorized},
       Body{400,
            R"({"error":{"message":"too long","type":"invalid_request_error",)"
            R"("param":"input","code":"context_length_exceeded"}})",
            rejected},
       Body{404,
            R"({"error":{"message":"The model does not exist",)"
            R"("type":"invalid_request_error","param":null,"code":"model_not_found"}})",
            rejected},
       Body{429,
            R"({"error":{"message":"Rate limit reached","type":"requests","param":null,)"
            R"("code":"rate_limit_exceeded"}})",
            rate_limited},
       Body{429, R"({"error":{"message":"Slow down","type":"slow_down","code":null}})",
            rate_limited},
       Body{429,
            R"({"error":{"message":"You exceeded your current quota",)"
            R"("type":"insufficient_quota","param":null,"code":"insufficient_quota"}})",
            out_of_quota},
       Body{429, R"({"error":{"type":"x","code":"credit_balance_exhausted"}})", out_of_quota},
       Body{429, R"({"error":{"type":"x","code":"project_spend_limit_exceeded"}})", out_of_quota},
       Body{429, R"({"error":{"type":"x","code":"organization_spend_limit_exceeded"}})",
            out_of_quota},
       Body{429, R"({"error":{"type":"x","code":"billing_hard_limit_reached"}})", out_of_quota},
       Body{429, R"({"error":{"type":"billing_not_active","code":"billing_not_active"}})",
            out_of_quota},
       Body{503, R"({"error":{"type":"server_error","code":"server_is_overloaded"}})", overloaded},
       Body{400, R"({"error":{"code":"content_policy_violation","message":"no"}})", filtered}});
}

TEST(AttemptEnd, OfABodyOfAzure) {
  expect_all(
      {Body{401, R"({"error":{"code":"401","message":"Access denied due to invalid key"}})",
            unauthorized},
       Body{429, R"({"error":{"code":"RateLimitReached","message":"exceeded rate limit"}})",
            rate_limited},
       Body{400, R"({"error":{"code":"content_filter","innererror":{"code":"x"}}})", filtered},
       Body{404, R"({"error":{"code":"DeploymentNotFound","message":"none"}})", rejected}});
}

TEST(AttemptEnd, OfABodyOfAnthropic) {
  expect_all(
      {Body{401,
            R"({"type":"error","error":{"type":"authentication_error",)"
            R"("message":"invalid x-api-key"}})",
            unauthorized},
       Body{403, R"({"type":"error","error":{"type":"permission_error","message":"no"}})",
            unauthorized},
       Body{400,
            R"({"type":"error","error":{"type":"invalid_request_error",)"
            R"("message":"prompt is too long: 3333404 tokens > 200000 maximum"}})",
            rejected},
       Body{400,
            R"({"type":"error","error":{"type":"invalid_request_error",)"
            R"("message":"Your credit balance is too low to access the API."}})",
            out_of_quota},
       Body{400,
            R"({"type":"error","error":{"type":"invalid_request_error",)"
            R"("message":"You have reached your specified API usage limits. You"}})",
            out_of_quota},
       Body{402, R"({"type":"error","error":{"type":"billing_error","message":"pay"}})",
            out_of_quota},
       Body{429, R"({"type":"error","error":{"type":"rate_limit_error","message":"slower"}})",
            rate_limited},
       Body{429,
            R"({"type":"error","error":{"type":"rate_limit_error","message":"m",)"
            R"("details":{"error_code":"enforced_spend_limit_reached"}}})",
            out_of_quota},
       Body{529, R"({"type":"error","error":{"type":"overloaded_error","message":"o"}})",
            overloaded},
       Body{500, R"({"type":"error","error":{"type":"api_error","message":"o"}})", server_error},
       Body{504, R"({"type":"error","error":{"type":"timeout_error","message":"o"}})",
            server_error},
       Body{413, "<html><body>413 Request Entity Too Large</body></html>", rejected}});
}

TEST(AttemptEnd, OfABodyOfGemini) {
  expect_all(
      {Body{400,
            R"({"error":{"code":400,)"
            R"("message":"API key not valid. Please pass a valid API key.",)"
            R"("status":"INVALID_ARGUMENT","details":[{"@type":"t",)"
            R"("reason":"API_KEY_INVALID"}]}})",
            unauthorized},
       Body{400, R"({"error":{"code":400,"message":"API key expired. Renew it."}})", unauthorized},
       Body{400,
            R"([{"error":{"code":400,"message":"m",)"
            R"("details":[{"reason":"API_KEY_INVALID"}]}}
])",
            unauthorized},
       Body{429,
            R"({"error":{"code":429,"message":"You exceeded your current quota",)"
            R"("status":"RESOURCE_EXHAUSTED",)"
            R"("details":[{"violations":)"
            R"([{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]},)"
            R"({"retryDelay":"38s"}]}})",
            rate_limited},
       Body{429,
            R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED",)"
            R"("details":[{"violations":[{"quotaId":"RequestsPerMinute"},)"
            R"({"quotaId":"GenerateRequestsPerDayPerProject"}]}]}})",
            out_of_quota},
       Body{429,
            R"({"error":{"code":429,"message":"m",)"
            R"("details":[{"violations":)"
            R"([{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}})",
            rate_limited},
       Body{429, R"({"error":{"code":429,"details":[{"reason":"QUOTA_EXHAUSTED"}]}})",
            out_of_quota},
       Body{503, R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})",
            overloaded}});
}

TEST(AttemptEnd, OfABodyOfBedrock) {
  expect_all(
      {Body{400, R"({"message":"The provided model identifier is invalid."})", rejected},
       Body{400, R"({"__type":"ServiceQuotaExceededException","message":"m"})", out_of_quota},
       Body{429, R"({"__type":"ThrottlingException","message":"m"})", rate_limited},
       Body{429, R"({"__type":"ModelNotReadyException","message":"m"})", loading},
       Body{424, R"({"__type":"ModelErrorException","message":"m"})", server_error},
       Body{403, R"({"message":"You don't have access to the model with the given id."})",
            rejected},
       Body{403, R"({"message":"The security token included in the request is expired"})",
            unauthorized}});
}

TEST(AttemptEnd, OfABodyOfMistral) {
  expect_all(
      {Body{401, "{\"detail\":\"Invalid API Key\"}\n", unauthorized},
       Body{429, R"({"object":"error","message":"m","type":"rate_limited","code":"1300"})",
            rate_limited},
       Body{503, R"({"object":"error","message":"Service tier capacity exceeded"})", overloaded},
       Body{422, R"({"detail":[{"type":"missing","loc":["body"]}]})", rejected}});
}

TEST(AttemptEnd, OfABodyOfGroq) {
  expect_all(
      {Body{498, R"({"error":{"message":"m","code":"capacity_exceeded"}})", overloaded},
       Body{400, R"({"error":{"code":"tool_use_failed","failed_generation":"x"}})", rejected}});
}

TEST(AttemptEnd, OfABodyOfDeepSeek) {
  expect_all({Body{402,
                   R"({"error":{"message":"Insufficient Balance",)"
                   R"("code":"invalid_request_error"}})",
                   out_of_quota},
              Body{401,
                   R"({"error":{"message":"Authentication Fails","type":"authentication_error",)"
                   R"("param":null,"code":"invalid_request_error"}})",
                   unauthorized}});
}

TEST(AttemptEnd, OfABodyOfxAI) {
  expect_all(
      {Body{400,
            R"({"code":"invalid-argument",)"
            R"("error":"Incorrect API key provided. You can obtain one."})",
            unauthorized},
       Body{400, R"({"code":"invalid-argument","error":"The prompt is too long"})", rejected}});
}

TEST(AttemptEnd, OfABodyOfOpenRouter) {
  expect_all(
      {Body{402, R"({"error":{"message":"Insufficient credits","code":402}})", out_of_quota},
       Body{403,
            R"({"error":{"message":"The model requires moderation and your input was flagged",)"
            R"("code":403}})",
            filtered},
       Body{502, R"({"error":{"message":"bad gateway","code":502}})", server_error},
       Body{429, R"({"error":{"code":429,"message":"Provider returned error"}})", rate_limited}});
}

TEST(AttemptEnd, OfABodyOfCohereAndPerplexityAndOllama) {
  expect_all(
      {Body{400, R"({"error_type":"TOO_MANY_TOKENS","message":"too many tokens"})", rejected},
       Body{401, R"({"error":{"message":"m","type":"insufficient_quota","code":401}})",
            out_of_quota},
       Body{404, R"({"error":"model 'x' not found"})", rejected},
       Body{503, R"({"error":"server busy, please try again"})", overloaded}});
}

TEST(AttemptEnd, OfAModelThatIsBeingLoaded) {
  expect_all(
      {Body{503,
            R"({"error":{"code":503,"message":"Loading model",)"
            R"("type":"unavailable_error"}})",
            loading},
       Body{503, R"({"error":"Model m is currently loading","estimated_time":20.0})", loading},
       Body{500, R"({"error":"llm server loading model"})", loading},
       Body{503, "the model is still loading", loading},
       Body{503, R"({"detail":"The model is being loaded"})", loading},
       Body{503, R"({"message":"model is loading"})", loading}});
}

TEST(AttemptEnd, OfAFirewallInFront) {
  expect_all({Body{403, "<!DOCTYPE html><title>Attention Required!</title>", rejected},
              Body{502, "<html>Bad gateway</html>", server_error}});
}

// A client that gets its own words repeated in an error must not take a key from everybody.
TEST(AttemptEnd, WhatAClientWroteTripsNoKey) {
  for (std::string_view body :
       {R"({"error":{"message":"Unknown model 'API key not valid'",)"
        R"("type":"invalid_request_error"}})",
        R"({"error":{"message":"bad value: Your credit balance is too low",)"
        R"("type":"invalid_request_error"}})",
        R"({"error":{"param":"insufficient_quota","message":"bad value"}})",
        R"({"error":{"message":"m","metadata":{"raw":"invalid_api_key"}}})",
        R"("insufficient_quota")", "insufficient_quota"}) {
    EXPECT_EQ(end_of_answer(400, body), rejected) << body;
  }
}

// A message counts only beside the status that it is known with.
TEST(AttemptEnd, AMessageBelongsToItsStatus) {
  expect_all({Body{422, R"({"error":{"message":"API key not valid"}})", rejected},
              Body{429, R"({"error":{"message":"Your credit balance is too low"}})", rate_limited},
              Body{500, R"({"error":"the tool is currently loading"})", server_error},
              Body{429, R"({"error":"the model is being loaded"})", rate_limited},
              Body{401, R"({"error":{"message":"flagged"}})", unauthorized}});
}

TEST(AttemptEnd, HostileBodiesAreReadByTheirStatus) {
  std::string deep(100'000, '[');
  std::string many = R"({"error":{"details":[)";
  for (int i = 0; i < 1'000; ++i) many += R"({"reason":"x"},)";
  many += R"({"reason":"QUOTA_EXHAUSTED"}]}})";
  for (const std::string& body :
       {deep, many, std::string("[}"), std::string("[ "), std::string("]"), std::string("{"),
        std::string(R"({"error":)"), std::string(R"({"error":{"type":5,"message":[]}})"),
        std::string("\0\0", 2), std::string("}["), std::string(1u << 20, 'a')}) {
    EXPECT_EQ(end_of_answer(429, body), rate_limited) << body.substr(0, 40);
  }
}

TEST(AttemptEnd, DamagedBodiesDoNoHarm) {
  const std::string whole =
      R"([{"error":{"code":429,"message":"m \u00e9","status":"RESOURCE_EXHAUSTED","details":)"
      R"([{"violations":[{"quotaId":"RequestsPerDay"}]},{"retryDelay":"38s"}]}}])";
  EXPECT_EQ(end_of_answer(429, whole), out_of_quota);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    AttemptEnd end = end_of_answer(429, whole.substr(0, size));
    EXPECT_TRUE(end == rate_limited || end == out_of_quota) << size;
  }
  std::minstd_rand dice(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    for (int k = 0; k < 3; ++k) {
      damaged[(dice() >> 4) % damaged.size()] = "{}[]\",:\\\xff \0a1"[(dice() >> 4) % 14];
    }
    AttemptEnd end = end_of_answer(429, damaged);
    ASSERT_TRUE(end == rate_limited || end == out_of_quota) << damaged;
  }
}

TEST(AttemptEnd, ATypeAndAMessageSayTheSame) {
  EXPECT_EQ(end_of_answer(429, "insufficient_quota", ""), out_of_quota);
  EXPECT_EQ(end_of_answer(429, "Insufficient_Quota", ""), out_of_quota);
  EXPECT_EQ(end_of_answer(503, "", "Loading model"), loading);
  EXPECT_EQ(end_of_answer(400, "invalid-argument", "Incorrect API key provided"), unauthorized);
  EXPECT_EQ(end_of_answer(200, "insufficient_quota", ""), answered);
}

TEST(AttemptEnd, AnErrorInBandIsReadAsItsStatus) {
  struct Row {
    std::string_view type;
    std::string_view code;
    AttemptEnd end;
  };
  for (const Row& row : {Row{"overloaded_error", "", overloaded},
                         Row{"rate_limit_error", "", rate_limited},
                         Row{"insufficient_quota", "insufficient_quota", out_of_quota},
                         Row{"server_error", "", server_error},
                         Row{"api_error", "", server_error},
                         Row{"", "rate_limit_exceeded", rate_limited},
                         Row{"billing_error", "", out_of_quota},
                         Row{"authentication_error", "", unauthorized},
                         Row{"permission_error", "", unauthorized},
                         Row{"invalid_request_error", "context_length_exceeded", rejected},
                         Row{"", "content_filter", filtered},
                         Row{"", "invalid_prompt", rejected},
                         Row{"", "server_is_overloaded", overloaded},
                         Row{"", "slow_down", overloaded},
                         Row{"", "502", server_error},
                         Row{"", "429", rate_limited},
                         Row{"", "529", overloaded},
                         Row{"timeout_error", "", server_error},
                         Row{"something_new", "", server_error},
                         Row{"", "", server_error}}) {
    EXPECT_EQ(name_of(end_of_error(row.type, row.code, "m")), name_of(row.end))
        << row.type << ' ' << row.code;
  }
}

TEST(AttemptEnd, SaysWhatMayFollow) {
  struct Row {
    AttemptEnd end;
    bool failure;
    bool elsewhere;
    bool here;
  };
  std::vector<Row> rows{{answered, false, false, false},    {rejected, false, false, false},
                        {filtered, false, false, false},    {rate_limited, false, true, true},
                        {out_of_quota, false, true, false}, {unauthorized, false, true, false},
                        {overloaded, true, true, true},     {server_error, true, true, true},
                        {timed_out, true, true, false},     {unreachable, true, true, true},
                        {broken, true, true, true},         {loading, false, true, true},
                        {cancelled, false, false, false}};
  ASSERT_EQ(rows.size(), attempt_end_count);
  for (const Row& row : rows) {
    EXPECT_EQ(counts_as_failure(row.end), row.failure) << name_of(row.end);
    EXPECT_EQ(may_be_tried_again(row.end), row.elsewhere) << name_of(row.end);
    EXPECT_EQ(may_be_tried_again_here(row.end), row.here) << name_of(row.end);
  }
}

}  // namespace
}  // namespace recloser::route
