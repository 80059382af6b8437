// The stream of OpenAI responses.
#include "codec/provider_error.h"
#include "codec/stream_reader.h"
#include "codec/usage_paths.h"

#include <algorithm>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_type,
  id_output_index,
  id_delta,
  id_item_type,
  id_item_call_id,
  id_item_name,
  id_item_sealed,
  id_id,
  id_model,
  id_reason,
  id_usage,
  id_error,
  id_error_type,
  id_error_code,
  id_error_message,
};

// The flat members are the error event's form in the SDKs; the nested one is what is sent.
constexpr JsonTable table{
    {
        {"type", id_type, want_text},
        {"output_index", id_output_index, want_number},
        {"delta", id_delta, want_text},
        {"item.type", id_item_type, want_text},
        {"item.call_id", id_item_call_id, want_text},
        {"item.name", id_item_name, want_text},
        {"item.encrypted_content", id_item_sealed, want_text},
        {"item.action.type", id_reason, want_text},
        {"response.id", id_id, want_text},
        {"response.model", id_model, want_text},
        {"response.incomplete_details.reason", id_reason, want_text},
        {"response.usage", id_usage, want_begin},
        {"response.error", id_error, want_begin},
        {"response.error.type", id_error_type, want_text},
        {"response.error.code", id_error_code, want_text | want_number},
        {"response.error.message", id_error_message, want_text},
        {"error", id_error, want_begin | want_text},
        {"error.type", id_error_type, want_text},
        {"error.code", id_error_code, want_text | want_number},
        {"error.message", id_error_message, want_text},
        {"code", id_error_code, want_text | want_number},
        {"message", id_error_message, want_text},
    },
    {{"response", answer_usage}, {"response.usage", responses_usage}},
};

// Which item types are calls that the client is to run.
bool client_runs(std::string_view type) {
  return type == "function_call" || type == "custom_tool_call" || type == "computer_call" ||
         type == "local_shell_call" || type == "shell_call" || type == "apply_patch_call";
}

}  // namespace

constinit const StreamReader::Grammar StreamReader::responses{
    .table = &table,
    .take = &StreamReader::take_responses,
    .judge = &StreamReader::judge_responses,
    .streamed = 0,  // a sequence number stands before the text
    .ends_with_finish = false,
};

void StreamReader::take_responses(JsonToken token) {
  if (token == JsonToken::text || token == JsonToken::text_part) return take_responses_text(token);
  std::uint64_t number = scanner_.number();
  switch (scanner_.id()) {
    case id_output_index:
      choice_index_ = static_cast<std::uint32_t>(number);
      break;
    case id_usage:
      saw_usage_ = true, fields_.clear();
      break;
    case id_error:
      saw_error_ = true;
      break;
    case id_error_code:
      status_ = static_cast<std::uint16_t>(std::min<std::uint64_t>(number, 999));
      break;
    default:
      saw_figure_ |= makes_usage(scanner_.id());
      take_usage(fields_, scanner_.id(), scanner_);
      break;
  }
}

void StreamReader::take_responses_text(JsonToken token) {
  if (is_usage_text(scanner_.id())) return take_usage_text(token);
  Slot slot = slot_text;
  switch (scanner_.id()) {
    case id_type:
      slot = slot_type;
      break;
    case id_item_type:
      slot = slot_item_type;
      break;
    case id_item_call_id:
      slot = slot_item_id;
      break;
    case id_item_name:
      slot = slot_item_name;
      break;
    case id_item_sealed:
      sealed_bytes_ += scanner_.raw().size();
      return;
    case id_id:
      slot = slot_id;
      break;
    case id_model:
      slot = slot_model;
      break;
    case id_reason:
      slot = slot_reason;
      break;
    case id_error_type:
      slot = slot_error_type;
      break;
    case id_error_code:
      slot = slot_error_code;
      break;
    case id_error:
      saw_error_ = true;
      [[fallthrough]];
    case id_error_message:
      slot = slot_error_message;
      break;
    default:
      break;
  }
  keep(token, &slots_[slot]);
}

void StreamReader::judge_responses() {
  std::string_view type = view(slots_[slot_type].size != 0 ? slot_type : slot_event);
  if (type.ends_with(".delta")) {
    judge_response_delta(type);
  } else if (type == "response.output_item.added") {
    judge_response_item();
  } else if (type == "response.output_item.done") {
    judge_response_item_done();
  } else if (type == "response.created") {
    learn_names();
    facts_.saw_start = true;
    draft(EventKind::start);
  } else if (type == "error" || (saw_error_ && type.empty())) {
    fill_error();
  } else if (type == "response.completed" || type == "response.incomplete" ||
             type == "response.failed" || type == "response.cancelled") {
    judge_response_end(type);
  } else if (type == "keepalive" || type == "ping") {
    --facts_.events;
    draft(EventKind::ping);
  }
}

void StreamReader::judge_response_delta(std::string_view type) {
  EventKind kind = EventKind::other;
  if (type == "response.output_text.delta" || type == "response.refusal.delta") {
    kind = EventKind::text;
  } else if (type == "response.reasoning_text.delta" ||
             type == "response.reasoning_summary_text.delta") {
    kind = EventKind::reasoning;
  } else if (type == "response.function_call_arguments.delta" ||
             type == "response.custom_tool_call_input.delta") {
    kind = EventKind::tool_call;
  } else if (type == "response.mcp_call_arguments.delta" ||
             type == "response.code_interpreter_call_code.delta") {
    kind = EventKind::server_tool;
  }
  if (kind == EventKind::other || slots_[slot_text].size == 0) return;
  Draft& delta = draft(kind);
  delta.choice = choice_index_;
  delta.index = choice_index_;
  delta.text = slots_[slot_text];
}

void StreamReader::judge_response_item() {
  std::string_view type = view(slot_item_type);
  if (!type.ends_with("_call")) return;
  bool client = client_runs(type);
  if (client) saw_tool_call_ = true;
  Draft& call = draft(client ? EventKind::tool_call : EventKind::server_tool);
  call.choice = choice_index_;
  call.index = choice_index_;
  call.id = slots_[slot_item_id];
  // A call without a name of its own is named by its type.
  call.name = slots_[slots_[slot_item_name].size != 0 ? slot_item_name : slot_item_type];
}

// What the provider ran by itself is charged by the piece: a search for its query, not for each
// page that was opened of its results.
void StreamReader::judge_response_item_done() {
  std::string_view type = view(slot_item_type);
  std::string_view action = view(slot_reason);
  if (type == "reasoning") return judge_sealed();  // when the item began, it was an empty envelope
  if (type == "web_search_call" && (action.empty() || action == "search")) {
    ++web_searches_;
  } else if (type == "file_search_call") {
    ++file_searches_;
  } else if (type == "code_interpreter_call") {
    ran_code_ = true;
  } else {
    return;
  }
  add_seen_fees(facts_.usage);  // for an answer that breaks off
}

void StreamReader::judge_response_end(std::string_view type) {
  learn_names();
  std::optional<Usage> usage;
  if (saw_figure_) usage = usage_of_openai(fields_, true);
  bool last = usage && usage->output_known;
  commit_usage(usage, last ? UsageSource::final : UsageSource::running);
  if (type == "response.failed" || saw_error_) fill_error();
  Draft& end = draft(EventKind::finish);
  if (type == "response.completed") {
    end.finish = saw_tool_call_ ? Finish::tool_call : Finish::stop;
  } else if (type == "response.incomplete") {
    end.finish = finish_named(view(slot_reason));
    end.text = slots_[slot_reason];
    if (end.finish == Finish::none) end.finish = Finish::length;
  } else {
    end.finish = Finish::failed;
  }
  finish_with(end.finish);
  facts_.saw_done = true;
  draft(EventKind::done);
}

}  // namespace recloser::codec
