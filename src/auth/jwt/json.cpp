#include "auth/jwt/json.h"

#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace recloser::auth::jwt {
namespace {

constexpr std::size_t depth_max = 16;

}  // namespace

std::optional<boost::json::object> parse_object(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::system::error_code broken;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, broken, {}, options);
  if (broken || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

const boost::json::value* member(const boost::json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

std::string_view text_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = member(object, name);
  return value != nullptr && value->is_string() ? view(value->get_string()) : std::string_view();
}

std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

}  // namespace recloser::auth::jwt
