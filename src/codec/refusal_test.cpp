#include "codec/refusal.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

constexpr std::string_view call = "01JD3Z8QK6T2V9M4B7XHPW5RNC";

Notice budget() {
  return {.refusal = Refusal::budget_exhausted,
          .message = "The session budget of $2.00 is spent. Ask acme for more.",
          .call = call,
          .rule = "budget/session-usd",
          .decision = "deny"};
}

std::string written(Family family, const Notice& notice, int status) {
  std::string out = "kept:";
  write_refusal(out, family, notice, status);
  EXPECT_TRUE(out.starts_with("kept:"));
  return out.substr(5);
}

Refusal nth(unsigned i) { return static_cast<Refusal>(i); }

TEST(Refusal, NamesAndStatusesOfTheContract) {
  const std::pair<std::string_view, int> expected[] = {
      {"invalid_key", 401},
      {"model_not_allowed", 403},
      {"model_not_found", 404},
      {"policy_denied", 403},
      {"budget_exhausted", 429},
      {"rate_limited", 429},
      {"loop_detected", 429},
      {"model_unpriced", 403},
      {"approval_pending", 403},
      {"request_too_large", 413},
      {"invalid_request", 400},
      {"provider_unavailable", 503},
      {"provider_timeout", 504},
      {"provider_error", 502},
      {"gateway_overloaded", 503},
      {"draining", 503},
      {"not_found", 404},
      {"method_not_allowed", 405},
      {"request_timeout", 408},
      {"unsupported_media_type", 415},
      {"headers_too_large", 431},
      {"upgrade_required", 426},
      {"idempotency_conflict", 409},
      {"forwarding_loop", 508},
  };
  ASSERT_EQ(std::size(expected), refusal_count);
  for (unsigned i = 0; i < refusal_count; ++i) {
    EXPECT_EQ(name_of(nth(i)), expected[i].first);
    EXPECT_EQ(default_status(nth(i)), expected[i].second) << expected[i].first;
  }
}

TEST(Refusal, OnlyWhatPassesByItselfInvitesARetry) {
  const std::set<Refusal> later{Refusal::rate_limited, Refusal::gateway_overloaded,
                                Refusal::draining};
  for (unsigned i = 0; i < refusal_count; ++i) {
    Notice notice{.refusal = nth(i)};
    RefusalHead head = head_of(notice, ClientFamily::unknown, false);
    EXPECT_EQ(head.should_retry == true, later.contains(nth(i))) << name_of(nth(i));
    EXPECT_EQ(head.retry_after_seconds.has_value(), later.contains(nth(i))) << name_of(nth(i));
    if (is_decision(nth(i)) && !later.contains(nth(i))) {
      EXPECT_EQ(head.should_retry, false) << name_of(nth(i));
    }
  }
  EXPECT_EQ(
      head_of({.refusal = Refusal::provider_timeout}, ClientFamily::unknown, false).should_retry,
      std::nullopt);
}

TEST(Refusal, RetryAfterIsOneToSixtySeconds) {
  auto seconds = [](Duration wait) {
    Notice notice{.refusal = Refusal::rate_limited, .retry_after = wait};
    return *head_of(notice, ClientFamily::unknown, false).retry_after_seconds;
  };
  EXPECT_EQ(seconds(1ms), 1);
  EXPECT_EQ(seconds(-5s), 1);
  EXPECT_EQ(seconds(1s + 1ns), 2);
  EXPECT_EQ(seconds(60s), 60);
  EXPECT_EQ(seconds(61s), 60);
  EXPECT_EQ(seconds(Duration::max()), 60);
}

TEST(Refusal, ARuleMayChooseStatusAndRetry) {
  Notice notice{.refusal = Refusal::policy_denied, .status = 451};
  EXPECT_EQ(head_of(notice, ClientFamily::unknown, false).status, 451);
  notice.retry = true;
  RefusalHead head = head_of(notice, ClientFamily::codex, false);
  EXPECT_EQ(head.status, 451);  // who shall come back is told so in the rule's own way
  EXPECT_EQ(head.should_retry, true);
}

TEST(Refusal, DecisionsTakeTheFormOfTheClient) {
  EXPECT_EQ(head_of(budget(), ClientFamily::claude_code, false).status, 429);
  EXPECT_EQ(head_of(budget(), ClientFamily::codex, false).status, 400);
  EXPECT_EQ(head_of(budget(), ClientFamily::unknown, true).status, 400);
  // What is no decision keeps its status: the SDKs raise their classes by it.
  EXPECT_EQ(head_of({.refusal = Refusal::invalid_key}, ClientFamily::codex, true).status, 401);
  EXPECT_EQ(head_of({.refusal = Refusal::model_not_found}, ClientFamily::litellm, true).status,
            404);
  EXPECT_EQ(head_of({.refusal = Refusal::rate_limited}, ClientFamily::codex, true).status, 429);
}

// Wire-formats, "How often five coding agents try again": on these each of them asks once (opencode
// twice), and shows the message.
TEST(Refusal, ABudgetThatIsSpentStopsEachFamily) {
  struct Form {
    ClientFamily client;
    int status;
    int again;  // the second within the window
  };
  constexpr Form forms[] = {
      {ClientFamily::unknown, 429, 400},     {ClientFamily::stainless, 429, 400},
      {ClientFamily::claude_code, 429, 429}, {ClientFamily::codex, 400, 400},
      {ClientFamily::gemini_cli, 400, 400},  {ClientFamily::vercel_ai, 400, 400},
      {ClientFamily::litellm, 400, 400},
  };
  Notice notice{.refusal = Refusal::budget_exhausted};
  for (const Form& form : forms) {
    SCOPED_TRACE(name_of(form.client));
    RefusalHead head = head_of(notice, form.client, false);
    EXPECT_EQ(head.status, form.status);
    EXPECT_EQ(head.should_retry, false);
    EXPECT_FALSE(head.retry_after_seconds) << "two SDKs would sleep or ask again";
    EXPECT_EQ(head_of(notice, form.client, true).status, form.again);
  }
}

TEST(WriteRefusal, OpenAi) {
  EXPECT_EQ(written(Family::openai, budget(), 429),
            R"({"error":{"message":"The session budget of $2.00 is spent. Ask acme for more. )"
            R"([call 01JD3Z8QK6T2V9M4B7XHPW5RNC]","type":"budget_exhausted","param":null,)"
            R"("code":"budget_exhausted","recloser":{"call":"01JD3Z8QK6T2V9M4B7XHPW5RNC",)"
            R"("rule":"budget/session-usd","decision":"deny"}}})");
}

TEST(WriteRefusal, OpenAiWithParamAndARulesCode) {
  Notice notice{.refusal = Refusal::policy_denied,
                .message = "No.",
                .code = "residency_unavailable",
                .param = "model"};
  EXPECT_EQ(written(Family::openai, notice, 403),
            R"({"error":{"message":"No.","type":"policy_denied","param":"model",)"
            R"("code":"residency_unavailable","recloser":{"call":null,"rule":null,)"
            R"("decision":null}}})");
}

TEST(WriteRefusal, Anthropic) {
  EXPECT_EQ(written(Family::anthropic, budget(), 429),
            R"({"type":"error","error":{"type":"rate_limit_error","message":"The session budget )"
            R"(of $2.00 is spent. Ask acme for more. [call 01JD3Z8QK6T2V9M4B7XHPW5RNC]",)"
            R"("recloser":{"call":"01JD3Z8QK6T2V9M4B7XHPW5RNC","rule":"budget/session-usd",)"
            R"("decision":"deny"}},"request_id":"01JD3Z8QK6T2V9M4B7XHPW5RNC"})");
}

TEST(WriteRefusal, AnthropicTypesFollowTheStatus) {
  auto type = [](int status) {
    std::string body = written(Family::anthropic, {.message = "m"}, status);
    std::size_t at = body.find(R"("error":{"type":")") + 17;
    return body.substr(at, body.find('"', at) - at);
  };
  EXPECT_EQ(type(400), "invalid_request_error");
  EXPECT_EQ(type(401), "authentication_error");
  EXPECT_EQ(type(402), "billing_error");
  EXPECT_EQ(type(403), "permission_error");
  EXPECT_EQ(type(404), "not_found_error");
  EXPECT_EQ(type(405), "invalid_request_error");
  EXPECT_EQ(type(413), "request_too_large");
  EXPECT_EQ(type(429), "rate_limit_error");
  EXPECT_EQ(type(502), "api_error");
  EXPECT_EQ(type(503), "overloaded_error");
  EXPECT_EQ(type(504), "timeout_error");
}

TEST(WriteRefusal, HostileTextIsEscapedAndShort) {
  std::string hostile = "\"}\n{\x01\xff" + std::string(5000, 'x');
  Notice notice{.message = hostile, .rule = "a\"b"};
  for (Family family : {Family::openai, Family::anthropic}) {
    std::string body = written(family, notice, 400);
    EXPECT_NE(body.find(R"(\"}?{?)"), std::string::npos) << body.substr(0, 80);
    EXPECT_NE(body.find(R"("rule":"a\"b")"), std::string::npos);
    EXPECT_LT(body.size(), 2300u);
    EXPECT_EQ(body.find('\n'), std::string::npos);
  }
}

std::string failed(Operation operation, const StreamFailure& failure) {
  std::string out;
  write_stream_failure(out, operation, failure);
  return out;
}

StreamFailure provider_gone() {
  return {.notice = {.refusal = Refusal::provider_unavailable,
                     .message = "The provider closed the connection in mid-stream. Try again.",
                     .call = call},
          .response_id = "resp_1",
          .model = "gpt-4o",
          .created_at_s = 1790000000,
          .sequence_number = 7};
}

TEST(StreamFailure, Chat) {
  for (Operation operation : {Operation::chat, Operation::completions}) {
    EXPECT_EQ(failed(operation, provider_gone()),
              "data: {\"error\":{\"message\":\"The provider closed the connection in mid-stream. "
              "Try again. [call 01JD3Z8QK6T2V9M4B7XHPW5RNC]\",\"type\":\"provider_unavailable\","
              "\"param\":null,\"code\":\"provider_unavailable\",\"recloser\":{\"call\":"
              "\"01JD3Z8QK6T2V9M4B7XHPW5RNC\",\"rule\":null,\"decision\":null}}}\n\n");
  }
}

TEST(StreamFailure, Responses) {
  EXPECT_EQ(
      failed(Operation::responses, provider_gone()),
      "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":7,"
      "\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1790000000,"
      "\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"The provider "
      "closed the connection in mid-stream. Try again. [call 01JD3Z8QK6T2V9M4B7XHPW5RNC]\","
      "\"recloser\":{\"call\":\"01JD3Z8QK6T2V9M4B7XHPW5RNC\",\"rule\":null,\"decision\":null}}"
      ",\"incomplete_details\":null,\"instructions\":null,\"metadata\":{},\"model\":"
      "\"gpt-4o\",\"output\":[],\"parallel_tool_calls\":true,\"temperature\":null,"
      "\"top_p\":null,\"tool_choice\":\"auto\",\"tools\":[],\"usage\":null}}\n\n");
}

TEST(StreamFailure, ResponsesBeforeTheirIdWasSeen) {
  StreamFailure failure = provider_gone();
  failure.response_id = {};
  EXPECT_NE(
      failed(Operation::responses, failure).find("\"id\":\"resp_01JD3Z8QK6T2V9M4B7XHPW5RNC\""),
      std::string::npos);
}

TEST(StreamFailure, Anthropic) {
  StreamFailure failure = provider_gone();
  failure.notice.refusal = Refusal::provider_error;
  std::string event = failed(Operation::messages, failure);
  EXPECT_TRUE(event.starts_with(
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"))
      << event;
  EXPECT_TRUE(event.ends_with("\"request_id\":\"01JD3Z8QK6T2V9M4B7XHPW5RNC\"}\n\n")) << event;
}

TEST(StreamFailure, HalfAnEventIsEndedFirst) {
  StreamFailure failure = provider_gone();
  failure.within_event = failure.within_line = true;
  for (Operation operation : {Operation::chat, Operation::responses}) {
    std::string event = failed(operation, failure);
    EXPECT_TRUE(event.starts_with("\n\n"));
    // Nothing after the first line break of the data: one event, one line.
    EXPECT_EQ(event.find("\n\n", 2), event.size() - 2);
  }
  failure.within_line = false;
  std::string event = failed(Operation::chat, failure);
  EXPECT_TRUE(event.starts_with("\ndata")) << event;
}

TEST(StreamFailure, HalfAnEventOfAnthropicsBecomesTheError) {
  StreamFailure failure = provider_gone();
  failure.within_event = failure.within_line = true;
  std::string event = failed(Operation::messages, failure);
  EXPECT_TRUE(event.starts_with("\nevent: error\ndata: {")) << event;
  failure.within_line = false;
  event = failed(Operation::messages, failure);
  EXPECT_TRUE(event.starts_with("event: error\ndata: {")) << event;
}

TEST(RefusalOf, FollowsFaultAndKind) {
  auto of = [](Side side, Kind kind) { return name_of(refusal_of(Error(side, kind, ""))); };
  EXPECT_EQ(of(Side::client, Kind::malformed), "invalid_request");
  EXPECT_EQ(of(Side::client, Kind::too_large), "request_too_large");
  EXPECT_EQ(of(Side::client, Kind::timed_out), "request_timeout");
  EXPECT_EQ(of(Side::client, Kind::not_found), "not_found");
  EXPECT_EQ(of(Side::provider, Kind::timed_out), "provider_timeout");
  EXPECT_EQ(of(Side::provider, Kind::malformed), "provider_error");
  EXPECT_EQ(of(Side::provider, Kind::unreachable), "provider_unavailable");
  EXPECT_EQ(of(Side::provider, Kind::tls), "provider_unavailable");
  EXPECT_EQ(of(Side::provider, Kind::closed), "provider_unavailable");
  EXPECT_EQ(of(Side::gateway, Kind::full), "gateway_overloaded");
}

TEST(GuessFamily, FromPathAndHeader) {
  EXPECT_EQ(guess_family("/v1/nothing", false), Family::openai);
  EXPECT_EQ(guess_family("/v1/nothing", true), Family::anthropic);
  EXPECT_EQ(guess_family("/v1/messages", false), Family::anthropic);
  EXPECT_EQ(guess_family("/messages?beta=true", false), Family::anthropic);
  EXPECT_EQ(guess_family("/v1/messages/batches", false), Family::anthropic);
  EXPECT_EQ(guess_family("/v1/messagesx", false), Family::openai);
  EXPECT_EQ(guess_family("/v1/threads/t1/messages", false), Family::openai);
  EXPECT_EQ(guess_family("/v1/x?next=/messages", false), Family::openai);
  EXPECT_EQ(guess_family("", false), Family::openai);
}

}  // namespace
}  // namespace recloser::codec
