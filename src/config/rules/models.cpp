// What of the models does not go together: targets without a provider, fallbacks that lead nowhere.
#include "config/rules/rules.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::config {
namespace {

// The field of the entry, or the entry where it is left out.
const Node& field_of(const Node& entry, std::string_view name) {
  const Node* field = entry.find(name);
  return field == nullptr ? entry : *field;
}
const Node& item_of(const Node& list, std::size_t index) {
  return index < list.items.size() ? list.items[index] : list;
}

std::string the_providers(Reading& in, std::string_view written, const Config& config) {
  std::vector<std::string_view> names;
  for (const Provider& provider : config.providers) names.push_back(provider.name);
  std::string meant = in.findings().full() ? "" : meant_by(written, names);
  if (names.size() > 10) names.resize(10);
  return fmt::format(
      "{} are {}",
      meant.empty() ? "the providers" : fmt::format("did you mean {}? The providers", meant),
      fmt::join(names, ", "));
}

// `node` is the entry of the target in the file.
void judge_target(Reading& in, const Node& node, const Target& target, const Config& config) {
  if (target.provider.empty() || config.find_provider(target.provider) != nullptr) return;
  Reading::Step step(in, "provider");
  const Node& field = field_of(node, "provider");
  in.error(field, fmt::format("must be the name of a provider; you wrote {}; {}", written(field),
                              the_providers(in, target.provider, config)));
}

void judge_twice(Reading& in, const Node& node, const Model& model, std::size_t index) {
  const Target& target = model.targets[index];
  for (std::size_t i = 0; i < index; ++i) {
    const Target& earlier = model.targets[i];
    if (earlier.provider != target.provider || earlier.model != target.model) continue;
    in.error(node,
             fmt::format("is the same place as targets[{}]; write it once, with a weight", i));
    return;
  }
}

void judge_weights(Reading& in, const Node& targets, const Model& model) {
  bool none = !model.targets.empty() &&
              std::ranges::all_of(model.targets, [](const Target& t) { return t.weight == 0; });
  if (none) in.error(targets, "cannot all have weight 0: none would be asked");
}

// A name of `models`, or provider/model of a provider there is.
bool leads_somewhere(std::string_view name, const Config& config) {
  if (config.find_model(name) != nullptr) return true;
  std::size_t slash = name.find('/');
  return slash != std::string_view::npos && slash + 1 < name.size() &&
         config.find_provider(name.substr(0, slash)) != nullptr;
}

void judge_fallback(Reading& in, const Node& node, const Model& model, const Config& config) {
  const Node& names = field_of(node, "fallback");
  Reading::Step step(in, "fallback");
  for (std::size_t i = 0; i < model.fallback.size(); ++i) {
    const std::string& name = model.fallback[i];
    Reading::Step item(in, i);
    if (name == model.name) in.error(item_of(names, i), "cannot be the model itself");
    if (leads_somewhere(name, config)) continue;
    std::vector<std::string_view> known;
    for (const Model& other : config.models) known.push_back(other.name);
    std::string meant = in.findings().full() ? "" : meant_by(name, known);
    in.error(item_of(names, i),
             fmt::format("must be a name of `models`, or provider/model; you wrote {}{}",
                         written(item_of(names, i)),
                         meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
  }
}

void judge_regions(Reading& in, const Node& node, const Model& model, const Config& config) {
  if (model.regions.empty()) return;
  bool any = std::ranges::any_of(model.targets, [&](const Target& target) {
    const Provider* provider = config.find_provider(target.provider);
    return provider == nullptr ||
           std::ranges::find(model.regions, provider->region) != model.regions.end();
  });
  Reading::Step step(in, "regions");
  if (!any)
    in.error(field_of(node, "regions"),
             "leaves no target: none of its providers has such a region");
}

// A stream that two may begin would have two requests to go on with.
void judge_hedge(Reading& in, const Node& node, const Model& model) {
  if (!model.hedge || model.interrupted == Interrupted::error) return;
  Reading::Step step(in, "hedge");
  in.error(field_of(node, "hedge"),
           "cannot be combined with `interrupted` in this version: leave one of them out");
}

}  // namespace

void judge_models(Reading& in, const Node& root, const Config& config) {
  const Node* all = root.find("models");
  // With providers that could not be read, every model would seem wrong.
  if (all == nullptr || (in.findings().failed() && config.providers.empty())) return;
  Reading::Step models_step(in, "models");
  for (std::size_t i = 0; i < std::min(all->items.size(), config.models.size()); ++i) {
    const Model& model = config.models[i];
    const Node& node = all->items[i];
    const Node& targets = field_of(node, "targets");
    Reading::Step model_step(in, model.name);
    {
      Reading::Step targets_step(in, "targets");
      for (std::size_t t = 0; t < model.targets.size(); ++t) {
        Reading::Step target_step(in, t);
        judge_target(in, item_of(targets, t), model.targets[t], config);
        judge_twice(in, item_of(targets, t), model, t);
      }
      judge_weights(in, targets, model);
    }
    judge_fallback(in, node, model, config);
    judge_regions(in, node, model, config);
    judge_hedge(in, node, model);
  }
}

}  // namespace recloser::config
