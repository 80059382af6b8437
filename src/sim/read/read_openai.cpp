#include "sim/read/operations.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

constexpr std::int64_t choices_max = 128;
constexpr std::int64_t output_limit_max = 1'000'000'000;
constexpr std::uint32_t dimensions_default = 1'536;
constexpr std::int64_t dimensions_max = 3'072;
constexpr std::size_t inputs_max = 2'048;

constexpr std::array<std::string_view, 6> chat_roles{"system",    "developer", "user",
                                                     "assistant", "tool",      "function"};

void read_message(Fields& fields, Prompt& prompt, const Json& message, std::size_t index) {
  std::string_view role = text_member(message, "role");
  if (std::ranges::find(chat_roles, role) == chat_roles.end()) {
    return fields.fault(fmt::format("messages[{}].role", index), "invalid_value",
                        "it must be system, developer, user, assistant, tool or function");
  }
  prompt.begin_message(role);
  if (const Json* content = member(message, "content")) {
    prompt.add_content(*content);
  } else if (role == "user") {
    return fields.fault(fmt::format("messages[{}].content", index), "invalid_type",
                        "it must be a string or an array of parts");
  }
  if (role == "tool" || role == "function") prompt.saw_tool_result();
  if (const Json* calls = array_member(message, "tool_calls")) {
    for (const Json& one : calls->get_array()) prompt.add_json(one);
  }
}

std::vector<OfferedTool> read_tools(const Json& body, Prompt& prompt) {
  std::vector<OfferedTool> offered;
  const Json* tools = array_member(body, "tools");
  if (tools == nullptr) return offered;
  for (const Json& tool : tools->get_array()) {
    prompt.add_json(tool);
    const Json* function = object_member(tool, "function");
    if (function == nullptr) continue;
    offered.push_back({text_member(*function, "name"), object_member(*function, "parameters")});
  }
  return offered;
}

ToolChoice read_choice(const Json& body) {
  using enum ToolChoice::Kind;
  const Json* choice = member(body, "tool_choice");
  if (choice == nullptr) return {};
  if (choice->is_string()) {
    std::string_view word = choice->get_string();
    return {.kind = word == "none" ? none : word == "required" ? required : automatic, .name = {}};
  }
  const Json* function = object_member(*choice, "function");
  if (function == nullptr) return {};
  return {.kind = named, .name = text_member(*function, "name")};
}

// `json_object` asks for any object, `json_schema` for one of a kind.
const Json* read_format(const Json& body) {
  static const Json any_object = {{"type", "object"}};
  const Json* format = object_member(body, "response_format");
  if (format == nullptr) return nullptr;
  std::string_view type = text_member(*format, "type");
  if (type == "json_object") return &any_object;
  if (type != "json_schema") return nullptr;
  const Json* named = object_member(*format, "json_schema");
  const Json* schema = named != nullptr ? object_member(*named, "schema") : nullptr;
  return schema != nullptr ? schema : &any_object;
}

void read_sampling(Fields& fields) {
  fields.number("temperature", 0, 2);
  fields.number("top_p", 0, 1);
}

void read_usage_wish(Fields& fields, Call& call) {
  const Json* options = member(fields.body(), "stream_options");
  if (options == nullptr) return;
  if (!call.stream) {
    return fields.fault("stream_options", "invalid_value", "it is for streams only");
  }
  const Json* wish = member(*options, "include_usage");
  call.include_usage = wish != nullptr && wish->is_bool() && wish->get_bool();
}

// One prompt or input: a string or an array of tokens.
void add_input(Prompt& prompt, const Json& input, SeedHash& hash) {
  if (input.is_string()) {
    prompt.add_text(input.get_string());
    hash.add(std::string_view(input.get_string()));
  } else if (input.is_array()) {
    prompt.add_tokens(input.get_array().size());
    hash.add(std::string_view(boost::json::serialize(input)));
  }
}

// A string, an array of strings, an array of tokens, or an array of those: the seeds of its parts.
std::vector<std::uint64_t> read_inputs(Fields& fields, Prompt& prompt, std::string_view name) {
  std::vector<std::uint64_t> seeds;
  const Json* input = member(fields.body(), name);
  std::uint64_t seed = prompt.hash();  // the same text has the same vector wherever it stands
  auto add = [&](const Json& one) {
    SeedHash hash(seed);
    add_input(prompt, one, hash);
    seeds.push_back(hash.value());
  };
  bool list = input != nullptr && input->is_array() && !input->get_array().empty();
  bool one_input = list ? input->get_array().front().is_number()  // its tokens
                        : input != nullptr && input->is_string();
  if (input == nullptr) {
    fields.missing(name);
  } else if (one_input) {
    add(*input);
  } else if (!list) {
    fields.fault(name, "invalid_type", "it must be a string or an array that is not empty");
  } else if (input->get_array().size() > inputs_max) {
    fields.fault(name, "array_above_max_length", fmt::format("it may hold {} inputs", inputs_max));
  } else {
    for (const Json& one : input->get_array()) add(one);
  }
  return seeds;
}

}  // namespace

void read_chat(Fields& fields, Prompt& prompt, Call& call) {
  const Json* messages = fields.filled_array("messages");
  if (messages == nullptr) return;
  std::size_t index = 0;
  for (const Json& message : messages->get_array()) {
    read_message(fields, prompt, message, index++);
  }
  read_sampling(fields);
  read_usage_wish(fields, call);
  call.choices = static_cast<std::uint32_t>(fields.integer("n", 1, choices_max).value_or(1));
  auto limit = fields.integer("max_completion_tokens", 1, output_limit_max);
  auto old_limit = fields.integer("max_tokens", 1, output_limit_max);
  call.output_limit = limit ? *limit : old_limit.value_or(endless);
  std::vector<OfferedTool> tools = read_tools(fields.body(), prompt);
  choose_content(fields, prompt, tools, read_choice(fields.body()), read_format(fields.body()),
                 call);
}

void read_completions(Fields& fields, Prompt& prompt, Call& call) {
  constexpr std::uint64_t limit_default = 16;  // the API's own
  std::vector<std::uint64_t> prompts{0};
  if (member(fields.body(), "prompt") != nullptr) prompts = read_inputs(fields, prompt, "prompt");
  read_sampling(fields);
  read_usage_wish(fields, call);
  std::uint64_t n = fields.integer("n", 1, choices_max).value_or(1);
  if (n * prompts.size() > choices_max) {
    return fields.fault("prompt", "invalid_value", "prompts times n must be at most 128");
  }
  call.choices = static_cast<std::uint32_t>(n * prompts.size());
  call.output_limit = fields.integer("max_tokens", 0, output_limit_max).value_or(limit_default);
}

void read_embeddings(Fields& fields, Prompt& prompt, Call& call) {
  call.inputs = read_inputs(fields, prompt, "input");
  call.dimensions = static_cast<std::uint32_t>(
      fields.integer("dimensions", 1, dimensions_max).value_or(dimensions_default));
  std::string format = fields.text("encoding_format");
  call.base64 = format == "base64";
  if (!format.empty() && format != "float" && format != "base64") {
    fields.fault("encoding_format", "invalid_value", "it must be float or base64");
  }
}

void read_moderations(Fields& fields, Prompt& prompt, Call& call) {
  call.inputs = read_inputs(fields, prompt, "input");
}

}  // namespace recloser::sim
