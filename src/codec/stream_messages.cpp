// The stream of Anthropic messages.
#include "codec/provider_error.h"
#include "codec/stream_reader.h"
#include "codec/usage_paths.h"

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_type,
  id_index,
  id_id,
  id_model,
  id_delta_text,
  id_delta_thinking,
  id_delta_json,
  id_stop_reason,
  id_block_type,
  id_block_id,
  id_block_name,
  id_block_text,
  id_sealed,
  id_usage,
  id_iterations,
  id_iteration,
  id_error,
  id_error_type,
  id_error_message,
};

constexpr JsonTable table{
    {
        {"type", id_type, want_text},
        {"index", id_index, want_number},
        {"message.id", id_id, want_text},
        {"message.model", id_model, want_text},
        {"message.usage", id_usage, want_begin},
        {"delta.text", id_delta_text, want_text},
        {"delta.thinking", id_delta_thinking, want_text},
        {"delta.partial_json", id_delta_json, want_text},
        {"delta.signature", id_sealed, want_text},
        {"delta.stop_reason", id_stop_reason, want_text},
        {"content_block.type", id_block_type, want_text},
        {"content_block.id", id_block_id, want_text},
        {"content_block.name", id_block_name, want_text},
        {"content_block.text", id_block_text, want_text},
        {"content_block.data", id_sealed, want_text},
        {"usage", id_usage, want_begin},
        {"usage.iterations", id_iterations, want_begin},
        {"usage.iterations[]", id_iteration, want_begin},
        {"error", id_error, want_begin | want_text},
        {"error.type", id_error_type, want_text},
        {"error.message", id_error_message, want_text},
    },
    {{"message.usage", messages_usage},
     {"usage", messages_usage},
     {"usage.iterations[]", messages_usage, of_iteration}},
};

}  // namespace

constinit const StreamReader::Grammar StreamReader::messages{
    .table = &table,
    .take = &StreamReader::take_messages,
    .judge = &StreamReader::judge_messages,
    .streamed = 1u << id_delta_text | 1u << id_delta_thinking | 1u << id_delta_json,
    .ends_with_finish = false,
};

void StreamReader::take_messages(JsonToken token) {
  if (token == JsonToken::text || token == JsonToken::text_part) return take_messages_text(token);
  if (token == JsonToken::number) return take_messages_number(scanner_.number());
  switch (scanner_.id()) {
    case id_usage:
      saw_usage_ = true, turns_->pending = fields_;
      break;
    case id_iterations:
      turns_->iterations.clear();
      break;
    case id_iteration:
      turns_->iterations.begin();
      break;
    case id_error:
      saw_error_ = true;
      break;
    default:
      break;
  }
}

void StreamReader::take_messages_text(JsonToken token) {
  if (is_usage_text(scanner_.id())) return take_usage_text(token);
  Slot slot = slot_text;
  switch (scanner_.id()) {
    case id_type:
      slot = slot_type;
      break;
    case id_id:
      slot = slot_id;
      break;
    case id_model:
      slot = slot_model;
      break;
    case id_stop_reason:
      slot = slot_reason;
      break;
    case id_sealed:
      sealed_bytes_ += scanner_.raw().size();
      return;
    case id_block_type:
      slot = slot_item_type;
      break;
    case id_block_id:
      slot = slot_item_id;
      break;
    case id_block_name:
      slot = slot_item_name;
      break;
    case id_error_type:
      slot = slot_error_type;
      break;
    case id_error:
      saw_error_ = true;
      [[fallthrough]];
    case id_error_message:
      slot = slot_error_message;
      break;
    case id_delta_thinking:
      text_kind_ = EventKind::reasoning;
      break;
    case id_delta_json:
      text_kind_ = EventKind::tool_call;
      break;
    default:
      text_kind_ = EventKind::text;
      break;
  }
  keep(token, &slots_[slot]);
}

void StreamReader::take_messages_number(std::uint64_t number) {
  if (scanner_.id() == id_index) {
    choice_index_ = static_cast<std::uint32_t>(number);
  } else {
    std::uint8_t id = scanner_.id();
    saw_figure_ |= makes_usage(id);
    UsageFields& fields = turns_->iterations.of(id, turns_->pending);
    take_usage(fields, id, scanner_);
  }
}

void StreamReader::judge_messages() {
  std::string_view type = view(slots_[slot_type].size != 0 ? slot_type : slot_event);
  bool of_block = type.starts_with("content_block_") && choice_index_ != UINT32_MAX;
  if (of_block) {
    facts_.blocks = std::max(facts_.blocks, choice_index_ + 1);
    facts_.block_open = type != "content_block_stop" || facts_.blocks != choice_index_ + 1;
  }
  if (type == "content_block_delta") {
    judge_sealed();
    if (slots_[slot_text].size == 0 || text_kind_ == EventKind::other) return;
    bool server = text_kind_ == EventKind::tool_call && server_block_ == choice_index_;
    Draft& delta = draft(server ? EventKind::server_tool : text_kind_);
    delta.index = choice_index_;
    delta.text = slots_[slot_text];
  } else if (type == "content_block_start") {
    judge_block_start();
  } else if (type == "message_start") {
    learn_names();
    facts_.saw_start = true;
    draft(EventKind::start);
  } else if (type == "message_delta") {
    if (slots_[slot_reason].size != 0) {
      Draft& end = draft(EventKind::finish);
      end.text = slots_[slot_reason];
      end.finish = finish_named(view(slot_reason));
      finish_with(end.finish);
    }
  } else if (type == "ping") {
    --facts_.events;
    draft(EventKind::ping);
  } else if (type == "message_stop") {
    facts_.saw_done = true;
    draft(EventKind::done);
  } else if (type == "error" || saw_error_) {
    fill_error();
  }
  if (!saw_usage_) return;
  std::optional<Usage> usage;
  if (!turns_->iterations.too_many())
    usage = usage_of_anthropic(turns_->pending, turns_->iterations.all());
  if (usage) fields_ = turns_->pending;  // else what was said before still holds
  if (!saw_figure_) return;
  bool last = type == "message_delta" && usage && usage->output_known;
  commit_usage(usage, last ? UsageSource::final : UsageSource::running);
}

void StreamReader::judge_block_start() {
  std::string_view type = view(slot_item_type);
  if (type == "redacted_thinking") return judge_sealed();
  bool result = type.ends_with("_tool_result");
  if (type == "tool_use" || type.ends_with("_tool_use") || result) {
    bool server = type != "tool_use";
    server_block_ = server ? choice_index_ : no_block;
    Draft& call = draft(server ? EventKind::server_tool : EventKind::tool_call);
    call.index = choice_index_;
    call.id = slots_[slot_item_id];
    call.name = result ? slots_[slot_item_type] : slots_[slot_item_name];
    if (result) facts_.server_tool_bytes += frame_.range.size();
    if (type == "server_tool_use" && view(slot_item_name) == "web_search") {
      ++web_searches_;
      add_seen_fees(facts_.usage);  // until the usage says it
    }
  } else if (type == "text" && slots_[slot_text].size != 0) {
    Draft& text = draft(EventKind::text);
    text.index = choice_index_;
    text.text = slots_[slot_text];
  }
}

}  // namespace recloser::codec
