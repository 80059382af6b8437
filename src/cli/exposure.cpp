#include "cli/exposure.h"

#include "auth/model_patterns.h"
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
      const config::Target& target = model.targets.front();
      if (target.provider == provider.name) take(model.name, target.model);
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

// Whether all calls of this key fall under one account of the budget, whatever their clients say.
bool holds_for(const Budget& budget, const config::Key& key) {
  for (const Budget::Filter& filter : budget.only) {
    if (filter.what != KeyPart::key || filter.value != key.id) return false;
  }
  return std::ranges::all_of(budget.key, [&](const Budget::Part& part) {
    switch (part.what) {
      case KeyPart::org:
      case KeyPart::team:
      case KeyPart::key:
        return true;
      case KeyPart::user:
        return !key.user.empty();
      case KeyPart::agent:
        return !key.agent.empty();
      default:  // a caller may say what it likes
        return false;
    }
  });
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
  for (const config::Key& key : config.keys) {
    Adding adding(dearest_of(config, prices, auth::ModelPatterns(key.models), at));
    for (const auto& budget : *budgets) {
      if (holds_for(*budget, key)) adding.add(*budget);
    }
    all.push_back(adding.exposure("key " + key.id));
  }
  // What one budget alone says of its accounts: those of one scope stand together.
  std::vector<std::pair<std::string, Adding>> scopes;
  for (const auto& budget : *budgets) {
    bool of_a_key =
        std::ranges::find(budget->only, KeyPart::key, &Budget::Filter::what) != budget->only.end();
    std::string scope = each_of(*budget);
    if (of_a_key || scope == "all calls") continue;
    auto known = std::ranges::find(scopes, scope, &std::pair<std::string, Adding>::first);
    if (known == scopes.end()) known = scopes.insert(known, {scope, Adding(of_anybody)});
    known->second.add(*budget);
  }
  for (auto& [scope, adding] : scopes) all.push_back(adding.exposure(scope));
  return all;
}

}  // namespace recloser::cli
