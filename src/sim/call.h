// One call as the simulated provider understood it, and the error it gives when it did not.
#pragma once

#include "codec/operation.h"
#include "sim/script.h"

#include <cstdint>
#include <string>
#include <vector>

namespace recloser::sim {

// What the answer consists of.
enum class Content : unsigned char {
  text,        // words
  tool_call,   // one call of `tool_name` with the arguments `json`
  structured,  // the text `json`, as a schema asked for
};

struct Call {
  codec::Operation operation = codec::Operation::chat;
  std::string model;
  Script script;

  bool stream = false;
  bool include_usage = false;            // of chat and completions
  std::uint32_t choices = 1;             // `n`, times the prompts of completions
  std::uint64_t output_limit = endless;  // tokens of one choice
  std::uint64_t input_tokens = 0;        // by the rule of docs/simulated-provider.md
  std::uint64_t seed = 0;                // of the answer: the provider's seed and what was asked

  Content content = Content::text;
  std::string tool_name;
  std::string json;

  // Responses: members of the request that its answer repeats, as JSON, each with a comma behind.
  std::string echoed;

  // Embeddings and moderations: a seed for each input.
  std::vector<std::uint64_t> inputs;
  std::uint32_t dimensions = 0;
  bool base64 = false;
};

// One error in the words of both families; `code` and `param` are OpenAI's, "" is null there.
struct ApiError {
  std::uint16_t status = 400;
  std::string message;
  std::string code;
  std::string param;
};

}  // namespace recloser::sim
