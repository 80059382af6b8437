#include "route/health.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace recloser::route {
namespace {

std::string name_of_target(std::string_view provider, std::string_view model) {
  std::string name;
  name.reserve(provider.size() + 1 + model.size());
  name += provider;
  name += '/';
  name += model;
  return name;
}

}  // namespace

struct Health::Provider {
  std::string name;
  KeyState key;
  ProbeRun probes;                       // of one worker at a time
  std::unique_ptr<TargetHealth> others;  // those beyond targets_max
};

Health::Health(std::uint64_t seed, HealthWatcher* watcher)
    : seed_(seed),
      watcher_(watcher),
      providers_(16, NameHash{KeyedHash(seed)}),
      targets_(64, NameHash{KeyedHash(seed)}) {}
Health::~Health() = default;

TargetHealth& Health::of(std::string_view provider_name, std::string_view model) {
  std::string name = name_of_target(provider_name, model);
  if (TargetHealth* known = find(name)) return *known;
  std::lock_guard lock(mutex_);
  if (auto found = targets_.find(name); found != targets_.end()) return *found->second;
  Provider& of_all = provider(provider_name);
  if (targets_.size() >= targets_max) return *of_all.others;
  auto [at, _] = targets_.emplace(name, make(name, of_all));
  return *at->second;
}

KeyState& Health::key_of(std::string_view provider_name) {
  std::lock_guard lock(mutex_);
  return provider(provider_name).key;
}

ProbeReport Health::probed(std::string_view provider_name, const Probe& probe,
                           const config::ProviderProbe& rule, Instant now) {
  ProbeReport report;
  std::vector<TargetHealth*> targets;
  {
    std::lock_guard lock(mutex_);
    Provider& probed = provider(provider_name);
    report = probed.probes.add(probe, rule);
    targets.push_back(probed.others.get());
    for (const auto& [name, target] : targets_) {
      if (target->provider() == provider_name) targets.push_back(target.get());
    }
  }
  // Who watches is told with no lock held.
  for (TargetHealth* target : targets) target->probed(report, now);
  return report;
}

TargetHealth* Health::find(std::string_view name) const {
  std::shared_lock lock(mutex_);
  if (auto found = targets_.find(name); found != targets_.end()) return found->second.get();
  if (!name.ends_with("/*")) return nullptr;
  auto found = providers_.find(name.substr(0, name.size() - 2));
  return found == providers_.end() ? nullptr : found->second->others.get();
}

bool Health::drain(std::string_view name, bool drained) {
  TargetHealth* target = find(name);
  if (target != nullptr) target->drain(drained);
  return target != nullptr;
}

std::vector<TargetHealth::Standing> Health::list(Instant now) const {
  std::vector<TargetHealth::Standing> all;
  {
    std::shared_lock lock(mutex_);
    all.reserve(targets_.size());
    for (const auto& [name, target] : targets_) all.push_back(target->standing(now));
    for (const auto& [name, provider] : providers_) {
      if (targets_.size() >= targets_max) all.push_back(provider->others->standing(now));
    }
  }
  std::ranges::sort(all, {}, &TargetHealth::Standing::name);
  return all;
}

Health::Provider& Health::provider(std::string_view name) {
  if (auto found = providers_.find(name); found != providers_.end()) return *found->second;
  auto made = std::make_unique<Provider>();
  made->name = name;
  made->others = make(name_of_target(name, "*"), *made);
  return *providers_.emplace(std::string(name), std::move(made)).first->second;
}

// Targets must not wait for the same time after the same trip.
std::unique_ptr<TargetHealth> Health::make(std::string name, Provider& provider) {
  std::uint64_t seed = KeyedHash(seed_).of(name);
  return std::make_unique<TargetHealth>(std::move(name), provider.name, provider.key, seed,
                                        watcher_);
}

}  // namespace recloser::route
