#include "sim/read/schema_example.h"

#include "sim/read/json.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace recloser::sim {
namespace {

constexpr int depth_max = 24;                  // beyond it a schema is taken to be recursive
constexpr int values_max = 4'096;              // in one example; a schema can ask for 64^20
constexpr std::size_t array_items_max = 64;    // of a minItems
constexpr std::size_t string_bytes_max = 256;  // of a minLength

struct Example {
  const Json& root;  // where `$ref` points into
  int& values_left;
  int depth = 0;
};

Json build(const Json& schema, Example example);

// "#/$defs/Name" or any other path into the schema; null when it leads nowhere.
const Json* resolve(const Json& root, std::string_view reference) {
  if (!reference.starts_with('#')) return nullptr;
  boost::system::error_code error;
  const Json* found = root.find_pointer(reference.substr(1), error);
  return error ? nullptr : found;
}

std::string_view type_of(const Json& schema) {
  const Json* type = member(schema, "type");
  if (type != nullptr && type->is_array()) {
    for (const Json& one : type->get_array()) {
      if (one.is_string() && one.get_string() != "null") return one.get_string();
    }
    return "null";
  }
  if (type != nullptr && type->is_string()) return type->get_string();
  if (member(schema, "properties") != nullptr) return "object";
  if (member(schema, "items") != nullptr) return "array";
  return "";
}

Json example_string(const Json& schema) {
  struct Format {
    std::string_view name;
    std::string_view example;
  };
  static constexpr Format formats[] = {
      {"date-time", "2026-01-31T12:00:00Z"},
      {"date", "2026-01-31"},
      {"time", "12:00:00Z"},
      {"duration", "PT1H"},
      {"email", "user@example.com"},
      {"hostname", "example.com"},
      {"uri", "https://example.com/"},
      {"ipv4", "192.0.2.1"},
      {"ipv6", "2001:db8::1"},
      {"uuid", "00000000-0000-4000-8000-000000000000"},
  };
  std::string_view wanted = text_member(schema, "format");
  for (const Format& format : formats) {
    if (format.name == wanted) return Json(format.example);
  }
  std::string text = "example";
  if (auto most = integer_member(schema, "maxLength"); most && *most < text.size()) {
    text.resize(*most);
  }
  if (auto least = integer_member(schema, "minLength"); least && *least > text.size()) {
    text.resize(std::min<std::uint64_t>(*least, string_bytes_max), 'x');
  }
  return Json(text);
}

Json example_number(const Json& schema, bool integer) {
  double value = 1;
  if (auto most = number_member(schema, "maximum")) value = std::min(value, *most);
  if (auto least = number_member(schema, "minimum")) value = std::max(value, *least);
  if (auto above = number_member(schema, "exclusiveMinimum"); above && value <= *above) {
    value = std::floor(*above) + 1;
  }
  if (auto step = number_member(schema, "multipleOf"); step && *step > 0) {
    value = std::ceil(value / *step) * *step;
  }
  if (integer && std::abs(value) < 9e15) return Json(static_cast<std::int64_t>(std::ceil(value)));
  return Json(value);
}

Json example_array(const Json& schema, Example example) {
  boost::json::array items;
  std::uint64_t least = integer_member(schema, "minItems").value_or(0);
  const Json* of = member(schema, "items");
  for (std::size_t i = 0; i < std::min<std::uint64_t>(least, array_items_max); ++i) {
    items.push_back(of != nullptr ? build(*of, example) : Json("example"));
  }
  return items;
}

Json example_object(const Json& schema, Example example) {
  boost::json::object object;
  const Json* properties = member(schema, "properties");
  const Json* required = member(schema, "required");
  if (required == nullptr || !required->is_array()) return object;
  for (const Json& name : required->get_array()) {
    if (!name.is_string()) continue;
    std::string_view key = name.get_string();
    const Json* property = properties != nullptr ? member(*properties, key) : nullptr;
    object[key] = property != nullptr ? build(*property, example) : Json("example");
  }
  return object;
}

// All of several objects at once: later members win.
Json merged(const boost::json::array& parts, Example example) {
  boost::json::object all;
  for (const Json& part : parts) {
    Json one = build(part, example);
    if (!one.is_object()) return one;
    for (auto& [key, value] : one.get_object()) all[key] = value;
  }
  return all;
}

Json build(const Json& schema, Example example) {
  if (!schema.is_object() || ++example.depth > depth_max) return nullptr;
  if (example.values_left-- <= 0) return nullptr;
  if (const Json* fixed = schema.get_object().if_contains("const")) return *fixed;
  if (const Json* one_of = array_member(schema, "enum"); one_of && !one_of->get_array().empty()) {
    return one_of->get_array().front();
  }
  if (std::string_view reference = text_member(schema, "$ref"); !reference.empty()) {
    const Json* target = resolve(example.root, reference);
    return target != nullptr ? build(*target, example) : Json(nullptr);
  }
  for (std::string_view choice : {"anyOf", "oneOf"}) {
    const Json* branches = array_member(schema, choice);
    if (branches == nullptr || branches->get_array().empty()) continue;
    for (const Json& branch : branches->get_array()) {
      if (type_of(branch) != "null") return build(branch, example);
    }
    return nullptr;
  }
  if (const Json* all = array_member(schema, "allOf")) return merged(all->get_array(), example);

  std::string_view type = type_of(schema);
  if (type == "object") return example_object(schema, example);
  if (type == "array") return example_array(schema, example);
  if (type == "integer") return example_number(schema, true);
  if (type == "number") return example_number(schema, false);
  if (type == "boolean") return true;
  if (type == "null") return nullptr;
  return example_string(schema);
}

}  // namespace

Json example_of(const Json& schema) {
  int values_left = values_max;
  return build(schema, Example{.root = schema, .values_left = values_left});
}

}  // namespace recloser::sim
