#include "sim/read/operations.h"

#include <initializer_list>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

constexpr std::int64_t output_limit_least = 16;
constexpr std::int64_t output_limit_max = 1'000'000'000;

void read_item(Fields& fields, Prompt& prompt, const Json& item, std::size_t index) {
  if (!item.is_object()) {
    return fields.fault(fmt::format("input[{}]", index), "invalid_type", "it must be an object");
  }
  std::string_view type = text_member(item, "type");
  if (type == "function_call_output" || type == "custom_tool_call_output") {
    prompt.begin_message("tool");
    if (const Json* output = member(item, "output")) prompt.add_content(*output);
    prompt.saw_tool_result();
  } else if (const Json* content = member(item, "content"); content && type != "reasoning") {
    prompt.begin_message(text_member(item, "role"));
    prompt.add_content(*content);
  } else {
    prompt.begin_message(type);
    prompt.add_json(item);
  }
}

void read_input(Fields& fields, Prompt& prompt) {
  const Json* input = member(fields.body(), "input");
  if (input == nullptr) {
    // A response may go on from an earlier one without saying anything new.
    if (member(fields.body(), "previous_response_id") == nullptr) fields.missing("input");
  } else if (input->is_string()) {
    prompt.begin_message("user");
    prompt.add_text(input->get_string());
  } else if (!input->is_array()) {
    fields.fault("input", "invalid_type", "it must be a string or an array of items");
  } else {
    std::size_t index = 0;
    for (const Json& item : input->get_array()) read_item(fields, prompt, item, index++);
  }
}

ToolChoice read_choice(const Json& body) {
  using enum ToolChoice::Kind;
  const Json* choice = member(body, "tool_choice");
  if (choice == nullptr) return {};
  if (choice->is_string()) {
    std::string_view word = choice->get_string();
    return {.kind = word == "none" ? none : word == "required" ? required : automatic, .name = {}};
  }
  if (text_member(*choice, "type") != "function") return {};
  return {.kind = named, .name = text_member(*choice, "name")};
}

const Json* read_format(const Json& body) {
  static const Json any_object = {{"type", "object"}};
  const Json* text = object_member(body, "text");
  const Json* format = text != nullptr ? object_member(*text, "format") : nullptr;
  if (format == nullptr) return nullptr;
  std::string_view type = text_member(*format, "type");
  if (type == "json_object") return &any_object;
  return type == "json_schema" ? object_member(*format, "schema") : nullptr;
}

// What the answer says again of its request, with the defaults of the API.
std::string echo(const Json& body) {
  struct Echoed {
    std::string_view name;
    std::string_view otherwise;
  };
  static constexpr Echoed members[] = {
      {"background", "false"},
      {"instructions", "null"},
      {"max_output_tokens", "null"},
      {"max_tool_calls", "null"},
      {"parallel_tool_calls", "true"},
      {"previous_response_id", "null"},
      {"prompt_cache_key", "null"},
      {"reasoning", R"({"effort":null,"summary":null})"},
      {"safety_identifier", "null"},
      {"store", "true"},
      {"temperature", "1.0"},
      {"text", R"({"format":{"type":"text"}})"},
      {"tool_choice", R"("auto")"},
      {"tools", "[]"},
      {"top_logprobs", "0"},
      {"top_p", "1.0"},
      {"truncation", R"("disabled")"},
      {"user", "null"},
      {"metadata", "{}"},
  };
  std::string out;
  for (const Echoed& one : members) {
    const Json* value = member(body, one.name);
    out += fmt::format(R"("{}":)", one.name);
    if (value != nullptr) {
      out += boost::json::serialize(*value);
    } else {
      out += one.otherwise;
    }
    out += ',';
  }
  return out;
}

}  // namespace

void read_responses(Fields& fields, Prompt& prompt, Call& call) {
  const Json& body = fields.body();
  if (const Json* instructions = member(body, "instructions")) {
    prompt.begin_message("system");
    prompt.add_content(*instructions);
  }
  read_input(fields, prompt);
  fields.number("temperature", 0, 2);
  fields.number("top_p", 0, 1);
  call.output_limit =
      fields.integer("max_output_tokens", output_limit_least, output_limit_max).value_or(endless);
  std::vector<OfferedTool> offered;
  if (const Json* tools = array_member(body, "tools")) {
    for (const Json& tool : tools->get_array()) {
      prompt.add_json(tool);
      if (text_member(tool, "type") != "function") continue;
      offered.push_back({text_member(tool, "name"), object_member(tool, "parameters")});
    }
  }
  choose_content(fields, prompt, offered, read_choice(body), read_format(body), call);
  call.echoed = echo(body);
}

}  // namespace recloser::sim
