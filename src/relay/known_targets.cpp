#include "relay/known_targets.h"

#include "core/json_writer.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

route::Facilities facilities_of(const route::Target& target, const price::Priced& priced) {
  using config::Ability;
  using price::Capability;
  route::Facilities out{.lacks = target.lacks, .context_tokens = priced.limits().context};
  if (priced.entry == nullptr || priced.entry->can == 0) return out;
  constexpr std::array<std::pair<Capability, Ability>, 3> all{
      {{Capability::tools, Ability::tools},
       {Capability::vision, Ability::vision},
       {Capability::schema, Ability::schema}}};
  for (auto [capability, ability] : all) {
    if (!priced.entry->can_do(capability)) out.lacks.add(ability);
  }
  return out;
}

}  // namespace

std::string_view KnownTargets::told(const route::Target& target,
                                    const route::TargetHealth::Glance& glance,
                                    route::WhyNot why_not) {
  KnownTarget& known = find(target);
  std::int64_t ttft_ms = glance.ttft / 1ms;
  bool as_before = ttft_ms == known.told_ttft_ms && glance.state == known.told_state &&
                   why_not == known.told_why_not;
  if (as_before) return known.told;
  known.told_ttft_ms = ttft_ms;
  known.told_state = glance.state;
  known.told_why_not = why_not;
  bool asked = why_not == route::WhyNot::none;
  if (asked && glance.state == route::State::passing) {
    known.told = ttft_ms == 0 ? known.name_json : fmt::format("[{},{}]", known.name_json, ttft_ms);
  } else {
    known.told =
        fmt::format(R"([{},"{}",{},{}])", known.name_json, route::name_of(glance.state), ttft_ms,
                    asked ? "null" : fmt::format(R"("{}")", route::name_of(why_not)));
  }
  return known.told;
}

KnownTarget& KnownTargets::look_up(const route::Target& target) {
  const Provider& provider = providers_.at(target.provider);
  ModelRef model = accounts_.model(provider, target.model, text::PromptForm::other);
  if (target.number >= all_.size()) all_.resize(target.number + 1);
  KnownTarget& known = all_[target.number];
  known = KnownTarget();
  known.model = model;
  known.facilities = facilities_of(target, model->priced);
  append_json_string(known.name_json, fmt::format("{}/{}", provider.config->name, target.model));
  return known;
}

}  // namespace recloser::relay
