// From the model a client asks for to the provider that serves it and the name it has there.
#pragma once

#include "codec/operation.h"
#include "codec/refusal.h"
#include "config/config.h"
#include "route/model_lists.h"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::route {

struct Target {
  std::size_t provider = 0;  // place in Config::providers
  std::string_view model;    // to send; a view into the configuration or into the name asked for
  bool renamed = false;      // `model` is not what the client wrote
  config::StreamUpstream stream_upstream = config::StreamUpstream::automatic;
  bool known = false;  // named by the configuration or listed by its provider, not only asked
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

  // In this order (INTERFACES.md section 2): a `models` entry; `provider/model`; the one provider
  // whose list has it; the one provider whose list is unknown and who speaks the client's dialect.
  // Only providers of the client's own family serve in this version: nothing is translated.
  std::expected<Target, Unresolved> resolve(std::string_view asked, codec::Family family,
                                            const ModelLists& lists, NameFilter visible = {}) const;

  // For operations that need not name a model: the one provider of the family.
  std::expected<Target, Unresolved> resolve_without_model(codec::Family family) const;

  // Everything that `resolve` would find for this family, sorted: entries, then what providers
  // list, as `provider/model` where several list the same name.
  std::vector<Listed> list(codec::Family family, const ModelLists& lists) const;

 private:
  struct Entry {
    std::size_t provider = 0;
    std::string_view model;
    config::StreamUpstream stream_upstream;
  };
  using Providers = std::vector<std::size_t>;

  bool serves(std::size_t provider, codec::Family family) const;
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
  std::expected<Target, Unresolved> by_list(std::string_view asked, codec::Family family,
                                            const ModelLists& lists, NameFilter visible) const;

  const config::Config& config_;
  std::unordered_map<std::string_view, Entry> entries_;  // keys live in the configuration
  std::unordered_map<std::string_view, std::size_t> providers_;
};

// "sim", "sim-fast", "sim-t400-d5": what the simulated provider answers to.
bool is_simulated_model(std::string_view model);

}  // namespace recloser::route
