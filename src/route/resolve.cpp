#include "route/resolve.h"

#include "core/check.h"
#include "core/names.h"
#include "core/nearest_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace recloser::route {
namespace {

using codec::Family;
using codec::Refusal;

constexpr std::array<std::string_view, 3> simulated_models{"sim-fast", "sim-long", "sim-smart"};

bool speaks(config::Dialect dialect, Family family) {
  switch (dialect) {
    case config::Dialect::openai:
      return family == Family::openai;
    case config::Dialect::anthropic:
      return family == Family::anthropic;
    case config::Dialect::simulated:
      return true;
  }
  std::unreachable();
}

std::string_view human(Family family) {
  return family == Family::openai ? "the OpenAI API" : "the Anthropic API";
}

std::unexpected<Unresolved> no(Unresolved why) { return std::unexpected(std::move(why)); }

bool is_within(const std::vector<std::string>& regions, std::string_view region) {
  return regions.empty() || std::ranges::find(regions, region) != regions.end();
}

}  // namespace

bool is_simulated_model(std::string_view model) {
  return model == "sim" || model.starts_with("sim-");
}

const config::Model Resolved::unnamed;

Resolver::Resolver(const config::Config& config) : config_(config) {
  for (std::size_t i = 0; i < config.providers.size(); ++i) {
    providers_.emplace(config.providers[i].name, i);
  }
  for (const config::Model& model : config.models) entries_.emplace(model.name, entry_of(model));
}

Resolver::Entry Resolver::entry_of(const config::Model& model) {
  Entry entry{.model = &model, .targets = {}};
  add_targets(entry, model, 0);
  std::uint16_t stage = 0;
  for (const std::string& name : model.fallback) {
    ++stage;
    if (const config::Model* other = config_.find_model(name)) {
      add_targets(entry, *other, stage);
    } else if (std::optional<Target> target = by_provider(name)) {
      target->stage = stage;
      target->known = true;
      add_target(entry, *target);
    }
  }
  CHECK(!entry.targets.empty(), "the configuration checks that a model has targets");
  if (entry.targets.size() > candidates_max) entry.targets.resize(candidates_max);
  for (Target& target : entry.targets) target.number = ++targets_;
  return entry;
}

// The fallbacks of a fallback are not followed. What it may not use because of its own regions is
// no target; those of the model that is asked for hold for all (WhyNot::region).
void Resolver::add_targets(Entry& entry, const config::Model& model, std::uint16_t stage) const {
  for (const config::Target& configured : model.targets) {
    auto provider = providers_.find(configured.provider);
    CHECK(provider != providers_.end(), "the configuration checks the providers of its targets");
    if (stage > 0 && !is_within(model.regions, config_.providers[provider->second].region))
      continue;
    add_target(entry, {.provider = provider->second,
                       .model = configured.model,
                       .weight = configured.weight,
                       .order = static_cast<std::uint16_t>(configured.order),
                       .stage = stage,
                       .lacks = configured.lacks,
                       .known = true});
  }
}

// Behind those of its order; once.
void Resolver::add_target(Entry& entry, const Target& target) {
  auto rank = [](const Target& each) { return std::pair(each.stage, each.order); };
  bool stands = std::ranges::any_of(entry.targets, [&](const Target& earlier) {
    return earlier.provider == target.provider && earlier.model == target.model;
  });
  if (stands) return;
  auto at = std::ranges::upper_bound(entry.targets, rank(target), {}, rank);
  entry.targets.insert(at, target);
}

const Target* Resolver::first_served(const Entry& entry, Family family) const {
  auto served = std::ranges::find_if(
      entry.targets, [&](const Target& target) { return serves(target.provider, family); });
  return served == entry.targets.end() ? nullptr : &*served;
}

// "provider/model", of a provider there is.
std::optional<Target> Resolver::by_provider(std::string_view asked) const {
  std::size_t slash = asked.find('/');
  if (slash == std::string_view::npos || slash + 1 == asked.size()) return std::nullopt;
  auto named = providers_.find(asked.substr(0, slash));
  if (named == providers_.end()) return std::nullopt;
  return Target{.provider = named->second, .model = asked.substr(slash + 1)};
}

std::expected<Resolved, Unresolved> Resolver::resolve(std::string_view asked, Family family,
                                                      const ModelLists& lists,
                                                      NameFilter visible) const {
  if (auto found = entries_.find(asked); found != entries_.end()) {
    const Entry& entry = found->second;
    if (first_served(entry, family) == nullptr) {
      return no(translation(asked, entry.targets.front().provider, family));
    }
    return Resolved(*entry.model, entry.targets);
  }
  if (std::optional<Target> target = by_provider(asked)) {
    if (!serves(target->provider, family)) return no(translation(asked, target->provider, family));
    target->known = knows(target->provider, target->model, lists);
    return Resolved(*target);
  }
  return by_list(asked, family, lists, visible);
}

// A provider known to have the model wins over those that may have it.
std::expected<Resolved, Unresolved> Resolver::by_list(std::string_view asked, Family family,
                                                      const ModelLists& lists,
                                                      NameFilter visible) const {
  Providers have;
  Providers may_have;
  std::optional<std::size_t> other_family;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    bool simulated = config_.providers[i].dialect == config::Dialect::simulated;
    if (!serves(i, family)) {
      if (lists_it(i, asked, lists)) other_family = i;
    } else if (lists_it(i, asked, lists)) {
      have.push_back(i);
    } else if (!lists.known(i) && !simulated) {
      may_have.push_back(i);
    }
  }
  const Providers& candidates = have.empty() ? may_have : have;
  bool elsewhere = have.empty() && other_family;
  if (candidates.size() == 1 && !elsewhere) {
    return Resolved({.provider = candidates.front(),
                     .model = asked,
                     .known = knows(candidates.front(), asked, lists)});
  }
  if (elsewhere) return no(translation(asked, *other_family, family));
  if (have.size() > 1) return no(several_list(asked, have));
  if (may_have.size() > 1) return no(several_may_have(asked, may_have, family, lists, visible));
  return no(unknown(asked, family, lists, visible));
}

std::expected<Resolved, Unresolved> Resolver::resolve_without_model(Family family) const {
  Providers all;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    if (serves(i, family)) all.push_back(i);
  }
  if (all.size() == 1) return Resolved({.provider = all.front()});
  if (all.empty()) {
    return no({.refusal = Refusal::model_not_found,
               .message = fmt::format("No provider that speaks {} is configured; add one under "
                                      "`providers`.",
                                      human(family))});
  }
  return no({.refusal = Refusal::invalid_request,
             .message = "The request names no model, and several providers could answer it. Name "
                        "a model."});
}

bool Resolver::serves(std::size_t provider, Family family) const {
  const config::Provider& configured = config_.providers[provider];
  return configured.login_field.empty() && speaks(configured.dialect, family);
}

bool Resolver::lists_it(std::size_t provider, std::string_view model,
                        const ModelLists& lists) const {
  bool simulated = config_.providers[provider].dialect == config::Dialect::simulated;
  return simulated ? is_simulated_model(model) : lists.has(provider, model);
}

// The simulated provider answers to names without number: only those that it lists are known.
bool Resolver::knows(std::size_t provider, std::string_view model, const ModelLists& lists) const {
  if (config_.providers[provider].dialect == config::Dialect::simulated) {
    return std::ranges::find(simulated_models, model) != simulated_models.end();
  }
  return lists.has(provider, model);
}

Unresolved Resolver::translation(std::string_view asked, std::size_t provider,
                                 Family family) const {
  Family other = family == Family::openai ? Family::anthropic : Family::openai;
  return {.refusal = Refusal::invalid_request,
          .message = fmt::format("Model \"{}\" is served by provider {}, which speaks {}; calling "
                                 "it through {} needs translation, which is not supported in this "
                                 "version. Call it through {}.",
                                 shown(asked), config_.providers[provider].name, human(other),
                                 human(family), human(other))};
}

// " Did you mean ..?", or nothing.
std::string Resolver::suggestion(std::string_view asked, Family family, const ModelLists& lists,
                                 NameFilter visible) const {
  NearestNames nearest(asked);
  for (const Listed& listed : list(family, lists)) {
    if (visible.allows == nullptr || visible.allows(visible.context, listed.name)) {
      nearest.offer(listed.name);
    }
  }
  std::string names = nearest.human();
  return names.empty() ? std::string() : fmt::format(" Did you mean {}?", names);
}

std::string Resolver::names_of(const Providers& providers) const {
  constexpr std::size_t shown_max = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(providers.size(), shown_max); ++i) {
    if (i > 0) names += ", ";
    names += config_.providers[providers[i]].name;
  }
  if (providers.size() > shown_max) names += ", ..";
  return names;
}

std::string Resolver::at_first_of(const Providers& providers, std::string_view asked) const {
  return fmt::format("{}/{}", config_.providers[providers.front()].name, shown(asked));
}

Unresolved Resolver::several_list(std::string_view asked, const Providers& providers) const {
  return {.refusal = Refusal::model_not_found,
          .message = fmt::format("Model \"{}\" is listed by several providers ({}). Ask for one of "
                                 "them, as \"{}\", or give the name a `models` entry.",
                                 shown(asked), names_of(providers), at_first_of(providers, asked))};
}

Unresolved Resolver::several_may_have(std::string_view asked, const Providers& providers,
                                      Family family, const ModelLists& lists,
                                      NameFilter visible) const {
  return {.refusal = Refusal::model_not_found,
          .message = fmt::format("Model \"{}\" is not known here.{} It could be one of several "
                                 "providers that have not listed their models ({}). Ask for one of "
                                 "them, as \"{}\", or give the name a `models` entry.",
                                 shown(asked), suggestion(asked, family, lists, visible),
                                 names_of(providers), at_first_of(providers, asked))};
}

Unresolved Resolver::unknown(std::string_view asked, Family family, const ModelLists& lists,
                             NameFilter visible) const {
  return {
      .refusal = Refusal::model_not_found,
      .message = fmt::format("Model \"{}\" is not known here.{} GET /v1/models lists the models "
                             "there are; provider/model asks a provider directly.",
                             shown(asked), suggestion(asked, family, lists, visible))};
}

std::vector<Listed> Resolver::list(Family family, const ModelLists& lists) const {
  std::vector<Listed> entries;
  for (const config::Model& entry : config_.models) {
    const Target* target = first_served(entries_.at(entry.name), family);
    if (target != nullptr) entries.push_back({.name = entry.name, .provider = target->provider});
  }
  std::ranges::sort(entries, {}, &Listed::name);

  std::vector<Listed> listed;
  for (std::size_t i = 0; i < config_.providers.size(); ++i) {
    if (!serves(i, family)) continue;
    if (config_.providers[i].dialect == config::Dialect::simulated) {
      for (std::string_view name : simulated_models) listed.push_back({std::string(name), i});
    }
    for (const std::string& name : lists.models(i)) listed.push_back({name, i});
  }
  std::ranges::sort(listed, {}, [](const Listed& l) { return std::pair(l.name, l.provider); });

  std::vector<Listed> out = std::move(entries);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const std::string& name = listed[i].name;
    if (entries_.contains(name)) continue;  // the entry hides it
    bool shared = (i > 0 && listed[i - 1].name == name) ||
                  (i + 1 < listed.size() && listed[i + 1].name == name);
    const std::string& provider = config_.providers[listed[i].provider].name;
    out.push_back({.name = shared ? fmt::format("{}/{}", provider, name) : name,
                   .provider = listed[i].provider});
  }
  return out;
}

}  // namespace recloser::route
