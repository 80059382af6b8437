// From the model a client asks for to the places that may serve it and the name it has there.
#pragma once

#include "codec/operation.h"
#include "codec/refusal.h"
#include "config/config.h"
#include "route/model_lists.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::route {

// One place that may serve a call.
struct Target {
  std::size_t provider = 0;  // place in Config::providers
  std::string_view model;    // to send; a view into the configuration or into the name asked for
  std::uint32_t weight = 1;
  std::uint16_t order = 1;  // those of a lower one first, within a stage
  std::uint16_t stage = 0;  // 0: of the model asked for; n: of its n-th fallback
  config::Abilities lacks;
  bool known = false;        // named by the configuration or listed by its provider, not only asked
  std::uint32_t number = 0;  // among those that the configuration names, from 1; 0: it does not
};

// Targets of one model with those of its fallbacks.
inline constexpr std::size_t candidates_max = 32;

// What a name leads to.
class Resolved {
 public:
  Resolved(const config::Model& model, std::span<const Target> targets)
      : model_(&model), targets_(targets) {}
  explicit Resolved(const Target& target) : model_(&unnamed), target_(target) {}

  // At least one, those of the first stage and the lowest order first. Some may not speak the
  // client's dialect.
  std::span<const Target> targets() const {
    return targets_.empty() ? std::span(&target_, 1) : targets_;
  }
  // How they are chosen. Of a name that is none of `models`, the defaults.
  const config::Model& model() const { return *model_; }

 private:
  static const config::Model unnamed;

  const config::Model* model_;
  std::span<const Target> targets_;
  Target target_;
};

// Why there is no target, ready for a codec::Notice.
struct Unresolved {
  codec::Refusal refusal = codec::Refusal::model_not_found;
  std::string message;
};

// Which names the caller may know of: suggestions never tell a key what it cannot use.
struct NameFilter {
  const void* context = nullptr;
  bool (*allows)(const void* context, std::string_view name) = nullptr;  // null: all
};

// A model as GET /v1/models shows it: what to ask for, and who answers.
struct Listed {
  std::string name;
  std::size_t provider = 0;
};

// Immutable beside one Config, which must outlive it. Pure: no clock, no state, no I/O.
//
// A key's patterns are checked before, against the name as the client wrote it
// (auth/model_patterns.h): a `models` entry that a key may name is allowed with its target.
class Resolver {
 public:
  explicit Resolver(const config::Config& config);

  // A `models` entry leads to all its targets, then to those of its fallbacks: each place once, as
  // many as candidates_max. In this order (INTERFACES.md section 2): a `models` entry;
  // `provider/model`; the one provider whose list has it; the one provider whose list is unknown
  // and who speaks the client's dialect. Only providers of the client's own family serve in this
  // version: nothing is translated.
  std::expected<Resolved, Unresolved> resolve(std::string_view asked, codec::Family family,
                                              const ModelLists& lists,
                                              NameFilter visible = {}) const;

  // For operations that need not name a model: the one provider of the family.
  std::expected<Resolved, Unresolved> resolve_without_model(codec::Family family) const;

  // Everything that `resolve` would find for this family, sorted: entries, then what providers
  // list, as `provider/model` where several list the same name.
  std::vector<Listed> list(codec::Family family, const ModelLists& lists) const;

  // Whether the provider serves calls of this family, untranslated.
  bool serves(std::size_t provider, codec::Family family) const;

 private:
  struct Entry {
    const config::Model* model;
    std::vector<Target> targets;
  };
  using Providers = std::vector<std::size_t>;

  Entry entry_of(const config::Model& model);
  void add_targets(Entry& entry, const config::Model& model, std::uint16_t stage) const;
  static void add_target(Entry& entry, const Target& target);
  const Target* first_served(const Entry& entry, codec::Family family) const;
  std::optional<Target> by_provider(std::string_view asked) const;
  bool knows(std::size_t provider, std::string_view model, const ModelLists& lists) const;
  bool lists_it(std::size_t provider, std::string_view model, const ModelLists& lists) const;
  Unresolved translation(std::string_view asked, std::size_t provider, codec::Family family) const;
  Unresolved several_list(std::string_view asked, const Providers& providers) const;
  Unresolved several_may_have(std::string_view asked, const Providers& providers,
                              codec::Family family, const ModelLists& lists,
                              NameFilter visible) const;
  std::string names_of(const Providers& providers) const;
  std::string at_first_of(const Providers& providers, std::string_view asked) const;
  std::string suggestion(std::string_view asked, codec::Family family, const ModelLists& lists,
                         NameFilter visible) const;
  Unresolved unknown(std::string_view asked, codec::Family family, const ModelLists& lists,
                     NameFilter visible) const;
  std::expected<Resolved, Unresolved> by_list(std::string_view asked, codec::Family family,
                                              const ModelLists& lists, NameFilter visible) const;

  const config::Config& config_;
  std::uint32_t targets_ = 0;                            // that have a number
  std::unordered_map<std::string_view, Entry> entries_;  // keys live in the configuration
  std::unordered_map<std::string_view, std::size_t> providers_;
};

// "sim", "sim-fast", "sim-t400-d5": what the simulated provider answers to.
bool is_simulated_model(std::string_view model);

}  // namespace recloser::route
