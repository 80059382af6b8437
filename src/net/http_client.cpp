#include "net/http_client.h"

#include "net/http1/reason.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace recloser::net {
namespace {

constexpr std::size_t request_pieces_max = 12;
constexpr Duration replay_window = 100ms;
constexpr std::size_t interim_bytes_max = 64u << 10;  // while a request is sent; then it stops

// The first final head in `bytes`; interim ones (RFC 9110 section 15.2) are taken out of it.
template <class Bytes>
http1::Progress find_final_head(http1::ResponseHead& head, Bytes& bytes) {
  for (;;) {
    head = http1::ResponseHead();
    http1::Progress progress = head.read(bytes);
    if (progress != http1::Progress::complete || !head.interim()) return progress;
    bytes.erase(0, head.size());
  }
}

// The first bytes of a buffer of somebody else's.
struct InPlace {
  char* begin;
  std::size_t size;

  operator std::string_view() const { return {begin, size}; }
  void erase(std::size_t, std::size_t bytes) {
    size -= bytes;
    std::memmove(begin, begin + bytes, size);
  }
};

}  // namespace

// Sees that a provider answers while the request is still being sent, and stops the sending. An
// interim answer ("102 Processing") is none, and a provider that waits for the rest gets it.
class HttpCall::EarlyAnswer final : public Operation {
 public:
  explicit EarlyAnswer(HttpCall& call)
      : Operation(*call.connection_, Instant::never(), [](Waiter&) {}), call_(call) {
    connection_.attach_reader(*this);
  }
  bool seen() const { return seen_; }

 private:
  bool attempt() override {
    std::array<char, 4096> piece;
    while (!seen_) {
      Connection::ReadNow got = connection_.read_now(piece);
      if (got.would_wait) return false;
      if (got.failure != IoFailure::none || got.bytes == 0) {
        call_.begun_end_ = got.failure == IoFailure::none ? IoFailure::ended : got.failure;
        break;
      }
      call_.any_byte_ = true;
      call_.begun_.append(piece.data(), got.bytes);
      seen_ = find_final_head(call_.pool_.head(), call_.begun_) != http1::Progress::more;
      bytes_ += got.bytes;
      if (bytes_ > interim_bytes_max) break;
    }
    seen_ = true;
    connection_.stop_writing();
    return true;
  }

  HttpCall& call_;
  std::size_t bytes_ = 0;
  bool seen_ = false;
};

HttpCall::HttpCall(ClientPool& pool, const DialTarget& target, HttpTimeouts timeouts,
                   CancelPoint& cancel)
    : pool_(pool),
      target_(target),
      timeouts_(timeouts),
      cancel_(cancel),
      body_(http1::Body::none()) {}

HttpCall::~HttpCall() { close(); }

void HttpCall::close() {
  standing_.reset();
  connection_.reset();
}

void HttpCall::cancel() {
  bool waits_for_usage = cancel_.reason() == CancelReason::client_gone && grace_ > Duration{};
  bool stops = cancel_.reason() == CancelReason::stopped && answers_ && connection_;
  if (stops) {
    connection_->stop_reading();
  } else if (waits_for_usage) {
    pool_.worker().timers().set(grace_timer_, pool_.worker().now() + grace_);
  } else {
    close_connection();
  }
}

void HttpCall::finish() {
  standing_.reset();
  bool reusable = connection_ && connection_->open() && body_ended_ && may_pool_ && request_sent_;
  if (reusable && !connection_->peer_ended()) pool_.give(target_, std::move(connection_));
  connection_.reset();
}

Instant HttpCall::idle_deadline() const {
  return std::min(timeouts_.total, pool_.worker().now() + timeouts_.idle);
}

Task<Result<const http1::ResponseHead*>> HttpCall::start(HttpRequest request) {
  for (;;) {
    if (!take_pooled()) {
      Result<void> made = co_await connect();
      if (!made) co_return fail(made.error());
    }
    connection_->set_flow(request.flow);
    Result<void> sent = co_await send(request);
    // What the provider said before it stopped reading is worth more than our failure to write;
    // but nothing is waited for.
    Instant deadline = pool_.worker().now();
    if (sent) deadline = std::min(timeouts_.total, deadline + timeouts_.first_byte);
    Result<const http1::ResponseHead*> head = co_await read_head(request.method, deadline);
    if (head) co_return head;
    Error error = sent ? head.error() : sent.error();
    close();
    if (!request.may_replay || !may_replay(error)) co_return fail(error);
    replayed_ = true;
    first_request_sent_ = request_sent_;
  }
}

bool HttpCall::take_pooled() {
  if (!replayed_) connection_ = pool_.take(target_);
  if (connection_) connected(true);
  return connection_ != nullptr;
}

Task<Result<void>> HttpCall::connect() {
  reached_ = false;
  Result<std::unique_ptr<Connection>> made =
      co_await dial(pool_.worker(), pool_.resolver(), target_, cancel_);
  if (!made) co_return fail(made.error());
  connection_ = std::move(*made);
  connected(false);
  co_return Result<void>();
}

void HttpCall::connected(bool reused) {
  reused_ = reused;
  reached_ = true;
  standing_.emplace(cancel_, *this);
  request_sent_ = false;
  any_byte_ = false;
  begun_.clear();
  begun_end_ = IoFailure::none;
}

Task<Result<void>> HttpCall::send(HttpRequest request) {
  std::array<std::string_view, request_pieces_max> pieces;
  CHECK(request.body.size() < pieces.size(), "too many pieces in one request");
  pieces[0] = request.head;
  std::copy(request.body.begin(), request.body.end(), pieces.begin() + 1);
  std::span<const std::string_view> all = std::span(pieces).first(request.body.size() + 1);
  EarlyAnswer early(*this);
  Result<void> sent =
      co_await connection_->write(all, BytesLive::until_sent, timeouts_.idle, timeouts_.total);
  request_sent_ = sent.has_value();
  sent_at_ = pool_.worker().now();
  if (sent || early.seen()) co_return Result<void>();
  if (sent.error().kind() == Kind::timed_out) {
    co_return fail(silent(timeouts_.idle, "took nothing of the request"));
  }
  co_return sent;
}

Task<Result<const http1::ResponseHead*>> HttpCall::read_head(http1::Method method,
                                                             Instant begins_until) {
  Worker& worker = pool_.worker();
  // What came while the request was sent; then a head that did not come in one piece, over each
  // wait.
  std::string own = std::exchange(begun_, std::string());
  InPlace in{.begin = worker.scratch().data(), .size = own.size()};
  std::memcpy(in.begin, own.data(), in.size);
  for (;;) {
    if (in.size > 0) {
      http1::Progress progress = find_final_head(pool_.head(), in);
      if (progress == http1::Progress::refused) {
        co_return fail(http1::error(pool_.head().reason(), Side::provider));
      }
      if (progress == http1::Progress::complete) {
        std::string_view behind = in;
        behind.remove_prefix(pool_.head().size());
        co_return take_head(behind, method);
      }
    }
    own.assign(in.begin, in.size);
    if (in.size == Worker::scratch_bytes) {
      co_return fail(Side::provider, Kind::malformed, "the provider's answer head has no end");
    }
    if (begun_end_ != IoFailure::none) co_return fail(ended_in_head(begun_end_));
    // An interim answer is no beginning: what follows it has the time that was left.
    bool begun = in.size > 0;
    Instant deadline = begun ? idle_deadline() : begins_until;
    Result<std::size_t> got =
        co_await connection_->read(worker.scratch().subspan(in.size), deadline);
    if (!got && got.error().kind() == Kind::timed_out) {
      co_return fail(begun ? silent(timeouts_.idle, "stopped in the head of its answer")
                           : silent(timeouts_.first_byte, "did not begin to answer"));
    }
    if (!got) co_return fail(got.error());
    if (*got == 0) co_return fail(ended_in_head(IoFailure::ended));
    any_byte_ = true;
    std::memcpy(in.begin, own.data(), in.size);
    in.size += *got;
  }
}

Error HttpCall::ended_in_head(IoFailure how) const {
  if (how != IoFailure::ended) return connection_->error_of(how);
  return Error(Side::provider, Kind::closed,
               any_byte_ ? "the provider ended the connection inside the head of its answer"
                         : "the provider ended the connection without an answer");
}

Result<const http1::ResponseHead*> HttpCall::take_head(std::string_view behind,
                                                       http1::Method method) {
  const http1::ResponseHead& head = pool_.head();
  http1::Body framing = head.body(method);
  body_ = http1::BodyReader(framing);
  may_pool_ = head.keep_alive(method) && request_sent_;
  body_ended_ = framing.empty();
  answers_ = true;
  unread_ready_ = !behind.empty() && !body_ended_;
  unread_ = behind;
  if (body_ended_ && !behind.empty()) may_pool_ = false;  // bytes that nobody asked for
  return &head;
}

// Only on a connection that was used before, when nothing of an answer came, and either not all of
// the request went out or the end came so soon that it must have been on its way before (RFC
// 9112 9.3.1).
bool HttpCall::may_replay(const Error& error) const {
  if (!may_be_replaced_ || !reused_ || replayed_ || any_byte_) return false;
  if (error.kind() != Kind::closed) return false;
  return !request_sent_ || pool_.worker().now() - sent_at_ <= replay_window;
}

Error HttpCall::silent(Duration limit, std::string_view what) const {
  if (pool_.worker().now() >= timeouts_.total) {
    return Error(Side::provider, Kind::timed_out,
                 "the provider took longer than the total time limit");
  }
  return Error(Side::provider, Kind::timed_out,
               fmt::format("the provider {} within {}", what, human_duration(limit)));
}

// The payload in `received`, slid together in place when it came as several chunks.
Result<std::string_view> HttpCall::take(std::string_view received) {
  char* begin = nullptr;
  std::size_t size = 0;
  for (;;) {
    http1::BodyStep step = body_.next(received);
    received.remove_prefix(step.consumed);
    switch (step.kind) {
      case http1::BodyStep::Kind::payload:
        if (begin == nullptr) {
          begin = const_cast<char*>(step.payload.data());  // the scratch, or begun_: both are ours
        } else {
          std::memmove(begin + size, step.payload.data(), step.payload.size());
        }
        size += step.payload.size();
        break;
      case http1::BodyStep::Kind::refused:
        if (size == 0) return fail(http1::error(step.reason, Side::provider));
        // What came before the fault is given first, as if it had come alone; then the fault.
        unread_ = {};
        unread_ready_ = true;
        return std::string_view(begin, size);
      case http1::BodyStep::Kind::end:
        body_ended_ = true;
        if (!received.empty()) may_pool_ = false;  // bytes that nobody asked for
        return std::string_view(begin, size);
      case http1::BodyStep::Kind::more:
        body_ended_ = body_.ended();
        return std::string_view(begin, size);
    }
  }
}

void HttpCall::keep_unread() {
  if (!unread_ready_) return;
  begun_.assign(unread_);
  unread_ = begun_;
}

Result<std::string_view> HttpCall::take_end() {
  may_pool_ = false;
  http1::BodyStep step = body_.closed();
  if (step.kind != http1::BodyStep::Kind::end) {
    return fail(Side::provider, Kind::closed,
                "the provider ended the connection before the end of its answer");
  }
  body_ended_ = true;
  return std::string_view();
}

Result<std::string_view> HttpCall::Next::await_resume() {
  if (std::exchange(call_.unread_ready_, false)) return call_.take(call_.unread_);
  Result<std::size_t> got = read_.await_resume();
  if (!got && got.error().kind() == Kind::timed_out) {
    return fail(call_.silent(call_.timeouts_.idle, "sent nothing more"));
  }
  if (!got) return fail(got.error());
  if (*got == 0) return call_.take_end();
  return call_.take({call_.connection_->worker().scratch().data(), *got});
}

}  // namespace recloser::net
