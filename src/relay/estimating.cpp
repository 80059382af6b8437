// What a call may cost before it is made, and what of it may not be made at all.
#include "codec/server_tools.h"
#include "core/names.h"
#include "price/cost.h"
#include "relay/prompt_estimate.h"
#include "relay/prompt_pieces.h"
#include "relay/request.h"
#include "relay/worst_case.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

void set(std::int64_t& field, std::uint64_t value) {
  constexpr std::uint64_t most = INT64_MAX;
  field = static_cast<std::int64_t>(std::min(value, most));
}

// Some 0.1 ms.
constexpr std::size_t bytes_weighed_per_turn = 64u << 10;

// A prompt as small as this is counted by the tokenizer before a stream (some 40 microseconds): to
// keep it for as long as the stream lasts, in case nobody says its tokens, would cost more. Before
// a whole answer, which is short and says its usage, only a bound that does not fit is worth that.
constexpr std::size_t counted_at_once_bytes_max = 2u << 10;

text::PromptForm form_of(codec::Operation operation) {
  switch (operation) {
    case codec::Operation::chat:
      return text::PromptForm::chat;
    case codec::Operation::responses:
    case codec::Operation::responses_compact:
      return text::PromptForm::responses;
    default:
      return text::PromptForm::other;
  }
}

// Some 1 ms (SEMANTICS 1).
constexpr std::size_t counted_on_worker_bytes_max = 16u << 10;

// Owns what it uses: its call may be gone before it is done.
struct ExactCount {
  std::string body;
  codec::Operation operation;
  std::uint32_t tools;
  ModelRef model;

  text::TokenRange operator()() const {
    WholePrompt prompt{.body = body,
                       .operation = operation,
                       .tools = tools,
                       .model = model->name,
                       .family = model->family,
                       .overhead = &model->overhead};
    text::EncodingScratch scratch;
    text::PromptTokens tokens = encode(prompt, scratch);
    return {tokens.encoded().about, tokens.encoded_max()};
  }
};

constexpr std::uint64_t unbounded = UINT64_MAX;

// What a model reads at most, where nobody knows what it is given (SEMANTICS 1).
std::uint64_t most_read(const price::Priced& priced) {
  if (!priced) return unbounded;
  price::Limits limits = priced.limits();
  if (limits.context > limits.output) return limits.context - limits.output;
  return limits.input != 0 ? limits.input : unbounded;
}

// The provider has the begin of the conversation.
bool goes_on_elsewhere(const codec::RequestFacts& facts) {
  return !facts.previous_response_id.empty() || !facts.conversation.empty();
}

// Settings are read by nobody, but for one: the schema that an answer shall have. A bound of its
// tokens: its bytes.
std::uint64_t beside_the_prompt(const Call& call, const codec::RequestFacts& facts) {
  constexpr std::uint64_t settings_bytes_usual = 512;
  std::uint64_t prompt =
      facts.system_value.size() + facts.messages_value.size() + facts.tools_value.size();
  std::uint64_t body = call.client.body().size();
  return body - std::min(body, prompt + settings_bytes_usual);
}

std::optional<price::Rate> rate_of(codec::ServerTool tool) {
  switch (tool) {
    case codec::ServerTool::web_search:
      return price::Rate::web_search;
    case codec::ServerTool::file_search:
      return price::Rate::file_search;
    case codec::ServerTool::code_session:
      return price::Rate::code_session;
    case codec::ServerTool::none:
    case codec::ServerTool::other:
    case codec::ServerTool::tokens:
      break;
  }
  return std::nullopt;
}

std::string tools_with_a_price(const price::Priced& priced, WallTime at) {
  std::string out;
  for (price::Rate rate :
       {price::Rate::web_search, price::Rate::file_search, price::Rate::code_session}) {
    if (!price::has_price(priced, rate, at)) continue;
    out += (out.empty() ? "" : ", ") + std::string(words_of(rate));
  }
  return out.empty() ? "none has one with it" : "what has one with it: " + out;
}

}  // namespace

bool is_estimated(const Call& call) {
  return call.is_streamed() && !codec::only_counts(call.route.operation);
}

std::expected<void, Refused> Relay::find_price(Call& call, const Request& request) {
  call.model =
      accounts_.model(*call.provider, request.provider_model, form_of(call.route.operation));
  if (codec::only_counts(call.route.operation)) return {};
  if (!request.provider_model.empty()) {  // else the provider chooses
    if (std::optional<Refused> refused = refuse_unpriced(call, request)) {
      return std::unexpected(std::move(*refused));
    }
  }
  // The estimate of a large prompt reads all of it, which is nearer than pieces.
  if (!is_estimated(call) || call.client.body().size() <= KeptPrompt::whole_bytes_max) {
    call.prompt.keep(call.client.body(), call.route.operation, request.facts);
  }
  return {};
}

// Nothing that has no price is taken for free (SEMANTICS 2).
std::optional<Refused> Relay::refuse_unpriced(const Call& call, const Request& request) const {
  if (services_.config->prices.unpriced != config::Unpriced::refuse) return std::nullopt;
  const price::Priced& priced = call.model->priced;
  if (!priced) return refuse_model(call, request);
  return refuse_unpriced_tool(
      call, request, codec::server_tools(call.route.operation, request.facts, call.client.body()));
}

std::optional<Refused> Relay::refuse_unpriced_tool(const Call& call, const Request& request,
                                                   std::span<const codec::AskedTool> tools) const {
  const price::Priced& priced = call.model->priced;
  WallTime at = call.row.record().started_at;
  for (const codec::AskedTool& tool : tools) {
    if (tool.kind == codec::ServerTool::tokens) continue;  // which have their price
    std::optional<price::Rate> rate = rate_of(tool.kind);
    if (rate && price::has_price(priced, *rate, at)) continue;
    return Refused{.refusal = codec::Refusal::model_unpriced,
                   .message = fmt::format(
                       "the server tool {} has no price with the model {} of provider {}, and what "
                       "has none is refused here; {}{}",
                       shown(tool.name), request.provider_model, call.provider->config->name,
                       tools_with_a_price(priced, at),
                       rate ? fmt::format("; the operator can give it one ({}) in a file under "
                                          "prices.overrides",
                                          name_of(*rate))
                            : ""),
                   .param = "tools"};
  }
  return std::nullopt;
}

Refused Relay::refuse_model(const Call& call, const Request& request) const {
  std::string near = accounts_.near(*call.provider, request.provider_model);
  return {.refusal = codec::Refusal::model_unpriced,
          .message = fmt::format("the model {} of provider {} has no price, and models without one "
                                 "are refused here{}{}; the operator can give it one in a file "
                                 "under prices.overrides",
                                 request.provider_model, call.provider->config->name,
                                 near.empty() ? "" : ". Near names: ", near),
          .param = "model"};
}

// In turns: a prompt that is all new takes up to a nanosecond and a half for each byte.
Task<void> Relay::estimate(Call& call, Request& request) {
  PromptEstimate prompt({.body = call.client.body(),
                         .operation = call.route.operation,
                         .facts = &request.facts,
                         .message_begins = request.message_begins,
                         .model = call.model->name,
                         .family = call.model->family,
                         .overhead = &call.model->overhead,
                         .principal = call.principal},
                        hash_, counts_);
  while (!prompt.count(bytes_weighed_per_turn)) co_await let_others(call);
  ledger::CallRecord& row = call.record();
  call.conversation = hash_.of(row.text(ledger::Text::session), prompt.context());
  text::TokenRange counted = prompt.sum();
  call.counted_input_tokens = counted.about;
  text::TokenRange input = corrections_.corrected(call.conversation, counted);
  call.expected_input_tokens = input.about;
  bool counted_at_once =
      is_estimated(call) && call.client.body().size() <= counted_at_once_bytes_max;
  if (counted_at_once || request.out) count_prompt(call);
  input.about = call.expected_input_tokens;
  input.max = std::max(input.max, input.about) + beside_the_prompt(call, request.facts);
  if (request.out) {
    input += request.continued->added;
    call.expected_input_tokens = input.about;
  }
  bool elsewhere = prompt.reads_elsewhere() || goes_on_elsewhere(request.facts);
  request.reads_elsewhere = elsewhere || !request.server_tools.empty();
  std::uint64_t most = request.reads_elsewhere ? most_read(call.model->priced) : 0;
  // Agents name a search in every call: where the context is not known either, a stream that can be
  // ended is let begin, and what its tools add is booked when it is told.
  bool may_grow = !elsewhere && std::ranges::none_of(request.scopes, holds_worst_case);
  if (most != unbounded || !may_grow) input.max = std::max(input.max, most);
  call.experience = Experience::pair(row.text(ledger::Text::key_id), request.provider_model);
  book_estimate(call, request, input);
}

void Relay::book_estimate(Call& call, Request& request, text::TokenRange input) {
  ledger::CallRecord& row = call.record();
  set(row.expected_input_tokens, input.about);
  if (input.max != unbounded) set(row.upper_input_tokens, input.max);
  price::Bound bound = price_bound(request.facts, request.server_tools);
  bound.input_tokens = input.max;
  request.upper_price = upper_price(call.model->priced, bound, row.started_at);
  accounts_.book_estimate(row, *call.model,
                          {.input = input,
                           .upper = request.upper_price,
                           .output_asked = request.facts.max_tokens * request.facts.n,
                           .output_usual = experience_.output_tokens(call.experience)});
}

// Where the bound by bytes did not fit: fifty times as dear as that, hence a large prompt is not
// counted on the worker.
Task<void> Relay::count_exactly(Call& call, Request& request) {
  ExactCount count{.body = std::string(call.client.body()),
                   .operation = call.route.operation,
                   .tools = request.facts.tools,
                   .model = call.model};
  text::TokenRange input;
  if (call.client.body().size() <= counted_on_worker_bytes_max) {
    input = count();
  } else {
    input = co_await beside_.run(std::move(count));
  }
  call.expected_input_tokens = input.about;
  input.max += beside_the_prompt(call, request.facts);
  if (request.out) {
    input += request.continued->added;
    call.expected_input_tokens = input.about;
  }
  book_estimate(call, request, input);
}

}  // namespace recloser::relay
