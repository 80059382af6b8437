#include "codec/operation.h"

#include <array>
#include <cstddef>

namespace recloser::codec {
namespace {

constexpr std::array<std::string_view, operation_count> names{
    "chat",       "completions", "responses", "responses_compact", "responses_input_tokens",
    "embeddings", "moderations", "models",    "messages",          "count_tokens",
};

}  // namespace

std::string_view name_of(Operation operation) { return names[static_cast<std::size_t>(operation)]; }

std::string_view name_of(Family family) {
  return family == Family::openai ? "openai" : "anthropic";
}

std::optional<Operation> operation_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Operation>(i);
  }
  return std::nullopt;
}

}  // namespace recloser::codec
