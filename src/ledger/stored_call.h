// A call as a store gives it back: the fields of INTERFACES 4, owned.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "ledger/call_record.h"

#include <cstdint>
#include <optional>
#include <string>

namespace recloser::ledger {

// Empty text and absent number = not known. The last four are JSON arrays, ready to be shown.
struct StoredCall {
  CallId id;
  WallTime started_at{};
  std::optional<std::int64_t> duration_ns;
  std::optional<std::int64_t> ttft_ns;
  std::string key_id;
  std::string org;
  std::string team;
  std::string user;
  std::string agent;
  std::string session;
  std::string trace;
  std::string client_dialect;
  std::string operation;
  std::string model_requested;
  std::string provider;
  std::string model_served;
  std::string region;
  std::optional<std::int64_t> status;
  Outcome outcome = Outcome::open;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> cached_input_tokens;
  std::optional<std::int64_t> cache_write_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<std::int64_t> reasoning_tokens;
  TokensSource tokens_source = TokensSource::none;
  std::optional<std::int64_t> delivered_tokens;
  std::optional<std::int64_t> overshoot_tokens;
  std::optional<std::int64_t> upstream_close_ms;
  std::optional<std::int64_t> overhead_us;
  CostSource cost_source = CostSource::none;
  std::string price_version;
  std::optional<std::int64_t> cost_nano_usd;
  std::optional<std::int64_t> list_cost_nano_usd;
  std::optional<std::int64_t> fees_nano_usd;
  std::optional<std::int64_t> overrun_nano_usd;
  std::optional<std::int64_t> input_cost_nano_usd;
  std::optional<std::int64_t> cached_cost_nano_usd;
  std::optional<std::int64_t> cache_write_cost_nano_usd;
  std::optional<std::int64_t> output_cost_nano_usd;
  std::optional<std::int64_t> expected_cost_nano_usd;
  std::optional<std::int64_t> upper_cost_nano_usd;
  std::optional<std::int64_t> expected_input_tokens;
  std::optional<std::int64_t> upper_input_tokens;
  std::string rare_usage;
  std::string labels = "[]";
  std::string budgets = "[]";
  std::string decisions = "[]";
  std::string attempts = "[]";
  std::string route = "null";

  friend bool operator==(const StoredCall&, const StoredCall&) = default;
};

// What a store gives back after it was given `record`.
StoredCall stored(const CallRecord& record);

}  // namespace recloser::ledger
