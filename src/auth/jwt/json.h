// What tokens, key sets and discovery documents need of JSON: an object, and what its members are.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json/fwd.hpp>

namespace recloser::auth::jwt {

// Nothing when the text is no JSON object, not UTF-8, or nested deeper than anything honest. Of two
// members of one name the last holds.
std::optional<boost::json::object> parse_object(std::string_view text);

// Null when there is no such member.
const boost::json::value* member(const boost::json::object& object, std::string_view name);
// "" when there is no such member, or it is no text.
std::string_view text_member(const boost::json::object& object, std::string_view name);

std::string_view view(const boost::json::string& text);

}  // namespace recloser::auth::jwt
