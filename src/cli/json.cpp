#include "cli/json.h"

#include "core/names.h"

#include <boost/json.hpp>

namespace recloser::cli {
namespace {

constexpr std::size_t text_bytes_max = 512;  // of one value in a table

}  // namespace

std::optional<Json> parse_json(std::string_view text) {
  boost::system::error_code error;
  Json json = boost::json::parse({text.data(), text.size()}, error);
  if (error) return std::nullopt;
  return json;
}

const Json* member(const Json& object, std::string_view name) {
  const boost::json::object* members = object.if_object();
  if (members == nullptr) return nullptr;
  const Json* found = members->if_contains({name.data(), name.size()});
  return found != nullptr && !found->is_null() ? found : nullptr;
}

std::string text(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_string()) return {};
  const boost::json::string& value = found->get_string();
  return shown({value.data(), value.size()}, text_bytes_max);
}

std::optional<std::int64_t> whole(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_int64()) return std::nullopt;
  return found->get_int64();
}

std::optional<double> number(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  boost::system::error_code error;
  double value = found->to_number<double>(error);
  return error ? std::nullopt : std::optional(value);
}

bool truth(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::string joined(const Json& object, std::string_view name) {
  const Json* found = member(object, name);
  const boost::json::array* list = found == nullptr ? nullptr : found->if_array();
  std::string out;
  if (list == nullptr) return out;
  for (const Json& item : *list) {
    if (!item.is_string()) continue;
    const boost::json::string& value = item.get_string();
    if (!out.empty()) out += ',';
    out += shown({value.data(), value.size()}, text_bytes_max);
  }
  return out;
}

std::string_view text_at(const Json& object, std::string_view outer, std::string_view inner) {
  const Json* inside = member(object, outer);
  const Json* found = inside == nullptr ? nullptr : member(*inside, inner);
  if (found == nullptr || !found->is_string()) return {};
  return {found->get_string().data(), found->get_string().size()};
}

}  // namespace recloser::cli
