#include "sim/read/read_call.h"

#include "core/limits.h"
#include "core/names.h"
#include "sim/read/operations.h"

#include <fmt/format.h>

namespace recloser::sim {
namespace {

using codec::Family;
using codec::Operation;

// The model, and what its name tells it to do.
void read_model(Fields& fields, Call& call) {
  call.model = fields.text("model");
  bool optional = !codec::needs_model(call.operation) && call.operation != Operation::responses;
  if (call.model.empty() && optional) call.model = "sim";
  if (call.model.empty()) return fields.missing("model");
  ParsedScript parsed = parse_script(call.model);
  call.script = parsed.script;
  if (!parsed.unknown) return;
  std::string name = shown(call.model);
  std::string message =
      fields.family() == Family::anthropic
          ? fmt::format("model: {} ({})", name, parsed.unknown->message)
          : fmt::format("The model `{}` does not exist: {}.", name, parsed.unknown->message);
  fields.fail({.status = 404, .message = message, .code = "model_not_found", .param = {}});
}

void read_operation(Fields& fields, Prompt& prompt, Call& call) {
  switch (call.operation) {
    case Operation::chat:
      return read_chat(fields, prompt, call);
    case Operation::completions:
      return read_completions(fields, prompt, call);
    case Operation::responses:
    case Operation::responses_compact:
    case Operation::responses_input_tokens:
      return read_responses(fields, prompt, call);
    case Operation::embeddings:
      return read_embeddings(fields, prompt, call);
    case Operation::moderations:
      return read_moderations(fields, prompt, call);
    case Operation::messages:
    case Operation::count_tokens:
      return read_messages(fields, prompt, call);
    case Operation::models:
      break;  // has no body
  }
}

}  // namespace

std::expected<Call, ApiError> read_call(Operation operation, std::string_view body,
                                        std::uint64_t seed) {
  boost::json::parse_options options;
  options.max_depth = limits::json_depth_max;
  boost::json::monotonic_resource memory;
  boost::system::error_code error;
  Json parsed = boost::json::parse(body, error, &memory, options);
  if (error || !parsed.is_object()) {
    std::string why = error ? error.message() : "it is no object";
    return std::unexpected(
        ApiError{.status = 400, .message = "The request body is not valid JSON: " + why});
  }
  Fields fields(parsed, codec::family_of(operation));
  Prompt prompt(seed);
  Call call;
  call.operation = operation;
  read_model(fields, call);
  if (fields.good()) {
    if (codec::can_stream(operation)) call.stream = fields.boolean("stream");
    read_operation(fields, prompt, call);
  }
  if (!fields.good()) return std::unexpected(*fields.error());
  call.input_tokens = prompt.tokens();
  call.seed = SeedHash(prompt.hash()).add(call.model).value();
  return call;
}

}  // namespace recloser::sim
