#include "codec/request.h"

#include "core/json_writer.h"

#include <algorithm>
#include <array>

namespace recloser::codec {

// Members that are acted on. Those before `once_end` may stand once: which of two a provider would
// take nobody knows, and we must not read another one than it does.
enum class RequestMember : std::uint8_t {
  none,
  body,
  model,
  stream,
  stream_options,
  include_usage,
  messages,
  tools,
  functions,
  max_tokens,
  max_completion_tokens,
  n,
  best_of,
  metadata,
  metadata_session_id,
  metadata_user_id,
  previous_response_id,
  conversation,
  conversation_id,
  prompt_cache_key,
  format,
  system,
  prompt,
  web_search_options,
  audio,
  background,
  max_tool_calls,
  service_tier,
  speed,
  inference_geo,
  thinking_type,
  thinking_tokens,
  effort,
  once_end,
  message,
  tool,
  tool_type,
};

namespace {

constexpr std::string_view asked_for = R"("include_usage":true)";

// Raw bytes of a member that are kept while it is read; a name of model_name_bytes_max characters
// that are all escaped fits.
constexpr std::size_t raw_bytes_max = 6 * limits::model_name_bytes_max;

// Agents put several ids into one user id.
constexpr std::size_t user_bytes_max = 512;
constexpr std::size_t tier_bytes_max = 32;  // of a service tier, a geography

// Raw JSON text as it reads; false, and nothing, where it is longer than `limit`.
bool decode_text(std::string& place, std::string_view raw, bool escaped, std::size_t limit) {
  if (raw.size() > raw_bytes_max) return false;
  if (escaped) {
    unescape(place, raw);
  } else {
    place = raw;
  }
  if (place.size() <= limit) return true;
  place.clear();
  return false;
}

Error refuse(Kind kind, std::string message) {
  return Error(Side::client, kind, std::move(message));
}

// Claude Code's metadata.user_id names its session: "user_.._account_.._session_<id>", and in later
// versions a JSON object in a string with a member "session_id".
std::string_view session_part(std::string_view user_id) {
  constexpr std::string_view member = R"("session_id":")";
  constexpr std::string_view part = "_session_";
  if (user_id.starts_with('{')) {
    std::size_t at = user_id.find(member);
    if (at == std::string_view::npos) return {};
    std::string_view rest = user_id.substr(at + member.size());
    return rest.substr(0, rest.find('"'));
  }
  std::size_t at = user_id.rfind(part);
  return at == std::string_view::npos ? std::string_view() : user_id.substr(at + part.size());
}

}  // namespace

namespace {

using M = RequestMember;
constexpr std::uint8_t id(M member) { return static_cast<std::uint8_t>(member); }
static_assert(id(M::once_end) <= 64, "one bit of seen_ each");

constexpr std::uint8_t any_with_end = want_any | want_end;

constexpr JsonTable openai_table{
    // First, so that the usual name in its slot of the table is found before it.
    {"web_search_options", id(M::web_search_options), want_any},
    {"", id(M::body), any_with_end},
    {"model", id(M::model), want_any},
    {"stream", id(M::stream), want_any},
    {"stream_options", id(M::stream_options), any_with_end},
    {"stream_options.include_usage", id(M::include_usage), want_any},
    {"messages", id(M::messages), any_with_end},
    {"messages[]", id(M::message), want_any},
    {"prompt", id(M::prompt), any_with_end},
    {"input", id(M::prompt), any_with_end},
    {"tools", id(M::tools), any_with_end},
    {"tools[]", id(M::tool), want_any},
    {"functions", id(M::functions), any_with_end},
    {"functions[]", id(M::tool), want_any},
    {"tools[].type", id(M::tool_type), want_text},
    {"service_tier", id(M::service_tier), want_any},
    {"reasoning_effort", id(M::effort), want_any},
    {"max_tokens", id(M::max_tokens), want_any},
    {"max_completion_tokens", id(M::max_completion_tokens), want_any},
    {"n", id(M::n), want_any},
    {"best_of", id(M::best_of), want_any},
    {"audio", id(M::audio), want_any},
    {"metadata", id(M::metadata), want_any},
    {"metadata.session_id", id(M::metadata_session_id), want_any},
    {"prompt_cache_key", id(M::prompt_cache_key), want_any},
    {"response_format.type", id(M::format), want_any},
};
constexpr JsonTable responses_table{
    {"", id(M::body), any_with_end},
    {"model", id(M::model), want_any},
    {"stream", id(M::stream), want_any},
    {"input", id(M::messages), any_with_end},
    {"instructions", id(M::system), any_with_end},
    {"input[]", id(M::message), want_any},
    {"tools", id(M::tools), any_with_end},
    {"tools[]", id(M::tool), want_any},
    {"max_output_tokens", id(M::max_tokens), want_any},
    {"metadata", id(M::metadata), want_any},
    {"metadata.session_id", id(M::metadata_session_id), want_any},
    {"previous_response_id", id(M::previous_response_id), want_any},
    {"conversation", id(M::conversation), want_any},
    {"conversation.id", id(M::conversation_id), want_any},
    {"prompt_cache_key", id(M::prompt_cache_key), want_any},
    {"text.format.type", id(M::format), want_any},
    {"background", id(M::background), want_any},
    {"tools[].type", id(M::tool_type), want_text},
    {"max_tool_calls", id(M::max_tool_calls), want_any},
    {"service_tier", id(M::service_tier), want_any},
    {"reasoning.effort", id(M::effort), want_any},
};
constexpr JsonTable messages_table{
    {"", id(M::body), any_with_end},
    {"model", id(M::model), want_any},
    {"stream", id(M::stream), want_any},
    {"messages", id(M::messages), any_with_end},
    {"messages[]", id(M::message), want_any},
    {"tools", id(M::tools), any_with_end},
    {"tools[]", id(M::tool), want_any},
    {"max_tokens", id(M::max_tokens), want_any},
    {"metadata", id(M::metadata), want_any},
    {"metadata.session_id", id(M::metadata_session_id), want_any},
    {"metadata.user_id", id(M::metadata_user_id), want_any},
    {"system", id(M::system), any_with_end},
    {"output_format.type", id(M::format), want_any},
    {"output_config.format.type", id(M::format), want_any},
    {"tools[].type", id(M::tool_type), want_text},
    {"service_tier", id(M::service_tier), want_any},
    {"speed", id(M::speed), want_any},
    {"inference_geo", id(M::inference_geo), want_any},
    {"thinking.type", id(M::thinking_type), want_any},
    {"thinking.budget_tokens", id(M::thinking_tokens), want_any},
};

const JsonTable& table_of(Operation operation) {
  switch (operation) {
    case Operation::chat:
    case Operation::completions:
    case Operation::embeddings:
    case Operation::moderations:
    case Operation::models:
      return openai_table;
    case Operation::responses:
    case Operation::responses_compact:
    case Operation::responses_input_tokens:
      return responses_table;
    case Operation::messages:
    case Operation::count_tokens:
      return messages_table;
  }
  return openai_table;
}

}  // namespace

RequestReader::RequestReader(Operation operation)
    : scanner_(table_of(operation)), operation_(operation) {}

Result<void> RequestReader::feed(std::string_view piece) {
  while (!error_) {
    JsonToken token = scanner_.next(piece);
    if (token == JsonToken::none) return {};
    if (token == JsonToken::error) {
      error_ = refuse_json();
    } else if (token == JsonToken::text_part) {
      hold();
    } else {
      take(token, static_cast<RequestMember>(scanner_.id()));
    }
  }
  return fail(*error_);
}

Result<void> RequestReader::end() {
  if (error_) return fail(*error_);
  if (scanner_.finish() == JsonToken::error) return fail(refuse_json());
  if (facts_.model.empty() && needs_model(operation_)) {
    return fail(refuse(Kind::malformed,
                       "The request names no model. Add a member \"model\" with the name of the "
                       "model to call."));
  }
  return {};
}

Result<RequestFacts> RequestReader::finish() {
  if (Result<void> ended = end(); !ended) return fail(std::move(ended.error()));
  return std::move(facts_);
}

Error RequestReader::refuse_json() const {
  if (scanner_.fault() == JsonFault::empty) {
    return refuse(Kind::malformed,
                  "The request has no body. Send one JSON object with at least a \"model\".");
  }
  return refuse(scanner_.fault() == JsonFault::too_deep ? Kind::too_large : Kind::malformed,
                "The request body is not valid JSON: " + scanner_.fault_sentence() +
                    ". Send one JSON object.");
}

void RequestReader::take(JsonToken token, RequestMember member) {
  if (token == JsonToken::object_end || token == JsonToken::array_end) return end_of(member);
  if (member == M::tool_type) return take_text(member);
  if (member < M::once_end) {
    std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(member);
    if ((seen_ & bit) != 0) return refuse_second();
    seen_ |= bit;
  } else {
    return count(member);
  }
  switch (token) {
    case JsonToken::text:
      return take_text(member);
    case JsonToken::number:
      take_number(member);
      break;
    default:
      take_other(token, member);
  }
  if (member == M::model) {
    error_ = refuse(Kind::malformed, "The member \"model\" must be a string.");
  } else if (member == M::body && token != JsonToken::object_begin) {
    error_ = refuse(Kind::malformed, "The request body must be a JSON object.");
  }
}

void RequestReader::refuse_second() {
  error_ = refuse(Kind::malformed,
                  "A member that decides how the call is handled stands twice in the request body; "
                  "the second value is at byte " +
                      std::to_string(scanner_.value().begin) + ". Send it once.");
}

// An element of the messages or the tools.
void RequestReader::count(RequestMember member) {
  in_text_ = false;
  if (member == M::message) {
    if (message_begins_ != nullptr) message_begins_->push_back(scanner_.value().begin);
    if (++facts_.messages > limits::messages_max) {
      error_ = refuse(Kind::too_large, "The request has more than " +
                                           std::to_string(limits::messages_max) +
                                           " messages. Send fewer, or shorten the history.");
    }
  } else if (++facts_.tools > limits::tools_max) {
    error_ = refuse(Kind::too_large, "The request has more than " +
                                         std::to_string(limits::tools_max) + " tools. Send fewer.");
  }
}

// The value of a member up to here, which is its end or the end of its brackets.
void RequestReader::note_prompt(RequestMember member) {
  Span value = scanner_.value();
  bool messages = member == M::messages || member == M::prompt;
  Span* place = messages                                       ? &facts_.messages_value
                : member == M::system                          ? &facts_.system_value
                : member == M::tools || member == M::functions ? &facts_.tools_value
                                                               : nullptr;
  if (place == nullptr) return;
  if (place->empty()) place->begin = value.begin;
  place->end = value.end;
}

void RequestReader::end_of(RequestMember member) {
  note_prompt(member);
  Span value = scanner_.value();
  if (member == M::body) {
    facts_.body.end = value.end;
    facts_.body_object_empty = scanner_.was_empty();
  } else if (member == M::stream_options) {
    facts_.stream_options_value.end = value.end;
    facts_.stream_options_empty = scanner_.was_empty();
  }
}

void RequestReader::take_other(JsonToken token, RequestMember member) {
  Said said = token == JsonToken::yes    ? Said::yes
              : token == JsonToken::no   ? Said::no
              : token == JsonToken::null ? Said::null
                                         : Said::odd;
  Span value = scanner_.value();
  switch (member) {
    case M::body:
      facts_.body = value;
      break;
    case M::stream:
      facts_.stream = said;
      facts_.stream_value = value;
      break;
    case M::stream_options:
      facts_.stream_options = token == JsonToken::object_begin ? Said::yes
                              : said == Said::null             ? Said::null
                                                               : Said::odd;
      facts_.stream_options_value = value;
      break;
    case M::audio:
      facts_.whole_only |= token == JsonToken::object_begin;
      break;
    case M::background:
      facts_.whole_only |= said == Said::yes;
      break;
    case M::web_search_options:
      facts_.web_search_options = token == JsonToken::object_begin;
      break;
    case M::include_usage:
      facts_.include_usage = said;
      facts_.include_usage_value = value;
      break;
    case M::messages:
      facts_.messages_at = value.begin;
      [[fallthrough]];
    case M::prompt:
    case M::system:
    case M::tools:
    case M::functions:
      note_prompt(member);
      break;
    case M::max_tokens:
    case M::max_completion_tokens:
      if (said == Said::null) facts_.max_tokens_null = value;
      break;
    default:
      break;
  }
}

void RequestReader::take_number(RequestMember member) {
  std::uint64_t number = scanner_.number();
  switch (member) {
    case M::stream:
      facts_.stream = Said::odd;
      break;
    case M::stream_options:
      facts_.stream_options = Said::odd;
      break;
    case M::include_usage:
      facts_.include_usage = Said::odd;
      break;
    case M::max_tokens:
      if (!facts_.max_tokens_value.empty()) break;  // max_completion_tokens stands before it
      [[fallthrough]];
    case M::max_completion_tokens:
      if (!scanner_.is_count()) break;
      facts_.max_tokens = number;
      facts_.max_tokens_value = scanner_.value();
      break;
    case M::max_tool_calls:
      if (scanner_.is_count()) facts_.max_tool_calls = number;
      break;
    case M::thinking_tokens:
      if (scanner_.is_count()) facts_.thinking_tokens = number;
      break;
    case M::n:
    case M::best_of:
      if (scanner_.is_count()) facts_.n = std::max(facts_.n, number);
      facts_.whole_only |= member == M::best_of && number > 1;
      break;
    default:
      break;
  }
}

// A string in one piece is read where it lies; one that is cut is gathered first. Nothing is judged
// before its end, so that every split gives the same verdict.
void RequestReader::hold() {
  if (!in_text_) held_.clear();
  in_text_ = true;
  std::string_view raw = scanner_.raw();
  held_.append(raw.substr(0, raw_bytes_max + 1 - std::min(held_.size(), raw_bytes_max + 1)));
}

void RequestReader::take_text(RequestMember member) {
  if (!in_text_) return text_done(member, scanner_.raw());
  hold();
  in_text_ = false;
  text_done(member, held_);
}

// What bears on the price of the call.
void RequestReader::price_text_done(RequestMember member, std::string_view raw) {
  std::string text;
  bool known = decode_text(text, raw, scanner_.escaped(), tier_bytes_max);
  switch (member) {
    case M::service_tier:
    case M::speed:
      facts_.tier = std::max(facts_.tier, known ? service_tier_named(text) : ServiceTier::standard);
      break;
    case M::inference_geo:
      facts_.inference_geo = std::move(text);
      break;
    case M::thinking_type:
      facts_.thinks = text != "disabled";
      break;
    case M::effort:
      facts_.thinks_not = text == "none";
      break;
    default:
      break;
  }
}

void RequestReader::text_done(RequestMember member, std::string_view raw) {
  auto decode = [raw, escaped = scanner_.escaped()](std::string& place, std::size_t limit) {
    return decode_text(place, raw, escaped, limit);
  };
  constexpr std::size_t id_max = limits::session_id_bytes_max;
  switch (member) {
    case M::body:
      error_ = refuse(Kind::malformed, "The request body must be a JSON object.");
      break;
    case M::model:
      facts_.model_value = scanner_.value();
      if (decode(facts_.model, limits::model_name_bytes_max)) break;
      error_ =
          refuse(Kind::too_large, "The model name is longer than " +
                                      std::to_string(limits::model_name_bytes_max) + " bytes.");
      break;
    case M::stream:
      facts_.stream = Said::odd;
      break;
    case M::stream_options:
      facts_.stream_options = Said::odd;
      break;
    case M::include_usage:
      facts_.include_usage = Said::odd;
      break;
    case M::metadata_session_id:
      decode(facts_.metadata_session_id, id_max);
      break;
    case M::metadata_user_id: {
      std::string user;
      if (!decode(user, user_bytes_max)) break;
      std::string_view session = session_part(user);
      if (session.size() <= id_max) facts_.metadata_user_session = session;
      break;
    }
    case M::previous_response_id:
      decode(facts_.previous_response_id, id_max);
      break;
    case M::conversation:
    case M::conversation_id:
      decode(facts_.conversation, id_max);
      break;
    case M::prompt_cache_key:
      decode(facts_.prompt_cache_key, id_max);
      break;
    case M::messages:
    case M::prompt:
    case M::system:
      note_prompt(member);
      break;
    case M::format:
      facts_.structured_output = raw == "json_schema" || raw == "json_object";
      break;
    case M::tool_type:  // in any spelling but the usual one it is looked at again
      facts_.other_tools |= raw != "function" && raw != "custom";
      break;
    case M::service_tier:
    case M::speed:
    case M::inference_geo:
    case M::thinking_type:
    case M::effort:
      return price_text_done(member, raw);
    default:
      break;
  }
}

Span message_span(std::string_view body, std::uint64_t begin, std::uint64_t next) {
  next = std::min<std::uint64_t>(next, body.size());
  if (begin >= next) return {};
  std::string_view bytes = body.substr(begin, next - begin);
  auto is_one_of = [&bytes](std::string_view some) {
    return !bytes.empty() && some.contains(bytes.back());
  };
  constexpr std::string_view space = " \n\r\t";
  while (is_one_of(space)) bytes.remove_suffix(1);
  if (is_one_of(",]") && bytes.size() > 1) bytes.remove_suffix(1);
  while (is_one_of(space)) bytes.remove_suffix(1);
  return {begin, begin + bytes.size()};
}

bool may_ask_for_stream(Operation operation, const RequestFacts& facts) {
  bool whole =
      facts.stream == Said::nothing || facts.stream == Said::no || facts.stream == Said::null;
  return can_stream(operation) && whole && !facts.whole_only;
}

void ask_for_stream(BodyEdits& edits, const RequestFacts& facts) {
  if (facts.stream != Said::nothing) return edits.replace(facts.stream_value, "true");
  std::string member = R"("stream":true)";
  if (!facts.body_object_empty) member += ',';
  edits.insert(facts.body.begin + 1, member);
}

bool must_ask_for_usage(Operation operation, const RequestFacts& facts, bool streams) {
  if (operation != Operation::chat && operation != Operation::completions) return false;
  return streams && facts.stream_options != Said::odd && facts.include_usage != Said::yes &&
         facts.include_usage != Said::odd;
}

void ask_for_usage(BodyEdits& edits, const RequestFacts& facts) {
  std::string object = "{" + std::string(asked_for) + "}";
  Span options = facts.stream_options_value;
  if (!facts.include_usage_value.empty()) {
    edits.replace(facts.include_usage_value, "true");
  } else if (facts.stream_options == Said::nothing) {
    std::string member = R"("stream_options":)" + object;
    edits.insert(facts.body.end - 1, facts.body_object_empty ? member : "," + member);
  } else if (facts.stream_options == Said::null || facts.stream_options_empty) {
    edits.replace(options, object);
  } else {
    edits.insert(options.begin + 1, std::string(asked_for) + ",");
  }
}

std::string_view output_limit_name(Operation operation, bool openai_model) {
  switch (operation) {
    case Operation::responses:
    case Operation::responses_compact:
      return "max_output_tokens";
    case Operation::chat:
      return openai_model ? "max_completion_tokens" : "max_tokens";
    default:
      return "max_tokens";
  }
}

void limit_output(BodyEdits& edits, const RequestFacts& facts, std::string_view name,
                  std::uint64_t tokens) {
  std::string number = std::to_string(tokens);
  if (!facts.max_tokens_value.empty()) return edits.replace(facts.max_tokens_value, number);
  if (!facts.max_tokens_null.empty()) return edits.replace(facts.max_tokens_null, number);
  std::string member = "\"" + std::string(name) + "\":" + number;
  edits.insert(facts.body.begin + 1, facts.body_object_empty ? member : member + ",");
}

void replace_model(BodyEdits& edits, const RequestFacts& facts, std::string_view model) {
  std::string text;
  append_json_string(text, model);
  edits.replace(facts.model_value, text);
}

}  // namespace recloser::codec
