// Rule: who is asked for a call, and who next when that came to nothing.
#pragma once

#include "core/time.h"
#include "route/attempt_end.h"
#include "world.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace recloser::resilience {

// A call, as far as a rule may see it.
struct Asked {
  std::uint32_t id = 0;  // a small number; that of a call that is over is used again
  Arrival what;
  Instant deadline;
  std::uint32_t tried = 0;  // a bit for each target that failed
  std::size_t attempts = 0;
  std::size_t target = 0;  // of the last attempt
  route::AttemptEnd ended = route::AttemptEnd::answered;
  std::optional<Duration> retry_after;

  bool has_tried(std::size_t which) const { return (tried >> which & 1) != 0; }
};

// What is done next for a call: one of both, or nothing, and its client is told so.
struct Next {
  std::optional<std::size_t> target;
  std::optional<Instant> ask_again;
};

class Rule {
 public:
  virtual ~Rule() = default;
  virtual std::string_view name() const = 0;

  virtual Next next(const Asked& call, Instant now) = 0;
  // What becomes of an attempt: its first token, then its end; or its end alone.
  virtual void first_token(const Asked& call, Duration ttft, Instant now) = 0;
  virtual void end(const Asked& call, Instant now) = 0;
  // The call is over.
  virtual void forget(const Asked& call) = 0;
  // One of those to be asked again that is to be asked at once, by Asked::id.
  virtual std::optional<std::uint32_t> woken() { return std::nullopt; }
};

std::unique_ptr<Rule> round_robin();
std::unique_ptr<Rule> static_order();
std::unique_ptr<Rule> litellm(std::uint64_t seed);
std::unique_ptr<Rule> ours(std::uint64_t seed, bool by_latency);

}  // namespace recloser::resilience
