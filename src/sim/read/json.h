// Looking into parsed JSON without exceptions: a member is there with the type asked for, or it is
// not.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/json.hpp>

namespace recloser::sim {

using Json = boost::json::value;

// Null when `value` is no object, has no such member, or has null there.
const Json* member(const Json& value, std::string_view name);
const Json* array_member(const Json& value, std::string_view name);
const Json* object_member(const Json& value, std::string_view name);

std::string_view text_member(const Json& value, std::string_view name);  // "" when absent
std::optional<std::uint64_t> integer_member(const Json& value, std::string_view name);
std::optional<double> number_member(const Json& value, std::string_view name);

// The value as a whole number: 5 and 5.0 are, "5", -5 and 5.5 are not.
std::optional<std::int64_t> whole_number(const Json& value);

}  // namespace recloser::sim
