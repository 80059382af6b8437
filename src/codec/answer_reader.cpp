#include "codec/answer_reader.h"

#include "codec/event.h"
#include "codec/provider_error.h"
#include "codec/usage_paths.h"
#include "core/limits.h"

#include <algorithm>
#include <utility>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_id,
  id_model,
  id_finish,
  id_status,
  id_reason,
  id_text,
  id_tool,
  id_item_type,
  id_item_action,
  id_usage,
  id_iteration,
  id_error,
  id_error_type,
  id_error_code,
  id_error_message,
};

// One table for all answers of the OpenAI family: chat and completions, responses, embeddings. The
// names of one never mean something else in another. Vectors and texts are counted, not kept.
constexpr JsonTable openai{
    {
        {"id", id_id, want_text},
        {"model", id_model, want_text},
        {"status", id_status, want_text},
        {"choices[].finish_reason", id_finish, want_text},
        {"choices[].text", id_text, want_text},
        {"choices[].message.content", id_text, want_text},
        {"choices[].message.content[].text", id_text, want_text},
        {"choices[].message.refusal", id_text, want_text},
        {"choices[].message.tool_calls[]", id_tool, want_begin},
        {"choices[].message.function_call", id_tool, want_begin},
        {"output[].type", id_item_type, want_text},
        {"output[].action.type", id_item_action, want_text},
        {"output[].content[].text", id_text, want_text},
        {"output[].content[].refusal", id_text, want_text},
        {"incomplete_details.reason", id_reason, want_text},
        {"input_tokens", usage_input, want_number},
        {"usage", id_usage, want_begin},
        {"error", id_error, want_text | want_begin},
        {"error.type", id_error_type, want_text},
        {"error.code", id_error_code, want_text | want_number},
        {"error.message", id_error_message, want_text},
        {"type", id_error_type, want_text},
        {"code", id_error_code, want_text | want_number},
        {"message", id_error_message, want_text},
        {"detail", id_error_message, want_text},
    },
    {{"", answer_usage}, {"usage", chat_usage}, {"usage", responses_usage}},
};

constexpr JsonTable anthropic{
    {
        {"id", id_id, want_text},
        {"model", id_model, want_text},
        {"stop_reason", id_finish, want_text},
        {"content[].text", id_text, want_text},
        {"content[].type", id_item_type, want_text},
        {"input_tokens", usage_input, want_number},
        {"usage", id_usage, want_begin},
        {"usage.iterations[]", id_iteration, want_begin},
        {"error", id_error, want_text | want_begin},
        {"error.type", id_error_type, want_text},
        {"error.message", id_error_message, want_text},
    },
    {{"usage", messages_usage}, {"usage.iterations[]", messages_usage, of_iteration}},
};

constexpr std::size_t escape_bytes_max = 6;  // \u0000
constexpr std::size_t raw_name_bytes_max = limits::model_name_bytes_max * escape_bytes_max;

}  // namespace

AnswerReader::AnswerReader(Operation operation, Family family)
    : scanner_(family == Family::anthropic ? anthropic : openai),
      operation_(operation),
      family_(family) {}

void AnswerReader::feed(std::string_view piece) {
  while (!facts_.malformed) {
    JsonToken token = scanner_.next(piece);
    if (token == JsonToken::none) return;
    if (token == JsonToken::error) {
      facts_.malformed = true;
    } else {
      take(token);
    }
  }
}

const AnswerFacts& AnswerReader::finish() {
  if (done_) return facts_;
  done_ = true;
  if (scanner_.finish() == JsonToken::error) facts_.malformed = true;
  if (!facts_.saw_error) {
    // `type`, `code` and `message` stand at the top of some errors, and of answers that are none.
    facts_.saw_error = !saw_id_ && !facts_.error_message.empty();
  }
  if (!facts_.saw_error) {
    facts_.error_type.clear();
    facts_.error_code.clear();
    facts_.error_message.clear();
  }
  if (facts_.finish == Finish::stop && saw_tool_call_) facts_.finish = Finish::tool_call;
  read_name(facts_.response_id);
  read_name(facts_.model);
  // A usage without a figure says nothing, as if it were not there.
  if (!saw_usage_ || !saw_figure_ || facts_.malformed) return facts_;
  if (std::optional<Usage> told = usage()) {
    facts_.usage = *told;
    bool all = told->output_known || !writes_output(operation_);
    facts_.usage.output_known = all;  // what writes nothing has an output of 0
    facts_.usage_source = all ? UsageSource::final : UsageSource::running;
  }
  return facts_;
}

std::optional<Usage> AnswerReader::usage() const {
  if (iterations_.too_many()) return std::nullopt;
  if (family_ == Family::anthropic) return usage_of_anthropic(fields_, iterations_.all());
  std::optional<Usage> usage = usage_of_openai(fields_, writes_output(operation_));
  if (!usage) return usage;
  if (usage->tier == ServiceTier::standard) usage->tier = tier_;
  std::uint64_t searches = web_searches_ - std::min(web_searches_, page_views_);
  if (searches == 0 && file_searches_ == 0 && !ran_code_) return usage;
  RareUsage& rare = usage->rare.make();
  rare.web_searches = std::max(rare.web_searches, searches);
  rare.file_searches = std::max<std::uint64_t>(rare.file_searches, file_searches_);
  rare.code_sessions = std::max<std::uint64_t>(rare.code_sessions, ran_code_ ? 1 : 0);
  return usage;
}

// From the raw text that was kept of it. One that is escaped and did not fit is no name.
void AnswerReader::read_name(std::string& name) {
  if (name.contains('\\')) {
    std::string raw = std::exchange(name, {});
    if (raw.size() < raw_name_bytes_max) unescape(name, raw);
  }
  name.resize(std::min(name.size(), limits::model_name_bytes_max));
}

void AnswerReader::take(JsonToken token) {
  if (token == JsonToken::text || token == JsonToken::text_part) return take_text(token);
  if (token == JsonToken::number) return take_number();
  switch (scanner_.id()) {
    case id_usage:
      saw_usage_ = true;
      break;
    case id_tool:
      ++facts_.tool_calls;
      break;
    case id_error:
      facts_.saw_error = true;
      break;
    case id_iteration:
      iterations_.begin();
      break;
    default:
      break;
  }
}

void AnswerReader::keep(std::string& place, std::size_t limit) {
  std::string_view raw = scanner_.raw();
  place.append(raw.substr(0, limit - std::min(limit, place.size())));
}

// A part of the answer, by its type.
void AnswerReader::take_item(std::string_view type) {
  if (type == "function_call" || type == "custom_tool_call" || type == "tool_use") {
    ++facts_.tool_calls;
    saw_tool_call_ = true;
  }
  web_searches_ += type == "web_search_call" ? 1 : 0;
  file_searches_ += type == "file_search_call" ? 1 : 0;
  ran_code_ |= type == "code_interpreter_call";
}

void AnswerReader::take_usage_text(bool last) {
  keep(reason_, limits::model_name_bytes_max);
  if (!last) return;
  std::uint8_t id = scanner_.id();
  if (family_ == Family::anthropic) {
    UsageFields& fields = iterations_.of(id, fields_);
    codec::take_usage_text(fields, id, reason_);
  } else {
    tier_ = service_tier_named(reason_);
  }
  reason_.clear();
}

void AnswerReader::take_text(JsonToken token) {
  bool last = token == JsonToken::text;
  if (is_usage_text(scanner_.id())) return take_usage_text(last);
  switch (scanner_.id()) {
    case id_text:
      facts_.text_bytes += scanner_.raw().size();
      break;
    case id_id:
      saw_id_ |= !scanner_.raw().empty();
      if (operation_ == Operation::responses) {
        keep(facts_.response_id, raw_name_bytes_max);
      }
      break;
    case id_model:
      keep(facts_.model, raw_name_bytes_max);
      break;
    case id_error:
      facts_.saw_error = true;
      keep(facts_.error_message, error_bytes_kept);
      break;
    case id_error_type:
      keep(facts_.error_type, error_bytes_kept);
      break;
    case id_error_code:
      keep(facts_.error_code, error_bytes_kept);
      break;
    case id_error_message:
      keep(facts_.error_message, error_bytes_kept);
      break;
    case id_item_type:
      keep(reason_, error_bytes_kept);
      if (!last) return;
      take_item(reason_);
      reason_.clear();
      break;
    case id_item_action:
      keep(reason_, error_bytes_kept);
      if (!last) return;
      page_views_ += reason_ == "open_page" || reason_ == "find_in_page" ? 1 : 0;
      reason_.clear();
      break;
    case id_finish:
    case id_status:
    case id_reason: {
      keep(reason_, error_bytes_kept);
      if (!last) return;
      facts_.saw_error |= scanner_.id() == id_status && reason_ == "failed";
      Finish finish = finish_named(reason_);
      bool better = facts_.finish == Finish::none || facts_.finish == Finish::stop ||
                    facts_.finish == Finish::other;
      if (finish != Finish::none && better) facts_.finish = finish;
      reason_.clear();
      break;
    }
    default:
      break;
  }
}

void AnswerReader::take_number() {
  std::uint8_t id = scanner_.id();
  if (id == id_error_code) {
    facts_.error_code = std::to_string(scanner_.number());
    return;
  }
  // A token count has its one figure at the top.
  bool counts =
      operation_ == Operation::count_tokens || operation_ == Operation::responses_input_tokens;
  if (id == usage_input && counts) saw_usage_ = true;
  saw_figure_ |= makes_usage(id);
  UsageFields& fields = iterations_.of(id, fields_);
  take_usage(fields, id, scanner_);
}

}  // namespace recloser::codec
