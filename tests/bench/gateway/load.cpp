#include "load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::bench {

namespace {

constexpr std::size_t read_bytes_max = 256u << 10;
constexpr std::size_t error_bytes_kept_max = 400;
constexpr std::uint64_t errors_max = 1000;  // then the run is not worth going on with
constexpr std::uint64_t input_key = ~0ULL;
constexpr Duration turn_max = 50ms;
constexpr Duration last_calls_time_max = 15s;
constexpr Duration hold_time_max = 300s;

// The fields an official SDK sends, in about its number and size.
std::string request_text(const Plan& plan) {
  std::string body = chat_request(plan.order, plan.model, plan.body_bytes);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
      "User-Agent: OpenAI/Python 1.50.0\r\nAccept: application/json\r\n"
      "Authorization: Bearer {}\r\nX-Stainless-Lang: python\r\nX-Stainless-Runtime: CPython\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      plan.port, plan.key, body.size(), body);
}

}  // namespace

Load::Load(Plan plan, const Clock& clock)
    : plan_(std::move(plan)),
      clock_(clock),
      request_(request_text(plan_)),
      connections_(plan_.connections),
      scratch_(read_bytes_max) {}

Result<void> Load::run() {
  if (!poller_.usable()) {
    return fail(Side::operator_, Kind::io, "the load of the bench cannot set up epoll");
  }
  begin_ = clock_.now();
  next_first_call_ = begin_;
  for (Instant now = begin_; !finished(now); now = clock_.now()) {
    start_first_calls(now);
    for (const epoll_event& event : poller_.wait(wait_at_most(now))) on_event(event);
  }
  totals_.time = clock_.now() - begin_;
  if (totals_.errors >= errors_max) {
    return fail(Side::provider, Kind::unavailable, "too many calls failed; " + first_error_);
  }
  if (plan_.hold) return hold();
  totals_.unfinished = busy_;
  return {};
}

bool Load::finished(Instant now) const {
  if (totals_.errors >= errors_max) return true;
  if (plan_.hold && answered_ == plan_.connections) return true;
  Duration passed = now - begin_;
  if (passed >= plan_.time_max + last_calls_time_max) return true;
  if (busy_ > 0 || plan_.hold) return false;
  bool all_started = first_calls_ == plan_.connections;
  bool enough = plan_.calls_max > 0 && started_ >= plan_.calls_max;
  return all_started || enough || passed >= plan_.time_max;
}

Duration Load::wait_at_most(Instant now) const {
  if (first_calls_ == plan_.connections) return turn_max;
  return std::clamp<Duration>(next_first_call_ - now, 0ms, turn_max);
}

void Load::start_first_calls(Instant now) {
  while (first_call_may_start(now)) {
    next_first_call_ = next_first_call_ + plan_.stagger;
    connect(first_calls_++);
  }
}

bool Load::first_call_may_start(Instant now) const {
  if (first_calls_ == plan_.connections || now < next_first_call_) return false;
  if (plan_.ramp_max > 0 && first_calls_ - answered_ >= plan_.ramp_max) return false;
  return more_calls(connections_[first_calls_]);
}

bool Load::more_calls(const Connection& connection) const {
  if (plan_.calls_max > 0 && started_ >= plan_.calls_max) return false;
  if (plan_.calls_each_max > 0 && connection.calls >= plan_.calls_each_max) return false;
  return clock_.now() - begin_ < plan_.time_max && !holding_;
}

// Opens the connection; its call starts when it stands, and is counted from here on.
void Load::connect(std::size_t index) {
  Connection& connection = connections_[index];
  connection.connected = false;
  connection.busy = true;
  ++connection.calls;
  ++started_;
  ++busy_;
  Result<Descriptor> socket = connect_to_loopback(plan_.port);
  if (!socket || !poller_.add(*socket, index, true)) {
    --busy_;
    connection.busy = false;
    ++totals_.errors;
    if (first_error_.empty() && !socket) first_error_ = socket.error().message();
    return;
  }
  connection.socket = std::move(*socket);
}

void Load::on_event(const epoll_event& event) {
  if (event.data.u64 == input_key) {
    std::array<char, 64> ignored{};
    released_ = ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
    return;
  }
  std::size_t index = event.data.u64;
  Connection& connection = connections_[index];
  if (!connection.socket.open()) return;
  if (!connection.connected && (event.events & (EPOLLERR | EPOLLHUP)) != 0) {
    return fail_call(index, "the connection was refused");
  }
  if ((event.events & EPOLLOUT) != 0) {
    if (connection.connected) {
      send_more(index);
    } else {
      connection.connected = true;
      poller_.watch_writable(connection.socket, index, false);
      start_call(index);
    }
  }
  if ((event.events & ~EPOLLOUT) != 0 && connection.socket.open()) read(index);
}

void Load::start_call(std::size_t index) {
  Connection& connection = connections_[index];
  connection.started = clock_.now();
  connection.next_chunk = 0;
  connection.meter = {};
  connection.reader.restart();
  connection.unsent = request_;
  send_more(index);
}

void Load::send_more(std::size_t index) {
  Connection& connection = connections_[index];
  bool was_waiting = connection.unsent.size() < request_.size();
  Sent sent = send_from(connection.socket, connection.unsent);
  if (sent == Sent::failed) return fail_call(index, "the connection broke while sending");
  bool waits = sent == Sent::some;
  if (waits != was_waiting) poller_.watch_writable(connection.socket, index, waits);
}

void Load::read(std::size_t index) {
  Connection& connection = connections_[index];
  ssize_t got = ::recv(connection.socket.number(), scratch_.data(), scratch_.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got < 0) return fail_call(index, std::strerror(errno));
  if (got == 0) {
    return fail_call(index, connection.busy ? "closed in mid-call" : "closed while idle");
  }
  take(index, {scratch_.data(), static_cast<std::size_t>(got)}, clock_.now());
}

void Load::take(std::size_t index, std::string_view bytes, Instant now) {
  Connection& connection = connections_[index];
  while (!bytes.empty()) {
    if (!connection.busy) return fail_call(index, "bytes after the end of the answer");
    MessageReader::Step step = connection.reader.step(bytes);
    bytes.remove_prefix(step.used);
    if (connection.reader.state() != MessageReader::State::head) count_answered(connection);
    if (!step.body.empty()) take_body(connection, step.body, now);
    switch (connection.reader.state()) {
      case MessageReader::State::done:
        end_call(index, now);
        break;
      case MessageReader::State::broken:
        return fail_call(index, "the answer breaks the grammar of HTTP/1.1");
      case MessageReader::State::head:
      case MessageReader::State::body:
        break;
    }
  }
}

void Load::take_body(Connection& connection, std::string_view body, Instant now) {
  if (connection.reader.status() != 200) {
    error_body_ +=
        body.substr(0, error_bytes_kept_max - std::min(error_body_.size(), error_bytes_kept_max));
    return;
  }
  if (!plan_.order.stream) return;
  StreamMeter::Chunk chunk;
  while (connection.meter.next(body, chunk)) {
    ++totals_.chunks;
    totals_.delay.add(now - chunk.sent);
    if (connection.next_chunk == 0) {
      totals_.first.add(now - connection.started);
    } else {
      totals_.gap.add(now - connection.last_chunk);
      if (now == connection.last_chunk) ++totals_.met_chunks;
    }
    if (chunk.number != connection.next_chunk) ++totals_.misnumbered_chunks;
    ++connection.next_chunk;
    connection.last_chunk = now;
  }
}

void Load::end_call(std::size_t index, Instant now) {
  Connection& connection = connections_[index];
  int status = connection.reader.status();
  if (status != 200) {
    return fail_call(index, fmt::format("status {}: {}", status, error_body_));
  }
  if (plan_.order.stream && connection.next_chunk != plan_.order.chunks) {
    return fail_call(index, fmt::format("a stream ended after {} of {} chunks",
                                        connection.next_chunk, plan_.order.chunks));
  }
  connection.busy = false;
  --busy_;
  ++totals_.calls;
  totals_.whole.add(now - connection.started);
  bool again = more_calls(connection);
  if (!connection.reader.keeps_alive()) {
    connection.socket.close();
    if (again) connect(index);
  } else if (again) {
    connection.busy = true;
    ++busy_;
    ++connection.calls;
    ++started_;
    start_call(index);
  }
}

void Load::count_answered(Connection& connection) {
  if (connection.answered) return;
  connection.answered = true;
  ++answered_;
}

void Load::fail_call(std::size_t index, std::string_view why) {
  Connection& connection = connections_[index];
  if (first_error_.empty()) first_error_ = why;
  error_body_.clear();
  ++totals_.errors;
  if (connection.busy) --busy_;
  connection.busy = false;
  connection.socket.close();
  if (!plan_.hold && more_calls(connection)) connect(index);
}

Result<void> Load::hold() {
  if (answered_ < plan_.connections) {
    return fail(Side::provider, Kind::unavailable,
                fmt::format("only {} of {} connections were answered; {}", answered_,
                            plan_.connections, first_error_));
  }
  if (!poller_.add_number(STDIN_FILENO, input_key)) {
    return fail(Side::operator_, Kind::io, "--hold needs a pipe as standard input");
  }
  holding_ = true;
  fmt::print("holding\n");
  std::fflush(stdout);
  Instant end = clock_.now() + hold_time_max;
  while (!released_ && clock_.now() < end) {
    for (const epoll_event& event : poller_.wait(turn_max)) on_event(event);
  }
  totals_.unfinished = plan_.order.stream ? 0 : busy_;
  return {};
}

}  // namespace recloser::bench
