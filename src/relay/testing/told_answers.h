// How providers of each dialect tell a text: word by word, whole, and when something is wrong.
#pragma once

#include "codec/operation.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace recloser::relay {

// Texts have nothing that JSON escapes. Each answer reads 7 tokens.
struct ToldAnswers {
  codec::Operation operation;
  std::string_view path;
  std::string (*request)(std::string_view model, bool streams);
  std::string start;
  std::string (*word)(std::string_view text);
  std::string (*finish)(std::string_view text, int tokens);  // of all words, with usage
  std::string end_mark;
  std::string error;
  std::string malformed;
  std::string (*whole)(std::string_view text, int tokens);
};

namespace told {

inline std::string event(std::string_view name, std::string_view members) {
  return fmt::format("event: {}\ndata: {{\"type\":\"{}\"{}}}\n\n", name, name, members);
}

inline std::string chunk(std::string_view delta, std::string_view finish = "null",
                         std::string_view usage = "") {
  return fmt::format(
      "data: "
      "{{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":{}}}]{}}}\n\n",
      delta, finish, usage);
}

inline std::string response(std::string_view status, std::string_view output,
                            std::string_view more) {
  return fmt::format(R"({{"id":"c","object":"response","created_at":1,"status":"{}","model":"m",)"
                     R"("output":[{}]{}}})",
                     status, output, more);
}

inline std::string item(std::string_view text) {
  return fmt::format(R"({{"id":"i","type":"message","status":"completed","role":"assistant",)"
                     R"("content":[{{"type":"output_text","text":"{}","annotations":[]}}]}})",
                     text);
}

inline std::string usage_of_response(int tokens) {
  return fmt::format(R"(,"usage":{{"input_tokens":7,"output_tokens":{},"total_tokens":{}}})",
                     tokens, tokens + 7);
}

}  // namespace told

inline const ToldAnswers chat_answers{
    .operation = codec::Operation::chat,
    .path = "/v1/chat/completions",
    .request =
        [](std::string_view model, bool streams) {
          return fmt::format(
              R"({{"model":"{}",{}"messages":[{{"role":"user","content":"say so"}}]}})", model,
              streams ? R"("stream":true,"stream_options":{"include_usage":true},)" : "");
        },
    .start = told::chunk(R"({"role":"assistant"})"),
    .word =
        [](std::string_view text) {
          return told::chunk(fmt::format(R"({{"content":"{}"}})", text));
        },
    .finish =
        [](std::string_view, int tokens) {
          return told::chunk(
              "{}", "\"stop\"",
              fmt::format(R"(,"usage":{{"prompt_tokens":7,"completion_tokens":{}}})", tokens));
        },
    .end_mark = "data: [DONE]\n\n",
    .error = "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n",
    .malformed = "data: {no json\n\n",
    .whole =
        [](std::string_view text, int tokens) {
          return fmt::format(R"({{"id":"w","choices":[{{"index":0,"message":{{"content":"{}"}},)"
                             R"("finish_reason":"stop"}}],"usage":{{"prompt_tokens":7,)"
                             R"("completion_tokens":{}}}}})",
                             text, tokens);
        }};

inline const ToldAnswers messages_answers{
    .operation = codec::Operation::messages,
    .path = "/v1/messages",
    .request =
        [](std::string_view model, bool streams) {
          return fmt::format(R"({{"model":"{}",{}"max_tokens":1000,"messages":[{{"role":"user",)"
                             R"("content":"say so"}}]}})",
                             model, streams ? R"("stream":true,)" : "");
        },
    .start = told::event("message_start",
                         R"(,"message":{"id":"c","type":"message","role":"assistant","model":"m",)"
                         R"("content":[],"usage":{"input_tokens":7,"output_tokens":0}})") +
             told::event("content_block_start",
                         R"(,"index":0,"content_block":{"type":"text","text":""})"),
    .word =
        [](std::string_view text) {
          return told::event("content_block_delta",
                             fmt::format(R"(,"index":0,"delta":{{"type":"text_delta",)"
                                         R"("text":"{}"}})",
                                         text));
        },
    .finish =
        [](std::string_view, int tokens) {
          return told::event("content_block_stop", R"(,"index":0)") +
                 told::event("message_delta",
                             fmt::format(R"(,"delta":{{"stop_reason":"end_turn"}},)"
                                         R"("usage":{{"output_tokens":{}}})",
                                         tokens));
        },
    .end_mark = told::event("message_stop", ""),
    .error = told::event("error", R"(,"error":{"type":"overloaded_error","message":"busy"})"),
    .malformed = "event: content_block_delta\ndata: {no json\n\n",
    .whole =
        [](std::string_view text, int tokens) {
          return fmt::format(R"({{"id":"w","type":"message","role":"assistant","model":"m",)"
                             R"("content":[{{"type":"text","text":"{}"}}],"stop_reason":)"
                             R"("end_turn","usage":{{"input_tokens":7,"output_tokens":{}}}}})",
                             text, tokens);
        }};

// A stream of Responses has no mark behind its last event.
inline const ToldAnswers responses_answers{
    .operation = codec::Operation::responses,
    .path = "/v1/responses",
    .request =
        [](std::string_view model, bool streams) {
          return fmt::format(R"({{"model":"{}",{}"input":"say so"}})", model,
                             streams ? R"("stream":true,)" : "");
        },
    .start =
        told::event("response.created", ",\"response\":" + told::response("in_progress", "", "")) +
        told::event("response.output_item.added",
                    R"(,"output_index":0,"item":{"id":"i","type":"message","status":)"
                    R"("in_progress","role":"assistant","content":[]})") +
        told::event("response.content_part.added",
                    R"(,"item_id":"i","output_index":0,"content_index":0,"part":{"type":)"
                    R"("output_text","text":"","annotations":[]})"),
    .word =
        [](std::string_view text) {
          return told::event("response.output_text.delta",
                             fmt::format(R"(,"item_id":"i","output_index":0,"content_index":0,)"
                                         R"("delta":"{}")",
                                         text));
        },
    .finish =
        [](std::string_view text, int tokens) {
          return told::event("response.output_text.done",
                             fmt::format(R"(,"item_id":"i","output_index":0,"content_index":0,)"
                                         R"("text":"{}")",
                                         text)) +
                 told::event("response.output_item.done",
                             fmt::format(R"(,"output_index":0,"item":{})", told::item(text))) +
                 told::event("response.completed",
                             ",\"response\":" + told::response("completed", told::item(text),
                                                               told::usage_of_response(tokens)));
        },
    .end_mark = "",
    .error = told::event("error", R"(,"code":"server_error","message":"busy","param":null)"),
    .malformed = "event: response.output_text.delta\ndata: {no json\n\n",
    .whole =
        [](std::string_view text, int tokens) {
          return told::response("completed", told::item(text), told::usage_of_response(tokens));
        }};

}  // namespace recloser::relay
