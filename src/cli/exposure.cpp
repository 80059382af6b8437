#include "cli/exposure.h"

#include "auth/holders.h"
#include "auth/model_patterns.h"
#include "auth/principal.h"
#include "budget/compile.h"
#include "price/cost.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using budget::Budget;
using budget::KeyPart;
using budget::Unit;
using budget::WindowType;

constexpr std::uint64_t million = 1'000'000;

// What the dearest of the models costs that somebody may ask for. A model without a price adds
// nothing: a limit in USD refuses it.
struct Dearest {
  NanoUsd million_tokens;
  std::optional<NanoUsd> call = NanoUsd{};  // nothing: one of them has no bound

  void take(const price::Priced& priced, WallTime at) {
    std::optional<NanoUsd> input =
        price::upper_bound(priced, price::Bound{.input_tokens = million}, at);
    std::optional<NanoUsd> both = price::upper_bound(
        priced, price::Bound{.input_tokens = million, .output_tokens = million}, at);
    if (!input || !both) return;
    million_tokens = std::max({million_tokens, *input, *both - *input});
    price::Limits limits = priced.limits();
    std::uint64_t output = limits.output != 0 ? limits.output : limits.context;
    std::optional<NanoUsd> all = price::upper_bound(
        priced, price::Bound{.input_tokens = limits.context, .output_tokens = output}, at);
    if (limits.context == 0 || !all) call = std::nullopt;
    if (call) call = std::max(*call, *all);
  }

  std::optional<NanoUsd> of(Unit unit, budget::Amount limit) const {
    switch (unit) {
      case Unit::usd:
        return NanoUsd{limit};
      case Unit::tokens:
        return times(million_tokens, limit, million);
      case Unit::requests:
        if (call) return times(*call, limit, 1);
        return std::nullopt;
      case Unit::input_tokens:  // the other half has no bound
      case Unit::output_tokens:
      case Unit::tool_calls:
      case Unit::seconds:
      case Unit::calls:
        return std::nullopt;
    }
    std::unreachable();
  }

  // Rounded up.
  static NanoUsd times(NanoUsd price, budget::Amount count, std::uint64_t per) {
    __extension__ using Wide = __int128;
    Wide sum = (static_cast<Wide>(price.count) * count + static_cast<Wide>(per) - 1) /
               static_cast<Wide>(per);
    return {static_cast<std::int64_t>(std::min<Wide>(sum, INT64_MAX))};
  }
};

// All that a provider's price list has, and the names that the configuration gives.
Dearest dearest_of(const config::Config& config, const price::Catalogue& prices,
                   const auth::ModelPatterns& allowed, WallTime at) {
  Dearest dearest;
  for (const config::Provider& provider : config.providers) {
    price::Place place = prices.place_of(provider);
    auto take = [&](std::string_view asked, std::string_view model) {
      bool may = allowed.allow(asked) || allowed.allow(fmt::format("{}/{}", provider.name, asked));
      if (may) dearest.take(prices.find(place, model), at);
    };
    for (const config::Model& model : config.models) {
      for (const config::Target& target : model.targets) {
        if (target.provider == provider.name) take(model.name, target.model);
      }
    }
    if (place.provider == price::Place::none) continue;
    for (const price::Entry& entry : prices.providers()[place.provider].entries) {
      take(entry.model, entry.model);
    }
  }
  return dearest;
}

// From the shortest to the longest; those without an end last.
int length_of(const budget::Window& window) {
  switch (window.type) {
    case WindowType::rate:
      return 0;
    case WindowType::calendar:
      return 1 + static_cast<int>(window.period);
    case WindowType::rolling:
      return window.duration <= 24h ? 1 : 4;
    case WindowType::session:
      return 5;
    case WindowType::total:
      return 6;
  }
  std::unreachable();
}

std::string name_of(const budget::Window& window) {
  if (window.type == WindowType::calendar) return std::string(budget::name_of(window.period));
  if (window.type == WindowType::rolling) return human_duration(window.duration);
  return std::string(budget::name_of(window.type));
}

bool stops_calls(const Budget& budget) { return budget.reserve != budget::Reserve::none; }

// Of one scope, from the limits that hold for every call of it.
class Adding {
 public:
  explicit Adding(Dearest dearest) : dearest_(dearest) {}

  void add(const Budget& budget) {
    if (!stops_calls(budget)) return;
    std::optional<NanoUsd> usd = dearest_.of(budget.unit, budget.limit);
    if (!usd) return;
    found_.emplace_back(length_of(budget.window),
                        Bite{.usd = *usd, .by = budget.name, .over = name_of(budget.window)});
  }

  // The least in each window; none that a longer one makes impossible anyway is told twice.
  Exposure exposure(std::string scope) {
    std::ranges::sort(found_, [](const auto& a, const auto& b) {
      return std::tie(a.first, a.second.usd) < std::tie(b.first, b.second.usd);
    });
    Exposure exposure{.scope = std::move(scope), .per_minute = {}, .until = {}};
    for (auto& [length, bite] : found_) {
      if (!exposure.per_minute || bite.usd < exposure.per_minute->usd) exposure.per_minute = bite;
      bool known = length == 0 || std::ranges::any_of(exposure.until, [&](const Bite& other) {
                     return other.over == bite.over;
                   });
      if (!known) exposure.until.push_back(bite);
    }
    return exposure;
  }

 private:
  Dearest dearest_;
  std::vector<std::pair<int, Bite>> found_;
};

// Whose calls, and what all of them have in common: all of a key, of an org, a team or a user, or
// of each user of an org or a team.
struct Who {
  std::string scope;
  auth::Principal principal;
  bool of_key = false;  // what it leaves open is open in each of its calls
  bool each_user = false;

  std::string_view value(KeyPart part) const {
    switch (part) {
      case KeyPart::key:
        return principal.key_id;
      case KeyPart::org:
        return principal.org;
      case KeyPart::team:
        return principal.team;
      case KeyPart::user:
        return principal.user;
      case KeyPart::agent:
        return principal.agent;
      default:  // a caller may say what it likes
        return {};
    }
  }
  // Whether all of these calls have the same there, whatever their clients say.
  bool is_one(KeyPart part) const {
    switch (part) {
      case KeyPart::key:
        return of_key;
      case KeyPart::org:
        return of_key || each_user || !principal.org.empty();
      case KeyPart::team:
        return of_key || !principal.team.empty();
      case KeyPart::user:
        return each_user || !principal.user.empty();
      default:
        return !value(part).empty();
    }
  }
};

// Whether all of these calls fall under one account of the budget.
bool holds_for(const Budget& budget, const Who& who) {
  for (const Budget::Filter& filter : budget.only) {
    if (filter.value.empty() || who.value(filter.what) != filter.value) return false;
  }
  for (KeyPart part : {KeyPart::team, KeyPart::user}) {
    if (budget.except.contains(part, who.value(part))) return false;
  }
  return std::ranges::all_of(budget.key,
                             [&](const Budget::Part& part) { return who.is_one(part.what); });
}

Result<Who> who_of(const config::Key& key, const auth::Holders& holders) {
  Who who{.scope = "key " + key.id,
          .principal = {.key_id = key.id,
                        .org = key.org,
                        .team = key.team,
                        .user = key.user,
                        .agent = key.agent,
                        .plan = {},
                        .labels = {},
                        .models = auth::ModelPatterns(key.models)},
          .of_key = true};
  Result<auth::Place> place = holders.complete(who.principal);
  if (!place) return fail(place.error());
  return who;
}

std::string scope_of(const config::Holder& holder) {
  std::string org = holder.org.empty() ? std::string() : holder.org + "/";
  return fmt::format("{} {}{}", config::name_of(*holder.kind), org, holder.name);
}

// Models of a User are for keys that name it; a header that names it has those of its own key.
Result<Who> who_of(const config::Holder& holder, const auth::Holders& holders) {
  Who who{.scope = scope_of(holder), .principal = {}};
  auth::Principal& all = who.principal;
  all.org = holder.is(config::HolderKind::org) ? holder.name : holder.org;
  if (holder.is(config::HolderKind::user)) {
    all.user = holder.name;
    return who;
  }
  if (holder.is(config::HolderKind::team)) all.team = holder.name;
  Result<auth::Place> place = holders.complete(all);
  if (!place) return fail(place.error());
  return who;
}

bool says_anything(const config::UserDefaults& defaults) {
  return !defaults.budgets.empty() || defaults.rpm || defaults.tpm || defaults.concurrency;
}

// Told under those whose limit it is.
bool is_of_holder(const Budget& budget) {
  std::string_view kind = std::string_view(budget.name).substr(0, budget.name.find('/'));
  if (kind == budget.name) return false;  // a document
  return kind == "key" || kind == "org" || kind == "team" || kind == "user" || kind == "users";
}

std::string each_of(const Budget& budget) {
  std::string parts;
  for (const Budget::Part& part : budget.key) {
    if (!parts.empty()) parts += ", ";
    parts += part.label.empty() ? std::string(budget::name_of(part.what)) : "label " + part.label;
  }
  std::string scope = budget.key.empty() ? "all calls" : "each " + parts;
  for (const Budget::Filter& filter : budget.only) {
    scope += fmt::format(", {} {}", budget::name_of(filter.what), filter.value);
  }
  return scope;
}

// Keys first, then orgs, teams and users, each in the order in which it was declared.
Result<std::vector<Who>> everybody(const config::Config& config) {
  auth::Holders holders(config.holders);
  std::vector<Who> all;
  for (const config::Key& key : config.keys) {
    Result<Who> who = who_of(key, holders);
    if (!who) return fail(who.error());
    all.push_back(std::move(*who));
  }
  for (config::HolderKind kind :
       {config::HolderKind::org, config::HolderKind::team, config::HolderKind::user}) {
    for (const config::Holder& holder : config.holders) {
      if (!holder.is(kind)) continue;
      Result<Who> who = who_of(holder, holders);
      if (!who) return fail(who.error());
      all.push_back(*who);
      if (!says_anything(holder.user_defaults)) continue;
      who->scope = "each user of " + who->scope;
      who->each_user = true;
      who->principal.models.narrow(holder.user_defaults.models);
      all.push_back(std::move(*who));
    }
  }
  return all;
}

}  // namespace

Result<std::vector<Exposure>> exposures(const config::Config& config,
                                        const price::Catalogue& prices, WallTime at) {
  Result<std::vector<std::shared_ptr<const Budget>>> budgets = budget::compile(config);
  if (!budgets) return fail(budgets.error());
  Dearest of_anybody = dearest_of(config, prices, auth::ModelPatterns(), at);
  std::vector<Exposure> all;
  Adding together(of_anybody);
  for (const auto& budget : *budgets) {
    if (budget->key.empty() && budget->only.empty()) together.add(*budget);
  }
  all.push_back(together.exposure("all calls"));
  Result<std::vector<Who>> known = everybody(config);
  if (!known) return fail(known.error());
  for (const Who& who : *known) {
    bool any_model = who.principal.models.allow_all();
    Adding adding(any_model ? of_anybody : dearest_of(config, prices, who.principal.models, at));
    for (const auto& budget : *budgets) {
      if (holds_for(*budget, who)) adding.add(*budget);
    }
    all.push_back(adding.exposure(who.scope));
  }
  // What one budget alone says of its accounts: those of one scope stand together.
  std::vector<std::pair<std::string, Adding>> scopes;
  for (const auto& budget : *budgets) {
    std::string scope = each_of(*budget);
    if (is_of_holder(*budget) || scope == "all calls") continue;
    auto found = std::ranges::find(scopes, scope, &std::pair<std::string, Adding>::first);
    if (found == scopes.end()) found = scopes.insert(found, {scope, Adding(of_anybody)});
    found->second.add(*budget);
  }
  for (auto& [scope, adding] : scopes) all.push_back(adding.exposure(scope));
  return all;
}

}  // namespace recloser::cli
