#include "sim/read/prompt.h"

#include "core/ascii.h"
#include "core/names.h"
#include "sim/read/schema_example.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

constexpr std::string_view tool_marker = "[[tool ";

struct MarkedTool {
  std::string name;
  std::string arguments;  // "" when none were written
};

// "[[tool NAME {json}]]" or "[[tool NAME]]". The JSON may itself hold "]]", so the first end that
// leaves an object is taken.
std::optional<MarkedTool> marked_tool(std::string_view text) {
  std::size_t at = text.find(tool_marker);
  if (at == text.npos) return std::nullopt;
  std::string_view rest = ascii::trim(text.substr(at + tool_marker.size()));
  std::size_t name_end = std::min(rest.find(' '), rest.find("]]"));
  if (name_end == rest.npos || name_end == 0) return std::nullopt;
  MarkedTool tool{.name = std::string(rest.substr(0, name_end)), .arguments = {}};
  std::string_view behind = rest.substr(name_end);
  for (std::size_t end = behind.find("]]"); end != behind.npos; end = behind.find("]]", end + 1)) {
    std::string_view arguments = ascii::trim(behind.substr(0, end));
    if (arguments.empty()) return tool;
    boost::system::error_code error;
    Json parsed = boost::json::parse(arguments, error);
    if (error || !parsed.is_object()) continue;
    tool.arguments = arguments;
    return tool;
  }
  return std::nullopt;
}

std::string example_arguments(const OfferedTool& tool) {
  if (tool.schema == nullptr) return "{}";
  Json example = example_of(*tool.schema);
  return example.is_object() ? boost::json::serialize(example) : "{}";
}

}  // namespace

void Prompt::add_text(std::string_view text) {
  tokens_ += (text.size() + bytes_per_input_token - 1) / bytes_per_input_token;
  hash_.add(text);
  if (in_user_text_) last_user_text_ += text;
}

void Prompt::add_json(const Json& value) {
  std::string text = boost::json::serialize(value);
  tokens_ += (text.size() + bytes_per_input_token - 1) / bytes_per_input_token;
  hash_.add(text);
}

void Prompt::begin_message(std::string_view role) {
  add_message();
  hash_.add(role);
  if (role != "system") tool_result_last_ = false;  // an instruction is nobody's turn
  in_user_text_ = role == "user";
  if (in_user_text_) last_user_text_.clear();
}

void Prompt::add_content(const Json& content) {
  if (content.is_string()) {
    add_text(content.get_string());
  } else if (content.is_array()) {
    for (const Json& part : content.get_array()) add_part(part);
  }
}

void Prompt::add_part(const Json& part) {
  if (part.is_string()) return add_text(part.get_string());
  std::string_view type = text_member(part, "type");
  if (type == "tool_result") {
    bool was_user_text = std::exchange(in_user_text_, false);  // a result is not what the user said
    if (const Json* content = member(part, "content")) add_content(*content);
    in_user_text_ = was_user_text;
    tool_result_last_ = true;
  } else if (const Json* input = member(part, "input"); input != nullptr && type == "tool_use") {
    add_text(text_member(part, "name"));
    add_json(*input);
  } else {
    for (std::string_view name : {"text", "refusal", "thinking"}) {
      const Json* text = member(part, name);
      if (text != nullptr && text->is_string()) return add_text(text->get_string());
    }
    tokens_ += tokens_per_media_part;
  }
}

void choose_content(Fields& fields, const Prompt& prompt, const std::vector<OfferedTool>& tools,
                    ToolChoice choice, const Json* schema, Call& call) {
  using enum ToolChoice::Kind;
  auto call_tool = [&](std::string_view name, std::string arguments) {
    call.content = Content::tool_call;
    call.tool_name = name;
    call.json = std::move(arguments);
  };
  auto offered = [&](std::string_view name) {
    return std::ranges::find(tools, name, &OfferedTool::name);
  };
  if (choice.kind == named) {
    auto tool = offered(choice.name);
    if (tool == tools.end()) {
      fields.fault("tool_choice", "invalid_value",
                   fmt::format("there is no tool '{}' in tools", shown(choice.name)));
      return;
    }
    return call_tool(tool->name, example_arguments(*tool));
  }
  bool wanted = choice.kind == required ||
                (choice.kind == automatic && call.script.tool && !prompt.ends_with_tool_result());
  if (wanted) {
    std::optional<MarkedTool> marked = marked_tool(prompt.last_user_text());
    if (marked && !marked->arguments.empty()) return call_tool(marked->name, marked->arguments);
    auto tool = marked ? offered(marked->name) : tools.begin();
    if (tool != tools.end()) return call_tool(tool->name, example_arguments(*tool));
    if (marked) return call_tool(marked->name, "{}");
  }
  if (schema != nullptr) {
    call.content = Content::structured;
    call.json = boost::json::serialize(example_of(*schema));
  }
}

}  // namespace recloser::sim
