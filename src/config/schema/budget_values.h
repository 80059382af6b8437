// Values that budgets alone have: amounts, fractions, keys, time zones.
#pragma once

#include "config/budget.h"
#include "config/schema/values.h"

#include <optional>
#include <string>
#include <vector>

namespace recloser::config {

void read_value(Reading& in, const ValueRules& rules, const Node& node, Amount& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::optional<Amount>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<Fraction>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::vector<Fraction>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, KeyParts& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::vector<PartFilter>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Zone& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<BudgetUnit>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Reserve& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<WindowType>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::optional<Period>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::optional<Per>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, OnUnpriced& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, CutAt& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, FinishReason& out);

std::string show_value(const Amount& value);
std::string show_value(const std::optional<Amount>& value);
std::string show_value(std::optional<Fraction> value);
std::string show_value(const std::vector<Fraction>& value);
std::string show_value(const KeyParts& value);
std::string show_value(const std::vector<PartFilter>& value);
std::string show_value(const Zone& value);
std::string show_value(std::optional<BudgetUnit> value);
std::string show_value(Reserve value);
std::string show_value(std::optional<WindowType> value);
std::string show_value(std::optional<Period> value);
std::string show_value(std::optional<Per> value);
std::string show_value(OnUnpriced value);
std::string show_value(CutAt value);
std::string show_value(FinishReason value);

std::string type_of(const ValueRules& rules, const Amount&);
std::string type_of(const ValueRules& rules, const std::optional<Amount>&);
std::string type_of(const ValueRules& rules, std::optional<Fraction>);
std::string type_of(const ValueRules& rules, const std::vector<Fraction>&);
std::string type_of(const ValueRules& rules, const KeyParts&);
std::string type_of(const ValueRules& rules, const std::vector<PartFilter>&);
std::string type_of(const ValueRules& rules, const Zone&);
std::string type_of(const ValueRules& rules, std::optional<BudgetUnit>);
std::string type_of(const ValueRules& rules, Reserve);
std::string type_of(const ValueRules& rules, std::optional<WindowType>);
std::string type_of(const ValueRules& rules, std::optional<Period>);
std::string type_of(const ValueRules& rules, std::optional<Per>);
std::string type_of(const ValueRules& rules, OnUnpriced);
std::string type_of(const ValueRules& rules, CutAt);
std::string type_of(const ValueRules& rules, FinishReason);

// Brings `amount` to least parts of `unit`; `usd_most` is in whole dollars. What cannot be is told.
void count_amount(Reading& in, const Node& node, BudgetUnit unit, std::int64_t usd_most,
                  Amount& amount);

inline constexpr std::int64_t document_usd_max = 1'000'000'000;
inline constexpr std::int64_t allowance_usd_max = 1'000'000;  // beyond it a document is in place

}  // namespace recloser::config
