// Errors the world can cause, as values: whose fault, what kind, whether trying again may help.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace recloser {

// Who caused it. Decides whom we tell, what is counted, and what a breaker may learn from it.
enum class Side : unsigned char { client, provider, gateway, operator_ };

enum class Kind : unsigned char {
  malformed,  // bytes or values that break a grammar
  too_large,  // beyond a named limit
  refused,    // understood, and not allowed
  not_found,
  conflict,
  unsupported,  // a known thing that this version does not do
  timed_out,
  closed,       // the peer ended it
  cancelled,    // we ended it
  unreachable,  // no connection could be made
  name_lookup,  // the name has no address
  tls,          // handshake or certificate
  io,           // a system call failed
  full,         // a queue, a disk, a table
  unavailable,  // not ready, draining, locked
};

// One failure. The message is one sentence for a person: what happened, why, what to do. It never
// holds a secret, nor prompt or answer text.
class [[nodiscard]] Error {
 public:
  Error(Side side, Kind kind, std::string message)
      : message_(std::move(message)), side_(side), kind_(kind) {}

  Side side() const { return side_; }
  Kind kind() const { return kind_; }
  const std::string& message() const { return message_; }

  // Whether the same attempt, made again, may succeed.
  bool retryable() const {
    return kind_ == Kind::timed_out || kind_ == Kind::closed || kind_ == Kind::unreachable ||
           kind_ == Kind::name_lookup || kind_ == Kind::full || kind_ == Kind::unavailable;
  }

  // The same failure, told with what was being done: "open store state/recloser.db: disk full".
  Error while_doing(std::string_view what) const {
    return Error(side_, kind_, std::string(what) + ": " + message_);
  }

 private:
  std::string message_;
  Side side_;
  Kind kind_;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Side side, Kind kind, std::string message) {
  return std::unexpected(Error(side, kind, std::move(message)));
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace recloser
