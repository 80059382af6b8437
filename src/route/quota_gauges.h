// What a provider says of its rate limits in the head of each answer, so that calls which would be
// refused are not sent.
#pragma once

#include "core/limits.h"
#include "core/time.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::route {

enum class QuotaUnit : std::uint8_t { requests, tokens, input_tokens, output_tokens };
inline constexpr std::size_t quota_unit_count = 4;

std::string_view name_of(QuotaUnit unit);

// "6m0s", "17ms", "10.33s", "7" and "1.5" (seconds), seconds or milliseconds since 1970, RFC 3339,
// an HTTP date: how long it is until then. Not less than nothing, nor more than provider_wait_max.
std::optional<Duration> parse_wait(std::string_view text, WallTime now);

// What Gemini says of it in the body of an error: "retryDelay": "38s".
std::optional<Duration> retry_delay_in(std::string_view body, WallTime now);

// What the fields of one head say, told one by one; those of others are passed over.
class QuotaReading {
 public:
  struct One {
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> remaining;
    std::optional<Duration> full_in;  // until everything is there again
  };

  void field(std::string_view name, std::string_view value, WallTime now);

  // When to come back; the longest of what `retry-after` and `retry-after-ms` say. Providers send
  // it with good answers too, where it means nothing.
  std::optional<Duration> retry_after() const { return retry_after_; }
  const One& of(QuotaUnit unit) const { return all_[static_cast<std::size_t>(unit)]; }

 private:
  One& one(QuotaUnit unit) { return all_[static_cast<std::size_t>(unit)]; }

  std::array<One, quota_unit_count> all_;
  std::optional<Duration> retry_after_;
};

// What a call takes of them, at most. 0 tokens of a kind: not known.
struct QuotaNeeds {
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;

  // Not more than any call can take: sums of them hold.
  QuotaNeeds bounded() const {
    return {.input_tokens = std::min(input_tokens, limits::tokens_of_a_call_max),
            .output_tokens = std::min(output_tokens, limits::tokens_of_a_call_max)};
  }
};

struct Gauge {
  std::uint64_t limit = 0;
  std::uint64_t remaining = 0;  // when it was read
  Instant read;
  Instant full;  // all of it is there again
  bool known = false;
};

// Between two readings what is left grows evenly, until it is full: OpenAI and Anthropic say of
// their limits that they fill so, and of `reset` that it is when they are full. Where a window ends
// at once instead, the first calls of a wait may come too early, and the cooldown has them wait.
class QuotaGauges {
 public:
  // Of a limit whose filling is not told (Mistral's are per minute, xAI's too).
  static constexpr Duration full_in_default = 60s;

  // When a call that needs so much may be sent; in the past: at once. What calls that are on their
  // way need counts as taken.
  Instant keeps_away(const QuotaNeeds& needs) const;

  // A call is on its way, until its answer has begun or it has ended: then what it took is in the
  // provider's own figures.
  void sent(const QuotaNeeds& needs);
  void arrived(const QuotaNeeds& needs);

  // What says that there is never anything (a limit of 0) is passed over: it came with an answer,
  // so it is no limit of such calls. Where it is one, all are refused, and the cooldown is for
  // that.
  void read(const QuotaReading& reading, Instant now);
  const Gauge& of(QuotaUnit unit) const { return gauges_[static_cast<std::size_t>(unit)]; }

 private:
  static constexpr std::array<QuotaUnit, quota_unit_count> units{
      QuotaUnit::requests, QuotaUnit::tokens, QuotaUnit::input_tokens, QuotaUnit::output_tokens};

  std::array<Gauge, quota_unit_count> gauges_;
  std::array<std::uint64_t, quota_unit_count> on_their_way_{};
};

}  // namespace recloser::route
