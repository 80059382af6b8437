// The `usage` objects of the OpenAI family.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>

#include <fmt/format.h>

namespace recloser::sim {

inline void append_plain_usage(std::string& out, std::uint64_t input, std::uint64_t output) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})", input,
                 output, input + output);
}

inline void append_chat_usage(std::string& out, std::uint64_t input, std::uint64_t output) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)", input, output,
                 input + output);
  out +=
      R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":)"
      R"({"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,)"
      R"("rejected_prediction_tokens":0}})";
}

inline void append_responses_usage(std::string& out, std::uint64_t input, std::uint64_t output) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0}},)"
                 R"("output_tokens":{},"output_tokens_details":{{"reasoning_tokens":0}},)"
                 R"("total_tokens":{}}})",
                 input, output, input + output);
}

}  // namespace recloser::sim
