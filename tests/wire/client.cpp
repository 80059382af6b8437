#include "wire/client.h"

#include "core/ascii.h"
#include "net/dial.h"
#include "wire/words.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::wire {
namespace {

namespace json = boost::json;

constexpr Duration waited_slack = 20ms;  // timers tick in milliseconds, and there are several

// Whether a `code` or a `type` anywhere in it is this one.
bool names_code(const json::value& value, std::string_view code) {
  if (const json::array* array = value.if_array()) {
    for (const json::value& each : *array) {
      if (names_code(each, code)) return true;
    }
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return false;
  for (const auto& [name, member] : *object) {
    bool telling = name == "code" || name == "type";
    if (telling && member.is_string() && std::string_view(member.get_string()) == code) return true;
    if (names_code(member, code)) return true;
  }
  return false;
}

Result<void> expect_code(std::string_view text, std::string_view code) {
  boost::system::error_code bad;
  json::value value = json::parse(text, bad);
  if (!bad && names_code(value, code)) return {};
  return unmet(fmt::format("an error {} was expected; came {}", code, visible(text)));
}

bool is_credential(std::string_view name) {
  for (std::string_view known : {"authorization", "x-api-key", "api-key", "x-recloser-key"}) {
    if (ascii::equal_ignoring_case(known, name)) return true;
  }
  return false;
}

}  // namespace

Task<Result<void>> Client::step(const Step& step) {
  Result<void> described = describe(step);
  bool goes_on = step.verb == Verb::client_header || step.verb == Verb::client_without_key ||
                 step.verb == Verb::client_body || step.verb == Verb::client_pads ||
                 step.verb == Verb::client_pads_head || step.verb == Verb::client_pads_path ||
                 step.verb == Verb::client_pads_fields;
  if (goes_on) co_return described;
  Result<void> flushed = co_await flush();
  if (!flushed) co_return flushed;
  if (step.verb == Verb::client_request) {
    draft_.emplace().request = step;
    co_return Result<void>();
  }
  Result<void> acted = co_await act(step);
  co_return acted;
}

// Lines that only add to the request before them.
Result<void> Client::describe(const Step& step) {
  if (!draft_) return unmet("there is no request before this line");
  switch (step.verb) {
    case Verb::client_header:
      draft_->fields += fmt::format("{}: {}\r\n", step.name, step.text);
      draft_->without_key |= is_credential(step.name);
      break;
    case Verb::client_without_key:
      draft_->without_key = true;
      break;
    case Verb::client_body:
      draft_->body = step.text;
      break;
    case Verb::client_pads:
      draft_->pad_bytes = static_cast<std::size_t>(step.number);
      break;
    case Verb::client_pads_head:
      draft_->head_bytes = static_cast<std::size_t>(step.number);
      break;
    case Verb::client_pads_path:
      draft_->path_bytes = static_cast<std::size_t>(step.number);
      break;
    case Verb::client_pads_fields:
      draft_->more_fields = static_cast<std::size_t>(step.number);
      break;
    default:
      break;
  }
  return {};
}

std::string Client::render(Draft& draft) {
  codec::Operation operation = operation_of_path(draft.request.text);
  bool post = draft.request.name == "POST";
  std::string body = draft.body.value_or("");
  if (post && !draft.body) body = request_body(operation, draft.request.pairs);
  if (draft.pad_bytes > 0) {
    body.pop_back();
    body += ",\"pad\":\"" + std::string(draft.pad_bytes, 'x') + "\"}";
  }
  writer_.emplace(operation, body.find("\"include_usage\":true") != std::string::npos);
  if (!draft.without_key) {
    draft.fields += fmt::format("authorization: Bearer {}\r\n", play_.secret);
  }
  if (post) {
    draft.fields +=
        fmt::format("content-type: application/json\r\ncontent-length: {}\r\n", body.size());
  }
  head_only_ = draft.request.name == "HEAD";
  play_.client_body = body;
  std::string path = draft.request.text;
  if (draft.path_bytes > path.size())
    path += '?' + std::string(draft.path_bytes - path.size() - 1, 'x');
  for (std::size_t i = 0; i < draft.more_fields; ++i) draft.fields += "x-more: 1\r\n";
  if (!draft.fields.starts_with("host: ")) draft.fields.insert(0, "host: localhost\r\n");
  std::string head = fmt::format("{} {} HTTP/1.1\r\n{}", draft.request.name, path, draft.fields);
  if (draft.head_bytes > 0) {
    std::string_view around = "x-pad: \r\n\r\n";
    head += fmt::format("x-pad: {}\r\n",
                        std::string(draft.head_bytes - head.size() - around.size(), 'x'));
  }
  return head + "\r\n" + body;
}

// What is left unsent because the gateway has answered already is for the answer to explain.
Task<Result<void>> Client::flush() {
  if (!draft_) co_return Result<void>();
  std::string bytes = render(*draft_);
  draft_.reset();
  if (!peer_) {
    Result<void> connected = co_await connect();
    if (!connected) co_return connected;
  }
  sent_at_ = play_.worker().now();
  Result<void> sent = co_await peer_->send(bytes);
  co_return Result<void>();
}

Task<Result<void>> Client::connect(bool plainly) {
  leave();
  net::CancelPoint cancel;
  net::DialTarget target{.host = "127.0.0.1", .port = play_.gateway_port, .tls = nullptr};
  if (!plainly) target.tls = play_.client_tls;
  target.tls_name = target.host;
  Result<std::unique_ptr<net::Connection>> made =
      co_await net::dial(play_.worker(), play_.loop.resolver(), target, cancel);
  if (!made) co_return fail(made.error());
  peer_ = std::make_unique<Peer>(play_.worker(), std::move(*made));
  sent_at_ = play_.worker().now();
  co_return Result<void>();
}

void Client::leave() {
  if (!peer_) return;
  peer_->close();
  received_ += peer_->received();
}

Task<Result<void>> Client::act(const Step& step) {
  Instant now = play_.worker().now();
  bool plainly = step.verb == Verb::client_connects_plainly;
  if (!peer_ || plainly || step.verb == Verb::client_connects) {
    Result<void> connected = co_await connect(plainly);
    if (!connected || plainly || step.verb == Verb::client_connects) co_return connected;
  }
  switch (step.verb) {
    case Verb::client_sends: {
      writer_.emplace(codec::Operation::chat, false);
      head_only_ = false;
      sent_at_ = now;
      Result<void> sent = co_await peer_->send(step.text);
      co_return sent;
    }
    case Verb::client_waits:
      co_await peer_->wait(now + step.duration);
      co_return Result<void>();
    case Verb::client_stops_reading:
      co_await peer_->stop_reading(now + step.duration);
      co_return Result<void>();
    case Verb::client_leaves:
      if (step.duration > Duration{}) co_await peer_->wait(now + step.duration);
      if (peer_->closed_at()) co_return unmet("the gateway had closed the connection before");
      play_.client_left_at = play_.worker().now();
      leave();
      peer_.reset();
      co_return Result<void>();
    case Verb::client_ends_sending:
      play_.client_left_at = now;
      peer_->end_sending();
      co_return Result<void>();
    case Verb::client_waited: {
      Duration waited = now - sent_at_;
      if (waited >= step.duration && waited <= step.duration + waited_slack) {
        co_return Result<void>();
      }
      co_return unmet(fmt::format("{} ms since the request had passed", waited / 1ms));
    }
    default: {
      Result<void> looked = co_await look(step);
      co_return looked;
    }
  }
}

Task<Result<void>> Client::look(const Step& step) {
  switch (step.verb) {
    case Verb::client_sees_status:
    case Verb::client_sees_continue: {
      Result<void> read = co_await read_status(step);
      co_return read;
    }
    case Verb::client_sees_header:
    case Verb::client_sees_no_header:
      co_return look_at_head(step);
    case Verb::client_sees_body:
    case Verb::client_sees_body_unchanged: {
      Result<void> read = co_await read_to_end();
      if (!read) co_return read;
      bool unchanged = step.verb == Verb::client_sees_body_unchanged;
      const std::string& expected = unchanged ? play_.provider_body : step.text;
      std::string body = std::exchange(peer_->body(), {});
      if (body == expected) co_return Result<void>();
      co_return unmet(
          fmt::format("expected was {}\n    came {}", visible(expected), visible(body)));
    }
    case Verb::client_sees_text: {
      Result<void> read = co_await read_to_end();
      if (!read) co_return read;
      if (peer_->body().find(step.text) != std::string::npos) co_return Result<void>();
      co_return unmet(fmt::format("it is not in {}", visible(peer_->body())));
    }
    case Verb::client_sees_error: {
      Result<void> read = co_await read_to_end();
      if (!read) co_return read;
      co_return expect_code(peer_->body(), step.text);
    }
    default: {
      Result<void> looked = co_await look_at_stream(step);
      co_return looked;
    }
  }
}

Task<Result<void>> Client::look_at_stream(const Step& step) {
  std::string expected;
  switch (step.verb) {
    case Verb::client_sees_event_like: {
      Result<void> read = co_await read_event_like(step.text);
      co_return read;
    }
    case Verb::client_sees_failure: {
      Result<void> read = co_await read_failure(step.text);
      co_return read;
    }
    case Verb::client_sees_end: {
      Result<void> read = co_await read_to_end();
      if (!read || peer_->body().empty()) co_return read;
      co_return unmet(fmt::format("before the end came {}", visible(peer_->body())));
    }
    case Verb::client_sees_broken_end: {
      Result<void> read = co_await read_to_end();
      if (!read && peer_->body().empty()) co_return Result<void>();
      co_return unmet(read ? "the answer had an orderly end"
                           : fmt::format("before it came {}", visible(peer_->body())));
    }
    case Verb::client_sees_close: {
      Result<void> read = co_await peer_->read_close();
      co_return read;
    }
    case Verb::client_sees_event:
      expected = writer_->event(step);
      break;
    case Verb::client_sees_raw_event:
      expected = step.text + "\n\n";
      break;
    case Verb::client_sees_comment:
      expected = fmt::format(": {}\n\n", step.text);
      break;
    default:
      expected = step.text;
      break;
  }
  Result<void> read = co_await read_bytes(std::move(expected));
  co_return read;
}

Task<Result<void>> Client::read_status(const Step& step) {
  Result<void> ended = co_await read_to_end();  // of the answer before
  if (!ended) co_return ended;
  bool interim = step.verb == Verb::client_sees_continue;
  Result<Head> head = co_await peer_->read_head(head_only_ || interim);
  if (!head) co_return fail(head.error());
  head_ = std::move(*head);
  std::string expected = fmt::format("HTTP/1.1 {}", interim ? 100 : step.number);
  if (head_.start.starts_with(expected + " ")) co_return Result<void>();
  if (peer_->body_ended() || interim) co_return unmet(fmt::format("came \"{}\"", head_.start));
  Result<void> read = co_await read_to_end();
  co_return unmet(fmt::format("came \"{}\" with {}", head_.start, visible(peer_->body())));
}

Result<void> Client::look_at_head(const Step& step) const {
  if (step.verb == Verb::client_sees_no_header) {
    const std::string* value = head_.find(step.text);
    return value == nullptr ? Result<void>() : unmet(fmt::format("came {}", visible(*value)));
  }
  const std::string* value = head_.find(step.name);
  if (value == nullptr) return unmet(fmt::format("there is no header {}", step.name));
  if (matches(step.text, *value)) return {};
  return unmet(fmt::format("expected was {}\n    came {}", step.text, visible(*value)));
}

Task<Result<void>> Client::read_to_end() {
  while (!peer_->body_ended()) {
    Result<void> more = co_await peer_->more_body();
    if (!more) co_return more;
  }
  co_return Result<void>();
}

Task<Result<void>> Client::read_bytes(std::string expected) {
  while (peer_->body().size() < expected.size() && !peer_->body_ended() &&
         expected.starts_with(peer_->body())) {
    Result<void> more = co_await peer_->more_body();
    if (!more) {
      co_return unmet(
          fmt::format("{}; before it came {}", more.error().message(), visible(peer_->body())));
    }
  }
  if (peer_->body().starts_with(expected)) {
    peer_->body().erase(0, expected.size());
    co_return Result<void>();
  }
  co_return unmet(
      fmt::format("expected was {}\n    came {}", visible(expected), visible(peer_->body())));
}

Task<Result<void>> Client::read_event_like(std::string_view pattern) {
  std::string& body = peer_->body();
  while (body.find("\n\n") == std::string::npos && !peer_->body_ended()) {
    Result<void> more = co_await peer_->more_body();
    if (!more) co_return more;
  }
  std::size_t end = std::min(body.find("\n\n"), body.size());
  std::string event = body.substr(0, end);
  body.erase(0, end + 2);
  if (matches(pattern, event)) co_return Result<void>();
  co_return unmet(fmt::format("expected was {}\n    came {}", visible(pattern), visible(event)));
}

// One event that tells a failure in the dialect's words.
Task<Result<void>> Client::read_failure(std::string code) {
  std::string& body = peer_->body();
  while (body.find("\n\n") == std::string::npos && !peer_->body_ended()) {
    Result<void> more = co_await peer_->more_body();
    if (!more) co_return more;
  }
  std::size_t end = body.find("\n\n");
  std::size_t data = body.find("data: ");
  if (end == std::string::npos || data > end) {
    co_return unmet(fmt::format("a failure was expected; came {}", visible(body)));
  }
  std::string text = body.substr(data + 6, end - data - 6);
  body.erase(0, end + 2);
  co_return expect_code(text, code);
}

}  // namespace recloser::wire
