// Every recorded exchange of these dialects through the relay: the client gets the recorded bytes,
// however they are cut, and the ledger the recorded usage.
#include "codec/provider_error.h"
#include "codec/stream_reader.h"
#include "codec/testing/recording.h"
#include "relay/stream_pass.h"
#include "relay/testing/test_gateway.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::recordings {
namespace {

using codec::Operation;
using relay::StreamPass;

// `./test --long` reads every stream from its start for every split, which takes minutes without
// optimisation, and sends all of it byte by byte.
bool long_run() { return std::getenv("RECLOSER_TEST_LONG") != nullptr; }

constexpr std::size_t every_split_bytes_max = 32u << 10;

class Recordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (folder().empty()) {
      GTEST_SKIP() << "no recordings at $RECLOSER_SHARED/recordings, nor at ../shared/recordings";
    }
    all_ = load(folder());
    ASSERT_GT(all_.size(), 150u);
  }
  std::vector<Recording> all_;
};

// --- in process

// What every pass of this file counts with; the family is of no matter here.
relay::MeterRoom meter_room;
relay::Meter meter() { return {text::token_family("gpt-4o"), 7}; }

std::string passed(StreamPass& pass, std::string_view piece, bool last) {
  std::string room;
  return std::string(pass.take(piece, last, room));
}

std::string passed_whole(Operation operation, bool hide, std::string_view stream) {
  StreamPass pass(operation, hide, meter(), meter_room);
  return passed(pass, stream, true);
}

void expect_split(Operation operation, bool hide, std::string_view stream, const std::string& whole,
                  std::size_t at) {
  StreamPass pass(operation, hide, meter(), meter_room);
  std::string out = passed(pass, stream.substr(0, at), false);
  out += passed(pass, stream.substr(at), true);
  ASSERT_EQ(out, whole) << "cut at " << at;
}

// Every split, each within the event that it cuts and the one after it: between two events nothing
// of the first is held.
void expect_splits_near_events(Operation operation, bool hide, std::string_view stream) {
  std::vector<std::size_t> borders{0};
  codec::StreamReader reader(operation);
  std::string_view rest = stream;
  while (std::optional<codec::Event> event = reader.next(rest)) {
    if (event->last_of_frame) borders.push_back(event->range.end);
  }
  borders.push_back(stream.size());
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    std::size_t to = borders[std::min(i + 2, borders.size() - 1)];
    std::string_view window = stream.substr(borders[i], to - borders[i]);
    std::string whole = passed_whole(operation, hide, window);
    for (std::size_t at = borders[i]; at < borders[i + 1]; ++at) {
      expect_split(operation, hide, window, whole, at - borders[i]);
    }
  }
}

TEST_F(Recordings, StreamsPassTheSameAtEverySplit) {
  for (const Recording& recording : all_) {
    if (!recording.stream) continue;
    SCOPED_TRACE(recording.name);
    const std::string& stream = recording.body;
    std::string expected = expected_body(recording);
    bool hide = hides_usage(recording);
    EXPECT_EQ(passed_whole(recording.operation, false, stream), stream);
    ASSERT_EQ(passed_whole(recording.operation, hide, stream), expected);
    StreamPass bytes(recording.operation, hide, meter(), meter_room);
    std::string out;
    for (std::size_t i = 0; i < stream.size(); ++i) {
      out += passed(bytes, std::string_view(stream).substr(i, 1), i + 1 == stream.size());
    }
    ASSERT_EQ(out, expected);
    if (stream.size() > every_split_bytes_max) continue;
    if (!long_run()) {
      expect_splits_near_events(recording.operation, hide, stream);
      continue;
    }
    for (std::size_t at = 1; at < stream.size(); ++at) {
      expect_split(recording.operation, hide, stream, expected, at);
    }
  }
}

// --- over the wire

// How the provider cuts its bodies.
enum class Cut { whole, bytes };

bool is_framing(std::string_view name) {
  return name == "content-length" || name == "transfer-encoding" || name == "content-encoding" ||
         name == "connection" || name == "keep-alive";
}

std::string answer_head(const Recording& recording) {
  std::string head = fmt::format("HTTP/1.1 {} Recorded\r\n", recording.status);
  for (const auto& [name, value] : recording.fields) {
    if (!is_framing(name)) head += fmt::format("{}: {}\r\n", name, value);
  }
  if (recording.stream) return head + "transfer-encoding: chunked\r\n\r\n";
  return head + fmt::format("content-length: {}\r\n\r\n", recording.body.size());
}

// The size of the piece that begins at `at`. Unless there is time, the middle goes in larger ones:
// a byte costs four system calls.
std::size_t piece_size(Cut cut, std::size_t at, std::size_t bytes) {
  constexpr std::size_t edge_bytes = 1u << 10;
  if (cut == Cut::whole) return bytes;
  bool middle = at >= edge_bytes && at + edge_bytes < bytes;
  return middle && !long_run() ? 61 : 1;
}

class Replay {
 public:
  Replay(const std::vector<Recording>& all, Cut cut)
      : gateway_(::testing::TempDir() + "recloser-recordings-" + std::to_string(::getpid())),
        cut_(cut) {
    for (const Recording& recording : all) by_name_[recording.name] = &recording;
    config::Provider openai = gateway_.config().providers.front();
    // Keys of their own: one that a provider refused, in a recording, is no reason to keep the
    // others away.
    openai.api_key = {.source = config::ApiKey::Source::client, .secret = {}};
    config::Provider anthropic = openai;
    openai.name = "rec-o";
    openai.dialect = config::Dialect::openai;
    anthropic.name = "rec-a";
    anthropic.dialect = config::Dialect::anthropic;
    gateway_.config().providers = {openai, anthropic};
    gateway_.config().models.clear();
    gateway_.provider().script = [this](net::Exchange& exchange, std::string body) {
      return answer(exchange, std::move(body));
    };
    gateway_.start();
  }

  // All at once: what is one turn of the loop for one call is one for all of them.
  void run() {
    std::size_t running = by_name_.size();
    net::Worker& worker = gateway_.loop().worker();
    for (const auto& [name, recording] : by_name_) {
      worker.tasks().spawn("recorded client", call(*recording, seen_[name], running));
    }
    worker.run_until([&] { return running == 0; });
    for (ledger::StoredCall& row : gateway_.books()) rows_[row.session] = std::move(row);
  }

  const relay::Seen& seen(const Recording& recording) { return seen_[recording.name]; }
  const ledger::StoredCall& row(const Recording& recording) { return rows_[recording.name]; }
  const std::string& sent(const Recording& recording) { return sent_[recording.name]; }
  std::size_t rows() const { return rows_.size(); }

 private:
  Task<void> call(const Recording& recording, relay::Seen& seen, std::size_t& running) {
    std::string head = fmt::format(
        "POST {} HTTP/1.1\r\nhost: g\r\nx-recloser-key: {}\r\nx-api-key: sk-of-the-client\r\n"
        "x-test-recording: {}\r\n"
        "x-recloser-session: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        path_of(recording.operation), relay::test_secret, recording.name, recording.name,
        recording.request.size());
    co_await gateway_.fetch(std::move(head), recording.request, seen, Instant::never());
    --running;
  }

  Task<void> answer(net::Exchange& exchange, std::string body) {
    std::string name(exchange.head().find("x-test-recording").value_or(""));
    const Recording& recording = *by_name_.at(name);
    sent_[name] = std::move(body);
    std::string head = answer_head(recording);
    exchange.begin(recording.stream ? net::AnswerFraming::chunked : net::AnswerFraming::length);
    std::string_view rest = recording.body;
    do {
      std::size_t at = recording.body.size() - rest.size();
      std::size_t size = std::min(rest.size(), piece_size(cut_, at, recording.body.size()));
      std::array<std::string_view, 1> piece{rest.substr(0, size)};
      rest.remove_prefix(size);
      net::Last last = rest.empty() ? net::Last::yes : net::Last::no;
      Result<void> sent = co_await exchange.send(head, piece, last);
      if (!sent) co_return;
      head.clear();
      co_await gateway_.loop().worker().yield(net::FairQueue::nobody);
    } while (!rest.empty());
  }

  relay::TestGateway gateway_;
  Cut cut_;
  std::map<std::string, const Recording*> by_name_;
  std::map<std::string, relay::Seen> seen_;
  std::map<std::string, std::string> sent_;
  std::map<std::string, ledger::StoredCall> rows_;
};

// The request as the provider got it: the client's bytes, or the same with usage asked for.
void expect_request(const Recording& recording, const std::string& sent) {
  if (!hides_usage(recording)) {
    EXPECT_EQ(sent, recording.request);
    return;
  }
  boost::json::value expected = boost::json::parse(recording.request);
  boost::json::value& options = expected.as_object()["stream_options"];
  if (!options.is_object()) options = boost::json::object();
  options.as_object()["include_usage"] = true;
  boost::system::error_code bad;
  EXPECT_EQ(boost::json::parse(sent, bad), expected);
}

// An error that came with a status of success is told with that which it stands for.
int status_for_client(const Recording& recording) {
  boost::system::error_code bad;
  boost::json::value body = boost::json::parse(recording.body, bad);
  const boost::json::object* fields = bad ? nullptr : body.if_object();
  const boost::json::value* error = fields == nullptr ? nullptr : fields->if_contains("error");
  bool is_told = recording.status < 300 && failed(recording) && error != nullptr &&
                 error->is_object() && !fields->contains("id");
  if (!is_told) return recording.status;
  auto member = [&](std::string_view name) {
    const boost::json::value* value = error->as_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
  };
  return codec::status_of_error(member("type"), member("code"));
}

void expect_answer(const Recording& recording, const relay::Seen& seen) {
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.status, status_for_client(recording));
  EXPECT_EQ(seen.body, expected_body(recording));
  for (const auto& [name, value] : recording.fields) {
    if (is_framing(name)) continue;
    EXPECT_NE(seen.head.find(fmt::format("{}: {}\n", name, value)), std::string::npos) << name;
  }
}

// Whether a row's tokens are the recorded ones. An estimate must say that it is one.
void expect_row(const Recording& recording, const ledger::StoredCall& row) {
  EXPECT_EQ(row.operation, codec::name_of(recording.operation));
  EXPECT_EQ(row.status, status_for_client(recording));
  std::optional<codec::Usage> usage = recorded_usage(recording);
  EXPECT_EQ(row.outcome,
            failed(recording) ? ledger::Outcome::provider_failed : ledger::Outcome::completed);
  if (recording.operation == codec::Operation::count_tokens ||
      recording.operation == codec::Operation::responses_input_tokens) {
    EXPECT_EQ(row.tokens_source, ledger::TokensSource::none);  // counted, not billed
    EXPECT_EQ(row.input_tokens, std::nullopt);
    return;
  }
  if (!usage) {
    EXPECT_NE(row.tokens_source, ledger::TokensSource::exact);
    return;
  }
  EXPECT_EQ(row.tokens_source, ledger::TokensSource::exact);
  EXPECT_EQ(row.input_tokens, usage->input_tokens);
  EXPECT_EQ(row.output_tokens, usage->output_tokens);
  EXPECT_EQ(row.cached_input_tokens, usage->cached_input_tokens);
  EXPECT_EQ(row.cache_write_tokens, usage->cache_write_tokens);
  EXPECT_EQ(row.reasoning_tokens, usage->reasoning_tokens);
}

void replay(const std::vector<Recording>& all, Cut cut) {
  Replay replay(all, cut);
  replay.run();
  EXPECT_EQ(replay.rows(), all.size());
  for (const Recording& recording : all) {
    SCOPED_TRACE(recording.name);
    EXPECT_NE(replay.sent(recording), "") << replay.seen(recording).body;
    expect_request(recording, replay.sent(recording));
    expect_answer(recording, replay.seen(recording));
    expect_row(recording, replay.row(recording));
    bool replaced = replay.seen(recording).body.find("\xEF\xBF\xBD") != std::string::npos;
    EXPECT_FALSE(replaced) << "U+FFFD";
  }
}

TEST_F(Recordings, ExchangesPassWhole) { replay(all_, Cut::whole); }

TEST_F(Recordings, ExchangesPassByteByByte) { replay(all_, Cut::bytes); }

}  // namespace
}  // namespace recloser::recordings
