// Scenario: one story in one text file: a configuration, what a provider and a client do and see,
// and the rows that must stand in the ledger.
#pragma once

#include "core/result.h"
#include "core/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::wire {

// Every line that a scenario may hold; scenario.cpp has the words of each, README.md the meaning.
enum class Verb : std::uint8_t {
  config_key,
  config_auth,
  config_model,
  config_timeouts,
  config_keep_alive,
  config_body_limit,
  config_provider,
  config_provider_header,
  config_reserved_labels,
  config_stream_upstream,
  config_provider_down,
  config_provider_tls,
  config_client_tls,
  config_connections,
  config_budget,

  client_request,
  client_header,
  client_without_key,
  client_body,
  client_pads,
  client_pads_head,
  client_pads_path,
  client_pads_fields,
  client_sends,
  client_connects,
  client_connects_plainly,
  client_waits,
  client_stops_reading,
  client_leaves,
  client_ends_sending,
  client_sees_continue,
  client_sees_status,
  client_sees_header,
  client_sees_no_header,
  client_sees_body,
  client_sees_body_unchanged,
  client_sees_text,
  client_sees_error,
  client_sees_bytes,
  client_sees_event,
  client_sees_raw_event,
  client_sees_event_like,
  client_sees_comment,
  client_sees_failure,
  client_sees_end,
  client_sees_broken_end,
  client_sees_close,
  client_waited,

  provider_expect,
  provider_expect_head,
  provider_sees_header,
  provider_sees_no_header,
  provider_sees_body,
  provider_sees_body_unchanged,
  provider_sees_close,
  provider_header,
  provider_encodes,
  provider_answers,
  provider_sends,
  provider_event,
  provider_raw_event,
  provider_piece,
  provider_comment,
  provider_stalls,
  provider_floods,
  provider_accepts,
  provider_resets,
  provider_ends_early,
  provider_ends,
  provider_closes,

  gateway_drains,
  gateway_ends_calls,
  gateway_throws,
  ledger_row,
  ledger_empty,
  metrics_malformed,
  metrics_refused,
};

// The events of a stream, by what they say; events.h has the bytes for each dialect.
enum class Said : std::uint8_t { start, delta, finish, usage, done, error };

using Pairs = std::vector<std::pair<std::string, std::string>>;

// One line, read. Which members count depends on the verb.
struct Step {
  Verb verb{};
  int line = 0;
  std::string words;    // which line it is: "client sees delta"
  std::string written;  // all of it
  Said said{};          // of events
  std::string text;     // bytes, a name, a path
  std::string name;     // a method; a header's name; what kind of body
  Pairs pairs;          // options in the order written
  std::int64_t number = 0;
  std::int64_t second_number = 0;
  Duration duration{};
};

struct Scenario {
  std::string file;
  std::string title;  // the sentence on top
  std::vector<Step> config;
  std::vector<Step> client;
  std::vector<Step> provider;
  std::vector<Step> gateway;  // done before the client begins
  std::vector<Step> after;    // ledger and metrics, when both have ended
};

// The message of an error begins with "file:line: ".
Result<Scenario> parse_scenario(std::string_view text, std::string_view file);

const std::string* find(const Pairs& pairs, std::string_view name);

}  // namespace recloser::wire
