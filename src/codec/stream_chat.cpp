// The streams of chat completions and legacy completions, as OpenAI and those like it send them.
#include "codec/provider_error.h"
#include "codec/stream_reader.h"
#include "codec/usage_paths.h"

#include <algorithm>
#include <array>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_id,
  id_model,
  id_choice,
  id_choice_index,
  id_text,
  id_reasoning,
  id_reasoning_content,
  id_tool,
  id_tool_index,
  id_tool_id,
  id_tool_name,
  id_tool_arguments,
  id_sealed,
  id_finish,
  id_usage,
  id_groq_usage,
  id_error,
  id_error_type,
  id_error_code,
  id_error_message,
};

constexpr std::array common{
    JsonPath{"id", id_id, want_text},
    JsonPath{"model", id_model, want_text},
    JsonPath{"choices[]", id_choice, want_begin},
    JsonPath{"choices[].index", id_choice_index, want_number},
    JsonPath{"choices[].finish_reason", id_finish, want_text},
    JsonPath{"usage", id_usage, want_begin | want_null},
    JsonPath{"error", id_error, want_text | want_begin},
    JsonPath{"error.type", id_error_type, want_text},
    JsonPath{"error.code", id_error_code, want_text | want_number},
    JsonPath{"error.status_code", id_error_code, want_number},
    JsonPath{"error.message", id_error_message, want_text},
    JsonPath{"message", id_error_message, want_text},
};

constexpr JsonTable chat_table{
    {
        {"choices[].delta.content", id_text, want_text},
        {"choices[].delta.content[].text", id_text, want_text},
        {"choices[].delta.content[].thinking[].text", id_reasoning, want_text},
        {"choices[].delta.refusal", id_text, want_text},
        {"choices[].delta.reasoning", id_reasoning, want_text},
        {"choices[].delta.reasoning_content", id_reasoning_content, want_text},
        {"choices[].delta.reasoning_details[].data", id_sealed, want_text},
        {"choices[].delta.reasoning_details[].signature", id_sealed, want_text},
        {"choices[].delta.extra_content.google.thought_signature", id_sealed, want_text},
        {"choices[].delta.tool_calls[]", id_tool, want_begin},
        {"choices[].delta.tool_calls[].index", id_tool_index, want_number},
        {"choices[].delta.tool_calls[].id", id_tool_id, want_text},
        {"choices[].delta.tool_calls[].function.name", id_tool_name, want_text},
        {"choices[].delta.tool_calls[].function.arguments", id_tool_arguments, want_text},
        {"choices[].delta.tool_calls[].extra_content.google.thought_signature", id_sealed,
         want_text},
        {"choices[].delta.function_call", id_tool, want_begin},
        {"choices[].delta.function_call.name", id_tool_name, want_text},
        {"choices[].delta.function_call.arguments", id_tool_arguments, want_text},
        {"x_groq.usage", id_groq_usage, want_begin},
    },
    {{"", common}, {"", answer_usage}, {"usage", chat_usage}, {"x_groq.usage", chat_usage}},
};

// Together sends a chat delta beside the text: the text is the completion.
constexpr JsonTable completions_table{
    {{"choices[].text", id_text, want_text}},
    {{"", common}, {"", answer_usage}, {"usage", chat_usage}},
};

constexpr std::uint64_t streamed =
    1u << id_text | 1u << id_reasoning | 1u << id_reasoning_content | 1u << id_tool_arguments;

std::uint32_t small(std::uint64_t number) {
  return number > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(number);
}

}  // namespace

constinit const StreamReader::Grammar StreamReader::chat{
    .table = &chat_table,
    .take = &StreamReader::take_chat,
    .judge = &StreamReader::judge_chat,
    .streamed = streamed,
    .ends_with_finish = true,
};
constinit const StreamReader::Grammar StreamReader::completions{
    .table = &completions_table,
    .take = &StreamReader::take_chat,
    .judge = &StreamReader::judge_chat,
    .streamed = streamed,
    .ends_with_finish = true,
};

void StreamReader::take_chat(JsonToken token) {
  switch (token) {
    case JsonToken::text:
    case JsonToken::text_part:
      return take_chat_text(token);
    default:
      break;
  }
  switch (scanner_.id()) {
    case id_choice:
      place_choice();
      ++choices_;
      choice_first_ = static_cast<std::uint32_t>(drafts_.size());
      choice_index_ = 0;
      reasoning_id_ = id_none;
      break;
    case id_choice_index:
      choice_index_ = small(scanner_.number());
      break;
    case id_tool:
      draft(EventKind::tool_call);
      break;
    case id_tool_index:
      drafts_.back().index = small(scanner_.number());
      break;
    case id_usage:
      if (token == JsonToken::null && sse_.data_lines() == 1) {
        Span value = scanner_.value();
        Span key = scanner_.key();
        frame_.null_usage = {data_begin_ + value.begin, data_begin_ + value.end};
        frame_.null_usage_key = {data_begin_ + key.begin, data_begin_ + key.end};
      }
      [[fallthrough]];
    case id_groq_usage:
      if (token != JsonToken::object_begin) break;
      saw_usage_ = true;
      fields_.clear();
      break;
    case id_error:
      saw_error_ = true;
      break;
    case id_error_code:
      status_ = static_cast<std::uint16_t>(std::min<std::uint64_t>(scanner_.number(), 999));
      break;
    default:
      saw_figure_ |= makes_usage(scanner_.id());
      take_usage(fields_, scanner_.id(), scanner_);
      break;
  }
}

// The index of a choice may come after its delta (Azure): only behind it is it known.
void StreamReader::place_choice() {
  if (choices_ == 0) return;
  for (std::size_t i = choice_first_; i < drafts_.size(); ++i) drafts_[i].choice = choice_index_;
}

void StreamReader::take_chat_text(JsonToken token) {
  std::uint8_t id = scanner_.id();
  if (scanner_.raw().empty()) return;
  if (is_usage_text(id)) return take_usage_text(token);
  if (id == id_sealed) {
    sealed_bytes_ += scanner_.raw().size();
    return;
  }
  if (Slice* place = chat_text_place(id)) {
    keep(token, place);
  }
  if (id == id_error || id == id_error_message) saw_error_ = true;
}

StreamReader::Slice* StreamReader::chat_text_place(std::uint8_t id) {
  switch (id) {
    case id_id:
      return facts_.response_id.empty() ? &slots_[slot_id] : nullptr;
    case id_model:
      return facts_.model.empty() ? &slots_[slot_model] : nullptr;
    case id_text:
      return &draft(EventKind::text).text;
    case id_reasoning:
    case id_reasoning_content:
      // Some send the same thinking under both names: the first one counts.
      if (reasoning_id_ != id_none && reasoning_id_ != id) return nullptr;
      reasoning_id_ = id;
      return &draft(EventKind::reasoning).text;
    case id_tool_id:
      return &drafts_.back().id;
    case id_tool_name:
      return &drafts_.back().name;
    case id_tool_arguments:
      return &drafts_.back().text;
    case id_finish:
      return &draft(EventKind::finish).text;
    case id_error_type:
      return &slots_[slot_error_type];
    case id_error_code:
      return &slots_[slot_error_code];
    case id_error:
    case id_error_message:
      return &slots_[slot_error_message];
    default:
      return nullptr;
  }
}

void StreamReader::judge_chat() {
  place_choice();
  bool first = choices_ != 0 && !facts_.saw_start;
  learn_names();
  if (view(slot_event) == "error") saw_error_ = true;
  for (Draft& each : drafts_) {
    if (each.kind != EventKind::finish) continue;
    each.finish = finish_named(view(each.text));
    finish_with(each.finish);
  }
  judge_sealed();
  if (saw_usage_) {
    // Usage on a chunk in mid-answer goes on growing (Perplexity, vLLM's continuous usage).
    std::optional<Usage> usage;
    if (saw_figure_) usage = usage_of_openai(fields_, true);
    bool last = usage && usage->output_known && (facts_.saw_finish || choices_ == 0);
    commit_usage(usage, last ? UsageSource::final : UsageSource::running);
    frame_.usage_only = choices_ == 0 && !saw_error_;
  }
  if (saw_error_) fill_error();
  if (first) {
    facts_.saw_start = true;
    drafts_.insert(drafts_.begin(), Draft{.kind = EventKind::start});
  }
}

}  // namespace recloser::codec
