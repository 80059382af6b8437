// Values that only whose tokens are taken has: claims, audiences, algorithms, where keys lie.
#pragma once

#include "config/identity.h"
#include "config/schema/values.h"

#include <optional>
#include <string>
#include <vector>

namespace recloser::config {

void read_value(Reading& in, const ValueRules& rules, const Node& node, ClaimPath& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Audience& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::vector<TokenAlgorithm>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<KeysUrl>& out);

std::string show_value(const ClaimPath& value);
std::string show_value(const Audience& value);
std::string show_value(const std::vector<TokenAlgorithm>& value);
std::string show_value(const std::optional<KeysUrl>& value);

std::string type_of(const ValueRules& rules, const ClaimPath&);
std::string type_of(const ValueRules& rules, const Audience&);
std::string type_of(const ValueRules& rules, const std::vector<TokenAlgorithm>&);
std::string type_of(const ValueRules& rules, const std::optional<KeysUrl>&);

}  // namespace recloser::config
