// What an answer used and what that costs, written into the row as it becomes known.
#include "codec/usage_text.h"
#include "relay/request.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {
namespace {

// A stream's cost is made anew when it has grown by so many: less changes no decision, and costs
// more than to count them.
constexpr std::uint64_t tokens_unpriced_max = 256;

// Of an answer that another target began, what that has told of it.
std::uint64_t tokens_before(const Call& call) {
  const Continued* continued = continued_of(call);
  return continued == nullptr ? 0 : continued->tokens_before;
}

std::uint64_t beyond(std::uint64_t all, std::uint64_t before) {
  return all - std::min(all, before);
}

// Of what another target told to go on: what its client did not get, which is in no meter.
std::uint64_t bytes_kept_back(const Call& call, const StreamPass& pass) {
  const Continued* continued = continued_of(call);
  if (continued == nullptr || continued->splice == nullptr) return 0;
  std::uint64_t passed = beyond(visible_bytes(pass.facts()), continued->bytes_before);
  return beyond(visible_bytes(continued->splice->facts()), passed);
}

// From the sending of the attempt to the first piece of its answer.
Duration silence_of(const Call& call) {
  return call.begun + Duration(call.row.record().ttft_ns) - call.sent;
}

// Once an attempt: a name that the row must cut would take of its room with every piece.
void note_served(Call& call, std::string_view model) {
  if (call.served_said || model.empty()) return;
  call.record().set(ledger::Text::model_served, model);
  call.served_said = true;
}

// What another attempt said of itself is not what this one is paid for.
std::string_view served_by(const Call& call) {
  return call.served_said ? call.row.record().text(ledger::Text::model_served) : std::string_view();
}

void set(std::int64_t& field, std::uint64_t value, std::int64_t earlier = 0) {
  field = static_cast<std::int64_t>(value) + earlier;
}

}  // namespace

ledger::Outcome outcome_of_status(int status) {
  // Redirects are not followed: they are no answer.
  return status >= 300 ? ledger::Outcome::provider_failed : ledger::Outcome::completed;
}

// A client that has all that has come has the tokens counted up to now.
void note_delivered(Call& call) {
  if (call.row.settled() || !call.client.client().writable()) return;
  call.record().delivered_tokens = tokens_for_client(call);
}

std::int64_t tokens_for_client(const Call& call) {
  std::int64_t lost = call.earlier ? call.earlier->lost_output_tokens : 0;
  return call.row.record().output_tokens - lost;
}

// The tokens, and the money that they are. `exact`: the provider said all of it.
void Relay::book_usage(Call& call, codec::Usage usage, bool exact) {
  ledger::CallRecord& row = call.record();
  ledger::Attempt* attempt = row.last_attempt();
  set(attempt->input_tokens, usage.input_tokens);
  set(attempt->output_tokens, usage.output_tokens);
  const Earlier none;
  const Earlier& earlier = call.earlier ? *call.earlier : none;
  row.input_tokens = attempt->input_tokens + earlier.input_tokens;
  row.output_tokens = attempt->output_tokens + earlier.output_tokens;
  set(row.cached_input_tokens, usage.cached_input_tokens, earlier.cached_input_tokens);
  set(row.cache_write_tokens, usage.cache_write_tokens, earlier.cache_write_tokens);
  set(row.reasoning_tokens, usage.reasoning_tokens, earlier.reasoning_tokens);
  call.is_estimate = !exact;
  exact = exact && earlier.exact;
  row.tokens_source = exact ? ledger::TokensSource::exact : ledger::TokensSource::estimated;
  call.usage = std::move(usage);
  call.catalogue_cost = accounts_.book(row, {.provider = call.provider,
                                             .asked = call.model.get(),
                                             .served = served_by(call),
                                             .usage = &call.usage,
                                             .earlier = call.earlier ? &earlier.cost : nullptr,
                                             .exact = exact});
  if (row.cost_nano_usd >= 0) call.cost = NanoUsd{row.cost_nano_usd};
}

// What has come up to now. Done before a piece is sent, so that a process that is killed has booked
// all that its client has seen: the row lies in the journal.
void Relay::book_so_far(Call& call, const StreamPass& pass, Price price) {
  const codec::StreamFacts& facts = facts_of_attempt(call, pass);
  std::uint64_t before = tokens_before(call);
  note_served(call, facts.model);
  bool final = facts.usage_source == codec::UsageSource::final;
  bool input_said = facts.usage_source != codec::UsageSource::none && facts.usage.input_known;
  std::uint64_t input = input_said ? facts.usage.input_tokens : call.expected_input_tokens;
  std::uint64_t output = facts.usage.output_tokens;
  std::uint64_t reasoning = facts.usage.reasoning_tokens;
  std::uint64_t hidden = 0;
  if (!final) {
    hidden = hidden_tokens(call, pass);
    output = beyond(pass.meter().output_tokens(), before) + hidden;
    std::uint64_t shown = before > 0
                              ? estimated_tokens(facts.reasoning_bytes)
                              : pass.meter().reasoning_tokens() + pass.meter().sealed_tokens();
    reasoning = std::max(reasoning, shown + hidden);
  }
  bool told = call.held == nullptr || !call.held->slice_is_new();
  if (told && price == Price::when_grown && !final && call.cost &&
      input == call.usage.input_tokens && output < call.usage.output_tokens + tokens_unpriced_max) {
    set(call.record().output_tokens, output, call.earlier ? call.earlier->output_tokens : 0);
    set(call.record().reasoning_tokens, reasoning,
        call.earlier ? call.earlier->reasoning_tokens : 0);
    set(call.record().last_attempt()->output_tokens, output);
    note_growth(call);
    return;
  }
  // What a budget is charged for an estimate it keeps: by the encoding, not rather too much.
  if (!final) output = beyond(pass.meter().exact_tokens(accounts_.meter_room()), before) + hidden;
  if (!final) output += estimated_tokens(bytes_kept_back(call, pass));
  codec::Usage usage = facts.usage;
  usage.input_tokens = input;
  usage.output_tokens = output;
  usage.reasoning_tokens = reasoning;
  book_usage(call, std::move(usage), final && input_said);
  note_use(call);
}

// Thinking that the provider charges and does not show passes before the first piece of the answer.
std::uint64_t Relay::hidden_tokens(const Call& call, const StreamPass& pass) const {
  if (tokens_before(call) > 0 || pass.meter().reasoning_tokens() != 0 ||
      pass.meter().sealed_tokens() != 0)
    return 0;
  const codec::StreamFacts& facts = pass.facts();
  if (facts.usage_source != codec::UsageSource::none && facts.usage.reasoning_tokens != 0) return 0;
  bool begun = call.row.record().ttft_ns >= 0;
  Duration silence = begun ? silence_of(call) : worker_.clock().now() - call.sent;
  return experience_.hidden_tokens(call.experience, silence);
}

// From a call whose provider said all of it.
void Relay::learn(const Call& call) {
  const ledger::CallRecord& row = call.row.record();
  if (row.tokens_source != ledger::TokensSource::exact || tokens_before(call) > 0) return;
  Duration silence = row.ttft_ns >= 0 ? silence_of(call) : Duration{};
  std::uint64_t hidden = call.is_streamed()
                             ? call.usage.reasoning_tokens - std::min(call.usage.reasoning_tokens,
                                                                      call.shown_reasoning_tokens)
                             : 0;
  experience_.learn(call.experience, call.usage.output_tokens, hidden, silence);
  // What tools of the provider's read is no part of the prompt.
  bool prompt_alone = !call.usage.rare ||
                      (call.usage.rare->iterations.empty() && call.usage.rare->web_searches == 0 &&
                       call.usage.rare->file_searches == 0 && call.usage.rare->code_sessions == 0);
  if (prompt_alone) {
    corrections_.learn(call.conversation, call.counted_input_tokens, call.usage.input_tokens);
  }
}

// By the tokenizer, unless what the provider said of the conversation so far is nearer than a line
// through those of others, or nothing was kept.
std::uint64_t Relay::prompt_tokens(const Call& call) {
  bool said = call.counted_input_tokens != 0 && corrections_.known(call.conversation) &&
              !call.model->family->exact;
  if (said || call.prompt.empty()) return call.expected_input_tokens;
  return call.prompt.count(call.model->name, *call.model->family, call.model->overhead,
                           accounts_.meter_room().scratch);
}

// What nobody said at the end of it all is counted now, for the last time.
void Relay::count_prompt(Call& call) {
  call.expected_input_tokens = prompt_tokens(call);
  call.prompt.forget();
}

// Nothing of an answer came, but the provider has the request: it may bill what it read.
void Relay::book_unanswered(Call& call) {
  if (codec::only_counts(call.route.operation)) return;
  count_prompt(call);
  book_usage(call, codec::Usage{.input_tokens = call.expected_input_tokens}, false);
}

// What the row has of the attempts so far stays in it, whatever the next one adds.
void Relay::keep_booked(Call& call) {
  const ledger::CallRecord& row = call.record();
  auto known = [](std::int64_t figure) { return std::max<std::int64_t>(figure, 0); };
  if (!call.earlier) call.earlier = std::make_unique<Earlier>();
  Earlier& earlier = *call.earlier;
  earlier.input_tokens = known(row.input_tokens);
  earlier.cached_input_tokens = known(row.cached_input_tokens);
  earlier.cache_write_tokens = known(row.cache_write_tokens);
  earlier.output_tokens = known(row.output_tokens);
  earlier.reasoning_tokens = known(row.reasoning_tokens);
  earlier.cost.total = {known(row.cost_nano_usd)};
  earlier.cost.list = {known(row.list_cost_nano_usd)};
  earlier.cost.fees = {known(row.fees_nano_usd)};
  earlier.cost.input = {known(row.input_cost_nano_usd)};
  earlier.cost.cached_input = {known(row.cached_cost_nano_usd)};
  earlier.cost.cache_write = {known(row.cache_write_cost_nano_usd)};
  earlier.cost.output = {known(row.output_cost_nano_usd)};
  earlier.exact = row.tokens_source != ledger::TokensSource::estimated;
}

void Relay::book_stream(Call& call, StreamPass& pass) {
  pass.close_meter();
  const codec::StreamFacts& facts = facts_of_attempt(call, pass);
  remember_response(call, pass.facts().response_id);
  metrics_.malformed_events(facts.malformed);
  bool input_said = facts.usage_source != codec::UsageSource::none && facts.usage.input_known;
  if (!input_said) count_prompt(call);
  call.shown_reasoning_tokens = pass.meter().reasoning_tokens();
  book_so_far(call, pass, Price::now);
}

// What was read of it: all, or what there was before it broke off, which is then an estimate.
void Relay::book_answer(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status) {
  const codec::AnswerFacts& facts = reader.finish();
  note_served(call, facts.model);
  Duration silence(call.record().last_attempt()->ttft_ns);
  if (silence >= Duration{}) call.record().ttft_ns = (call.sent - call.begun + silence).count();
  call.tool_calls = facts.tool_calls;
  if (codec::only_counts(call.route.operation)) return;
  bool said = facts.usage_source != codec::UsageSource::none;
  bool final = facts.usage_source == codec::UsageSource::final;
  std::uint64_t text = call.unreadable ? bytes : facts.text_bytes;
  if (!final && (status >= 400 || (!said && text == 0))) return;
  codec::Usage usage = facts.usage;
  if (!final) usage.output_tokens = std::max(usage.output_tokens, estimated_tokens(text));
  bool input_said = said && usage.input_known;
  if (!input_said) {
    count_prompt(call);
    usage.input_tokens = call.expected_input_tokens;
  }
  book_usage(call, std::move(usage), final && input_said);
}

// One that did not end, of whose text the client may have some.
void Relay::book_broken(Call& call, codec::AnswerReader& reader, std::uint64_t bytes,
                        std::uint64_t delivered_text, int status) {
  book_answer(call, reader, bytes, status);
  bool nothing_came = call.record().last_attempt()->output_tokens < 0;
  if (nothing_came && status < 300) book_unanswered(call);
  if (nothing_came) return;
  set(call.record().delivered_tokens, estimated_tokens(delivered_text));
}

bool Relay::book_whole(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status) {
  book_answer(call, reader, bytes, status);
  remember_response(call, reader.facts().response_id);
  ledger::Outcome outcome = outcome_of_status(status);
  if (outcome == ledger::Outcome::completed && !call.unreadable) {
    bool has_body = status != 204;
    std::string_view wrong = reader.facts().saw_error               ? "error_in_answer"
                             : reader.facts().malformed && has_body ? "malformed"
                                                                    : "";
    if (!wrong.empty()) {
      outcome = ledger::Outcome::provider_failed;
      attempt_failed(call, wrong, "its answer tells an error, or is no whole JSON",
                     end_of(reader.facts()));
    }
  }
  bool ours = outcome == ledger::Outcome::completed && call.held != nullptr &&
              call.held->ends_at_our_limit() && reader.facts().finish == codec::Finish::length;
  if (ours) {
    outcome = ledger::Outcome::cut;
    call.record().delivered_tokens = tokens_for_client(call);
    note_cut(call, cutting_of(call));
  }
  settle(call, outcome);
  return ours;
}

void Relay::note_cut(Call& call, const Cutting& cutting) {
  metrics_.stream_cut(cutting.rule);
  call.record().add_decision({.phase = "response_chunk",
                              .policy = {},
                              .rule = cutting.rule,
                              .action = "terminate",
                              .reason = cutting.reason});
}

// So that a later call with `previous_response_id` finds its session.
void Relay::remember_response(Call& call, std::string_view response_id) {
  std::string_view session = call.record().text(ledger::Text::session);
  if (call.route.operation != codec::Operation::responses || response_id.empty()) return;
  if (!session.empty()) services_.responses.remember(call.principal, response_id, session);
}

}  // namespace recloser::relay
