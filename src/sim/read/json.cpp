#include "sim/read/json.h"

#include <cmath>

namespace recloser::sim {

const Json* member(const Json& value, std::string_view name) {
  const boost::json::object* object = value.if_object();
  if (object == nullptr) return nullptr;
  const Json* found = object->if_contains(name);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

const Json* array_member(const Json& value, std::string_view name) {
  const Json* found = member(value, name);
  return found != nullptr && found->is_array() ? found : nullptr;
}

const Json* object_member(const Json& value, std::string_view name) {
  const Json* found = member(value, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

std::string_view text_member(const Json& value, std::string_view name) {
  const Json* found = member(value, name);
  if (found == nullptr || !found->is_string()) return {};
  return found->get_string();
}

std::optional<std::uint64_t> integer_member(const Json& value, std::string_view name) {
  const Json* found = member(value, name);
  if (found == nullptr) return std::nullopt;
  std::optional<std::int64_t> number = whole_number(*found);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<double> number_member(const Json& value, std::string_view name) {
  const Json* found = member(value, name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  boost::system::error_code error;
  double number = found->to_number<double>(error);
  return error ? std::nullopt : std::optional<double>(number);
}

std::optional<std::int64_t> whole_number(const Json& value) {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_double()) return std::nullopt;
  double number = value.get_double();
  if (std::floor(number) != number || std::abs(number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace recloser::sim
