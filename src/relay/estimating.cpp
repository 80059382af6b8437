// What a call may cost before it is made, and what of it may not be made at all.
#include "relay/request.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

void set(std::int64_t& field, std::uint64_t value) {
  constexpr std::uint64_t most = INT64_MAX;
  field = static_cast<std::int64_t>(std::min(value, most));
}

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

}  // namespace

std::expected<void, Refused> Relay::estimate(Call& call, const Request& request) {
  call.model =
      accounts_.model(*call.provider, request.provider_model, form_of(call.route.operation));
  if (codec::only_counts(call.route.operation)) return {};
  if (!call.model->priced && !request.provider_model.empty()) {  // else the provider chooses
    if (std::optional<Refused> refused = refuse_unpriced(call, request)) {
      return std::unexpected(std::move(*refused));
    }
  }
  call.prompt.keep(call.client.body(), call.route.operation, request.facts);
  // A whole answer comes with its usage or not at all; nobody asks for a bound of it yet.
  if (!call.streams) return {};
  text::TokenRange input = call.prompt.estimate(call.client.body(), request.facts,
                                                *call.model->family, call.model->overhead);
  call.expected_input_tokens = input.about;
  ledger::CallRecord& row = call.record();
  set(row.expected_input_tokens, input.about);
  set(row.upper_input_tokens, input.max);
  call.experience = Experience::pair(row.text(ledger::Text::key_id), request.provider_model);
  accounts_.book_estimate(row, *call.model,
                          {.input = input,
                           .output_asked = request.facts.max_tokens * request.facts.n,
                           .output_usual = experience_.output_tokens(call.experience)});
  return {};
}

// Nothing that has no price is taken for free (SEMANTICS 2).
std::optional<Refused> Relay::refuse_unpriced(const Call& call, const Request& request) const {
  if (services_.config->prices.unpriced != config::Unpriced::refuse) return std::nullopt;
  std::string near = accounts_.near(*call.provider, request.provider_model);
  return Refused{
      .refusal = codec::Refusal::model_unpriced,
      .message = fmt::format("the model {} of provider {} has no price, and models without one are "
                             "refused here{}{}; the operator can give it one in a file under "
                             "prices.overrides",
                             request.provider_model, call.provider->config->name,
                             near.empty() ? "" : ". Near names: ", near),
      .param = "model"};
}

}  // namespace recloser::relay
