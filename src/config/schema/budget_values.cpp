#include "config/schema/budget_values.h"

#include "config/schema/choice.h"
#include "core/money.h"

#include <algorithm>
#include <array>
#include <date/tz.h>
#include <exception>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr Choice units[] = {{"usd", static_cast<int>(BudgetUnit::usd)},
                            {"tokens", static_cast<int>(BudgetUnit::tokens)},
                            {"input_tokens", static_cast<int>(BudgetUnit::input_tokens)},
                            {"output_tokens", static_cast<int>(BudgetUnit::output_tokens)},
                            {"requests", static_cast<int>(BudgetUnit::requests)},
                            {"tool_calls", static_cast<int>(BudgetUnit::tool_calls)},
                            {"seconds", static_cast<int>(BudgetUnit::seconds)}};
constexpr Choice reserves[] = {{"clamp", static_cast<int>(Reserve::clamp)},
                               {"upper_bound", static_cast<int>(Reserve::upper_bound)},
                               {"elastic", static_cast<int>(Reserve::elastic)},
                               {"none", static_cast<int>(Reserve::none)}};
constexpr Choice window_types[] = {{"calendar", static_cast<int>(WindowType::calendar)},
                                   {"rolling", static_cast<int>(WindowType::rolling)},
                                   {"session", static_cast<int>(WindowType::session)},
                                   {"total", static_cast<int>(WindowType::total)}};
constexpr Choice pers[] = {{"hour", static_cast<int>(Per::hour)},
                           {"day", static_cast<int>(Per::day)},
                           {"week", static_cast<int>(Per::week)},
                           {"month", static_cast<int>(Per::month)},
                           {"total", static_cast<int>(Per::total)}};
static_assert(static_cast<int>(Per::month) == static_cast<int>(Period::month));
constexpr std::span periods = std::span(pers).first(4);
constexpr Choice on_unpriced[] = {{"deny", static_cast<int>(OnUnpriced::deny)},
                                  {"alert", static_cast<int>(OnUnpriced::alert)}};
constexpr Choice cuts[] = {{"now", static_cast<int>(CutAt::now)},
                           {"sentence", static_cast<int>(CutAt::sentence)}};
constexpr Choice finish_reasons[] = {
    {"length", static_cast<int>(FinishReason::length)},
    {"content_filter", static_cast<int>(FinishReason::content_filter)},
    {"stop", static_cast<int>(FinishReason::stop)}};

// ---- what accounts are kept by ----

constexpr std::array<std::string_view, 10> parts{"org",     "team",  "user",  "agent",    "key",
                                                 "session", "trace", "model", "provider", "target"};
constexpr std::string_view label_prefix = "label:";

// As policies call the same things.
struct Spelling {
  std::string_view written, means;
};
constexpr Spelling spellings[] = {
    {"principal.org", "org"},     {"principal.team", "team"}, {"principal.user", "user"},
    {"principal.agent", "agent"}, {"principal.key", "key"},   {"session.id", "session"},
    {"trace.id", "trace"},        {"request.model", "model"}, {"request.provider", "provider"},
};
// A filter is about who calls and what is asked for; a session or a trace is nobody's to name
// ahead.
constexpr std::array<std::string_view, 9> filters{"org",   "team",     "user",   "agent", "key",
                                                  "model", "provider", "target", "label"};

std::string listed(std::span<const std::string_view> names, std::string_view last) {
  return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

void refuse_part(Reading& in, const Node& node, std::string_view text) {
  std::vector<std::string_view> known(parts.begin(), parts.end());
  known.push_back(label_prefix);
  for (const Spelling& spelling : spellings) known.push_back(spelling.written);
  std::string meant = in.findings().full() ? "" : meant_by(text, known);
  if (meant == label_prefix) meant = "label:NAME";
  in.wrong(node, fmt::format("be {}", listed(parts, "label:NAME")) +
                     (meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
}

std::optional<std::string> read_part(Reading& in, const Node& node) {
  std::optional<std::string> text = in.scalar(node, listed(parts, "label:NAME"));
  if (!text) return std::nullopt;
  for (const Spelling& spelling : spellings) {
    if (*text == spelling.written) return std::string(spelling.means);
  }
  if (text->starts_with(label_prefix)) {
    std::string fault =
        text_fault(Text::label, std::string_view(*text).substr(label_prefix.size()));
    if (fault.empty()) return text;
    in.error(node, fmt::format("names a label, which {}", fault));
    return std::nullopt;
  }
  if (std::ranges::find(parts, *text) != parts.end()) return text;
  refuse_part(in, node, *text);
  return std::nullopt;
}

std::optional<PartFilter> read_filter(Reading& in, const Node::Key& key, const Node& node) {
  Reading::Step step(in, key.text);
  std::span all = std::span(filters);
  if (std::ranges::find(filters, key.text) == filters.end()) {
    in.error(key.place, fmt::format("is nothing that is told apart here; write {}",
                                    listed(all.first(all.size() - 1), all.back())));
    return std::nullopt;
  }
  std::optional<std::string> text = in.scalar(node, "text");
  if (!text) return std::nullopt;
  bool of_model = key.text == "model" || key.text == "target";
  std::string fault = text_fault(of_model ? Text::word : Text::words, *text);
  if (fault.empty()) return PartFilter{.part = key.text, .value = std::move(*text)};
  in.error(node, fault);
  return std::nullopt;
}

// ---- fractions and amounts ----

constexpr unsigned fraction_places = 6;
constexpr std::string_view fraction_range = "0.000001..1 with at most 6 places";

std::optional<Fraction> read_fraction(Reading& in, const Node& node) {
  std::optional<std::string> text = in.scalar(node, fraction_range);
  if (!text) return std::nullopt;
  Result<std::int64_t> number = parse_decimal(*text, fraction_places);
  if (number && *number > 0 && *number <= 1'000'000) {
    return Fraction{static_cast<std::uint32_t>(*number)};
  }
  in.wrong(node, fmt::format("be {}", fraction_range));
  return std::nullopt;
}

std::string text_of(Fraction fraction) {
  if (fraction.per_million == 1'000'000) return "1";
  std::string text = fmt::format("0.{:06}", fraction.per_million);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

constexpr std::int64_t count_max = 1'000'000'000'000'000;  // tokens, requests, ..
constexpr std::int64_t seconds_max = 1'000'000'000;

struct UnitRules {
  unsigned places;
  std::int64_t one;   // in least parts: 10^places
  std::int64_t most;  // in whole units
};
UnitRules rules_of(BudgetUnit unit, std::int64_t usd_most) {
  switch (unit) {
    case BudgetUnit::usd:
      return {9, nano_usd_per_usd, usd_most};
    case BudgetUnit::seconds:
      return {3, 1000, seconds_max};
    case BudgetUnit::tokens:
    case BudgetUnit::input_tokens:
    case BudgetUnit::output_tokens:
    case BudgetUnit::requests:
    case BudgetUnit::tool_calls:
      return {0, 1, count_max};
  }
  return {};
}

// The same text read with more places than any unit has: is it a number at all?
bool is_number(std::string_view text) { return parse_decimal_rounded(text, 0).has_value(); }

bool zone_exists(const std::string& name) {
  try {
    return date::locate_zone(name) != nullptr;
  } catch (const std::exception&) {
    return false;
  }
}

std::string zone_meant_by(std::string_view name) {
  try {
    std::vector<std::string_view> known;
    for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
    return meant_by(name, known);
  } catch (const std::exception&) {
    return "";
  }
}

}  // namespace

void count_amount(Reading& in, const Node& node, BudgetUnit unit, std::int64_t usd_most,
                  Amount& amount) {
  UnitRules rules = rules_of(unit, usd_most);
  Result<std::int64_t> count = parse_decimal(amount.text, rules.places);
  if (count && *count >= 0 && *count <= rules.most * rules.one) {
    amount.count = *count;
  } else if (count) {
    in.wrong(node, fmt::format("be 0..{}", rules.most));
  } else if (!is_number(amount.text)) {
    in.wrong(node, fmt::format("be a number, 0..{}", rules.most));
  } else if (rules.places == 0) {
    in.wrong(node, fmt::format("be a whole number, 0..{}", rules.most));
  } else {
    in.wrong(node, fmt::format("be 0..{} with at most {} places", rules.most, rules.places));
  }
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, Amount& out) {
  std::optional<Amount> amount;
  read_value(in, rules, node, amount);
  if (amount) out = std::move(*amount);
}
void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<Amount>& out) {
  std::optional<std::string> text = in.scalar(node, "a number");
  if (!text) return;
  if (text->empty()) return in.wrong(node, "be a number");
  out = Amount{.text = std::move(*text)};
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<Fraction>& out) {
  if (std::optional<Fraction> fraction = read_fraction(in, node)) out = fraction;
}

void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::vector<Fraction>& out) {
  auto size = static_cast<std::int64_t>(node.items.size());
  if (node.kind != Node::Kind::list) {
    return in.wrong(node, fmt::format("be a list such as {}", rules.example));
  }
  if (size > rules.bounds.most) {
    return in.error(node, fmt::format("must hold {}..{} entries; you wrote {}", rules.bounds.least,
                                      rules.bounds.most, size));
  }
  std::vector<Fraction> all;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Reading::Step step(in, i);
    std::optional<Fraction> fraction = read_fraction(in, node.items[i]);
    if (!fraction) continue;
    if (!all.empty() && *fraction <= all.back()) {
      in.wrong(node.items[i], fmt::format("be more than the one before, {}", text_of(all.back())));
    } else {
      all.push_back(*fraction);
    }
  }
  out = std::move(all);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, KeyParts& out) {
  if (node.kind != Node::Kind::list) {
    return in.wrong(node, fmt::format("be a list such as {}", rules.example));
  }
  if (static_cast<std::int64_t>(node.items.size()) > rules.bounds.most) {
    return in.error(node, fmt::format("must hold at most {} entries; you wrote {}",
                                      rules.bounds.most, node.items.size()));
  }
  KeyParts all;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Reading::Step step(in, i);
    std::optional<std::string> part = read_part(in, node.items[i]);
    if (!part) continue;
    if (std::ranges::find(all.names, *part) != all.names.end()) {
      in.error(node.items[i], fmt::format("is {}, which stands here already", *part));
    } else {
      all.names.push_back(std::move(*part));
    }
  }
  out = std::move(all);
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::vector<PartFilter>& out) {
  if (node.kind != Node::Kind::map) {
    return in.wrong(node, "be a map such as {model: gpt-4o}");
  }
  std::vector<PartFilter> all;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    std::optional<PartFilter> filter = read_filter(in, node.keys[i], node.items[i]);
    if (filter) all.push_back(std::move(*filter));
  }
  out = std::move(all);
}

void read_value(Reading& in, const ValueRules&, const Node& node, Zone& out) {
  std::string_view wanted = "the name of a time zone such as UTC or Europe/Berlin";
  std::optional<std::string> text = in.scalar(node, wanted);
  if (!text) return;
  if (zone_exists(*text)) {
    out.name = std::move(*text);
    return;
  }
  std::string meant = in.findings().full() ? "" : zone_meant_by(*text);
  in.error(node, fmt::format("must be {}; no zone that is known here is called {}{}", wanted,
                             written(node),
                             meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<BudgetUnit>& out) {
  read_choice(in, node, units, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, Reserve& out) {
  read_choice(in, node, reserves, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<WindowType>& out) {
  read_choice(in, node, window_types, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<Period>& out) {
  read_choice(in, node, periods, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<Per>& out) {
  read_choice(in, node, pers, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, OnUnpriced& out) {
  read_choice(in, node, on_unpriced, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, CutAt& out) {
  read_choice(in, node, cuts, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, FinishReason& out) {
  read_choice(in, node, finish_reasons, out);
}

namespace {

template <class Enum>
std::string chosen(std::span<const Choice> choices, std::optional<Enum> value) {
  return value ? std::string(name_in(choices, static_cast<int>(*value))) : "";
}

}  // namespace

std::string show_value(const Amount& value) { return value.text; }
std::string show_value(const std::optional<Amount>& value) { return value ? value->text : ""; }
std::string show_value(std::optional<Fraction> value) { return value ? text_of(*value) : ""; }
std::string show_value(const std::vector<Fraction>& value) {
  std::vector<std::string> texts;
  for (Fraction fraction : value) texts.push_back(text_of(fraction));
  return texts.empty() ? "" : fmt::format("[{}]", fmt::join(texts, ", "));
}
std::string show_value(const KeyParts& value) { return show_value(value.names); }
std::string show_value(const std::vector<PartFilter>& value) {
  std::vector<std::string> texts;
  for (const PartFilter& filter : value) texts.push_back(filter.part + ": " + filter.value);
  return texts.empty() ? "" : fmt::format("{{{}}}", fmt::join(texts, ", "));
}
std::string show_value(const Zone& value) { return value.name; }
std::string show_value(std::optional<BudgetUnit> value) { return chosen(units, value); }
std::string show_value(Reserve value) { return chosen(reserves, std::optional(value)); }
std::string show_value(std::optional<WindowType> value) { return chosen(window_types, value); }
std::string show_value(std::optional<Period> value) { return chosen(periods, value); }
std::string show_value(std::optional<Per> value) { return chosen(pers, value); }
std::string show_value(OnUnpriced value) { return chosen(on_unpriced, std::optional(value)); }
std::string show_value(CutAt value) { return chosen(cuts, std::optional(value)); }
std::string show_value(FinishReason value) { return chosen(finish_reasons, std::optional(value)); }

std::string_view name_of(BudgetUnit unit) { return name_in(units, static_cast<int>(unit)); }
std::string_view name_of(Per per) { return name_in(pers, static_cast<int>(per)); }

std::string type_of(const ValueRules&, const Amount&) {
  return fmt::format(
      "number: USD 0..{} with at most 9 places, seconds 0..{} with 3, else whole, "
      "0..{}",
      document_usd_max, seconds_max, count_max);
}
std::string type_of(const ValueRules& rules, const std::optional<Amount>&) {
  return rules.bounds.most == allowance_usd_max
             ? fmt::format("USD, 0..{} with at most 9 places", allowance_usd_max)
             : fmt::format("whole number, 0..{}", count_max);
}
std::string type_of(const ValueRules&, std::optional<Fraction>) {
  return std::string(fraction_range);
}
std::string type_of(const ValueRules& rules, const std::vector<Fraction>&) {
  return fmt::format("list of at most {}, ascending; each {}", rules.bounds.most, fraction_range);
}
std::string type_of(const ValueRules&, const KeyParts&) {
  return fmt::format("list of {}", listed(parts, "label:NAME"));
}
std::string type_of(const ValueRules&, const std::vector<PartFilter>&) {
  std::span all = std::span(filters);
  return fmt::format("map of {} to a value", listed(all.first(all.size() - 1), all.back()));
}
std::string type_of(const ValueRules&, const Zone&) { return "name of the IANA data base"; }
std::string type_of(const ValueRules&, std::optional<BudgetUnit>) { return list_of(units); }
std::string type_of(const ValueRules&, Reserve) { return list_of(reserves); }
std::string type_of(const ValueRules&, std::optional<WindowType>) { return list_of(window_types); }
std::string type_of(const ValueRules&, std::optional<Period>) { return list_of(periods); }
std::string type_of(const ValueRules&, std::optional<Per>) { return list_of(pers); }
std::string type_of(const ValueRules&, OnUnpriced) { return list_of(on_unpriced); }
std::string type_of(const ValueRules&, CutAt) { return list_of(cuts); }
std::string type_of(const ValueRules&, FinishReason) { return list_of(finish_reasons); }

}  // namespace recloser::config
