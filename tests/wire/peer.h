// Peer: one end of a connection that a scenario plays: raw bytes out, messages read by a reader of
// its own, so that the gateway's HTTP is not judged by itself.
#pragma once

#include "core/task.h"
#include "net/connection.h"
#include "net/tls.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::wire {

// The head of a message, as it came.
struct Head {
  std::string start;  // the first line
  std::vector<std::pair<std::string, std::string>> fields;

  const std::string* find(std::string_view name) const;
};

class Peer {
 public:
  Peer(net::Worker& worker, std::unique_ptr<net::Connection> connection)
      : worker_(worker), connection_(std::move(connection)) {}

  // The handshake, as the server.
  Task<Result<void>> accept_tls(const net::TlsContext& context);

  // Fails when the gateway has closed; the message says so.
  Task<Result<void>> send(std::string_view bytes);

  // Reads the head of the next message; its body is read by more_body().
  Task<Result<Head>> read_head(bool has_no_body);
  // The decoded body so far, without what take_body() has taken.
  std::string& body() { return body_; }
  bool body_ended() const { return framing_ == Framing::ended; }
  // Until there is more of it or it has ended. Fails when the connection ends before the body does.
  Task<Result<void>> more_body();

  // Waits until `until`, reading nothing.
  Task<void> stop_reading(Instant until);
  // Waits until `until` or until the gateway has closed; bytes that come are kept.
  Task<void> wait(Instant until);
  // Waits until the gateway has closed. Fails when bytes come instead.
  Task<Result<void>> read_close();
  std::optional<Instant> closed_at() const { return closed_at_; }

  void close();
  void end_sending();
  void reset();  // the other side gets an RST

  // Everything that ever came.
  const std::string& received() const { return received_; }

 private:
  enum class Framing : std::uint8_t { ended, length, chunked, until_close };

  Task<bool> read_some(Instant deadline);  // false: closed, or the deadline has passed
  Result<void> decode();
  Result<bool> decode_chunk();
  void take(std::size_t bytes);

  net::Worker& worker_;
  std::unique_ptr<net::Connection> connection_;
  std::string in_;  // received and not yet read
  std::string received_;
  std::string body_;
  Framing framing_ = Framing::ended;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::optional<Instant> closed_at_;
};

}  // namespace recloser::wire
