// A call as the relay books it, for tests and benches of the ledger and of those above it.
#pragma once

#include "core/time.h"
#include "ledger/call_record.h"

#include <string_view>

namespace recloser::ledger::test {

inline constexpr CallOpening someone{.operation = "chat",
                                     .client_dialect = "openai",
                                     .key_id = "ci",
                                     .org = "acme",
                                     .team = "search",
                                     .user = "ada",
                                     .agent = "crawler"};

// 210 new and 1,024 cached input tokens, 567 output tokens, at $0.15, $0.075 and $0.60 a million.
inline void fill_cost(CallRecord& record) {
  record.cost_source = CostSource::catalogue;
  record.set(Text::price_version, "2026-09-01");
  record.cost_nano_usd = 448'500;
  record.list_cost_nano_usd = 448'500;
  record.fees_nano_usd = 0;
  record.overrun_nano_usd = 0;
  record.input_cost_nano_usd = 31'500;
  record.cached_cost_nano_usd = 76'800;
  record.cache_write_cost_nano_usd = 0;
  record.output_cost_nano_usd = 340'200;
  record.expected_cost_nano_usd = 512'000;
  record.upper_cost_nano_usd = 2'600'000;
  record.expected_input_tokens = 1240;
  record.upper_input_tokens = 1391;
  record.last_attempt()->cost_nano_usd = 448'500;
}

// What is known of a call before it takes of its budgets.
inline void fill_asked(CallRecord& record, std::string_view session = "session-42") {
  record.set(Text::session, session);
  record.set(Text::trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  record.set(Text::model_requested, "gpt-4o-mini");
  record.set(Text::labels, "nightly,batch");
}

// A completed call: one attempt, a session, a trace, two labels.
inline void fill_completed(CallRecord& record, std::string_view session = "session-42") {
  fill_asked(record, session);
  Attempt* attempt = record.begin_attempt("openai/gpt-4o-mini", record.started_at + 1ms);
  record.set(Text::provider, "openai");
  record.set(Text::model_served, "gpt-4o-mini-2024-07-18");
  record.set(Text::region, "us");
  record.set_provider_request_id(*attempt, "req_0123456789abcdef0123456789abcdef");
  attempt->status = 200;
  attempt->ttft_ns = 250'000'000;
  attempt->input_tokens = 1234;
  attempt->output_tokens = 567;
  attempt->outcome = Outcome::completed;
  record.ttft_ns = 251'234'567;
  record.status = 200;
  record.input_tokens = 1234;
  record.cached_input_tokens = 1024;
  record.output_tokens = 567;
  record.reasoning_tokens = 0;
  record.delivered_tokens = 567;
  record.overshoot_tokens = 0;
  record.overhead_us = 143;
  record.tokens_source = TokensSource::exact;
  fill_cost(record);
}

}  // namespace recloser::ledger::test
