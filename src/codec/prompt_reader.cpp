#include "codec/prompt_reader.h"

#include <utility>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_system,        // a text that is a message by itself
  id_system_begin,  // a list of such texts
  id_message,       // an element of the list of messages
  id_role,
  id_name,
  id_text,
  id_call_name,
  id_arguments,
  id_arguments_json,  // the value of an object
  id_tools,
  id_schema,
  id_sealed,
  id_kind,      // Anthropic: of a part of the content
  id_redacted,  // sealed, where the kind that stands before it says so
  id_aside,
  id_image,
  id_audio,
  id_file,
  id_source,  // Anthropic: data whose type stands beside it
  id_media_type,
  id_remote,
  id_part,  // an element of a message's content, of whatever kind
  id_item,  // the same of a Responses input: a message, a call, a result, or something else
};

constexpr std::uint8_t with_end = want_begin | want_end;

constexpr JsonTable chat{
    {"messages[]", id_message, want_begin},
    {"messages[].role", id_role, want_text},
    {"messages[].name", id_name, want_text},
    {"messages[].content", id_text, want_text},
    {"messages[].content[]", id_part, with_end},
    {"messages[].content[].text", id_text, want_text},
    {"messages[].content[].refusal", id_text, want_text},
    {"messages[].reasoning_content", id_text, want_text},
    {"messages[].content[].image_url", id_image, want_text},
    {"messages[].content[].image_url.url", id_image, want_text},
    {"messages[].content[].input_audio.data", id_audio, want_text},
    {"messages[].content[].file.file_data", id_file, want_text},
    {"messages[].content[].file.file_id", id_remote, want_text},
    {"messages[].tool_calls[].function.name", id_call_name, want_text},
    {"messages[].tool_calls[].function.arguments", id_arguments, want_text},
    {"messages[].function_call.name", id_call_name, want_text},
    {"messages[].function_call.arguments", id_arguments, want_text},
    {"tools", id_tools, with_end},
    {"functions", id_tools, with_end},
    {"response_format.json_schema", id_schema, with_end},
    {"prompt", id_text, want_text},
    {"prompt[]", id_text, want_text},
    {"suffix", id_text, want_text},
    {"input", id_text, want_text},
    {"input[]", id_text, want_text},
    {"input[].text", id_text, want_text},
    {"input[].image_url.url", id_image, want_text},
};

constexpr JsonTable responses{
    {"instructions", id_system, want_text},
    {"input", id_system, want_text},
    {"input[]", id_item, with_end},
    {"input[].role", id_role, want_text},
    {"input[].content", id_text, want_text},
    {"input[].content[].text", id_text, want_text},
    {"input[].content[].refusal", id_text, want_text},
    {"input[].content[].image_url", id_image, want_text},
    {"input[].content[].file_data", id_file, want_text},
    {"input[].content[].file_id", id_remote, want_text},
    {"input[].content[].file_url", id_remote, want_text},
    {"input[].summary[].text", id_aside, want_text},
    {"input[].encrypted_content", id_sealed, want_text},
    {"input[].name", id_call_name, want_text},
    {"input[].arguments", id_arguments, want_text},
    {"input[].input", id_arguments, want_text},
    {"input[].output", id_text, want_text},
    {"input[].output[].text", id_text, want_text},
    {"input[].output[].image_url", id_image, want_text},
    {"tools", id_tools, with_end},
    {"text.format.schema", id_schema, with_end},
    {"previous_response_id", id_remote, want_text},
    {"conversation", id_remote, want_text | want_begin},
    {"prompt.id", id_remote, want_text},
};

constexpr JsonTable messages{
    {"system", id_system, want_text | want_begin},
    {"system[].text", id_text, want_text},
    {"messages[]", id_message, want_begin},
    {"messages[].role", id_role, want_text},
    {"messages[].content", id_text, want_text},
    {"messages[].content[]", id_part, with_end},
    {"messages[].content[].text", id_text, want_text},
    {"messages[].content[].thinking", id_text, want_text},
    {"messages[].content[].signature", id_aside, want_text},
    {"messages[].content[].type", id_kind, want_text},
    {"messages[].content[].data", id_redacted, want_text},
    {"messages[].content[].name", id_call_name, want_text},
    {"messages[].content[].input", id_arguments_json, with_end},
    {"messages[].content[].content", id_text, want_text},
    {"messages[].content[].content[].text", id_text, want_text},
    {"messages[].content[].content[].source.media_type", id_media_type, want_text},
    {"messages[].content[].content[].source.data", id_source, want_text},
    {"messages[].content[].content[].source.url", id_remote, want_text},
    {"messages[].content[].source.media_type", id_media_type, want_text},
    {"messages[].content[].source.data", id_source, want_text},
    {"messages[].content[].source.url", id_remote, want_text},
    {"messages[].content[].source.file_id", id_remote, want_text},
    {"tools", id_tools, with_end},
    {"output_format.schema", id_schema, with_end},
    {"output_config.format.schema", id_schema, with_end},
    {"container", id_remote, want_text},
};

const JsonTable& table_of(Operation operation) {
  if (family_of(operation) == Family::anthropic) return messages;
  switch (operation) {
    case Operation::responses:
    case Operation::responses_compact:
    case Operation::responses_input_tokens:
      return responses;
    default:
      return chat;
  }
}

std::optional<PromptPart> part_of(std::uint8_t id) {
  switch (id) {
    case id_role:
      return PromptPart::role;
    case id_name:
      return PromptPart::name;
    case id_system:
    case id_text:
      return PromptPart::text;
    case id_call_name:
      return PromptPart::call_name;
    case id_arguments:
    case id_arguments_json:
      return PromptPart::arguments;
    case id_tools:
      return PromptPart::tools;
    case id_schema:
      return PromptPart::schema;
    case id_sealed:
      return PromptPart::sealed;
    case id_aside:
      return PromptPart::aside;
    case id_image:
      return PromptPart::image;
    case id_audio:
      return PromptPart::audio;
    case id_file:
      return PromptPart::file;
    case id_remote:
      return PromptPart::remote;
    default:
      return std::nullopt;
  }
}

// What stands before a value in the body that it comes from.
std::string_view before(Operation operation, PromptValue what) {
  bool is_responses = &table_of(operation) == &responses;
  switch (what) {
    case PromptValue::body:
      return "";
    case PromptValue::message:
      return is_responses ? R"({"input":[)" : R"({"messages":[)";
    case PromptValue::messages:
      if (operation == Operation::completions) return R"({"prompt":)";
      if (operation == Operation::embeddings || operation == Operation::moderations) {
        return R"({"input":)";
      }
      return is_responses ? R"({"input":)" : R"({"messages":)";
    case PromptValue::system:
      return is_responses ? R"({"instructions":)" : R"({"system":)";
    case PromptValue::tools:
      return R"({"tools":)";
  }
  return "";
}

}  // namespace

PromptReader::PromptReader(Operation operation, PromptValue what, std::string_view bytes)
    : scanner_(table_of(operation)), bytes_(bytes), rest_(bytes) {
  std::string_view front = before(operation, what);
  offset_ = front.size();
  while (!front.empty() && scanner_.next(front) != JsonToken::error) {
  }
}

std::optional<PromptPiece> PromptReader::next() {
  if (waiting_) return std::exchange(waiting_, std::nullopt);
  for (;;) {
    JsonToken token = scanner_.next(rest_);
    if (token == JsonToken::none || token == JsonToken::error) return std::nullopt;
    if (std::optional<PromptPiece> piece = take(token)) return piece;
  }
}

// From an offset of the scanner's up to here.
std::string_view PromptReader::since(std::uint64_t begin) const {
  return bytes_.substr(begin - offset_, scanner_.value().end - begin);
}

std::optional<PromptPiece> PromptReader::take(JsonToken token) {
  std::uint8_t id = scanner_.id();
  std::uint64_t begin = scanner_.value().begin;
  switch (token) {
    case JsonToken::object_begin:
    case JsonToken::array_begin:
      if (id == id_part || id == id_item) {
        part_begin_ = begin;
        part_known_ = false;
      } else {
        begin_ = begin;
        part_known_ = true;
      }
      if (id == id_message || id == id_item || id == id_system) {
        return PromptPiece{.part = PromptPart::message};
      }
      if (id == id_remote) return PromptPiece{.part = PromptPart::remote};
      return std::nullopt;
    case JsonToken::object_end:
    case JsonToken::array_end:
      return take_end(id);
    case JsonToken::text:
      return take_text(id);
    default:
      return std::nullopt;
  }
}

std::optional<PromptPiece> PromptReader::take_end(std::uint8_t id) {
  if (id != id_part && id != id_item) return piece(id, since(begin_), false);
  if (part_known_) return std::nullopt;
  return piece(id_text, since(part_begin_), false);
}

std::optional<PromptPiece> PromptReader::take_text(std::uint8_t id) {
  if (id == id_kind) is_redacted_ = scanner_.raw() == "redacted_thinking";
  if (id == id_kind || (id == id_redacted && !is_redacted_)) return std::nullopt;
  part_known_ = true;
  if (id == id_redacted) id = id_sealed;
  if (id == id_media_type) {
    is_image_ = scanner_.raw().starts_with("image/");
    is_text_ = scanner_.raw().starts_with("text/");
    return std::nullopt;
  }
  if (id == id_source) {  // the type stands before the data, as every SDK writes it
    id = is_image_ ? id_image : is_text_ ? id_text : id_file;
    is_image_ = is_text_ = false;
  }
  std::optional<PromptPiece> told = piece(id, scanner_.raw(), scanner_.escaped());
  if (id != id_system) return told;
  waiting_ = told;
  return PromptPiece{.part = PromptPart::message};
}

std::optional<PromptPiece> PromptReader::piece(std::uint8_t id, std::string_view raw,
                                               bool escaped) {
  std::optional<PromptPart> part = part_of(id);
  if (!part || raw.empty()) return std::nullopt;
  return PromptPiece{.part = *part, .raw = raw, .escaped = escaped};
}

}  // namespace recloser::codec
