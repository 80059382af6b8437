// Values that keys and their holders alone have.
#pragma once

#include "config/holder.h"
#include "config/schema/values.h"

#include <optional>
#include <string>

namespace recloser::config {

void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<HolderKind>& out);
std::string show_value(std::optional<HolderKind> value);
std::string type_of(const ValueRules& rules, std::optional<HolderKind>);

}  // namespace recloser::config
