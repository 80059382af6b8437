// Health: all targets of a process, by name, and the keys of their providers.
#pragma once

#include "core/keyed_hash.h"
#include "core/time.h"
#include "route/hedge_budget.h"
#include "route/key_state.h"
#include "route/probe.h"
#include "route/target_health.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::route {

// One per process, shared by all workers; nothing in it moves or goes away before it does. Who
// knows its targets when it is configured asks for each once and keeps the reference; what was
// learnt stays over a new configuration.
class Health {
 public:
  // Of all providers together. Names come from clients, too: beyond it, those that a provider has
  // more share one state, "provider/*".
  static constexpr std::size_t targets_max = 4096;

  Health(std::uint64_t seed, HealthWatcher* watcher);
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  TargetHealth& of(std::string_view provider, std::string_view model);
  KeyState& key_of(std::string_view provider);
  HedgeBudget& hedges() { return hedges_; }

  // What a health check of a provider has come to: all its targets hear of it.
  ProbeReport probed(std::string_view provider, const Probe& probe,
                     const config::ProviderProbe& rule, Instant now);

  // A call's first attempt; and whether another one may be made, at that target.
  void count_call(Instant now) { retries_.count_call(now); }
  std::optional<RetryToken> take_retry(TargetHealth& target, Instant now) {
    std::optional<RetryToken> token = retries_.take(now);
    return token ? std::move(token) : target.retries().take(now);
  }

  // By "provider/model". nullptr: no call has gone there, and no configuration names it.
  TargetHealth* find(std::string_view name) const;
  // An operator's hold: no more calls go there, until it is taken back. Whether there is such a
  // target.
  bool drain(std::string_view name, bool drained);

  std::vector<TargetHealth::Standing> list(Instant now) const;  // sorted by name

 private:
  struct Provider;
  struct NameHash {
    using is_transparent = void;
    KeyedHash hash;
    std::size_t operator()(std::string_view name) const { return hash.of(name); }
  };
  template <class Value>
  using ByName = std::unordered_map<std::string, std::unique_ptr<Value>, NameHash, std::equal_to<>>;

  Provider& provider(std::string_view name);
  std::unique_ptr<TargetHealth> make(std::string name, Provider& provider);

  const std::uint64_t seed_;
  HealthWatcher* const watcher_;
  HedgeBudget hedges_;
  RetryBudget retries_{10};          // of all calls
  mutable std::shared_mutex mutex_;  // of both maps
  ByName<Provider> providers_;
  ByName<TargetHealth> targets_;  // without those that are shared
};

}  // namespace recloser::route
