#include "wire/peer.h"

#include "core/ascii.h"
#include "wire/words.h"

#include <array>
#include <charconv>
#include <sys/socket.h>

#include <fmt/format.h>

namespace recloser::wire {
namespace {

constexpr Duration write_stall = 1h;  // the stage's own time limit comes first
constexpr Duration handshake_time = 1h;

std::unexpected<Error> wrong(std::string message) {
  return fail(Side::gateway, Kind::malformed, std::move(message));
}

Head parse_head(std::string_view text) {
  Head head;
  while (!text.empty()) {
    std::size_t end = text.find("\r\n");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (head.start.empty()) {
      head.start = std::string(line);
      continue;
    }
    std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    head.fields.emplace_back(line.substr(0, colon), ascii::trim(value));
  }
  return head;
}

// RFC 9112 section 6.3: whatever their fields say.
bool never_has_a_body(std::string_view status_line) {
  std::string_view status = status_line.substr(std::string_view("HTTP/1.1 ").size(), 3);
  return status.starts_with('1') || status == "204" || status == "304";
}

}  // namespace

const std::string* Head::find(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (ascii::equal_ignoring_case(field, name)) return &value;
  }
  return nullptr;
}

Task<Result<void>> Peer::accept_tls(const net::TlsContext& context) {
  connection_->start_tls(context.accept());
  Result<void> done = co_await connection_->handshake(worker_.now() + handshake_time);
  co_return done;
}

Task<Result<void>> Peer::send(std::string_view bytes) {
  std::array<std::string_view, 1> pieces{bytes};
  Result<void> sent = co_await connection_->write(pieces, net::BytesLive::until_sent, write_stall);
  co_return sent;
}

Task<bool> Peer::read_some(Instant deadline) {
  if (closed_at_) co_return false;
  Result<std::size_t> got = co_await connection_->read(worker_.scratch(), deadline);
  if (!got && got.error().kind() == Kind::timed_out) co_return false;
  if (!got || *got == 0) {
    closed_at_ = worker_.now();
    co_return false;
  }
  std::string_view bytes(worker_.scratch().data(), *got);
  in_ += bytes;
  received_ += bytes;
  co_return true;
}

Task<Result<Head>> Peer::read_head(bool has_no_body) {
  while (!in_.starts_with("\r\n\r\n") && in_.find("\r\n\r\n") == std::string::npos) {
    bool more = co_await read_some(Instant::never());
    if (!more)
      co_return wrong(fmt::format("the connection ended; before it came {}", visible(in_)));
  }
  std::size_t end = in_.find("\r\n\r\n") + 2;
  Head head = parse_head(std::string_view(in_).substr(0, end));
  take(end + 2);
  body_.clear();
  bool answer = head.start.starts_with("HTTP/");
  const std::string* length = head.find("content-length");
  const std::string* coding = head.find("transfer-encoding");
  if (length != nullptr && coding != nullptr) {
    co_return wrong("the message has both a content-length and a transfer-encoding");
  }
  left_ = 0;
  framing_ = Framing::ended;
  if (has_no_body || (answer && never_has_a_body(head.start))) co_return head;
  if (coding != nullptr) framing_ = Framing::chunked;
  if (length != nullptr) {
    left_ = static_cast<std::uint64_t>(parse_number(*length).value_or(0));
    framing_ = left_ == 0 ? Framing::ended : Framing::length;
  }
  if (answer && length == nullptr && coding == nullptr) framing_ = Framing::until_close;
  co_return head;
}

Task<Result<void>> Peer::more_body() {
  std::size_t before = body_.size();
  for (;;) {
    Result<void> decoded = decode();
    if (!decoded) co_return decoded;
    if (body_.size() > before || framing_ == Framing::ended) co_return Result<void>();
    bool more = co_await read_some(Instant::never());
    if (more) continue;
    if (framing_ != Framing::until_close) {
      co_return wrong("the connection ended before the end of the body");
    }
    framing_ = Framing::ended;
  }
}

// Moves what of the body has come from in_ to body_.
Result<void> Peer::decode() {
  if (framing_ == Framing::chunked) {
    for (;;) {
      Result<bool> another = decode_chunk();
      if (!another) return fail(another.error());
      if (!*another) return {};
    }
  }
  if (framing_ == Framing::ended) return {};
  std::size_t bytes = in_.size();
  if (framing_ == Framing::length) bytes = std::min<std::size_t>(bytes, left_);
  body_.append(in_, 0, bytes);
  take(bytes);
  if (framing_ == Framing::length && (left_ -= bytes) == 0) framing_ = Framing::ended;
  return {};
}

// One whole chunk; false when there is none here or the last has been read.
Result<bool> Peer::decode_chunk() {
  std::size_t line = in_.find("\r\n");
  if (line == std::string::npos) return false;
  std::uint64_t size = 0;
  auto [end, bad] = std::from_chars(in_.data(), in_.data() + line, size, 16);
  if (bad != std::errc() || end != in_.data() + line) {
    return wrong(fmt::format("\"{}\" is no chunk size", visible(in_.substr(0, line))));
  }
  std::size_t whole = line + 2 + size + 2;
  if (in_.size() < whole) return false;
  if (in_.compare(whole - 2, 2, "\r\n") != 0) return wrong("a chunk does not end with CR LF");
  body_.append(in_, line + 2, size);
  take(whole);
  if (size == 0) framing_ = Framing::ended;
  return size != 0;
}

void Peer::take(std::size_t bytes) { in_.erase(0, bytes); }

Task<void> Peer::wait(Instant until) {
  while (worker_.now() < until) {
    bool more = co_await read_some(until);
    if (closed_at_) co_return;
    if (!more) break;
  }
}

Task<void> Peer::stop_reading(Instant until) { co_await worker_.sleep_until(until); }

Task<Result<void>> Peer::read_close() {
  while (!closed_at_) {
    if (!in_.empty()) co_return wrong(fmt::format("came {}", visible(in_)));
    bool more = co_await read_some(Instant::never());
    if (!more) break;
  }
  co_return Result<void>();
}

void Peer::close() {
  connection_->shut_down_sending();  // with TLS's own goodbye
  connection_->close();
}

void Peer::end_sending() { connection_->shut_down_sending(); }

void Peer::reset() {
  if (!connection_->open()) return;
  linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(connection_->descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  connection_->close();
}

}  // namespace recloser::wire
