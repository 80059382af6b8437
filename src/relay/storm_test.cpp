// Many calls at once, whose providers, clients and operators do anything at any time: each call
// ends as what it is, has one row, and leaves nothing behind.
#include "codec/stream_reader.h"
#include "core/ids.h"
#include "relay/testing/failing_targets.h"
#include "relay/testing/told_answers.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace recloser::relay {
namespace {

using ::testing::AnyOf;

constexpr int words = 10;
constexpr std::size_t clients = 40;
constexpr std::int64_t input_nano_usd = 150;  // of a token of sim-fast
constexpr std::int64_t output_nano_usd = 600;
constexpr std::string_view models[] = {"n-error", "n-continue", "n-restart", "n-hedge"};

std::string word(int number) { return fmt::format(" w{}", number); }
std::string told_from(int first) {
  std::string text;
  for (int i = first; i < words; ++i) text += word(i);
  return text;
}

enum class End : std::uint8_t {
  whole,
  closes,
  breaks_off,
  falls_silent,
  tells_error,
  is_malformed,
  has_no_done,
};

// What a provider does with one request.
struct Act {
  Duration before{};
  int status = 200;
  std::string body;  // of an error
  std::string fields;
  bool as_json = false;  // though it was asked for a stream
  int words = relay::words;
  Duration between{};  // two words
  End end = End::whole;
};

Act any_error(Random& random, bool loads) {
  constexpr int statuses[] = {400, 401, 404, 429, 429, 500, 500, 502, 503, 503, 529};
  Act act{.status = statuses[random.below(std::size(statuses))]};
  act.body = R"({"error":{"message":"not now","type":"error"}})";
  if (random.below(8) == 0) act.body = "{\"error\":\"" + std::string(100'000, 'x') + "\"}";
  if (random.below(3) == 0) act.fields = "retry-after: 1\r\n";
  if (loads && random.below(3) == 0) {
    act.status = 503;
    act.body = R"({"error":{"message":"Loading model"}})";
  }
  if (random.below(6) == 0) act.end = End::breaks_off;  // in the error itself
  return act;
}

Act any_act(Random& random, bool loads) {
  Act act;
  if (random.below(4) == 0) act = any_error(random, loads);
  act.before = random.below(4) * 20ms;
  if (random.below(8) == 0) act.before = random.below(4000) * 1ms;
  act.between = random.below(3) * 30ms;
  act.as_json = random.below(20) == 0;
  if (act.status != 200 || random.below(2) == 0) return act;
  act.words = static_cast<int>(random.below(words + 1));
  act.end = static_cast<End>(random.below(7));
  return act;
}

// The first word that is not with the client yet, of a request for the rest.
int first_word(std::string_view request) {
  int first = 0;
  for (std::size_t at = 0; (at = request.find(" w", at)) != std::string_view::npos;) {
    at += 2;
    int number = -1;
    std::from_chars(request.data() + at, request.data() + request.size(), number);
    first = std::max(first, number + 1);
  }
  return first;
}

// Not more than is allowed; what comes behind it breaks off.
Task<bool> send(net::Exchange& exchange, std::string_view head, std::string_view text,
                net::Last last) {
  std::array<std::string_view, 1> payload{text};
  Result<void> sent = co_await exchange.send(head, payload, last);
  co_return sent.has_value();
}

Task<void> write_whole(net::Exchange& exchange, net::Worker& worker, const ToldAnswers& answers,
                       Act act) {
  std::string body = act.body;
  if (act.status == 200) {
    body = answers.whole(told_from(0), words);
  }
  std::string head = fmt::format(
      "HTTP/1.1 {} X\r\ncontent-type: application/json\r\n{}"
      "content-length: {}\r\n\r\n",
      act.status, act.fields, body.size());
  exchange.begin(net::AnswerFraming::length);
  bool whole = act.end == End::whole || act.end == End::has_no_done;
  std::size_t bytes = whole ? body.size() : body.size() * static_cast<std::size_t>(act.words) / 20;
  body.resize(bytes);
  net::Last last = whole ? net::Last::yes : net::Last::no;
  bool sent = co_await send(exchange, head, body, last);
  if (sent && act.end == End::falls_silent) co_await worker.sleep_until(worker.now() + 10min);
  if (!whole) exchange.break_off();
}

Task<void> write_stream(net::Exchange& exchange, net::Worker& worker, const ToldAnswers& answers,
                        Act act, int first) {
  exchange.begin(net::AnswerFraming::chunked);
  bool goes_on = co_await send(exchange,
                               "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                               "transfer-encoding: chunked\r\n\r\n",
                               answers.start, net::Last::no);
  int until = act.end == End::whole ? words : std::max(act.words, first);
  for (int i = first; goes_on && i < until; ++i) {
    co_await worker.sleep_until(worker.now() + act.between);
    std::string text = answers.word(word(i));
    goes_on = co_await send(exchange, "", text, net::Last::no);
  }
  if (!goes_on) co_return;
  std::string end;
  if (act.end == End::tells_error) {
    end = answers.error;
  } else if (act.end == End::is_malformed) {
    end = answers.malformed;
  } else if (act.end == End::whole || (act.end == End::has_no_done && until == words)) {
    end = answers.finish(told_from(first), until - first);
  }
  if (act.end == End::whole) end += answers.end_mark;
  if (act.end == End::falls_silent) co_await worker.sleep_until(worker.now() + 10min);
  bool breaks = act.end == End::breaks_off || act.end == End::falls_silent;
  if (!breaks) goes_on = co_await send(exchange, "", end, net::Last::yes);
  if (breaks) exchange.break_off();
}

Task<void> play(net::Exchange& exchange, net::Worker& worker, const ToldAnswers& answers, Act act,
                std::string request) {
  co_await worker.sleep_until(worker.now() + act.before);
  bool streams = request.contains("\"stream\":true") && !act.as_json && act.status == 200;
  if (streams) {
    int first = first_word(request);
    co_await write_stream(exchange, worker, answers, std::move(act), first);
  } else {
    co_await write_whole(exchange, worker, answers, std::move(act));
  }
}

struct Client {
  const ToldAnswers* answers = nullptr;
  std::string session;
  std::string head;
  std::string body;
  std::string key;
  bool streams = false;
  Instant begins;
  Instant leaves = Instant::never();
  Seen seen;
  bool over = false;

  bool stayed() const { return leaves == Instant::never(); }
};

// What it heard of a stream, from its last begin on.
struct Heard {
  std::string text;
  bool done = false;
  bool error = false;
};
Heard heard_of(codec::Operation operation, std::string_view body) {
  if (std::size_t anew = body.rfind("event: recloser.restart"); anew != std::string_view::npos) {
    body.remove_prefix(body.find("\n\n", anew) + 2);
  }
  Heard heard;
  codec::StreamReader reader(operation);
  auto see = [&](const codec::Event& event) {
    if (event.kind == codec::EventKind::text) codec::unescape(heard.text, event.text);
  };
  while (std::optional<codec::Event> event = reader.next(body)) see(*event);
  while (std::optional<codec::Event> event = reader.finish()) see(*event);
  heard.done = reader.facts().saw_done || reader.facts().saw_finish;
  heard.error = reader.facts().saw_error;
  return heard;
}

class StormTest : public FailoverTest, public testing::WithParamInterface<int> {
 protected:
  StormTest() : random_(static_cast<std::uint64_t>(GetParam()) + 1) {}

  net::Worker& worker() { return gateway_.loop().worker(); }
  bool one_in(std::uint64_t count) { return random_.below(count) == 0; }

  void start() {
    for (const char* name : {"q", "r"}) add_provider(name);
    for (config::Provider& provider : gateway_.config().providers) {
      provider.dialect = config::Dialect::simulated;
      provider.prefill = config::Prefill::plain;
      provider.retries = static_cast<std::uint32_t>(random_.below(3));
      provider.timeouts.idle = 3s;
      provider.timeouts.first_byte = 2s;
      if (one_in(2)) provider.timeouts.first_token = 1s;
      if (one_in(2)) provider.limits.concurrency = 1 + static_cast<std::uint32_t>(random_.below(6));
      provider.queue = {.calls = static_cast<std::uint32_t>(random_.below(6)), .wait = 2s};
    }
    for (std::string_view name : models) add_model(name);
    gateway_.config().keep_alive.every = one_in(2) ? 500ms : 15s;
    gateway_.start();
    loads_ = one_in(3);
    provide(gateway_.provider());
    for (Other& other : others_) provide(*other.provider);
    limit();
    // As if there had been many calls before: so that there may be second attempts, and hedges.
    for (int i = 0; i < 1000; ++i) {
      gateway_.health().count_call(worker().now());
      gateway_.health().hedges().count_call(worker().now());
    }
    for (std::string_view provider : {"p", "q", "r"}) {
      for (int i = 0; i < 30; ++i) learn(gateway_.health().of(provider, "sim-fast"));
    }
  }
  void learn(route::TargetHealth& target) {
    auto slot = target.admit({.principal = 1, .streams = true}, worker().now());
    ASSERT_TRUE(slot.has_value() || slot.error().is_busy());
    if (!slot) return;
    slot->first_token(50ms, 10, worker().now());
    slot->end(route::AttemptEnd::answered, std::nullopt, worker().now());
  }
  void add_model(std::string_view name) {
    config::Model model;
    model.name = name;
    model.deadline = 8s;
    model.hedge = name == "n-hedge";
    if (name == "n-continue") model.interrupted = config::Interrupted::go_on;
    if (name == "n-restart") model.interrupted = config::Interrupted::restart;
    for (const char* provider : {"p", "q", "r"}) {
      model.targets.push_back({.provider = provider, .model = "sim-fast"});
    }
    gateway_.config().models.push_back(std::move(model));
  }
  void provide(TestProvider& provider) {
    provider.script = [this](net::Exchange& exchange, std::string request) -> Task<void> {
      return play(exchange, worker(), answers_, any_act(random_, loads_), std::move(request));
    };
  }
  void limit() {
    auto budget = std::make_shared<budget::Budget>();
    budget->name = "all";
    budget->unit = budget::Unit::tokens;
    budget->limit = 100'000'000;
    budget->reserve = one_in(2) ? budget::Reserve::elastic : budget::Reserve::clamp;
    lives_ = gateway_.budgets().configure({budget});
  }
  budget::Standing account() {
    return gateway_.budgets().standing(*lives_[0], budget::account_key(*lives_[0], ""));
  }

  void begin_clients() {
    for (std::size_t i = 0; i < clients; ++i) {
      auto client = std::make_unique<Client>();
      client->session = fmt::format("session-{}", i);
      client->streams = random_.below(4) != 0;
      client->begins = worker().now() + random_.below(6000) * 1ms;
      if (one_in(4)) client->leaves = client->begins + random_.below(3000) * 1ms + 1ms;
      if (one_in(5)) client->key = fmt::format("key-{}", random_.below(3));
      client->answers = &answers_;
      client->body = answers_.request(models[random_.below(std::size(models))], client->streams);
      std::string keyed =
          client->key.empty() ? "" : fmt::format("idempotency-key: {}\r\n", client->key);
      client->head = fmt::format(
          "POST {} HTTP/1.1\r\nhost: g\r\n"
          "authorization: Bearer {}\r\nx-recloser-session: {}\r\n"
          "x-recloser-restart: allow\r\n{}content-length: {}\r\n\r\n",
          answers_.path, test_secret, client->session, keyed, client->body.size());
      worker().tasks().spawn("client", call(gateway_, *client));
      clients_.push_back(std::move(client));
    }
  }
  static Task<void> call(TestGateway& gateway, Client& client) {
    net::Worker& worker = gateway.loop().worker();
    co_await worker.sleep_until(client.begins);
    co_await gateway.fetch(client.head, client.body, client.seen, client.leaves);
    client.over = true;
  }

  // Operators drain targets, throw switches, and take both back.
  static Task<void> operate(StormTest& test) {
    net::Worker& worker = test.worker();
    for (int i = 0; i < 6; ++i) {
      co_await worker.sleep_until(worker.now() + test.random_.below(2000) * 1ms);
      std::string provider(1, static_cast<char>('p' + test.random_.below(3)));
      bool on = test.one_in(2);
      if (test.one_in(2)) {
        test.gateway_.health().drain(provider + "/sim-fast", on);
        if (on) test.gateway_.relay().leave(provider + "/sim-fast");
      } else if (test.one_in(3)) {
        test.gateway_.switches().set("provider/" + provider, on);
        test.gateway_.relay().look_again();
      }
    }
  }

  static void judge(const Client& client, const ledger::StoredCall& row) {
    const Seen& seen = client.seen;
    EXPECT_NE(row.outcome, ledger::Outcome::open);
    if (!client.stayed()) return;
    bool cut = seen.body.contains("[Recloser: stopped");
    bool whole = !cut && seen.status == 200 && seen.error.empty();
    if (seen.head.contains("text/event-stream")) {
      Heard heard = heard_of(client.answers->operation, seen.body);
      whole = whole && heard.done && !heard.error;
      if (whole) EXPECT_EQ(heard.text, told_from(0)) << "a false success";
      bool told = heard.done || heard.error || !seen.error.empty();
      EXPECT_TRUE(told) << "an end without a word";
    } else if (seen.status != 200) {
      EXPECT_THAT(seen.status, AnyOf(400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 529));
    } else if (whole) {
      EXPECT_TRUE(seen.body.contains(told_from(0))) << "a false success";
    }
    // Who is told again what another call was told has all of it, be that cut.
    bool again = seen.head.contains("idempotency-replayed");
    EXPECT_EQ(row.outcome == ledger::Outcome::completed, whole || (cut && again));
  }

  // The tokens of its attempts are those of the row, and its cost is their price.
  static void judge_sums(const ledger::StoredCall& row) {
    std::size_t attempts = 0;
    for (std::size_t at = 0; (at = row.attempts.find("\"target\":", at)) != std::string::npos;
         ++at) {
      ++attempts;
    }
    EXPECT_LE(attempts, 3u) << row.attempts;
    std::int64_t input = row.input_tokens.value_or(0);
    std::int64_t output = row.output_tokens.value_or(0);
    EXPECT_EQ(sum_of(row.attempts, "input_tokens"), input) << row.attempts;
    EXPECT_EQ(sum_of(row.attempts, "output_tokens"), output) << row.attempts;
    EXPECT_EQ(sum_of(row.budgets, "charged"), input + output) << row.budgets << row.attempts;
    EXPECT_EQ(row.cost_nano_usd.value_or(0), input * input_nano_usd + output * output_nano_usd);
  }
  static std::int64_t sum_of(std::string_view json, std::string_view name) {
    std::string key = fmt::format("\"{}\":", name);
    std::int64_t sum = 0;
    for (std::size_t at = 0; (at = json.find(key, at)) != std::string_view::npos;) {
      at += key.size();
      std::int64_t figure = 0;
      std::from_chars(json.data() + at, json.data() + json.size(), figure);
      sum += figure;
    }
    return sum;
  }

  void nothing_is_left() {
    for (const char* target : {"p/sim-fast", "q/sim-fast", "r/sim-fast"}) {
      EXPECT_EQ(standing(target).running, 0u) << target;
      EXPECT_EQ(standing(target).waiting, 0u) << target;
      EXPECT_EQ(gateway_.health().find(target)->retries().running(), 0u) << target;
    }
    EXPECT_EQ(account().reserved, 0);
    EXPECT_EQ(account().open_calls, 0u);
    Metrics::Snapshot counted;
    gateway_.relay().metrics().add_to(counted);
    EXPECT_EQ(counted.streams_open, 0);
  }

  static constexpr const ToldAnswers* dialects[] = {&chat_answers, &messages_answers,
                                                    &responses_answers};
  const ToldAnswers& answers_ = *dialects[GetParam() % 3];
  Random random_;
  bool loads_ = false;
  std::vector<budget::Live*> lives_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_P(StormTest, EveryCallEndsAndNothingIsLeft) {
  start();
  begin_clients();
  worker().tasks().spawn("operators", operate(*this));
  after(5min);
  gateway_.settle();
  std::map<std::string, ledger::StoredCall> rows;
  std::int64_t tokens = 0;
  for (ledger::StoredCall& row : gateway_.books()) {
    judge_sums(row);
    tokens += row.input_tokens.value_or(0) + row.output_tokens.value_or(0);
    EXPECT_FALSE(rows.contains(row.session)) << "two rows of one call";
    rows.emplace(row.session, std::move(row));
  }
  std::map<std::string, int> made;  // with a key, and answered
  for (const auto& client : clients_) {
    SCOPED_TRACE(fmt::format("{} {} {} got {} {} {}", client->session, client->key, client->body,
                             client->seen.status, client->seen.body, client->seen.error));
    EXPECT_TRUE(client->over);
    auto row = rows.find(client->session);
    bool known = row != rows.end();
    EXPECT_TRUE(known || !client->stayed());
    if (!known) continue;
    judge(*client, row->second);
    bool answered = row->second.outcome == ledger::Outcome::completed;
    if (!client->key.empty() && answered && row->second.attempts != "[]") ++made[client->key];
  }
  for (const auto& [key, count] : made) EXPECT_EQ(count, 1) << key << " was answered twice";
  EXPECT_EQ(account().charged, tokens);
  nothing_is_left();
}

bool long_run() { return std::getenv("RECLOSER_TEST_LONG") != nullptr; }

INSTANTIATE_TEST_SUITE_P(Seeds, StormTest, testing::Range(0, long_run() ? 1000 : 12));

}  // namespace
}  // namespace recloser::relay
