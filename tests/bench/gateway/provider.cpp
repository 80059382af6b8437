#include "provider.h"

#include "stream_meter.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <initializer_list>
#include <sys/socket.h>

namespace recloser::bench {

namespace {

constexpr std::size_t read_bytes_max = 64u << 10;  // small: chunks of streams fall due meanwhile
constexpr std::uint64_t listener_key = ~0ULL;
constexpr Duration stop_seen_within = 100ms;
constexpr unsigned chunks_per_turn_max = 64;  // then sockets are looked at again
constexpr std::string_view mark_place = "@TTTTTTTTTTTTTTTTTTTT;NNNNNN";

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream; charset=utf-8\r\n"
    "Cache-Control: no-cache\r\n"
    "x-request-id: req_0123456789abcdef\r\n"
    "openai-processing-ms: 12\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

constexpr std::string_view event_start =
    R"(data: {"id":"chatcmpl-A1b2C3d4E5f6G7h8","object":"chat.completion.chunk",)"
    R"("created":1726000000,"model":"gpt-4o-mini-2024-07-18",)"
    R"("system_fingerprint":"fp_0123456789","choices":[)";
constexpr std::string_view delta_start = R"({"index":0,"delta":{"content":")";
// Seven tokens: what providers send is one to some twenty.
constexpr std::string_view delta_text = " and then the next few words,";
constexpr std::string_view delta_end = R"("},"logprobs":null,"finish_reason":null}])";
constexpr std::string_view finish =
    R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}])";
constexpr std::string_view event_end = "}\n\n";
constexpr std::string_view event_end_usage_asked = ",\"usage\":null}\n\n";
// The mark stands where nobody reads it, and where OpenAI's events end in letters that hide how
// long their text is.
constexpr std::string_view usage_asked = ",\"usage\":null";
constexpr std::string_view pad_start = ",\"obfuscation\":\"";
constexpr std::string_view pad_end = "\"}\n\n";

std::string hex(std::size_t number) {
  std::string text;
  for (; number > 0; number /= 16) text.insert(text.begin(), "0123456789abcdef"[number % 16]);
  return text;
}

std::string as_http_chunk(const std::string& content) {
  return hex(content.size()) + "\r\n" + content + "\r\n";
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) text += part;
  return text;
}

std::string stream_chunk(bool usage) {
  return as_http_chunk(
      joined({event_start, delta_start, delta_text, delta_end,
              usage ? usage_asked : std::string_view(), pad_start, mark_place, pad_end}));
}

std::string stream_end(const Order& order) {
  std::string events =
      joined({event_start, finish, order.usage ? event_end_usage_asked : event_end});
  if (order.usage) {
    events += joined({event_start, R"(],"usage":{"prompt_tokens":120,"completion_tokens":)",
                      std::to_string(order.chunks), R"(,"total_tokens":)",
                      std::to_string(order.chunks + 120), "}", event_end});
  }
  return as_http_chunk(events + "data: [DONE]\n\n") + "0\r\n\r\n";
}

std::string whole_answer() {
  std::string body =
      R"({"id":"chatcmpl-A1b2C3d4E5f6G7h8","object":"chat.completion","created":1726000000,)"
      R"("model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":")";
  for (int i = 0; i < 12; ++i) body += "The quick brown fox jumps over the lazy dog. ";
  body +=
      R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":120,)"
      R"("completion_tokens":130,"total_tokens":250},"system_fingerprint":"fp_0123456789"})";
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
         "x-request-id: req_0123456789abcdef\r\nopenai-processing-ms: 12\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

Provider::Provider(Descriptor listener, const Clock& clock)
    : listener_(std::move(listener)),
      clock_(clock),
      scratch_(read_bytes_max),
      whole_answer_(whole_answer()),
      chunk_(stream_chunk(false)),
      chunk_with_usage_(stream_chunk(true)),
      mark_at_(chunk_.find(mark_place)),
      mark_at_with_usage_(chunk_with_usage_.find(mark_place)) {}

Result<void> Provider::run(const std::stop_token& stop) {
  if (!poller_.usable() || !poller_.add(listener_, listener_key)) {
    return fail(Side::operator_, Kind::io, "the provider of the bench cannot set up epoll");
  }
  while (!stop.stop_requested()) {
    for (const epoll_event& event : poller_.wait(until_next_chunk())) {
      if (event.data.u64 == listener_key) {
        accept_all();
        continue;
      }
      Connection* connection = find(event.data.u64);
      if (connection == nullptr) continue;
      if ((event.events & EPOLLOUT) != 0 && !send_rest(*connection)) continue;
      if ((event.events & ~EPOLLOUT) != 0) read(*connection);
    }
    send_due_chunks();
  }
  return {};
}

Duration Provider::until_next_chunk() const {
  if (due_.empty()) return stop_seen_within;
  return std::min<Duration>(due_.top().at - clock_.now(), stop_seen_within);
}

void Provider::accept_all() {
  for (Descriptor socket = accept_from(listener_); socket.open(); socket = accept_from(listener_)) {
    Connection& connection = free_connection();
    connection.socket = std::move(socket);
    if (!poller_.add(connection.socket, connection.key())) drop(connection);
  }
}

Provider::Connection& Provider::free_connection() {
  if (free_slots_.empty()) {
    auto slot = static_cast<std::uint32_t>(connections_.size());
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->slot = slot;
    return *connections_.back();
  }
  std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return *connections_[slot];
}

Provider::Connection* Provider::find(std::uint64_t key) {
  Connection& connection = *connections_[key & 0xffff'ffff];
  return connection.key() == key ? &connection : nullptr;
}

void Provider::drop(Connection& connection) {
  connection.socket.close();
  connection.reader.restart();
  connection.orders.restart();
  connection.unsent.clear();
  connection.streaming = false;
  ++connection.generation;
  free_slots_.push_back(connection.slot);
}

bool Provider::read(Connection& connection) {
  ssize_t got = ::recv(connection.socket.number(), scratch_.data(), scratch_.size(), 0);
  if (got < 0 && errno == EAGAIN) return true;
  if (got <= 0) {
    drop(connection);
    return false;
  }
  return take(connection, {scratch_.data(), static_cast<std::size_t>(got)});
}

bool Provider::take(Connection& connection, std::string_view bytes) {
  MessageReader& reader = connection.reader;
  while (!bytes.empty()) {
    MessageReader::Step step = reader.step(bytes);
    bytes.remove_prefix(step.used);
    if (!step.body.empty()) connection.orders.add(step.body);
    if (reader.state() == MessageReader::State::done && !answer(connection)) return false;
    if (reader.state() == MessageReader::State::broken) {
      drop(connection);
      return false;
    }
  }
  return true;
}

bool Provider::answer(Connection& connection) {
  connection.order = connection.orders.order();
  connection.orders.restart();
  connection.reader.restart();
  if (!connection.order.stream) return send(connection, whole_answer_);
  if (!send(connection, stream_head)) return false;
  connection.streaming = true;
  connection.chunks_sent = 0;
  due_.push({first_due(connection), connection.key()});
  return true;
}

// One interval from now, then on to this stream's own place on a grid of intervals: however calls
// bunch up at their start, chunks of different streams are spread evenly and do not meet.
Instant Provider::first_due(const Connection& connection) const {
  constexpr double golden_ratio = 0.6180339887498949;  // its multiples fill [0, 1) evenly
  Duration interval = connection.order.interval;
  // Streams that are held for what they take begin at once: until they have, a gateway keeps what
  // it would need to ask another provider.
  if (interval <= 0ns || interval >= 1s) return clock_.now();
  double turn = golden_ratio * connection.slot;
  auto place = Duration(
      static_cast<std::int64_t>((turn - std::floor(turn)) * static_cast<double>(interval.count())));
  Instant earliest = clock_.now() + interval;
  Duration late = (Duration(earliest.ns) - place) % interval;
  return late == 0ns ? earliest : earliest + (interval - late);
}

bool Provider::send(Connection& connection, std::string_view bytes) {
  if (!connection.unsent.empty()) {
    connection.unsent += bytes;
    return true;
  }
  Sent sent = send_from(connection.socket, bytes);
  if (sent == Sent::failed) {
    drop(connection);
    return false;
  }
  if (sent == Sent::some) {
    connection.unsent = bytes;
    poller_.watch_writable(connection.socket, connection.key(), true);
  }
  return true;
}

bool Provider::send_rest(Connection& connection) {
  std::string_view rest = connection.unsent;
  Sent sent = send_from(connection.socket, rest);
  if (sent == Sent::failed) {
    drop(connection);
    return false;
  }
  connection.unsent.erase(0, connection.unsent.size() - rest.size());
  if (sent == Sent::all) poller_.watch_writable(connection.socket, connection.key(), false);
  return true;
}

void Provider::send_due_chunks() {
  Instant now = clock_.now();
  for (unsigned sent = 0; sent < chunks_per_turn_max && !due_.empty(); ++sent) {
    Due due = due_.top();
    if (due.at > now) return;
    due_.pop();
    Connection* connection = find(due.key);
    if (connection != nullptr && connection->streaming) send_chunk(*connection, due.at);
  }
}

// The next chunk is due one interval after this one was, not after it was sent: a late chunk does
// not make the stream slower.
void Provider::send_chunk(Connection& connection, Instant was_due) {
  std::string& chunk = connection.order.usage ? chunk_with_usage_ : chunk_;
  std::size_t mark_at = connection.order.usage ? mark_at_with_usage_ : mark_at_;
  write_mark(chunk.data() + mark_at, clock_.now(), connection.chunks_sent++);
  if (!send(connection, chunk)) return;
  if (connection.chunks_sent < connection.order.chunks) {
    due_.push({was_due + connection.order.interval, connection.key()});
    return;
  }
  connection.streaming = false;
  send(connection, stream_end(connection.order));
}

}  // namespace recloser::bench
