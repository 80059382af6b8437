#include "wire/provider.h"

#include "wire/words.h"

#include <fmt/format.h>

namespace recloser::wire {

Provider::Provider(Play& play) : play_(play) {
  listener_ = std::move(
      *net::Listener::open(play.worker(), *net::parse_listen_address("127.0.0.1:0"), false, *this));
  port_ = listener_->address().port;
}

Provider::~Provider() { give_up(); }

void Provider::stop_listening() { listener_.reset(); }

void Provider::give_up() {
  given_up_ = true;
  listener_.reset();
  for (std::unique_ptr<Peer>& peer : peers_) peer->close();
  if (waiting_ != nullptr) play_.worker().wake_soon(*waiting_);
}

std::string Provider::left_over() const {
  if (!arrived_.empty()) return "the provider got a connection that no line expects";
  return "";
}

std::string Provider::received() const {
  std::string all;
  for (const std::unique_ptr<Peer>& peer : peers_) all += peer->received();
  return all;
}

void Provider::accepted(std::unique_ptr<net::Connection> connection) {
  arrived_.push_back(std::move(connection));
  if (waiting_ != nullptr) play_.worker().wake_soon(*waiting_);
}

Task<Result<void>> Provider::take_connection() {
  Arrival arrival(*this);
  co_await arrival;
  if (arrived_.empty()) co_return unmet("no connection came");
  peers_.push_back(std::make_unique<Peer>(play_.worker(), std::move(arrived_.front())));
  arrived_.erase(arrived_.begin());
  co_return Result<void>();
}

Task<Result<void>> Provider::step(const Step& step) {
  if (step.verb == Verb::provider_expect || step.verb == Verb::provider_expect_head) {
    Result<void> came = co_await expect(step);
    co_return came;
  }
  if (step.verb == Verb::provider_accepts) {
    Result<void> taken = co_await take_connection();
    co_return taken;
  }
  if (peer() == nullptr) co_return unmet("there was no request before this line");
  if (step.verb == Verb::provider_header) {
    fields_ += fmt::format("{}: {}\r\n", step.name, step.text);
    co_return Result<void>();
  }
  if (step.verb == Verb::provider_encodes) {
    encode_with(step.text);
    co_return Result<void>();
  }
  Result<void> looked = co_await look(step);
  co_return looked;
}

void Provider::encode_with(const std::string& codings) {
  fields_ += fmt::format("content-encoding: {}\r\n", codings);
  codec::ContentCodings list = codec::testing::codings(codings);
  for (codec::ContentCoding coding : list.list()) {
    encoders_.push_back(codec::testing::encoder_of(coding));
  }
}

std::string Provider::encoded(std::string_view bytes, bool last) {
  std::string text(bytes);
  for (std::unique_ptr<codec::testing::Encoder>& each : encoders_) text = each->piece(text, last);
  return text;
}

// On the connection that is played, while it lasts; otherwise on the next that comes.
Task<Result<void>> Provider::expect(const Step& step) {
  const std::string* wanted = find(step.pairs, "connection");
  bool another = wanted != nullptr && *wanted == std::to_string(peers_.size() + 1);
  Result<Head> head = unmet("no connection");
  if (peer() != nullptr && !peer()->closed_at() && !another) {
    head = co_await peer()->read_head(false);
  }
  if (!head) {
    Result<void> taken = co_await take_connection();
    if (taken && play_.provider_tls) taken = co_await peer()->accept_tls(*play_.provider_tls);
    if (!taken) co_return taken;
    head = co_await peer()->read_head(false);
  }
  if (!head) co_return fail(head.error());
  head_ = std::move(*head);
  if (wanted != nullptr && *wanted != std::to_string(peers_.size())) {
    co_return unmet(fmt::format("it came on connection {}", peers_.size()));
  }
  if (head_.start != fmt::format("{} {} HTTP/1.1", step.name, step.text)) {
    co_return unmet(fmt::format("came \"{}\"", visible(head_.start)));
  }
  bool whole = step.verb == Verb::provider_expect;
  while (whole && !peer()->body_ended()) {
    Result<void> more = co_await peer()->more_body();
    if (!more) co_return more;
  }
  bool asked = peer()->body().find("\"include_usage\":true") != std::string::npos;
  writer_.emplace(operation_of_path(step.text), asked);
  fields_.clear();
  encoders_.clear();
  streaming_ = false;
  co_return Result<void>();
}

Task<Result<void>> Provider::look(const Step& step) {
  switch (step.verb) {
    case Verb::provider_sees_header: {
      const std::string* value = head_.find(step.name);
      if (value == nullptr) co_return unmet(fmt::format("there is no header {}", step.name));
      if (matches(step.text, *value)) co_return Result<void>();
      co_return unmet(fmt::format("expected was {}\n    came {}", step.text, visible(*value)));
    }
    case Verb::provider_sees_no_header: {
      const std::string* value = head_.find(step.text);
      if (value == nullptr) co_return Result<void>();
      co_return unmet(fmt::format("came {}", visible(*value)));
    }
    case Verb::provider_sees_body:
    case Verb::provider_sees_body_unchanged: {
      bool unchanged = step.verb == Verb::provider_sees_body_unchanged;
      const std::string& expected = unchanged ? play_.client_body : step.text;
      if (peer()->body() == expected) co_return Result<void>();
      co_return unmet(
          fmt::format("expected was {}\n    came {}", visible(expected), visible(peer()->body())));
    }
    case Verb::provider_sees_close: {
      Result<void> closed = co_await see_close(step);
      co_return closed;
    }
    default: {
      Result<void> acted = co_await act(step);
      co_return acted;
    }
  }
}

// `within` counts from the moment the client left; where it did not leave, from this line on.
Task<Result<void>> Provider::see_close(const Step& step) {
  Instant from = play_.client_left_at.value_or(play_.worker().now());
  Result<void> closed = co_await peer()->read_close();
  if (!closed) co_return closed;
  if (given_up_) co_return unmet("the gateway did not close");
  from = play_.client_left_at.value_or(from);
  Duration took = *peer()->closed_at() - from;
  if (step.duration < Duration{} || took <= step.duration) co_return Result<void>();
  co_return unmet(fmt::format("it took {} ms", took / 1ms));
}

Task<Result<void>> Provider::act(const Step& step) {
  switch (step.verb) {
    case Verb::provider_answers: {
      std::string_view type = step.name == "json"   ? "application/json"
                              : step.name == "html" ? "text/html; charset=utf-8"
                                                    : "text/plain";
      play_.provider_body = step.text;
      std::string body = encoded(step.text, true);
      std::string answer =
          fmt::format("HTTP/1.1 {} Scripted\r\ncontent-type: {}\r\n{}content-length: {}\r\n\r\n{}",
                      step.number, type, fields_, body.size(), body);
      Result<void> sent = co_await send(answer);
      co_return sent;
    }
    case Verb::provider_sends: {
      streaming_ = true;  // the head is among what is sent
      Result<void> sent = co_await send(step.text);
      co_return sent;
    }
    case Verb::provider_stalls: {
      co_await peer()->wait(play_.worker().now() + step.duration);
      co_return Result<void>();
    }
    case Verb::provider_floods: {
      Result<void> stopped = co_await flood(static_cast<std::uint64_t>(step.number));
      co_return stopped;
    }
    case Verb::provider_resets:
      peer()->reset();
      co_return Result<void>();
    case Verb::provider_ends_early:
    case Verb::provider_closes:
      peer()->close();
      co_return Result<void>();
    case Verb::provider_ends: {
      Result<void> sent = co_await end_stream();
      co_return sent;
    }
    default:
      break;
  }
  std::string bytes;
  if (step.verb == Verb::provider_event) bytes = writer_->event(step);
  if (step.verb == Verb::provider_raw_event) bytes = step.text + "\n\n";
  if (step.verb == Verb::provider_piece) bytes = step.text;
  if (step.verb == Verb::provider_comment) bytes = fmt::format(": {}\n\n", step.text);
  Result<void> sent = co_await stream(bytes);
  if (!sent || step.verb != Verb::provider_event || step.said != Said::done) co_return sent;
  sent = co_await end_stream();
  co_return sent;
}

// Sends until the gateway takes no more and closes; it must not take all.
Task<Result<void>> Provider::flood(std::uint64_t bytes) {
  std::string event = fmt::format(": {}\n\n", std::string(16'000, 'x'));
  for (std::uint64_t sent = 0; sent < bytes; sent += event.size()) {
    Result<void> taken = co_await stream(event);
    if (!taken) co_return Result<void>();
  }
  co_return unmet("the gateway took it all");
}

Task<Result<void>> Provider::send(std::string_view bytes) {
  if (peer()->closed_at()) co_return unmet("the gateway had closed the connection before");
  Result<void> sent = co_await peer()->send(bytes);
  co_return sent;
}

Task<Result<void>> Provider::end_stream() {
  std::string rest = encoders_.empty() ? "" : encoded("", true);
  std::string out;
  if (!rest.empty()) out = fmt::format("{:x}\r\n{}\r\n", rest.size(), rest);
  out += "0\r\n\r\n";
  Result<void> sent = co_await send(out);
  co_return sent;
}

// A piece of an event stream, in a chunk of its own; the head goes before the first.
Task<Result<void>> Provider::stream(std::string_view bytes) {
  std::string out;
  if (!streaming_) {
    out = fmt::format(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{}transfer-encoding: "
        "chunked\r\n\r\n",
        fields_);
  }
  streaming_ = true;
  std::string text = encoders_.empty() ? std::string(bytes) : encoded(bytes, false);
  if (!text.empty()) out += fmt::format("{:x}\r\n{}\r\n", text.size(), text);
  if (out.empty()) co_return Result<void>();
  Result<void> sent = co_await send(out);
  co_return sent;
}

}  // namespace recloser::wire
