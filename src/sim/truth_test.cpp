#include "sim/truth.h"

#include "sim/read/json.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

constexpr WallTime noon{1'790'000'000'000'000'000};

std::uint64_t add_call(Truth& truth, std::string id, std::string key, std::string model,
                       std::uint64_t output) {
  Seen& seen = truth.begin(std::move(id), noon);
  seen.is_call = true;
  seen.key = std::move(key);
  seen.model = std::move(model);
  seen.input = 10;
  seen.output_written = output;
  seen.output_acked = output;
  return seen.number;
}

std::string ids(const std::string& list) {
  std::string out;
  Json parsed = boost::json::parse(list);
  for (const Json& one : parsed.at_pointer("/data").as_array()) {
    out += std::string(one.at("id").as_string()) + " ";
  }
  return out;
}

TEST(Truth, ACallAsItIsTold) {
  Truth truth;
  std::uint64_t number = add_call(truth, "req_1", "k", "sim-t5", 5);
  truth.end(number, CallState::finished, noon + 1s);
  EXPECT_EQ(truth.truth_json(""),
            R"({"data":[{"id":"req_1","model":"sim-t5","key":"k",)"
            R"("started":"2026-09-21T14:13:20.000Z","state":"finished","input":10,)"
            R"("output_written":5,"output_acked":5}],"next":null})");
}

TEST(Truth, OnlyCallsStandInItButAttemptsAreAll) {
  Truth truth;
  truth.begin("req_1", noon).path = "/v1/nowhere";
  add_call(truth, "req_2", "", "sim", 0);
  EXPECT_EQ(ids(truth.truth_json("")), "req_2 ");
  EXPECT_EQ(ids(truth.attempts_json("")), "req_1 req_2 ");
  EXPECT_NE(truth.attempts_json("").find(R"("ended":null,"status":null,"state":"open")"),
            std::string::npos);
}

TEST(Truth, PagesAndFilters) {
  Truth truth;
  for (int i = 1; i <= 5; ++i) {
    std::string key = i % 2 == 1 ? "odd" : "even key&1";
    std::uint64_t number = add_call(truth, "r" + std::to_string(i), key, "sim", 1);
    if (i < 4) truth.end(number, CallState::aborted, noon);
  }
  EXPECT_EQ(ids(truth.truth_json("limit=2")), "r1 r2 ");
  Json first = boost::json::parse(truth.truth_json("limit=2"));
  EXPECT_EQ(first.at("next").as_string(), "2");
  EXPECT_EQ(ids(truth.truth_json("limit=2&after=2")), "r3 r4 ");
  EXPECT_EQ(ids(truth.truth_json("after=4&limit=2")), "r5 ");
  EXPECT_TRUE(boost::json::parse(truth.truth_json("limit=5")).at("next").is_null());
  EXPECT_EQ(ids(truth.truth_json("key=odd")), "r1 r3 r5 ");
  EXPECT_EQ(ids(truth.truth_json("key=even+key%261")), "r2 r4 ");
  EXPECT_EQ(ids(truth.truth_json("state=open")), "r4 r5 ");
  EXPECT_EQ(ids(truth.truth_json("model=other")), "");
  EXPECT_EQ(ids(truth.truth_json("limit=x&after=-1&&=&key")), "r1 r2 r3 r4 r5 ");
}

TEST(Truth, SumsKeepWhatTheListForgets) {
  for (std::size_t kept : {100u, 3u}) {
    Truth truth(kept);
    for (int i = 0; i < 20; ++i) {
      std::string key = i % 2 == 1 ? "a" : "b";
      std::uint64_t number = add_call(truth, "r", key, "sim", 3);
      truth.end(number, i < 4 ? CallState::fault : CallState::finished, noon);
    }
    Json sums = boost::json::parse(truth.truth_json("by=key"));
    EXPECT_EQ(boost::json::serialize(sums.at_pointer("/data/0")),
              R"({"key":"a","started":10,"open":0,"finished":8,"aborted":0,"fault":2,"input":100,)"
              R"("output_written":30,"output_acked":30})");
    EXPECT_EQ(boost::json::parse(truth.truth_json("by=model")).at_pointer("/data/0/started"), 20);
    EXPECT_EQ(boost::json::parse(truth.truth_json("by=key,model")).at("data").as_array().size(),
              2u);
  }
}

TEST(Truth, WhatIsOpenIsNeverForgotten) {
  Truth truth(2);
  std::uint64_t open = add_call(truth, "r1", "k", "sim", 0);
  for (int i = 0; i < 5; ++i)
    truth.end(add_call(truth, "r", "k", "sim", 0), CallState::finished, noon);
  ASSERT_NE(truth.find(open), nullptr);
  truth.end(open, CallState::aborted, noon);
  truth.end(add_call(truth, "r", "k", "sim", 0), CallState::finished, noon);
  EXPECT_EQ(truth.find(open), nullptr);
}

TEST(QueryValue, DecodesWhatItFinds) {
  EXPECT_EQ(query_value("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_value("a=1&b=2", "c"), "");
  EXPECT_EQ(query_value("ab=1&b=2", "b"), "2");
  EXPECT_EQ(query_value("a=%41%2f%", "a"), "A/%");
  EXPECT_EQ(query_value("a=%4", "a"), "%4");
  EXPECT_EQ(query_value("", "a"), "");
}

}  // namespace
}  // namespace recloser::sim
