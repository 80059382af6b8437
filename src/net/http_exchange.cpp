#include "net/http_exchange.h"

#include "core/limits.h"
#include "net/http1/chunked.h"
#include "net/http1/head_writer.h"
#include "net/http1/reason.h"
#include "net/http_server.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace recloser::net {
namespace {

constexpr std::size_t read_bytes_per_turn = 64u << 10;
constexpr std::size_t padding_bytes = 64;  // behind a body, for vector loads

}  // namespace

Exchange::Exchange(HttpServer& server, Connection& client, std::string_view bytes,
                   std::size_t head_bytes, std::string& ahead)
    : server_(server),
      client_(client),
      ahead_(ahead),
      bytes_(bytes),
      head_size_(head_bytes),
      method_(http1::Method::other) {
  server_.head_owner_ = this;  // the server has just read it
  const http1::RequestHead& request = server_.head_;
  method_ = request.method();
  expects_continue_ = request.expects_continue();
  http10_ = request.version_minor() == 0;
  will_close_ = !request.keep_alive() || server.draining();
  framing_in_ = request.body();
  find_body();
}

Exchange::~Exchange() { large_.give_back(worker()); }

// A body that came whole with its head is used where it lies.
void Exchange::find_body() {
  std::string_view rest = bytes_.substr(head_size_);
  if (framing_in_.empty()) {
    body_whole_ = true;
    ahead_.assign(rest);
    bytes_ = bytes_.substr(0, head_size_);
  } else if (framing_in_.kind == http1::Body::Kind::length && framing_in_.bytes <= rest.size()) {
    body_whole_ = true;
    body_ = rest.substr(0, framing_in_.bytes);
    ahead_.assign(rest.substr(framing_in_.bytes));
    bytes_ = bytes_.substr(0, head_size_ + framing_in_.bytes);
  }
}

Worker& Exchange::worker() { return server_.worker(); }

const http1::RequestHead& Exchange::head() {
  if (server_.head_owner_ == this) return server_.head_;
  server_.head_ = http1::RequestHead();
  http1::Progress progress = server_.head_.read(head_bytes());
  CHECK(progress == http1::Progress::complete, "a head that was read before");
  server_.head_owner_ = this;
  return server_.head_;
}

void Exchange::keep() {
  if (kept_ || bytes_.empty()) return;
  kept_ = pooled_bytes(bytes_.size() + padding_bytes);
  std::memcpy(kept_.get(), bytes_.data(), bytes_.size());
  if (body_.data() == bytes_.data() + head_size_) body_ = {kept_.get() + head_size_, body_.size()};
  bytes_ = {kept_.get(), bytes_.size()};
  if (server_.head_owner_ == this) server_.head_.moved_to(kept_.get());
}

void Exchange::release_body() {
  kept_.reset();
  large_.give_back(worker());
  bytes_ = {};
  body_ = {};
  if (server_.head_owner_ == this) server_.head_owner_ = nullptr;
}

Task<Result<void>> Exchange::read_body(std::size_t bytes_max, BodySink& sink) {
  if (framing_in_.kind == http1::Body::Kind::length && framing_in_.bytes > bytes_max) {
    co_return fail(Side::client, Kind::too_large,
                   fmt::format("the request body has {} bytes; the limit is {}", framing_in_.bytes,
                               bytes_max));
  }
  if (body_whole_) co_return sink.see(body_);
  keep();
  if (expects_continue_ && bytes_.size() == head_size_) {
    Result<void> told = co_await send_continue();
    if (!told) co_return told;
  }
  bool chunked = framing_in_.kind == http1::Body::Kind::chunked;
  Result<void> read;
  if (chunked) {
    read = co_await read_chunked(bytes_max, sink);
  } else {
    read = co_await read_length(bytes_max, sink);
  }
  body_whole_ = read.has_value();
  co_return read;
}

void Exchange::stop_reading_body() {
  body_stopped_ = true;  // for one that waits for its turn, and reads nothing now
  client_.stop_reading();
}

Task<Result<std::size_t>> Exchange::read_more(std::span<char> room) {
  if (body_stopped_) co_return fail(Side::gateway, Kind::cancelled, "the reading was stopped");
  Instant deadline = worker().now() + server_.options_.body_timeout;
  Result<std::size_t> got = co_await client_.read(room, deadline);
  co_return got;
}

Task<Result<void>> Exchange::send_continue() {
  std::array<std::string_view, 1> pieces{"HTTP/1.1 100 Continue\r\n\r\n"};
  Result<void> sent =
      co_await client_.write(pieces, BytesLive::until_sent, server_.options_.write_timeout);
  co_return sent;
}

bool Exchange::hold_for_answer(std::size_t bytes) {
  return for_answer_.grow_to(server_.memory_, bytes);
}

Result<void> Exchange::hold(std::size_t bytes, std::size_t bytes_max) {
  if (bytes > bytes_max) {
    return fail(Side::client, Kind::too_large,
                fmt::format("the request body is larger than the limit of {} bytes", bytes_max));
  }
  return large_.grow_to(bytes, bytes_max, server_.memory_);
}

// Takes memory for what has come, never for what was only announced: silent clients would starve
// the others.
Task<Result<void>> Exchange::read_length(std::size_t bytes_max, BodySink& sink) {
  std::size_t size = framing_in_.bytes;
  CHECK(size <= bytes_max, "read_body() has refused it");
  std::string_view piece = bytes_.substr(head_size_);
  std::size_t have = 0;
  for (bool more_waits = false;;) {
    bool in_place = piece.data() == large_.data() + have;
    Result<void> held = hold(have + piece.size(), size);
    if (!held) co_return held;
    if (!in_place && !piece.empty()) std::memcpy(large_.data() + have, piece.data(), piece.size());
    have += piece.size();
    Result<void> seen_well = sink.see({large_.data() + have - piece.size(), piece.size()});
    if (!seen_well) co_return seen_well;
    if (have == size) break;
    if (more_waits) co_await worker().yield(client_.flow());
    // Into the room there is; when there is none, what comes shows how much is needed.
    std::span<char> room = worker().scratch();
    if (large_.room() > have) room = {large_.data() + have, large_.room() - have};
    room = room.first(std::min({room.size(), size - have, read_bytes_per_turn}));
    Result<std::size_t> got = co_await read_more(room);
    if (!got) co_return fail(got.error());
    if (*got == 0) {
      co_return fail(Side::client, Kind::closed,
                     fmt::format("the client ended after {} of {} bytes of its body", have, size));
    }
    piece = {room.data(), *got};
    more_waits = *got == room.size();
  }
  body_ = {large_.data(), size};
  bytes_ = bytes_.substr(0, head_size_);
  co_return Result<void>();
}

Task<Result<void>> Exchange::read_chunked(std::size_t bytes_max, BodySink& sink) {
  http1::BodyReader reader(framing_in_);
  std::string_view input = bytes_.substr(head_size_);
  std::size_t have = 0;
  std::size_t seen = 0;
  for (;;) {
    http1::BodyStep step = reader.next(input);
    input.remove_prefix(step.consumed);
    if (step.kind == http1::BodyStep::Kind::refused) {
      co_return fail(http1::error(step.reason, Side::client));
    }
    if (step.kind == http1::BodyStep::Kind::payload) {
      Result<void> held = hold(have + step.payload.size(), bytes_max);
      if (!held) co_return held;
      std::memcpy(large_.data() + have, step.payload.data(), step.payload.size());
      have += step.payload.size();
      if (!input.empty()) continue;  // shown together: a chunk may be one byte
    }
    if (have > seen) {
      Result<void> seen_well = sink.see({large_.data() + seen, have - seen});
      if (!seen_well) co_return seen_well;
      seen = have;
    }
    if (step.kind == http1::BodyStep::Kind::end) break;
    if (step.kind == http1::BodyStep::Kind::payload) continue;
    Result<std::size_t> got = co_await read_more(worker().scratch());
    if (!got) co_return fail(got.error());
    if (*got == 0) co_return fail(http1::error(reader.closed().reason, Side::client));
    input = {worker().scratch().data(), *got};
  }
  ahead_.assign(input);
  body_ = {large_.data(), have};
  bytes_ = bytes_.substr(0, head_size_);
  co_return Result<void>();
}

AnswerFraming Exchange::streaming_framing() const {
  if (method_ == http1::Method::head) return AnswerFraming::none;
  return http10_ ? AnswerFraming::close : AnswerFraming::chunked;
}

void Exchange::let_hear(AnswerListener* listener) {
  listener_ = listener;
  client_.drop_unwritten(listener != nullptr);
}

Connection::Write Exchange::send(std::string_view head, std::span<const std::string_view> payload,
                                 Last last, BytesLive live) {
  if (listener_ != nullptr) listener_->hear(head, payload, last);
  std::size_t bytes = 0;
  for (std::string_view piece : payload) bytes += piece.size();
  bool chunked = framing_ == AnswerFraming::chunked;
  std::size_t count = 0;
  CHECK(payload.size() + 6 <= pieces_.size(), "too many pieces in one send");
  if (!head.empty()) pieces_[count++] = head;
  if (bytes > 0 && framing_ != AnswerFraming::none) {
    if (chunked) {
      http1::ChunkHead chunk(bytes);
      std::memcpy(chunk_head_.data(), chunk.text().data(), chunk.text().size());
      pieces_[count++] = {chunk_head_.data(), chunk.text().size()};
    }
    for (std::string_view piece : payload) pieces_[count++] = piece;
    if (chunked) pieces_[count++] = http1::chunk_end;
    sent_body_bytes_ += bytes;
  }
  if (last == Last::yes) {
    if (chunked && trailers_.empty()) {
      pieces_[count++] = http1::last_chunk;
    } else if (chunked) {
      pieces_[count++] = http1::last_chunk_head;
      pieces_[count++] = trailers_;
      pieces_[count++] = http1::chunk_end;
    }
    if (framing_ == AnswerFraming::close) will_close_ = true;
    finished_ = true;
  }
  head_sent_ = true;
  return client_.write(std::span(pieces_).first(count), live, server_.options_.write_timeout);
}

Task<Result<void>> Exchange::answer(int status, std::string_view fields, std::string_view body) {
  will_close_ |= !body_whole_;  // what is left of the request is not read
  bool no_body = method_ == http1::Method::head;
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n{}content-length: {}\r\n{}\r\n", status,
                  http1::standard_phrase(status), fields, body.size(), connection_field());
  begin(no_body ? AnswerFraming::none : AnswerFraming::length);
  std::array<std::string_view, 1> payload{body};
  Result<void> sent = co_await send(head, payload, Last::yes, BytesLive::until_sent);
  co_return sent;
}

}  // namespace recloser::net
