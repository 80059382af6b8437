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

// A completed call: one attempt, a session, a trace, two labels.
inline void fill_completed(CallRecord& record, std::string_view session = "session-42") {
  record.set(Text::session, session);
  record.set(Text::trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  record.set(Text::model_requested, "gpt-4o-mini");
  record.set(Text::labels, "nightly,batch");
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
}

}  // namespace recloser::ledger::test
