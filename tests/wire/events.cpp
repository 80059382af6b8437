#include "wire/events.h"

#include "core/json_writer.h"
#include "wire/words.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::wire {
namespace {

using codec::Operation;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string named_event(std::string_view type, std::string_view members) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, members);
}

// Numbers and truths as they are, everything else as text.
std::string json_value(const std::string& value) {
  bool bare = value == "true" || value == "false" || value == "null" || parse_number(value);
  return bare ? value : quoted(value);
}

}  // namespace

std::string EventWriter::event(const Step& step) {
  switch (operation_) {
    case Operation::responses:
      return responses(step);
    case Operation::messages:
      return messages(step);
    case Operation::completions:
      return completions(step);
    default:
      return chat(step);
  }
}

std::string EventWriter::chat(const Step& step) const {
  auto chunk = [&](std::string_view choices, std::string_view usage) {
    return fmt::format(
        "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
        "\"model\":\"{}\",\"choices\":[{}]{}}}\n\n",
        served_model, choices, usage);
  };
  std::string_view null = null_usage_ ? ",\"usage\":null" : "";
  switch (step.said) {
    case Said::start:
      return chunk(R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})",
                   null);
    case Said::delta:
      return chunk(fmt::format(R"({{"index":0,"delta":{{"content":{}}},"finish_reason":null}})",
                               quoted(step.text)),
                   null);
    case Said::finish:
      return chunk(
          fmt::format(R"({{"index":0,"delta":{{}},"finish_reason":{}}})", quoted(step.text)), null);
    case Said::usage:
      return chunk(
          "",
          fmt::format(R"(,"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                      step.number, step.second_number, step.number + step.second_number));
    case Said::done:
      return "data: [DONE]\n\n";
    case Said::error:
      return "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\","
             "\"code\":\"server_error\"}}\n\n";
  }
  std::unreachable();
}

std::string EventWriter::completions(const Step& step) const {
  bool choice = step.said == Said::delta || step.said == Said::finish;
  if (!choice) return step.said == Said::start ? "" : chat(step);
  bool delta = step.said == Said::delta;
  return fmt::format(
      "data: {{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"model\":\"{}\","
      "\"choices\":[{{\"index\":0,\"text\":{},\"finish_reason\":{}}}]{}}}\n\n",
      served_model, quoted(delta ? step.text : ""), delta ? "null" : quoted(step.text),
      null_usage_ ? ",\"usage\":null" : "");
}

std::string EventWriter::responses(const Step& step) {
  std::uint64_t number = sequence_++;
  std::string response =
      fmt::format(R"("id":"resp_1","object":"response","model":"{}")", served_model);
  switch (step.said) {
    case Said::start:
      return named_event(
          "response.created",
          fmt::format(
              R"(,"sequence_number":{},"response":{{{},"status":"in_progress","usage":null}})",
              number, response));
    case Said::delta:
      return named_event(
          "response.output_text.delta",
          fmt::format(R"(,"sequence_number":{},"item_id":"i","output_index":0,"delta":{})", number,
                      quoted(step.text)));
    case Said::finish:
      return named_event("response.output_text.done",
                         fmt::format(R"(,"sequence_number":{},"item_id":"i","text":"")", number));
    case Said::usage:
      return named_event(
          "response.completed",
          fmt::format(R"(,"sequence_number":{},"response":{{{},"status":"completed","usage":)"
                      R"({{"input_tokens":{},"output_tokens":{},"total_tokens":{}}}}})",
                      number, response, step.number, step.second_number,
                      step.number + step.second_number));
    case Said::done:
      return "";
    case Said::error:
      return named_event("error", fmt::format(R"(,"sequence_number":{},"code":"server_error",)"
                                              R"("message":"The server had an error","param":null)",
                                              number));
  }
  std::unreachable();
}

std::string EventWriter::messages(const Step& step) const {
  switch (step.said) {
    case Said::start:
      return named_event(
                 "message_start",
                 fmt::format(R"(,"message":{{"id":"msg_1","type":"message","role":"assistant",)"
                             R"("model":"{}","content":[],"stop_reason":null,)"
                             R"("usage":{{"input_tokens":7,"output_tokens":1}}}})",
                             served_model)) +
             named_event("content_block_start",
                         R"(,"index":0,"content_block":{"type":"text","text":""})");
    case Said::delta:
      return named_event("content_block_delta",
                         fmt::format(R"(,"index":0,"delta":{{"type":"text_delta","text":{}}})",
                                     quoted(step.text)));
    case Said::finish:
      return named_event("content_block_stop", R"(,"index":0)");
    case Said::usage:
      return named_event("message_delta",
                         fmt::format(R"(,"delta":{{"stop_reason":"end_turn"}},"usage":)"
                                     R"({{"input_tokens":{},"output_tokens":{}}})",
                                     step.number, step.second_number));
    case Said::done:
      return named_event("message_stop", "");
    case Said::error:
      return named_event("error", R"(,"error":{"type":"overloaded_error","message":"Overloaded"})");
  }
  std::unreachable();
}

std::string request_body(Operation operation, const Pairs& options) {
  std::string out;
  JsonWriter json(out);
  json.open_object();
  for (const auto& [name, value] : options) {
    if (name == "include_usage") {
      json.key("stream_options").raw(fmt::format(R"({{"include_usage":{}}})", value));
    } else {
      json.key(name).raw(json_value(value));
    }
  }
  switch (operation) {
    case Operation::messages:
    case Operation::count_tokens:
      if (operation == Operation::messages) json.member("max_tokens", 16);
      [[fallthrough]];
    case Operation::chat:
      json.key("messages").raw(R"([{"role":"user","content":"hi"}])");
      break;
    case Operation::completions:
      json.member("prompt", "hi");
      break;
    default:
      json.member("input", "hi");
      break;
  }
  json.close_object();
  return out;
}

Operation operation_of_path(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (path.ends_with("/chat/completions")) return Operation::chat;
  if (path.ends_with("/completions")) return Operation::completions;
  if (path.ends_with("/responses")) return Operation::responses;
  if (path.ends_with("/embeddings")) return Operation::embeddings;
  if (path.ends_with("/moderations")) return Operation::moderations;
  if (path.ends_with("/messages")) return Operation::messages;
  if (path.ends_with("/count_tokens")) return Operation::count_tokens;
  return Operation::chat;
}

}  // namespace recloser::wire
