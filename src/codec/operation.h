// The operations that clients call, and the family of dialects each belongs to.
#pragma once

#include <optional>
#include <string_view>

namespace recloser::codec {

enum class Operation : unsigned char {
  chat,
  completions,
  responses,
  responses_compact,
  responses_input_tokens,
  embeddings,
  moderations,
  models,
  messages,
  count_tokens,
};
inline constexpr unsigned operation_count = 10;

// Who defined the grammar of bodies, streams and errors.
enum class Family : unsigned char { openai, anthropic };

// The names that stand in ledger rows and metrics: "chat", "responses_compact".
std::string_view name_of(Operation operation);
std::string_view name_of(Family family);
std::optional<Operation> operation_named(std::string_view name);

// `models` is listed by both families; it counts as OpenAI's, and the route that knows better (the
// client sent `anthropic-version`) says so itself.
constexpr Family family_of(Operation operation) {
  return operation == Operation::messages || operation == Operation::count_tokens
             ? Family::anthropic
             : Family::openai;
}

// Whether its answer is written by the model, token by token.
constexpr bool writes(Operation operation) {
  switch (operation) {
    case Operation::chat:
    case Operation::completions:
    case Operation::responses:
    case Operation::responses_compact:
    case Operation::messages:
      return true;
    default:
      return false;
  }
}

// Whether its request body has a `stream` member that asks for events.
constexpr bool can_stream(Operation operation) {
  return operation == Operation::chat || operation == Operation::completions ||
         operation == Operation::responses || operation == Operation::messages;
}

// Whether a request must name a model. The token count of a response may take it from the response
// that is continued; moderations have a default.
constexpr bool needs_model(Operation operation) {
  return operation != Operation::responses_input_tokens && operation != Operation::moderations &&
         operation != Operation::models;
}

// Whether the model writes, so that a usage without a figure for its output is not all of it.
constexpr bool writes_output(Operation operation) {
  return can_stream(operation) || operation == Operation::responses_compact;
}

// Whether the answer is a count, for which nobody is billed.
constexpr bool only_counts(Operation operation) {
  return operation == Operation::count_tokens || operation == Operation::responses_input_tokens;
}

}  // namespace recloser::codec
