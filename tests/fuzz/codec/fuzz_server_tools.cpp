// A server tool in a body that is let pass is found, however it is written; and nothing is found
// that is not there. The first byte chooses the operation.
#include "codec/server_tools.h"
#include "core/check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace {

using namespace recloser;
using namespace recloser::codec;

// The types of all tools, by a reader that knows nothing of the other; of a member that stands
// twice it knows the last.
std::vector<std::string> types_in(const boost::json::value& body, std::string_view list) {
  std::vector<std::string> types;
  const boost::json::value* tools = body.get_object().if_contains(list);
  if (tools == nullptr || !tools->is_array()) return types;
  for (const boost::json::value& tool : tools->get_array()) {
    const boost::json::value* type =
        tool.is_object() ? tool.get_object().if_contains("type") : nullptr;
    if (type != nullptr && type->is_string()) types.emplace_back(type->get_string());
  }
  return types;
}

void check_list(Operation operation, const std::vector<AskedTool>& asked) {
  CHECK(asked.size() <= server_tools_told_max, "no more are told");
  for (std::size_t i = 0; i < asked.size(); ++i) {
    CHECK(asked[i].kind != ServerTool::none, "what costs nothing is not told");
    CHECK(asked[i].kind == server_tool_named(operation, asked[i].name), "by its name");
    for (std::size_t j = 0; j < i; ++j) CHECK(asked[i].name != asked[j].name, "once each");
  }
}

bool has_name_twice(std::string_view body, const boost::json::value& json) {
  auto colons = [](std::string_view text) {
    std::size_t count = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (in_string && text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        in_string = !in_string;
      } else if (!in_string && text[i] == ':') {
        ++count;
      }
    }
    return count;
  };
  return colons(body) != colons(boost::json::serialize(json));
}

void check_found(Operation operation, std::string_view body, const RequestFacts& facts) {
  std::vector<AskedTool> asked = server_tools(operation, facts, body);
  check_list(operation, asked);
  boost::system::error_code error;
  boost::json::value json = boost::json::parse(body, error);
  if (error || !json.is_object()) return;
  auto is_told = [&](std::string_view name) {
    // Of longer names the front is told.
    return std::ranges::any_of(
        asked, [name](const AskedTool& tool) { return name.starts_with(tool.name); });
  };
  std::vector<std::string> types = types_in(json, "tools");
  for (const std::string& type : types) {
    bool costs = server_tool_named(operation, type) != ServerTool::none;
    bool told = !costs || is_told(type) || asked.size() == server_tools_told_max;
    CHECK(told, "a server tool is found");
  }
  if (facts.web_search_options) CHECK(is_told("web_search"), "as is chat's search");
  if (has_name_twice(body, json)) return;
  for (const std::string& type : types_in(json, "functions")) types.push_back(type);
  for (const AskedTool& tool : asked) {
    bool there = (facts.web_search_options && tool.name == "web_search") ||
                 std::ranges::any_of(
                     types, [&](const std::string& type) { return type.starts_with(tool.name); });
    CHECK(there, "nothing is made up");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  auto operation = static_cast<Operation>(data[0] % operation_count);
  std::string_view body(reinterpret_cast<const char*>(data) + 3, size - 3);
  // Facts that are of another body.
  RequestFacts other;
  other.tools = 1;
  other.tools_value = {data[1], data[2]};
  check_list(operation, server_tools(operation, other, body));
  RequestReader reader(operation);
  if (!reader.feed(body)) return 0;
  if (Result<RequestFacts> facts = reader.finish()) check_found(operation, body, *facts);
  return 0;
}
