#include "relay/relay.h"

#include "relay/request.h"
#include "relay/testing/test_gateway.h"

#include <map>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr std::string_view chat_answer =
    R"({"id":"c1","object":"chat.completion","model":"m-large-2026","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";

constexpr const char* json_field = "content-type: application/json\r\n";

class RelayTest : public testing::Test {
 protected:
  RelayTest()
      : gateway_(testing::TempDir() + "recloser-relay-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  TestProvider& provider() { return gateway_.provider(); }

  // A provider that answers every request with this.
  void answers(int status, std::string body,
               std::string fields = "content-type: application/json\r\n") {
    provider().script = [status, body = std::move(body), fields = std::move(fields)](
                            net::Exchange& exchange, std::string) -> Task<void> {
      return send_answer(exchange, status, fields, body);
    };
  }
  static Task<void> send_answer(net::Exchange& exchange, int status, std::string fields,
                                std::string body) {
    co_await exchange.answer(status, fields, body);
  }

  static Task<void> close(net::Exchange& exchange) {
    exchange.client().close();
    co_return;
  }

  // A provider that streams these pieces, `gap` apart, and ends cleanly or by closing.
  void streams(std::vector<std::string> pieces, Duration gap = 10ms, bool ends_well = true) {
    provider().script = [this, pieces = std::move(pieces), gap, ends_well](
                            net::Exchange& exchange, std::string) -> Task<void> {
      return send_stream(exchange, gateway_.loop().worker(), pieces, gap, ends_well);
    };
  }
  static Task<void> send_stream(net::Exchange& exchange, net::Worker& worker,
                                std::vector<std::string> pieces, Duration gap, bool ends_well) {
    exchange.begin(net::AnswerFraming::chunked);
    std::string head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\n"
        "transfer-encoding: chunked\r\n\r\n";
    for (const std::string& piece : pieces) {
      std::array<std::string_view, 1> payload{piece};
      Result<void> sent = co_await exchange.send(head, payload, net::Last::no);
      if (!sent) co_return;
      head.clear();
      co_await worker.sleep_until(worker.now() + gap);
    }
    if (ends_well) {
      std::span<const std::string_view> nothing_more;
      co_await exchange.send(head, nothing_more, net::Last::yes);
    } else {
      exchange.client().close();
    }
  }

  static std::string chunk(std::string_view text) {
    return "data: "
           "{\"id\":\"c1\",\"model\":\"m-large\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
           "\"" +
           std::string(text) + "\"},\"finish_reason\":null}]}\n\n";
  }
  static std::string finish() {
    return "data: "
           "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
           "\n\n";
  }
  static std::string usage() {
    return "data: "
           "{\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,"
           "\"total_tokens\":9}}\n\n";
  }

  TestGateway gateway_;
};

TEST_F(RelayTest, AWholeAnswerPassesUnchangedAndIsBooked) {
  gateway_.start();
  answers(200, std::string(chat_answer),
          "content-type: application/json\r\nx-request-id: req_9\r\n");
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same","messages":[]})",
                            "x-recloser-session: s-1\r\nx-recloser-labels: a,b\r\n");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, chat_answer);
  EXPECT_NE(seen.head.find("x-recloser-call: "), std::string::npos);
  EXPECT_NE(seen.head.find("x-recloser-target: p/same"), std::string::npos);
  EXPECT_EQ(provider().bodies, std::vector<std::string>{R"({"model":"same","messages":[]})"});

  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::completed);
  EXPECT_EQ(books[0].org, "acme");
  EXPECT_EQ(books[0].team, "search");
  EXPECT_EQ(books[0].key_id, "test");
  EXPECT_EQ(books[0].session, "s-1");
  EXPECT_EQ(books[0].labels, R"(["a","b"])");
  EXPECT_EQ(books[0].model_requested, "same");
  EXPECT_EQ(books[0].model_served, "m-large-2026");
  EXPECT_EQ(books[0].provider, "p");
  EXPECT_EQ(books[0].region, "eu");
  EXPECT_EQ(books[0].input_tokens, 12);
  EXPECT_EQ(books[0].output_tokens, 3);
  EXPECT_EQ(books[0].tokens_source, ledger::TokensSource::exact);
  EXPECT_EQ(books[0].status, 200);
  EXPECT_NE(books[0].attempts.find("req_9"), std::string::npos) << books[0].attempts;
}

TEST_F(RelayTest, TheProviderGetsItsOwnKeyAndNoneOfOurs) {
  gateway_.start();
  answers(200, std::string(chat_answer));
  gateway_.post("/v1/chat/completions?x=1", R"({"model":"m","messages":[]})",
                "x-recloser-session: s\r\nidempotency-key: k\r\naccept-encoding: gzip\r\n"
                "openai-organization: o\r\ncookie: c=1\r\n");
  ASSERT_EQ(provider().heads.size(), 1u);
  const std::string& head = provider().heads[0];
  EXPECT_EQ(head.substr(0, head.find('\r')), "POST /chat/completions?x=1 HTTP/1.1");
  EXPECT_NE(head.find("authorization: Bearer provider-key\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find(test_secret), std::string::npos);
  EXPECT_EQ(head.find("x-recloser"), std::string::npos);
  EXPECT_EQ(head.find("idempotency-key"), std::string::npos);
  EXPECT_NE(head.find("cookie: c=1\r\n"), std::string::npos) << "no key of ours: it passes";
  EXPECT_NE(head.find("accept-encoding: identity\r\n"), std::string::npos);
  EXPECT_NE(head.find("openai-organization: o\r\n"), std::string::npos);
  EXPECT_EQ(provider().bodies[0], R"({"model":"m-large","messages":[]})");
}

TEST_F(RelayTest, AFullLedgerAdmitsNothingUntilThereIsRoomAgain) {
  gateway_.start();
  answers(200, std::string(chat_answer));
  const std::string body = R"({"model":"same","messages":[]})";
  gateway_.store().fail_writes_with(Error(Side::operator_, Kind::full, "state.db: no room"));
  EXPECT_EQ(gateway_.post("/v1/chat/completions", body).status, 200) << "nobody knows of it yet";
  EXPECT_EQ(gateway_.books().size(), 0u);
  for (auto [path, error] : {std::pair("/v1/chat/completions", R"("code":"gateway_overloaded")"),
                             std::pair("/v1/messages", R"("type":"overloaded_error")")}) {
    Seen refused = gateway_.post(path, body);
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.head.find("x-should-retry: true\n"), std::string::npos) << refused.head;
    EXPECT_NE(refused.head.find("retry-after: 1\n"), std::string::npos) << refused.head;
    EXPECT_NE(refused.body.find(error), std::string::npos) << refused.body;
    EXPECT_EQ(refused.body.find("state.db"), std::string::npos) << "no business of a client's";
  }
  EXPECT_EQ(provider().bodies.size(), 1u) << "nothing was asked of the provider";
  gateway_.store().fail_writes_with(std::nullopt);
  EXPECT_EQ(gateway_.books().size(), 1u) << "the first call was not lost, the refused have no row";
  EXPECT_EQ(gateway_.post("/v1/chat/completions", body).status, 200);
  EXPECT_EQ(gateway_.books().size(), 2u);
}

TEST_F(RelayTest, ACountOfTokensBooksNone) {
  gateway_.start();
  answers(200, R"({"input_tokens":8})");
  gateway_.post("/v1/messages/count_tokens", R"({"model":"same","messages":[]})");
  gateway_.post("/v1/responses/input_tokens", R"({"model":"same","input":"hi"})");
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 2u);
  for (const ledger::StoredCall& row : books) {
    EXPECT_EQ(row.outcome, ledger::Outcome::completed);
    EXPECT_EQ(row.input_tokens, std::nullopt) << "nothing was billed";
    EXPECT_EQ(row.output_tokens, std::nullopt);
    EXPECT_EQ(row.tokens_source, ledger::TokensSource::none);
  }
}

// The provider ends a pooled connection after it has read the request: it may have worked on it.
TEST_F(RelayTest, AReplayBooksWhatTheFirstAttemptMayCost) {
  gateway_.start();
  const std::string body =
      R"({"model":"same","messages":[{"role":"user","content":"these are five more words"}]})";
  provider().script = [this](net::Exchange& exchange, std::string) -> Task<void> {
    return provider().bodies.size() == 2
               ? close(exchange)
               : send_answer(exchange, 200, json_field, std::string(chat_answer));
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(gateway_.post("/v1/chat/completions", body).body, chat_answer);
  }
  ASSERT_EQ(provider().bodies.size(), 3u);
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 2u);
  EXPECT_EQ(books[0].tokens_source, ledger::TokensSource::exact);
  // Its words, four around them and three around the prompt, by the line of models that nobody
  // knows.
  constexpr std::int64_t estimate = 14;
  EXPECT_EQ(books[1].input_tokens, 12 + estimate);
  EXPECT_EQ(books[1].output_tokens, 3);
  EXPECT_EQ(books[1].tokens_source, ledger::TokensSource::estimated);
  EXPECT_NE(books[1].attempts.find(
                R"("error_class":"closed","provider_request_id":null,"input_tokens":)" +
                std::to_string(estimate) + ","),
            std::string::npos)
      << books[1].attempts;
  EXPECT_NE(books[1].attempts.find(R"("n":2)"), std::string::npos);
  EXPECT_NE(books[1].attempts.find(R"("input_tokens":12,"output_tokens":3)"), std::string::npos);
}

TEST_F(RelayTest, UsageIsAskedForAndHidden) {
  gateway_.start();
  streams({chunk("a"), chunk("b"), finish(), usage(), "data: [DONE]\n\n"});
  Seen seen =
      gateway_.post("/v1/chat/completions", R"({"model":"same","stream":true,"messages":[]})");
  EXPECT_EQ(seen.body, chunk("a") + chunk("b") + finish() + "data: [DONE]\n\n");
  EXPECT_EQ(
      provider().bodies[0],
      R"({"model":"same","stream":true,"messages":[],"stream_options":{"include_usage":true}})");
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].input_tokens, 7);
  EXPECT_EQ(books[0].output_tokens, 2);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::completed);
}

TEST_F(RelayTest, UsageThatTheClientAskedForStays) {
  gateway_.start();
  streams({chunk("a"), finish(), usage(), "data: [DONE]\n\n"});
  std::string asked = R"({"model":"same","stream":true,"stream_options":{"include_usage":true}})";
  Seen seen = gateway_.post("/v1/chat/completions", asked);
  EXPECT_EQ(seen.body, chunk("a") + finish() + usage() + "data: [DONE]\n\n");
  EXPECT_EQ(provider().bodies[0], asked);
}

TEST_F(RelayTest, AClientThatLeavesInMidStreamClosesTheProvider) {
  gateway_.start();
  streams(std::vector<std::string>(100, chunk("a")), 3s);
  Seen seen;
  Instant leave = gateway_.loop().worker().now() + 7s;
  std::string body = R"({"model":"same","stream":true})";
  std::string head =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nx-api-key: " + std::string(test_secret) +
      "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  gateway_.loop().run(gateway_.fetch(head, body, seen, leave));
  Instant left = gateway_.loop().worker().now();
  gateway_.loop().worker().run_until([&] { return provider().left_at.has_value(); });
  EXPECT_LT(*provider().left_at - left, 50ms);
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::client_gone);
  EXPECT_EQ(books[0].tokens_source, ledger::TokensSource::estimated);
}

TEST_F(RelayTest, AClientThatLeavesBeforeTheFirstByteClosesTheProvider) {
  gateway_.start();
  provider().script = [this](net::Exchange&, std::string) -> Task<void> {
    return [](net::Worker& worker) -> Task<void> {
      co_await worker.sleep_until(worker.now() + 1h);
    }(gateway_.loop().worker());
  };
  Seen seen;
  Instant leave = gateway_.loop().worker().now() + 2s;
  std::string body = R"({"model":"same"})";
  std::string head =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nx-api-key: " + std::string(test_secret) +
      "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
  gateway_.loop().run(gateway_.fetch(head, body, seen, leave));
  Instant left = gateway_.loop().worker().now();
  gateway_.loop().worker().run_until([&] { return provider().left_at.has_value(); });
  EXPECT_LT(*provider().left_at - left, 50ms);
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::client_gone);
}

TEST_F(RelayTest, ABrokenStreamEndsWithAnErrorNeverAsASuccess) {
  gateway_.start();
  streams({chunk("a"), chunk("b")}, 10ms, false);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same","stream":true})");
  EXPECT_EQ(seen.body.substr(0, 2 * chunk("a").size()), chunk("a") + chunk("b"));
  EXPECT_NE(seen.body.find("data: {\"error\":"), std::string::npos) << seen.body;
  EXPECT_EQ(seen.body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(seen.error, "") << "the framing is whole";
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::provider_failed);
}

TEST_F(RelayTest, ATruncatedStreamIsNoSuccessEither) {
  gateway_.start();
  streams({chunk("a"), chunk("b")}, 10ms, true);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same","stream":true})");
  EXPECT_NE(seen.body.find("before its answer was complete"), std::string::npos) << seen.body;
  EXPECT_EQ(gateway_.books().at(0).outcome, ledger::Outcome::provider_failed);
}

// The row has little room, and what went wrong is told last.
TEST_F(RelayTest, AProvidersEndlessModelNameLeavesRoomInTheRow) {
  gateway_.start();
  std::vector<std::string> pieces(50, chunk("a"));
  pieces[0] =
      R"(data: {"id":"c1","model":")" + std::string(5000, 'x') + R"(","choices":[]})" + "\n\n";
  streams(std::move(pieces), 10ms, false);
  gateway_.post("/v1/chat/completions", R"({"model":"same","stream":true})");
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].model_served.substr(0, 200), std::string(200, 'x'));
  EXPECT_NE(books[0].attempts.find("\"error_class\":\"closed\""), std::string::npos)
      << books[0].attempts;
}

TEST_F(RelayTest, ASilentStreamKeepsItsClientAwakeAndTimesOut) {
  gateway_.start();
  streams({chunk("a"), chunk("b")}, 1h);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same","stream":true})");
  EXPECT_NE(seen.body.find(chunk("a") +
                           ": keep-alive\n\n: keep-alive\n\n: keep-alive\n\ndata: {\"error\""),
            std::string::npos)
      << seen.body;
  EXPECT_NE(seen.body.find("sent nothing more within 1m"), std::string::npos) << seen.body;
}

TEST_F(RelayTest, ErrorsOfTheProviderKeepStatusAndBody) {
  gateway_.start();
  std::string error =
      R"({"error":{"message":"slow down","type":"rate_limit","code":"rate_limit_exceeded"}})";
  answers(429, error, "content-type: application/json\r\nretry-after: 7\r\n");
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_EQ(seen.status, 429);
  EXPECT_EQ(seen.body, error);
  EXPECT_NE(seen.head.find("retry-after: 7"), std::string::npos);
  std::vector<ledger::StoredCall> books = gateway_.books();
  EXPECT_EQ(books.at(0).outcome, ledger::Outcome::provider_failed);
  EXPECT_EQ(books.at(0).status, 429);
}

struct Refusal {
  const char* name;
  std::string path;
  std::string body;
  std::string fields;
  int status;
  std::string code;
  std::string says;
};
class RefusalTest : public RelayTest, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, SaysWhatHappenedAndHasItsRow) {
  gateway_.start();
  answers(200, std::string(chat_answer));
  Seen seen = gateway_.post(GetParam().path, GetParam().body, GetParam().fields);
  EXPECT_EQ(seen.status, GetParam().status) << seen.body;
  EXPECT_NE(seen.body.find("\"" + GetParam().code + "\""), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find(GetParam().says), std::string::npos) << seen.body;
  EXPECT_TRUE(provider().bodies.empty());
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].outcome, ledger::Outcome::refused);
  EXPECT_EQ(books[0].status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RefusalTest,
    testing::Values(
        Refusal{"unknown_model", "/v1/chat/completions", R"({"model":"p2/x"})", "", 404,
                "model_not_found", "p2/x"},
        Refusal{"no_json", "/v1/chat/completions", R"({"model":"same",})", "", 400,
                "invalid_request", "byte 16"},
        Refusal{"no_model", "/v1/chat/completions", R"({"messages":[]})", "", 400,
                "invalid_request", "model"},
        Refusal{"empty", "/v1/chat/completions", "", "", 400, "invalid_request", "body"},
        Refusal{"encoded", "/v1/chat/completions", "x", "content-encoding: gzip\r\n", 415,
                "unsupported_media_type", "not supported in this version"},
        Refusal{"websocket", "/v1/responses", "{}", "upgrade: websocket\r\nconnection: upgrade\r\n",
                426, "upgrade_required", "POST"},
        Refusal{"cache", "/v1/chat/completions", R"({"model":"same"})",
                "x-recloser-cache: exact\r\n", 400, "invalid_request",
                "x-recloser-cache is not supported in this version"},
        Refusal{"route", "/v1/chat/completions", R"({"model":"same"})",
                "x-recloser-cache: off\r\nx-recloser-route: cost\r\n", 400, "invalid_request",
                "x-recloser-route is not supported in this version"},
        Refusal{"bad_session", "/v1/chat/completions", R"({"model":"same"})",
                "x-recloser-session: " + std::string(200, 'x') + "\r\n", 400, "invalid_request",
                "x-recloser-session"}),
    [](const testing::TestParamInfo<Refusal>& info) { return std::string(info.param.name); });

TEST_F(RelayTest, AWrongKeyIs401WithoutARow) {
  gateway_.start();
  Seen seen = gateway_.request(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer nope\r\n"
      "content-length: 2\r\n\r\n",
      "{}");
  EXPECT_EQ(seen.status, 401);
  EXPECT_NE(seen.body.find("invalid_key"), std::string::npos) << seen.body;
  EXPECT_TRUE(gateway_.books().empty());
  EXPECT_EQ(seen.body.find("nope"), std::string::npos);
}

TEST_F(RelayTest, AnthropicErrorsAreInItsOwnShape) {
  gateway_.start();
  Seen seen = gateway_.post("/v1/messages", R"({"model":"nope","max_tokens":1})");
  EXPECT_EQ(seen.status, 404);
  EXPECT_EQ(seen.body.substr(0, 28), R"({"type":"error","error":{"ty)") << seen.body;
}

TEST_F(RelayTest, APageOfHtmlIsNotAnAnswer) {
  gateway_.start();
  answers(200, "<html>login</html>", "content-type: text/html; charset=utf-8\r\n");
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_EQ(seen.status, 502);
  EXPECT_NE(seen.body.find("check that its baseUrl"), std::string::npos) << seen.body;
}

TEST_F(RelayTest, ADeadProviderIsUnavailable) {
  gateway_.start();
  provider().stop();
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  EXPECT_EQ(seen.status, 503);
  EXPECT_NE(seen.body.find("provider p cannot be reached"), std::string::npos) << seen.body;
  EXPECT_EQ(seen.body.find("127.0.0.1"), std::string::npos) << seen.body;
  ledger::StoredCall row = gateway_.books().at(0);
  EXPECT_EQ(row.outcome, ledger::Outcome::provider_failed);
  EXPECT_NE(row.decisions.find("127.0.0.1"), std::string::npos) << row.decisions;
  EXPECT_NE(row.decisions.find("Connection refused"), std::string::npos) << row.decisions;
}

TEST_F(RelayTest, UnknownAndUnbuiltRoutesAre404) {
  gateway_.start();
  EXPECT_EQ(gateway_.post("/v1/nothing", "{}").status, 404);
  Seen seen = gateway_.post("/api/chat", "{}");
  EXPECT_EQ(seen.status, 404);
  EXPECT_NE(seen.body.find("not supported in this version"), std::string::npos) << seen.body;
  EXPECT_EQ(gateway_.request("GET /v1/chat/completions HTTP/1.1\r\nhost: g\r\n\r\n", "").status,
            405);
  EXPECT_EQ(gateway_.request("GET /healthz HTTP/1.1\r\nhost: g\r\n\r\n", "").status, 200);
  EXPECT_TRUE(gateway_.books().empty());
}

TEST_F(RelayTest, AGeminiMethodUnderV1IsNotBuiltRatherThanAWrongMethod) {
  gateway_.start();
  Seen seen = gateway_.post("/v1/models/gemini-2.5-pro:generateContent", "{}");
  EXPECT_EQ(seen.status, 404) << seen.body;
  EXPECT_NE(seen.body.find("not supported in this version"), std::string::npos) << seen.body;
  EXPECT_EQ(gateway_.post("/v1/models/same", "{}").status, 405);
}

// A slip in a path that is served is not taken for one of ours to come.
TEST_F(RelayTest, APathThatOnlyBeginsLikeAnUnbuiltOneIsNotFound) {
  gateway_.start();
  for (const char* path : {"/v1/chat/completions/", "/v1/chat/complete", "/api/tagsoup"}) {
    Seen seen = gateway_.post(path, "{}");
    EXPECT_EQ(seen.status, 404) << path;
    EXPECT_NE(seen.body.find("does not serve"), std::string::npos) << seen.body;
  }
  EXPECT_NE(gateway_.post("/v1/chat", "{}").body.find("not supported"), std::string::npos);
}

// What a provider takes when no model is named is no model of the key's list.
TEST_F(RelayTest, AKeyWithAListOfModelsMustNameOne) {
  gateway_.config().keys[0].models = {"same"};
  gateway_.start();
  answers(200, "{}");
  Seen seen = gateway_.post("/v1/moderations", R"({"input":"x"})");
  EXPECT_EQ(seen.status, 403) << seen.body;
  EXPECT_NE(seen.body.find("model_not_allowed"), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find("names no model"), std::string::npos) << seen.body;
  EXPECT_TRUE(provider().bodies.empty());
}

TEST_F(RelayTest, TokenCountsThatNoCallCanHaveAreEstimated) {
  gateway_.start();
  answers(200, R"({"id":"c1","choices":[{"message":{"content":"12345678"}}],"usage":)"
               R"({"prompt_tokens":18446744073709551615,"completion_tokens":-3}})");
  gateway_.post("/v1/chat/completions",
                R"({"model":"same","messages":[{"role":"user","content":"Hello there!"}]})");
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 1u);
  EXPECT_EQ(books[0].input_tokens, 12);  // of a model that nobody knows
  EXPECT_EQ(books[0].output_tokens, 2);
  EXPECT_EQ(books[0].tokens_source, ledger::TokensSource::estimated);
}

TEST_F(RelayTest, AModelWithoutAPriceIsRefusedWhereTheOperatorSaysSo) {
  gateway_.config().providers[0].dialect = config::Dialect::openai;
  gateway_.config().prices.unpriced = config::Unpriced::refuse;
  gateway_.start();
  answers(200, R"({"id":"c","model":"gpt-4o-mini","choices":[]})");
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"p/gtp-4o-mini"})");
  EXPECT_EQ(seen.status, 403) << seen.body;
  EXPECT_NE(seen.body.find("model_unpriced"), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find("gpt-4o-mini"), std::string::npos) << "near names: " << seen.body;
  EXPECT_TRUE(provider().bodies.empty());
  seen = gateway_.post("/v1/chat/completions", R"({"model":"p/gpt-4o-mini"})");
  EXPECT_EQ(seen.status, 200) << seen.body;
  seen = gateway_.post("/v1/moderations", R"({"input":"x"})");
  EXPECT_EQ(seen.status, 200) << "which model that is, its provider decides: " << seen.body;
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 3u);
  EXPECT_EQ(books[0].cost_nano_usd, std::nullopt);
}

TEST_F(RelayTest, AServerToolWithoutAPriceIsRefusedWhereTheOperatorSaysSo) {
  gateway_.config().providers[0].dialect = config::Dialect::openai;
  gateway_.config().prices.unpriced = config::Unpriced::refuse;
  gateway_.start();
  answers(200, R"({"id":"r","model":"gpt-4","output":[]})");
  auto ask = [&](std::string_view model, std::string_view tools) {
    return gateway_.post("/v1/responses", R"({"model":"p/)" + std::string(model) +
                                              R"(","input":"x","tools":[)" + std::string(tools) +
                                              "]}");
  };
  Seen seen = ask("gpt-4", R"({"type":"function","name":"f"},{"type":"web_search_preview"})");
  EXPECT_EQ(seen.status, 403) << seen.body;
  EXPECT_NE(seen.body.find("model_unpriced"), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find(R"("param":"tools")"), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find("web_search_preview"), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find("what has one with it: code sessions"), std::string::npos) << seen.body;
  seen = ask("gpt-4o-mini", R"({"type":"image_generation"})");
  EXPECT_EQ(seen.status, 403) << "charged in a way that no usage tells: " << seen.body;
  seen = gateway_.post("/v1/chat/completions", R"({"model":"p/gpt-4","web_search_options":{}})");
  EXPECT_EQ(seen.status, 403) << seen.body;
  EXPECT_TRUE(provider().bodies.empty()) << "nothing was sent";
  EXPECT_EQ(ask("gpt-4", R"({"type":"function","name":"web_search"})").status, 200);
  EXPECT_EQ(ask("gpt-4", R"({"type":"code_interpreter"})").status, 200);
  EXPECT_EQ(ask("gpt-4o-mini", R"({"type":"web_search_preview"},{"type":"file_search"})").status,
            200);
  EXPECT_EQ(provider().bodies.size(), 3u);
}

TEST_F(RelayTest, AServerToolWithoutAPriceElsePassesAndIsUnpriced) {
  gateway_.config().providers[0].dialect = config::Dialect::openai;
  gateway_.start();
  answers(200, R"({"id":"r","model":"gpt-4","output":[{"type":"web_search_call",)"
               R"("action":{"type":"search"}}],"usage":{"input_tokens":10,"output_tokens":5}})");
  for (int i = 0; i < 3; ++i) {
    Seen seen = gateway_.post("/v1/responses",
                              R"({"model":"p/gpt-4","input":"x","tools":[{"type":"web_search"}]})");
    EXPECT_EQ(seen.status, 200) << seen.body;
  }
  std::vector<ledger::StoredCall> books = gateway_.books();
  ASSERT_EQ(books.size(), 3u);
  EXPECT_EQ(books[0].cost_nano_usd, std::nullopt) << "not what its tokens alone cost";
  EXPECT_EQ(books[0].cost_source, ledger::CostSource::unpriced);
  std::string log = gateway_.loop().log_text();
  std::string_view line = "a call has no cost in the books";
  std::size_t first = log.find(line);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find(line, first + 1), std::string::npos) << "once a minute: " << log;
}

TEST_F(RelayTest, NamesOfNoModelMakeNoSeries) {
  gateway_.start();
  answers(200, std::string(chat_answer));
  for (int i = 0; i < 5; ++i) {
    gateway_.post("/v1/chat/completions", R"({"model":"bogus-)" + std::to_string(i) + R"("})");
  }
  gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  Metrics::Snapshot counted;
  gateway_.relay().metrics().add_to(counted);
  ASSERT_EQ(counted.calls.size(), 2u);
  EXPECT_EQ(counted.calls.begin()->first.values[1], "");
  EXPECT_EQ(counted.calls.begin()->second, 5u);
  EXPECT_EQ(counted.calls.rbegin()->first.values[1], "same");
}

// Names that only clients vouch for share a series until a provider has answered to them.
TEST_F(RelayTest, InventedNamesOfAProvidersRouteShareOneSeries) {
  gateway_.start();
  answers(404, R"({"error":{"message":"no such model"}})");
  for (int i = 0; i < 5; ++i) {
    gateway_.post("/v1/chat/completions", R"({"model":"p/bogus-)" + std::to_string(i) + R"("})");
  }
  answers(200, std::string(chat_answer));
  gateway_.post("/v1/chat/completions", R"({"model":"p/real"})");
  gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  Metrics::Snapshot counted;
  gateway_.relay().metrics().add_to(counted);
  std::map<std::string, std::uint64_t> models;
  for (const auto& [labels, count] : counted.calls) models[labels.values[1]] += count;
  std::map<std::string, std::uint64_t> expected{{"other", 5}, {"p/real", 1}, {"same", 1}};
  EXPECT_EQ(models, expected);
}

TEST_F(RelayTest, ALargeBodyPassesWithItsEdit) {
  gateway_.start();
  answers(200, std::string(chat_answer));
  std::string text(400'000, 'x');
  Seen seen = gateway_.post("/v1/chat/completions", R"({"messages":[{"role":"user","content":")" +
                                                        text + R"("}],"model":"m"})");
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_TRUE(provider().bodies.at(0) ==
              R"({"messages":[{"role":"user","content":")" + text + R"("}],"model":"m-large"})");
}

}  // namespace
}  // namespace recloser::relay
