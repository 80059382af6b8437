// Budgets, and what keys and others may take of a minute, as plain values of the configuration.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// What is written; `count` is it in the least parts that are counted: nano-dollars, milliseconds,
// else ones.
struct Amount {
  std::string text;
  std::int64_t count = 0;
};

// Exactly, in millionths.
struct Fraction {
  std::uint32_t per_million = 0;
  friend auto operator<=>(const Fraction&, const Fraction&) = default;
};

enum class BudgetUnit : unsigned char {
  usd,
  tokens,
  input_tokens,
  output_tokens,
  requests,
  tool_calls,
  seconds,
};
enum class Reserve : unsigned char { clamp, upper_bound, elastic, none };
enum class WindowType : unsigned char { calendar, rolling, session, total };
enum class Period : unsigned char { hour, day, week, month };
enum class Per : unsigned char { hour, day, week, month, total };  // in UTC
enum class OnUnpriced : unsigned char { deny, alert };
enum class CutAt : unsigned char { now, sentence };
enum class FinishReason : unsigned char { by_client, length, content_filter, stop };

std::string_view name_of(BudgetUnit unit);
std::string_view name_of(Per per);

// Names of a closed list: "org", .. or "label:<name>"; other spellings are read as these.
struct KeyParts {
  std::vector<std::string> names;
};

struct PartFilter {
  std::string part;  // one of the names above, or "label"
  std::string value;
};

// The name of a time zone that is known on this machine.
struct Zone {
  std::string name;
};

struct BudgetWindow {
  std::optional<WindowType> type;        // always, once loaded
  std::optional<Period> period;          // calendar, always
  Zone timezone;                         // calendar, always
  std::optional<Duration> duration;      // rolling, always
  std::optional<Duration> idle_timeout;  // session; one of the two always
  std::optional<Duration> max_age;
};

// How a stream ends when nothing is left, and what it says then.
struct OnExhausted {
  CutAt at = CutAt::now;
  std::optional<std::uint32_t> grace_tokens;  // at the end of a sentence; always then
  FinishReason finish_reason = FinishReason::by_client;
  std::string note;  // "": the usual one; "none": none
};

// A document of its own.
struct Budget {
  static constexpr std::size_t thresholds_max = 16;

  std::string name;
  std::optional<BudgetUnit> unit;  // always, once loaded
  Amount limit;
  KeyParts key;
  BudgetWindow window;
  Reserve reserve = Reserve::clamp;
  std::optional<std::uint32_t> slice_tokens;
  OnUnpriced on_unpriced = OnUnpriced::deny;
  std::vector<Fraction> thresholds;  // ascending
  std::optional<Fraction> degrade_at;
  std::uint32_t clamp_floor_tokens = 256;
  OnExhausted on_exhausted;
  std::string owner;
  std::string contact;
};

// The short form: {usd: 5, per: day}.
struct Allowance {
  std::optional<Amount> usd;  // exactly one of the three
  std::optional<Amount> tokens;
  std::optional<Amount> requests;
  std::optional<Per> per;  // always, once loaded
  Reserve reserve = Reserve::clamp;
};

// What calls of one kind may take together, for each value of `key`.
struct RateLimit {
  std::string name;
  KeyParts key;
  std::vector<PartFilter> only;
  std::optional<std::uint32_t> rpm;  // one of the three at the least
  std::optional<std::uint32_t> tpm;
  std::optional<std::uint32_t> concurrency;
};

}  // namespace recloser::config
