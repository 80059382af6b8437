#include "sim/read/operations.h"

#include <fmt/format.h>

namespace recloser::sim {
namespace {

constexpr std::int64_t output_limit_max = 1'000'000'000;

void read_message(Fields& fields, Prompt& prompt, const Json& message, std::size_t index) {
  std::string_view role = text_member(message, "role");
  // Coding agents put system text between the turns (beta "mid-conversation-system").
  bool may_be_system = index > 0;
  if (role != "user" && role != "assistant" && !(may_be_system && role == "system")) {
    return fields.fault(fmt::format("messages.{}.role", index), "",
                        "Input should be 'user' or 'assistant'");
  }
  prompt.begin_message(role);
  const Json* content = member(message, "content");
  if (content == nullptr) return fields.missing(fmt::format("messages.{}.content", index));
  prompt.add_content(*content);
}

ToolChoice read_choice(const Json& body) {
  using enum ToolChoice::Kind;
  const Json* choice = object_member(body, "tool_choice");
  if (choice == nullptr) return {};
  std::string_view type = text_member(*choice, "type");
  if (type == "none") return {.kind = none, .name = {}};
  if (type == "any") return {.kind = required, .name = {}};
  if (type == "tool") return {.kind = named, .name = text_member(*choice, "name")};
  return {};
}

// `output_config.format`, and `output_format` as it was called first.
const Json* read_format(const Json& body) {
  const Json* config = object_member(body, "output_config");
  const Json* format = config != nullptr ? object_member(*config, "format") : nullptr;
  if (format == nullptr) format = object_member(body, "output_format");
  if (format == nullptr || text_member(*format, "type") != "json_schema") return nullptr;
  return object_member(*format, "schema");
}

}  // namespace

void read_messages(Fields& fields, Prompt& prompt, Call& call) {
  const Json& body = fields.body();
  if (call.operation == codec::Operation::messages) {
    if (member(body, "max_tokens") == nullptr) return fields.missing("max_tokens");
    call.output_limit = fields.integer("max_tokens", 1, output_limit_max).value_or(endless);
  }
  const Json* messages = fields.filled_array("messages");
  if (messages == nullptr) return;
  if (const Json* system = member(body, "system")) {
    prompt.begin_message("system");
    prompt.add_content(*system);
  }
  std::size_t index = 0;
  for (const Json& message : messages->get_array()) {
    read_message(fields, prompt, message, index++);
  }
  fields.number("temperature", 0, 1);
  fields.number("top_p", 0, 1);
  std::vector<OfferedTool> offered;
  if (const Json* tools = array_member(body, "tools")) {
    for (const Json& tool : tools->get_array()) {
      prompt.add_json(tool);
      const Json* schema = object_member(tool, "input_schema");
      if (schema == nullptr) continue;  // a tool of the provider's own
      offered.push_back({text_member(tool, "name"), schema});
    }
  }
  choose_content(fields, prompt, offered, read_choice(body), read_format(body), call);
}

}  // namespace recloser::sim
