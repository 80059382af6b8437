// Answers of the admin API: JSON, looked into without exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace recloser::cli {

using Json = boost::json::value;

std::optional<Json> parse_json(std::string_view text);

// The member, or null when it is not there, is null, or `object` is none.
const Json* member(const Json& object, std::string_view name);
// "" or nothing when the member is not there or of another kind. Control characters, which could
// steer a terminal, become '?'.
std::string text(const Json& object, std::string_view name);
std::optional<std::int64_t> whole(const Json& object, std::string_view name);
std::optional<double> number(const Json& object, std::string_view name);
bool truth(const Json& object, std::string_view name);
// "a,b" of a list of strings.
std::string joined(const Json& object, std::string_view name);
// A string inside an object inside `object`, as it came.
std::string_view text_at(const Json& object, std::string_view outer, std::string_view inner);

}  // namespace recloser::cli
