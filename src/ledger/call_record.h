// One call as the ledger keeps it while it runs: a fixed layout that lives in its journal slot.
#pragma once

#include "core/ids.h"
#include "core/limits.h"
#include "core/time.h"
#include "ledger/budget_lines.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace recloser::ledger {

// How a call ended (INTERFACES 4). `open` never reaches a row.
enum class Outcome : std::uint8_t {
  open,
  completed,
  refused,
  cut,
  client_gone,
  provider_failed,
  gateway_failed,
};
inline constexpr unsigned outcome_count = 7;

enum class TokensSource : std::uint8_t { none, exact, estimated };
inline constexpr unsigned tokens_source_count = 3;

// Whose figure the cost of a call is (INTERFACES 4); `none` = it was never to be priced.
enum class CostSource : std::uint8_t { none, provider, catalogue, estimated, unpriced };
inline constexpr unsigned cost_source_count = 5;

std::string_view name_of(Outcome outcome);
std::string_view name_of(TokensSource source);
std::string_view name_of(CostSource source);
std::optional<Outcome> outcome_named(std::string_view name);  // not `open`
std::optional<TokensSource> tokens_source_named(std::string_view name);
std::optional<CostSource> cost_source_named(std::string_view name);

// Texts of a call. Those up to `rare_usage` have room for their longest value kept free, so that
// they are never cut; the first ones are given when the call begins and stay as they are.
enum class Text : std::uint8_t {
  operation,
  client_dialect,
  key_id,
  org,
  team,
  user,
  agent,
  session,
  trace,
  model_requested,
  labels,         // "a,b"
  price_version,  // of the prices that the cost was made with
  rare_usage,     // what the columns cannot say and a price may depend on; absent for most calls
  provider,
  model_served,
  region,
  route,  // which targets there were, and why some were not asked: see call_facts.h
};
inline constexpr std::size_t text_count = 17;
inline constexpr std::size_t opening_text_count = 7;  // operation .. agent
inline constexpr std::size_t kept_text_count = 13;    // operation .. rare_usage

inline constexpr std::size_t kind_name_bytes_max = 24;    // an operation's or a dialect's name
inline constexpr std::size_t request_id_bytes_max = 128;  // what a provider calls its answer
inline constexpr std::size_t price_version_bytes_max = 24;
inline constexpr std::size_t rare_usage_bytes_max = 240;
inline constexpr std::size_t route_bytes_max = 384;
inline constexpr std::size_t target_bytes_max =  // "provider/model"
    limits::principal_name_bytes_max + 1 + limits::model_name_bytes_max;
inline constexpr std::size_t reason_bytes_max = 160;  // of one decision
inline constexpr std::size_t decisions_max = 4;       // kept in one row; more are counted

// The longest value of each text, in bytes.
inline constexpr std::array<std::uint16_t, text_count> text_bytes_max{
    kind_name_bytes_max,
    kind_name_bytes_max,
    limits::principal_name_bytes_max,
    limits::principal_name_bytes_max,
    limits::principal_name_bytes_max,
    limits::principal_name_bytes_max,
    limits::principal_name_bytes_max,
    limits::session_id_bytes_max,
    limits::trace_id_bytes_max,
    limits::model_name_bytes_max,
    limits::labels_bytes_max,
    price_version_bytes_max,
    rare_usage_bytes_max,
    limits::principal_name_bytes_max,
    limits::model_name_bytes_max,
    limits::principal_name_bytes_max,
    route_bytes_max,
};

// Where a text lies in the record's own bytes; size 0 = absent.
struct TextRef {
  std::uint16_t at = 0;
  std::uint16_t size = 0;
};

inline constexpr std::int64_t absent = -1;  // of a number that is not known

// One try at one target. Numbers are plain fields; texts are set through CallRecord.
struct Attempt {
  WallTime started_at{};
  std::int64_t ttft_ns = absent;
  std::int64_t input_tokens = absent;
  std::int64_t output_tokens = absent;
  std::int64_t cost_nano_usd = absent;
  TextRef target;
  TextRef error_class;
  TextRef provider_request_id;
  std::uint16_t status = 0;         // 0 = no answer
  Outcome outcome = Outcome::open;  // open = not ended
};

// One decision that acted on the call: a rule, or a built-in refusal by its code.
struct Decision {
  std::string_view phase;   // "request", "response_chunk", ..
  std::string_view policy;  // empty for what is built in
  std::string_view rule;    // "model_not_found", "budget/acme", ..
  std::string_view action;  // "deny", "terminate", ..
  std::string_view reason;  // one sentence, without prompt or answer text
};

// What is known when a call begins; it is proven by a checksum of its own from then on.
struct CallOpening {
  std::string_view operation;
  std::string_view client_dialect;
  std::string_view key_id;
  std::string_view org;
  std::string_view team;
  std::string_view user;
  std::string_view agent;

  // The name of the first text beyond its limit, "" when all fit.
  std::string_view too_long() const;
};

// The owner writes fields as they become known; each store is complete in itself (a number is one
// aligned word; a text is written to fresh bytes and then pointed at), so that the record is sound
// at every instruction: what a killed process leaves behind is what was seen so far.
class CallRecord {
 public:
  // Numbers of the call; `absent` where not known.
  CallId id;
  WallTime started_at{};
  std::int64_t duration_ns = absent;
  std::int64_t ttft_ns = absent;
  std::int64_t input_tokens = absent;
  std::int64_t cached_input_tokens = absent;
  std::int64_t cache_write_tokens = absent;
  std::int64_t output_tokens = absent;
  std::int64_t reasoning_tokens = absent;
  std::int64_t delivered_tokens = absent;
  std::int64_t overshoot_tokens = absent;
  std::int64_t upstream_close_ms = absent;
  std::int64_t overhead_us = absent;

  // Money, in nano-dollars, of all attempts together. What is booked is what the contract says; the
  // list price stands beside it. Parts are for people: each was rounded by itself.
  std::int64_t cost_nano_usd = absent;
  std::int64_t list_cost_nano_usd = absent;
  std::int64_t fees_nano_usd = absent;     // part of the cost that is not tokens
  std::int64_t overrun_nano_usd = absent;  // charged beyond a limit
  std::int64_t input_cost_nano_usd = absent;
  std::int64_t cached_cost_nano_usd = absent;
  std::int64_t cache_write_cost_nano_usd = absent;
  std::int64_t output_cost_nano_usd = absent;

  // What was thought before the call.
  std::int64_t expected_cost_nano_usd = absent;
  std::int64_t upper_cost_nano_usd = absent;
  std::int64_t expected_input_tokens = absent;
  std::int64_t upper_input_tokens = absent;

  std::uint16_t status = 0;  // of the answer to the client; 0 = none was sent
  Outcome outcome = Outcome::open;
  TokensSource tokens_source = TokensSource::none;
  CostSource cost_source = CostSource::none;

  // Leaves the room for texts as it is: only what is used of it counts, and a slot's pages stay
  // untouched.
  CallRecord() {}  // NOLINT(modernize-use-equals-default): `= default` would clear that room

  // A call that begins. An opening text beyond its limit is a mistake of ours (CHECK): limits are
  // enforced where names come in.
  CallRecord(CallId call, WallTime at, const CallOpening& who);

  // Whether `value` now stands in the row whole. A kept text (up to `rare_usage`) longer than its
  // limit is not stored at all; other texts are cut to the room there is and end with "…". A text
  // that is set again with another value takes fresh room; an opening text stays as it is.
  // An empty one says that there is none, and frees its room.
  bool set(Text which, std::string_view value);
  std::string_view text(Text which) const { return text_at(texts_[std::size_t(which)]); }

  // The next attempt, or null when limits::attempts_max have been made. `target` is
  // "provider/model".
  Attempt* begin_attempt(std::string_view target, WallTime at);
  // The last one once more, of which nothing stays: it came to nothing and cost nothing.
  Attempt* begin_attempt_again(std::string_view target, WallTime at);
  Attempt* last_attempt() { return attempt_count_ == 0 ? nullptr : &attempts_[attempt_count_ - 1]; }
  // Of two that run at a time, the one that goes on is the last. CHECKs that there are two.
  void swap_last_attempts();
  std::size_t attempt_count() const { return attempt_count_; }
  const Attempt& attempt(std::size_t i) const { return attempts_[i]; }
  Attempt& attempt(std::size_t i) { return attempts_[i]; }
  bool set_error_class(Attempt& attempt, std::string_view value);
  bool set_provider_request_id(Attempt& attempt, std::string_view value);

  // False when decisions_max are kept already; the row then says how many more there were.
  bool add_decision(const Decision& decision);
  std::size_t decision_count() const { return decision_count_; }
  Decision decision(std::size_t i) const;
  std::size_t decisions_beyond() const { return decisions_beyond_; }

  // Of each budget that the call reserves from, in the order of their places. False when there is
  // no room for the line: then OpenCall::add_budget() finds some.
  bool add_budget(const BudgetLine& line);
  std::size_t budget_count() const;
  BudgetLine budget(std::size_t i) const;
  // The latest figures of one, so that a killed process leaves behind what was charged.
  void set_budget(std::size_t i, const BudgetFigures& figures);
  // Of them the one that grows with every piece of a stream.
  void set_charged(std::size_t i, std::int64_t charged);

  // Where lines go on that found no room: in a slot that is complete. Parts are not copied with a
  // record: a copy refers to those of the original.
  void add_part(BudgetPart& part, std::uint32_t slot);
  const BudgetHead& budget_head() const { return budgets_; }
  // Of a record that was read from a file, whose links mean nothing here.
  void unlink_parts() { budgets_.next = nullptr; }

  std::string_view text_at(TextRef ref) const { return {bytes_.data() + ref.at, ref.size}; }

  // For the journal. Whether every reference, count and enumeration is in range; the checksum of
  // what was given at the opening; and that of everything.
  bool sound() const;
  std::uint32_t opening_checksum(std::uint32_t before) const;
  std::uint32_t checksum(std::uint32_t before) const;

  static constexpr std::size_t text_room_bytes = 1868;
  // Lines of budgets lie behind the texts, in what those leave: room for four or five of the usual
  // length. It is taken with the first line.
  static constexpr std::size_t budget_room_bytes_max = 512;

 private:
  struct DecisionRefs {
    TextRef phase, policy, rule, action, reason;
  };

  std::size_t free_bytes() const { return text_room_bytes - used_ - promised_ - budget_room_; }
  std::span<const char> budget_room() const { return std::span(bytes_).last(budget_room_); }
  std::span<char> budget_room() { return std::span(bytes_).last(budget_room_); }
  void redeem(std::size_t i);
  TextRef append(std::string_view value);
  bool append_cut(TextRef& ref, std::string_view value, std::size_t bytes_max);
  std::optional<TextRef> standing_already(std::string_view value) const;
  BudgetPart* last_part() const;
  BudgetPart* part_of_budget(std::size_t& i) const;

  std::uint8_t attempt_count_ = 0;
  std::uint8_t decision_count_ = 0;
  std::uint16_t decisions_beyond_ = 0;
  std::uint16_t opening_ = 0;      // bytes of the opening texts; they come first
  std::uint16_t used_ = 0;         // bytes of all texts
  std::uint16_t promised_ = 0;     // bytes kept free for kept texts that were never set
  std::uint16_t given_ = 0;        // a bit for each kept text that was set once
  std::uint16_t budget_room_ = 0;  // bytes, at the end of the room for texts
  std::array<TextRef, text_count> texts_{};
  std::array<Attempt, limits::attempts_max> attempts_{};
  std::array<DecisionRefs, decisions_max> decisions_{};
  BudgetHead budgets_;
  std::array<char, text_room_bytes> bytes_;  // behind all numbers: a checksum covers one run
};

static_assert(std::is_trivially_copyable_v<CallRecord>);
static_assert(sizeof(CallRecord) == 2432, "a slot without its header of 32 bytes");
static_assert(sizeof(BudgetPart) == sizeof(CallRecord), "either fills a slot");

// All kept texts at their longest leave this much for the gateway's own: targets, request ids,
// decisions. A client's long names cannot push them out of the row.
inline constexpr std::size_t own_text_bytes_min = 256;
constexpr std::size_t kept_text_bytes() {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kept_text_count; ++i) sum += text_bytes_max[i];
  return sum;
}
static_assert(kept_text_bytes() + own_text_bytes_min <= CallRecord::text_room_bytes);

}  // namespace recloser::ledger
