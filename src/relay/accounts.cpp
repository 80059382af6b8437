#include "relay/accounts.h"

#include "codec/usage_text.h"
#include "route/resolve.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {
namespace {

void book_cost(ledger::CallRecord& row, const price::Cost& cost) {
  row.cost_nano_usd = cost.total.count;
  row.list_cost_nano_usd = cost.list.count;
  row.fees_nano_usd = cost.fees.count;
  row.input_cost_nano_usd = cost.input.count;
  row.cached_cost_nano_usd = cost.cached_input.count;
  row.cache_write_cost_nano_usd = cost.cache_write.count;
  row.output_cost_nano_usd = cost.output.count;
}

// The provider's own bill wins; it has no parts that anybody knows.
void book_bill(ledger::CallRecord& row, NanoUsd bill, NanoUsd earlier) {
  row.cost_nano_usd = (bill + earlier).count;
  row.list_cost_nano_usd = row.cost_nano_usd;
  row.fees_nano_usd = row.input_cost_nano_usd = row.cached_cost_nano_usd = ledger::absent;
  row.cache_write_cost_nano_usd = row.output_cost_nano_usd = ledger::absent;
  row.cost_source = ledger::CostSource::provider;
}

void book_nothing(ledger::CallRecord& row) {
  row.cost_nano_usd = row.list_cost_nano_usd = row.fees_nano_usd = ledger::absent;
  row.input_cost_nano_usd = row.cached_cost_nano_usd = ledger::absent;
  row.cache_write_cost_nano_usd = row.output_cost_nano_usd = ledger::absent;
  row.cost_source = ledger::CostSource::unpriced;
}

}  // namespace

Accounts::Accounts(std::shared_ptr<const price::Catalogue> catalogue, const Providers& providers,
                   route::Health& health)
    : catalogue_(std::move(catalogue)), health_(health) {
  for (const Provider& provider : providers.all()) {
    shelves_.push_back({.place = catalogue_->place_of(*provider.config), .models = {}});
  }
  // Made by the first who asks, in some milliseconds: that shall not be a call.
  text::Encoding::o200k();
  text::Encoding::cl100k();
  meter_room_.scratch.take_memory();
}

ModelRef Accounts::model(const Provider& provider, std::string_view name, text::PromptForm form) {
  Shelf& shelf = this->shelf(provider);
  Shelf::Models& models = shelf.models[static_cast<std::size_t>(form)];
  auto known = models.find(name);
  if (known != models.end()) return known->second;
  if (models.size() >= models_remembered_max) models.clear();
  auto model =
      std::make_shared<const Model>(Model{.name = std::string(name),
                                          .priced = find(shelf.place, name),
                                          .family = &text::token_family(name),
                                          .overhead = text::prompt_overhead(name, form),
                                          .health = &health_.of(provider.config->name, name)});
  model->health->configure({.limits = provider.config->limits, .queue = provider.config->queue});
  models.emplace(name, model);
  return model;
}

// `recloser sim` may stand at any address, and speaks for any provider: its models are known by
// their names.
price::Priced Accounts::find(price::Place place, std::string_view name) const {
  price::Priced priced = catalogue_->find(place, name);
  if (priced || !route::is_simulated_model(name)) return priced;
  return catalogue_->find(catalogue_->place_named("simulated"), name);
}

std::string Accounts::near(const Provider& provider, std::string_view name) const {
  return catalogue_->near(shelves_[provider.index].place, name);
}

// Without a limit of its own an answer ends with the model's, or with what its context leaves.
void Accounts::book_estimate(ledger::CallRecord& row, const Model& model,
                             const Expected& expected) {
  if (!model.priced) return;
  price::Limits limits = model.priced.limits();
  std::uint64_t output_max = limits.output != 0 ? limits.output : limits.context;
  if (expected.output_asked != 0) {
    output_max =
        output_max == 0 ? expected.output_asked : std::min(output_max, expected.output_asked);
  }
  std::uint64_t output = expected.output_usual.value_or(output_max);
  if (output_max != 0) output = std::min(output, output_max);
  codec::Usage usual{.input_tokens = expected.input.about, .output_tokens = output};
  price::Place place;
  price::Cost cost = price::cost_of(*catalogue_, place, model.priced, usual, row.started_at);
  if (cost.complete) row.expected_cost_nano_usd = cost.total.count;
  if (output_max == 0 || !expected.upper) return;  // nothing bounds it
  std::optional<NanoUsd> upper = expected.upper->of(expected.input.max, output_max);
  if (upper) row.upper_cost_nano_usd = upper->count;
}

price::Priced Accounts::paid_for(const Used& used) {
  const price::Priced& asked = used.asked->priced;
  if (asked.contract != nullptr || used.served.empty()) return asked;
  ModelRef served = model(*used.provider, used.served, text::PromptForm::other);
  return price::paid_for(asked, served->priced);
}

std::optional<NanoUsd> Accounts::book(ledger::CallRecord& row, const Used& used) {
  const codec::Usage& usage = *used.usage;
  price::Place place = shelf(*used.provider).place;
  price::Priced priced = paid_for(used);
  std::optional<NanoUsd> bill;
  if (usage.rare) bill = usage.rare->provider_cost;
  if (row.text(ledger::Text::price_version).empty())
    row.set(ledger::Text::price_version, catalogue_->version());
  std::optional<price::Cost> cost;
  if (priced) cost = price::cost_of(*catalogue_, place, priced, usage, row.started_at);
  if (bill) {
    book_bill(row, *bill, used.earlier == nullptr ? NanoUsd{} : used.earlier->total);
    row.last_attempt()->cost_nano_usd = bill->count;
    return cost && cost->complete ? std::optional(cost->total) : std::nullopt;
  }
  if (!cost || !cost->complete) {
    book_nothing(row);
    return std::nullopt;
  }
  row.last_attempt()->cost_nano_usd = cost->total.count;
  if (used.earlier != nullptr) *cost += *used.earlier;
  book_cost(row, *cost);
  row.cost_source = used.exact ? ledger::CostSource::catalogue : ledger::CostSource::estimated;
  return std::nullopt;
}

}  // namespace recloser::relay
