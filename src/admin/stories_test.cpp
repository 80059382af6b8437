// What an operator changes while calls run: the admin API and the calls of clients in one process.
#include "admin/test_api.h"
#include "relay/relay.h"
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using relay::Seen;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
constexpr std::string_view word =
    "data: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[{\"index\":0,\"delta\":"
    "{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";
constexpr std::string_view last_words =
    "data: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[{\"index\":0,\"delta\":{},"
    "\"finish_reason\":\"stop\"}]}\n\ndata: {\"id\":\"c\",\"model\":\"sim-fast\",\"choices\":[],"
    "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":12}}\n\ndata: [DONE]\n\n";

class StoryTest : public ApiTest {
 protected:
  StoryTest() {
    config::Provider provider;
    provider.name = "p";
    provider.dialect = config::Dialect::simulated;
    provider.base_url =
        *config::BaseUrl::parse(fmt::format("http://127.0.0.1:{}", provider_.port()));
    provider.api_key.source = config::ApiKey::Source::configured;
    provider.api_key.secret = config::Secret("provider-key");
    config_->providers.push_back(provider);
    start(services());
    providers_ = *relay::Providers::make(config_, std::nullopt);
    relay_services_ =
        std::make_unique<relay::Services>(relay::Services{.config = config_,
                                                          .providers = providers_,
                                                          .prices = price::Catalogue::shipped(),
                                                          .keys = roster_->keys(),
                                                          .model_lists = lists_,
                                                          .ledger = *ledger_,
                                                          .responses = responses_,
                                                          .resolver = loop_.resolver(),
                                                          .budgets = budgets_,
                                                          .health = health_,
                                                          .switches = switches_,
                                                          .refused_sessions = refused_sessions_});
    relay_ = std::make_unique<relay::Relay>(*relay_services_, worker(), 7);
    clients_port_ = std::move(*net::HttpServer::open(
        worker(), *net::parse_listen_address("127.0.0.1:0"), {}, memory_, *relay_));
    gateway_.host = "127.0.0.1";
    gateway_.port = clients_port_->address().port;
    look_again_ = [this] { worker().post([this] { relay_->look_again(); }); };
    worker().tasks().spawn("top-ups", keep_top_ups(worker(), *adjustments_));
    provider_.script = [this](net::Exchange& exchange, std::string body) -> Task<void> {
      if (body.contains("go on")) return say_words(exchange);
      // A budget may want a whole answer as a stream.
      if (body.contains("\"stream\":true")) return say_one_word(exchange);
      return say_all(exchange);
    };
  }
  ~StoryTest() override {
    ends_ = true;
    worker().run_until([&] { return clients_port_->busy() == 0; });
    look_again_ = nullptr;
    pool_.clear();
    clients_.clear();
    clients_port_->drain();
    worker().run_until([&] { return clients_port_->connections() == 0; });
    relay_->pool().clear();
    provider_.stop();
    stop();
    worker().tasks().clear();
    clients_port_.reset();
    relay_.reset();
  }

  net::Worker& worker() { return loop_.worker(); }

  // At once, and then long enough for what looks every second.
  void pass(Duration time) {
    loop_.clock().advance(time - 2s);
    loop_.run_for(1ms);
    loop_.run_for(2s);
  }

  std::string make_key(std::string_view body) {
    Heard made = post("/admin/keys", std::string(body));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.status == 201 ? std::string(made.json().at("secret").as_string()) : "";
  }
  Seen& begin(std::string_view secret, std::string_view prompt, bool stream) {
    seen_.push_back(std::make_unique<Seen>());
    std::string body = fmt::format(
        R"({{"model":"sim-fast","messages":[{{"role":"user","content":"{}"}}],"stream":{}}})",
        prompt, stream);
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
        "content-length: {}\r\n\r\n",
        secret, body.size());
    worker().tasks().spawn("a client", fetch(std::move(head), std::move(body), *seen_.back()));
    return *seen_.back();
  }
  Seen& begin_stream(std::string_view secret) {
    Seen& seen = begin(secret, "go on", true);
    until_words(seen, 1);
    return seen;
  }
  Seen& ask(std::string_view secret) {
    Seen& seen = begin(secret, "say so", false);
    worker().run_until([&] { return seen.status != 0; });
    worker().run_until([&] { return clients_port_->busy() == 0 || streams_ > 0; });
    return seen;
  }
  void until_words(const Seen& seen, int count) {
    Instant late = worker().now() + 30s;
    worker().run_until([&] { return words_in(seen) >= count || worker().now() > late; });
    ASSERT_GE(words_in(seen), count);
  }
  static int words_in(const Seen& seen) {
    int count = 0;
    for (std::size_t at = 0; (at = seen.body.find(" word", at)) != seen.body.npos; ++at) ++count;
    return count;
  }
  void until_done(const Seen& seen) {
    Instant late = worker().now() + 30s;
    auto done = [&] { return seen.body.ends_with("[DONE]\n\n"); };
    worker().run_until([&] { return done() || worker().now() > late; });
    EXPECT_TRUE(done()) << seen.body;
  }
  std::vector<ledger::StoredCall> books() {
    EXPECT_TRUE(ledger_->flush());
    std::vector<ledger::StoredCall> calls = ledger_->store().calls({.limit = 100})->calls;
    std::ranges::reverse(calls);
    return calls;
  }
  boost::json::value account(std::string_view name) {
    boost::json::value all = get(fmt::format("/admin/budgets?name={}", name)).json();
    EXPECT_EQ(all.at("data").as_array().size(), 1u);
    return all.at("data").at(0);
  }
  std::string figure(std::string_view name, std::string_view which) {
    return std::string(account(name).at(which).as_string());
  }
  std::size_t asked() const { return provider_.bodies.size(); }

  relay::TestProvider provider_{loop_};
  bool ends_ = false;  // streams have said all

 private:
  // A word every 50 ms.
  Task<void> say_words(net::Exchange& exchange) {
    exchange.begin(net::AnswerFraming::chunked);
    ++streams_;
    std::string_view head = stream_head;
    while (!ends_ && !exchange.client().peer_ended()) {
      std::array<std::string_view, 1> piece{word};
      Result<void> sent = co_await exchange.send(head, piece, net::Last::no);
      if (!sent) break;
      head = "";
      Instant later = worker().now() + 50ms;
      co_await worker().sleep_until(later);
    }
    --streams_;
    std::array<std::string_view, 1> piece{last_words};
    co_await exchange.send(head, piece, net::Last::yes);
  }
  static Task<void> say_one_word(net::Exchange& exchange) {
    exchange.begin(net::AnswerFraming::chunked);
    std::array<std::string_view, 2> pieces{word, last_words};
    co_await exchange.send(stream_head, pieces, net::Last::yes);
  }
  static Task<void> say_all(net::Exchange& exchange) {
    constexpr std::string_view body =
        R"({"id":"a","model":"sim-fast","choices":[{"index":0,"message":{"content":"so"},)"
        R"("finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":12}})";
    co_await exchange.answer(200, "content-type: application/json\r\n", body);
  }
  Task<void> fetch(std::string head, std::string body, Seen& seen) {
    net::CancelPoint cancel;
    net::HttpCall call(clients_, gateway_, {.first_byte = 240h, .idle = 240h}, cancel);
    std::array<std::string_view, 1> pieces{body};
    net::HttpRequest request{.method = net::http1::Method::post, .head = head, .body = pieces};
    Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
    if (!answer) co_return;
    seen.status = (*answer)->status();
    while (!call.body_ended()) {
      Result<std::string_view> piece = co_await call.next(call.idle_deadline());
      if (!piece) co_return;
      seen.body += *piece;
    }
    call.finish();
  }

  std::vector<std::unique_ptr<Seen>> seen_;
  int streams_ = 0;
  Published<route::ModelLists> lists_{std::make_shared<const route::ModelLists>()};
  session::ResponseChain responses_;
  relay::RefusedSessions refused_sessions_;
  std::shared_ptr<const relay::Providers> providers_;
  route::Health health_{7, nullptr};
  std::unique_ptr<relay::Services> relay_services_;
  std::unique_ptr<relay::Relay> relay_;
  std::unique_ptr<net::HttpServer> clients_port_;
  net::DialTarget gateway_;
};

// Who was let in may end; who comes now is not.
TEST_F(StoryTest, AKeyThatIsDisabledWhileItsStreamRuns) {
  std::string secret = make_key(R"({"id":"ci","team":"search"})");
  Seen& stream = begin_stream(secret);
  ASSERT_EQ(patch("/admin/keys/ci", R"({"disabled":true})").status, 200);
  int before = words_in(stream);
  std::size_t asked_before = asked();
  Seen& refused = ask(secret);
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.body, HasSubstr("invalid_key"));
  EXPECT_EQ(asked(), asked_before);
  until_words(stream, before + 20);
  // Disabled is not revoked.
  ASSERT_EQ(patch("/admin/keys/ci", R"({"disabled":false})").status, 200);
  EXPECT_EQ(ask(secret).status, 200);
  ASSERT_EQ(del("/admin/keys/ci").status, 200);
  EXPECT_EQ(ask(secret).status, 401);
  EXPECT_NE(patch("/admin/keys/ci", R"({"disabled":false})").status, 200);
  EXPECT_EQ(ask(secret).status, 401);
  until_words(stream, before + 40);
  ends_ = true;
  until_done(stream);
  EXPECT_THAT(stream.body, HasSubstr("\"finish_reason\":\"stop\""));
  EXPECT_THAT(stream.body, Not(HasSubstr("Recloser")));
  ledger::StoredCall row = books().front();
  EXPECT_EQ(row.outcome, ledger::Outcome::completed);
  EXPECT_EQ(row.key_id, "ci");
  EXPECT_EQ(row.decisions, "[]");
}

TEST_F(StoryTest, ATeamsLimitThatIsLoweredBelowWhatIsSpent) {
  auto limit = [this](std::string_view team, int tokens) {
    Heard put_now =
        put(fmt::format("/admin/teams/{}", team),
            fmt::format(R"({{"budget":{{"tokens":{},"per":"day","reserve":"elastic"}}}})", tokens));
    EXPECT_EQ(put_now.status, 200) << put_now.body;
  };
  limit("search", 100'000);
  limit("other", 100'000);
  std::string ours = make_key(R"({"id":"ci","team":"search"})");
  std::string theirs = make_key(R"({"id":"not-ci","team":"other"})");
  EXPECT_EQ(ask(ours).status, 200);  // 20 tokens
  Seen& stream = begin_stream(ours);
  Seen& other = begin_stream(theirs);
  limit("search", 90'000);
  until_words(stream, 30);
  EXPECT_THAT(stream.body, Not(HasSubstr("Recloser"))) << "it is still within that";
  limit("search", 15);
  until_done(stream);
  EXPECT_THAT(stream.body, HasSubstr("[Recloser: stopped, the budget team/search/tokens/day of 15 "
                                     "tokens is spent."));
  EXPECT_THAT(stream.body, HasSubstr("\"finish_reason\":\"length\""));
  EXPECT_TRUE(provider_.left_at.has_value()) << "the provider is told to stop";
  std::size_t asked_before = asked();
  Seen& refused = ask(ours);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("team/search/tokens/day"));
  EXPECT_EQ(asked(), asked_before);
  int before = words_in(other);
  until_words(other, before + 20);
  EXPECT_EQ(ask(theirs).status, 200) << "nobody else is concerned";
  EXPECT_EQ(figure("team%2Fsearch%2Ftokens%2Fday", "reserved"), "0");
  EXPECT_EQ(figure("team%2Fsearch%2Ftokens%2Fday", "limit"), "15");
  ledger::StoredCall row = books().at(1);
  EXPECT_EQ(row.outcome, ledger::Outcome::cut);
  EXPECT_THAT(row.decisions, HasSubstr("\"rule\":\"budget/team/search/tokens/day\""));
  // And what is raised again lets in again.
  limit("search", 100'000);
  EXPECT_EQ(ask(ours).status, 200);
}

TEST_F(StoryTest, AKeysOldSecretIsGoodUntilItsGraceEnds) {
  std::string first = make_key(R"({"id":"ci","budget":{"requests":5,"per":"month"}})");
  EXPECT_EQ(ask(first).status, 200);
  Heard rotated = post("/admin/keys/ci/rotate", R"({"grace":"24h"})");
  ASSERT_EQ(rotated.status, 201) << rotated.body;
  std::string second(rotated.json().at("secret").as_string());
  ASSERT_NE(first, second);
  EXPECT_EQ(ask(second).status, 200);
  pass(24h - 5s);
  EXPECT_EQ(ask(first).status, 200) << "its grace has not ended";
  Seen& stream = begin_stream(first);
  pass(6s);
  std::size_t asked_before = asked();
  EXPECT_EQ(ask(first).status, 401);
  EXPECT_EQ(asked(), asked_before);
  EXPECT_EQ(ask(second).status, 200);
  int before = words_in(stream);
  until_words(stream, before + 5);
  ends_ = true;
  until_done(stream);
  EXPECT_EQ(figure("key%2Fci%2Frequests%2Fmonth", "spent"), "5") << "one key, one budget";
  EXPECT_EQ(ask(second).status, 429);
  for (const ledger::StoredCall& row : books()) EXPECT_EQ(row.key_id, "ci");
}

TEST_F(StoryTest, ATopUpThatEnds) {
  constexpr std::string_view name = "key%2Fci%2Frequests%2Fday";
  std::string secret = make_key(R"({"id":"ci","budget":{"requests":2,"per":"day"}})");
  EXPECT_EQ(ask(secret).status, 200);
  EXPECT_EQ(ask(secret).status, 200);
  EXPECT_EQ(ask(secret).status, 429);
  Heard topped = post(fmt::format("/admin/budgets/{}/adjust", name),
                      fmt::format(R"({{"add":2,"reason":"the launch","expires":"{}"}})",
                                  rfc3339(loop_.clock().wall() + 1h)));
  ASSERT_EQ(topped.status, 201) << topped.body;
  EXPECT_EQ(figure(name, "remaining"), "2");
  EXPECT_EQ(ask(secret).status, 200);
  pass(1h - 5s);
  EXPECT_EQ(figure(name, "limit"), "4");
  pass(7s);
  std::size_t asked_before = asked();
  Seen& refused = ask(secret);
  EXPECT_EQ(refused.status, 429) << "one of the top-up is left, and over";
  EXPECT_THAT(refused.body, HasSubstr("key/ci/requests/day"));
  EXPECT_EQ(asked(), asked_before);
  EXPECT_EQ(figure(name, "limit"), "2");
  EXPECT_EQ(figure(name, "spent"), "3");
  EXPECT_EQ(figure(name, "remaining"), "0");
  EXPECT_EQ(figure(name, "reserved"), "0");
  std::vector<ledger::StoredCall> rows = books();
  EXPECT_EQ(std::ranges::count(rows, ledger::Outcome::completed, &ledger::StoredCall::outcome), 3);
  // The next day begins with the limit of the key, and with nothing spent.
  pass(24h);
  EXPECT_EQ(ask(secret).status, 200);
  EXPECT_EQ(ask(secret).status, 200);
  EXPECT_EQ(ask(secret).status, 429);
  EXPECT_EQ(figure(name, "spent"), "2");
}

// What it let in does not outlive it.
TEST_F(StoryTest, AStreamOfATopUpEndsWithIt) {
  constexpr std::string_view name = "key%2Fci%2Ftokens%2Fday";
  std::string secret =
      make_key(R"({"id":"ci","budget":{"tokens":500,"per":"day","reserve":"elastic"}})");
  EXPECT_EQ(ask(secret).status, 200);
  Heard topped = post(fmt::format("/admin/budgets/{}/adjust", name),
                      fmt::format(R"({{"add":1000000,"reason":"the launch","expires":"{}"}})",
                                  rfc3339(loop_.clock().wall() + 30s)));
  ASSERT_EQ(topped.status, 201) << topped.body;
  Seen& stream = begin_stream(secret);
  loop_.run_for(28s);
  EXPECT_THAT(stream.body, Not(HasSubstr("Recloser")));
  EXPECT_GT(words_in(stream), 500) << "more than the key may take by itself";
  loop_.run_for(4s);
  EXPECT_THAT(stream.body, EndsWith("[DONE]\n\n"));
  EXPECT_THAT(stream.body, HasSubstr("[Recloser: stopped, the budget key/ci/tokens/day of 500 "
                                     "tokens is spent."));
  EXPECT_EQ(ask(secret).status, 429);
  EXPECT_EQ(figure(name, "limit"), "500");
  EXPECT_EQ(figure(name, "reserved"), "0");
  std::vector<ledger::StoredCall> rows = books();
  std::int64_t used = 0;
  for (const ledger::StoredCall& row : rows) {
    used += row.input_tokens.value_or(0) + row.output_tokens.value_or(0);
  }
  EXPECT_EQ(figure(name, "spent"), std::to_string(used)) << "as the rows say";
}

}  // namespace
}  // namespace recloser::admin
