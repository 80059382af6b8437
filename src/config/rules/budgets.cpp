// What no single field of a budget can say.
#include "config/budget_kind.h"
#include "config/rules/rules.h"
#include "config/schema/budget_values.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::uint32_t grace_tokens_default = 64;

void refuse(Reading& in, const Node& node, std::string_view field, std::string_view why) {
  const Node* written_field = node.find(field);
  if (written_field == nullptr) return;
  Reading::Step step(in, field);
  in.error(*written_field, fmt::format("has no meaning {}; remove it", why));
}

void require(Reading& in, const Node& node, std::string_view field, std::string_view what,
             std::string_view example) {
  if (node.find(field) != nullptr) return;
  Reading::Step step(in, field);
  in.error(node, fmt::format("is required in a {} window; write {}: {}", what, field, example));
}

struct WindowField {
  std::string_view name;
  WindowType of;
};
constexpr WindowField window_fields[] = {{"period", WindowType::calendar},
                                         {"timezone", WindowType::calendar},
                                         {"duration", WindowType::rolling},
                                         {"idleTimeout", WindowType::session},
                                         {"maxAge", WindowType::session}};

void judge_window(Reading& in, const Node& spec, const BudgetWindow& window) {
  const Node* node = spec.find("window");
  if (node == nullptr || !window.type) return;
  Reading::Step step(in, "window");
  std::string type = show_value(window.type);
  for (const WindowField& field : window_fields) {
    if (field.of != *window.type) {
      refuse(in, *node, field.name, fmt::format("in a {} window", type));
    }
  }
  switch (*window.type) {
    case WindowType::calendar:
      require(in, *node, "period", type, "day");
      return require(in, *node, "timezone", type, "UTC");
    case WindowType::rolling:
      return require(in, *node, "duration", type, "24h");
    case WindowType::session:
      if (node->find("maxAge") == nullptr) require(in, *node, "idleTimeout", type, "30m");
      return;
    case WindowType::total:
      return;
  }
  std::unreachable();
}

// A call whose row could not say what it took would be refused: better before the start.
void judge_key(Reading& in, const Node& spec, const Budget& budget) {
  const Node* node = spec.find("key");
  if (node == nullptr || !budget.window.type) return;
  std::size_t bytes = show_value(budget.window.type).size();
  for (const std::string& name : budget.key.names) bytes += 1 + name.size();
  if (bytes <= budget_kind_bytes_max) return;
  Reading::Step step(in, "key");
  in.error(*node, fmt::format("is {} bytes with the type of its window; the ledger keeps {}: name "
                              "fewer labels, or shorter ones",
                              bytes, budget_kind_bytes_max));
}

void judge_mode(Reading& in, const Node& spec, const Budget& budget) {
  if (budget.reserve != Reserve::elastic) refuse(in, spec, "slice", "without reserve: elastic");
  if (budget.reserve != Reserve::clamp && !budget.degrade_at) {
    refuse(in, spec, "clampFloor", "without reserve: clamp or degradeAt");
  }
  if (budget.unit && *budget.unit != BudgetUnit::usd) {
    refuse(in, spec, "onUnpriced", "where money is not counted");
  }
}

void complete_cut(Reading& in, const Node& spec, Reserve reserve, OnExhausted& cut) {
  const Node* node = spec.find("onExhausted");
  if (node == nullptr) return;
  Reading::Step step(in, "onExhausted");
  // Only there is something held ahead, slice by slice, of which a sentence could have more.
  if (cut.at == CutAt::sentence && reserve != Reserve::elastic) {
    Reading::Step at(in, "at");
    in.error(*node->find("at"), "is sentence only with reserve: elastic; write now, or remove it");
  }
  if (cut.at == CutAt::now) {
    refuse(in, *node, "graceTokens", "without at: sentence");
  } else if (!cut.grace_tokens) {
    cut.grace_tokens = grace_tokens_default;
  }
  if (cut.note != "none" || cut.finish_reason != FinishReason::stop) return;
  Reading::Step note(in, "note");
  in.error(*node->find("note"),
           "cannot be none with finishReason: stop: nobody would see that the answer was cut");
}

// ---- the short form ----

struct AllowanceUnit {
  std::string_view field;
  BudgetUnit unit;
  std::optional<Amount> Allowance::* amount;
};
constexpr AllowanceUnit allowance_units[] = {
    {"usd", BudgetUnit::usd, &Allowance::usd},
    {"tokens", BudgetUnit::tokens, &Allowance::tokens},
    {"requests", BudgetUnit::requests, &Allowance::requests},
};

void complete_allowance(Reading& in, const Node& node, Allowance& allowance) {
  if (node.kind != Node::Kind::map) return;
  std::size_t units = 0;
  for (const AllowanceUnit& unit : allowance_units) {
    const Node* amount = node.find(unit.field);
    if (amount == nullptr) continue;
    ++units;
    std::optional<Amount>& value = allowance.*unit.amount;
    Reading::Step step(in, unit.field);
    if (value) count_amount(in, *amount, unit.unit, allowance_usd_max, *value);
  }
  if (units == 1) return;
  in.error(node, units == 0 ? "must have one of usd, tokens and requests"
                            : "must have only one of usd, tokens and requests; write a list of "
                              "several");
}

}  // namespace

void complete_allowances_of(Reading& in, const Node& owner, std::vector<Allowance>& budgets) {
  const Node* node = owner.find("budget");
  if (node == nullptr || budgets.empty()) return;
  Reading::Step step(in, "budget");
  if (node->kind == Node::Kind::map) return complete_allowance(in, *node, budgets.front());
  std::set<std::pair<std::string_view, std::optional<Per>>> seen;
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    Reading::Step one(in, i);
    Allowance& allowance = budgets[i];
    complete_allowance(in, node->items[i], allowance);
    for (const AllowanceUnit& unit : allowance_units) {
      if (!(allowance.*unit.amount) || !allowance.per) continue;
      if (seen.emplace(unit.field, allowance.per).second) continue;
      in.error(node->items[i], fmt::format("is the second budget in {} per {}", unit.field,
                                           name_of(*allowance.per)));
    }
  }
}

namespace {

void judge_rate_limits(Reading& in, const Node& root, const Config& config) {
  const Node* all = root.find("rateLimits");
  if (all == nullptr || all->kind != Node::Kind::list) return;
  std::set<std::string_view> names;
  Reading::Step step(in, "rateLimits");
  for (std::size_t i = 0; i < std::min(all->items.size(), config.rate_limits.size()); ++i) {
    const RateLimit& limit = config.rate_limits[i];
    const Node& node = all->items[i];
    if (node.kind != Node::Kind::map) continue;
    Reading::Step one(in, i);
    if (!limit.name.empty() && !names.insert(limit.name).second) {
      Reading::Step name(in, "name");
      in.error(*node.find("name"), fmt::format("is {}, which another already has", limit.name));
    }
    auto has = [&node](std::string_view field) { return node.find(field) != nullptr; };
    if (has("rpm") || has("tpm") || has("concurrency")) continue;
    in.error(node, "must have one of rpm, tpm and concurrency");
  }
}

}  // namespace

void complete_budget(Reading& in, const Node& node, Budget& budget) {
  const Node* spec = node.find("spec");
  if (spec == nullptr || spec->kind != Node::Kind::map) return;
  Reading::Step step(in, "spec");
  if (const Node* limit = spec->find("limit"); limit != nullptr && budget.unit) {
    Reading::Step of_limit(in, "limit");
    bool was_read = !budget.limit.text.empty();
    if (was_read) count_amount(in, *limit, *budget.unit, document_usd_max, budget.limit);
  }
  judge_window(in, *spec, budget.window);
  judge_key(in, *spec, budget);
  judge_mode(in, *spec, budget);
  complete_cut(in, *spec, budget.reserve, budget.on_exhausted);
}

void complete_allowances(Reading& in, const Node& root, Config& config) {
  const Node* keys = root.find("keys");
  if (keys != nullptr && keys->kind == Node::Kind::list) {
    Reading::Step step(in, "keys");
    for (std::size_t i = 0; i < std::min(keys->items.size(), config.keys.size()); ++i) {
      Reading::Step one(in, i);
      complete_allowances_of(in, keys->items[i], config.keys[i].budgets);
    }
  }
  judge_rate_limits(in, root, config);
}

}  // namespace recloser::config
