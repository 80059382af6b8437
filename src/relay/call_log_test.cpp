// What an operator reads of calls: who failed and how, not too often, and nothing of what was said.
#include "relay/call_log.h"

#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view question =
    R"({"model":"same","messages":[{"role":"user","content":"what-was-asked"}]})";

class CallLogTest : public testing::Test {
 protected:
  CallLogTest()
      : gateway_(testing::TempDir() + "recloser-call-log-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  void answers(int status, std::string_view body) {
    gateway_.provider().script = [status, body](net::Exchange& exchange, std::string) {
      return answer(exchange, status, body);
    };
  }
  static Task<void> answer(net::Exchange& exchange, int status, std::string_view body) {
    co_await exchange.answer(status, "content-type: application/json\r\n", body);
  }
  static Task<void> close(net::Exchange& exchange) {
    exchange.client().close();
    co_return;
  }
  Seen ask() { return gateway_.post("/v1/chat/completions", std::string(question)); }
  std::string id_of_first() {
    CallId::Text text = gateway_.books().at(0).id.text();
    return {text.data(), text.size()};
  }
  // Lines that hold this.
  std::ptrdiff_t lines_with(std::string_view part) {
    std::string all = gateway_.loop().log_text();
    std::ptrdiff_t count = 0;
    for (std::size_t at = all.find(part); at != all.npos; at = all.find(part, at + 1)) ++count;
    return count;
  }

  TestGateway gateway_;
};

TEST_F(CallLogTest, ADeadProviderIsToldByItsNameAlone) {
  gateway_.provider().stop();
  gateway_.start();
  EXPECT_EQ(ask().status, 503);
  std::string id = id_of_first();
  std::string log = gateway_.loop().log_text();
  EXPECT_THAT(log, HasSubstr("warning a try at a provider failed call=" + id +
                             " provider=p target=p/same error=unreachable status=0 "
                             "what=\"no connection to it could be made\" ms="));
  EXPECT_THAT(log, Not(HasSubstr("127.0.0.1")));
}

TEST_F(CallLogTest, WhatAProviderAnswersIsToldByItsStatus) {
  gateway_.start();
  answers(500, R"({"error":{"message":"what-was-answered"}})");
  EXPECT_EQ(ask().status, 500);
  EXPECT_EQ(lines_with("target=p/same error=server_error status=500 "), 1);
  answers(307, "{}");
  ask();
  EXPECT_EQ(lines_with("error=redirect status=307 "), 1);
  answers(200, R"({"error":{"message":"what-was-answered"}})");
  ask();
  EXPECT_EQ(lines_with("error=error_in_answer status=200 "), 1);
  answers(400, "{}");  // the request's own fault: no client can fill the log with it
  ask();
  EXPECT_EQ(lines_with("a try at a provider failed"), 3);
  std::string log = gateway_.loop().log_text();
  EXPECT_THAT(log, Not(HasSubstr("what-was-")));
}

TEST_F(CallLogTest, ManyFailuresAreCountedAndNotToldOneByOne) {
  gateway_.start();
  gateway_.provider().script = [](net::Exchange& exchange, std::string) { return close(exchange); };
  for (int i = 0; i < 9; ++i) EXPECT_EQ(ask().status, 503);
  EXPECT_EQ(lines_with("a try at a provider failed"), CallLog::failures_told_per_second);
  EXPECT_EQ(lines_with("error=closed status=0 what=\"the provider ended the connection without an "
                       "answer\""),
            CallLog::failures_told_per_second);
  EXPECT_EQ(lines_with("and more"), 0);
  gateway_.loop().run_for(2s);
  EXPECT_EQ(lines_with("and more tries at it failed within a second provider=p more=4\n"), 1);
  ask();
  EXPECT_EQ(lines_with("a try at a provider failed"), CallLog::failures_told_per_second + 1)
      << "a new second";
}

TEST_F(CallLogTest, ACallThatEndsIsALineOfDebug) {
  gateway_.start();
  answers(200, R"({"model":"x","choices":[{"message":{"content":"what-was-answered"}}],)"
               R"("usage":{"prompt_tokens":12,"completion_tokens":3}})");
  EXPECT_EQ(ask().status, 200);
  std::string id = id_of_first();
  std::string log = gateway_.loop().log_text();
  EXPECT_THAT(log, HasSubstr("debug   a call ended call=" + id +
                             " route=chat target=p/same status=200 outcome=completed ms="));
  EXPECT_THAT(log, HasSubstr(" input_tokens=12 output_tokens=3 tokens=exact\n"));
  EXPECT_THAT(log, Not(HasSubstr("what-was-")));
  EXPECT_THAT(log, Not(HasSubstr("a try at a provider failed")));
}

}  // namespace
}  // namespace recloser::relay
