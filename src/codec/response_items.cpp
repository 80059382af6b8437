#include "codec/response_items.h"

#include "codec/stream_cut_grammar.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t {
  id_none,
  id_type,
  id_sequence,
  id_output_index,
  id_part_index,
  id_item,
  id_item_id,
  id_item_type,
  id_item_status,
  id_part,
  id_part_type,
  id_created,
};
constexpr JsonTable table{
    {"type", id_type, want_text},
    {"sequence_number", id_sequence, want_number},
    {"output_index", id_output_index, want_number},
    {"content_index", id_part_index, want_number},
    {"summary_index", id_part_index, want_number},
    {"item", id_item, want_begin | want_end},
    {"item.id", id_item_id, want_text},
    {"item.type", id_item_type, want_text},
    {"item.status", id_item_status, want_text},
    {"part", id_part, want_begin | want_end},
    {"part.type", id_part_type, want_text},
    {"response.created_at", id_created, want_number},
};

std::uint32_t small(std::uint64_t number) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
}

ResponsePart part_named(std::string_view type) {
  if (type == "output_text") return ResponsePart::output_text;
  if (type == "refusal") return ResponsePart::refusal;
  if (type == "reasoning_text") return ResponsePart::reasoning_text;
  return type == "summary_text" ? ResponsePart::summary_text : ResponsePart::none;
}

// The part that a delta is of, where no event began one.
ResponsePart part_of_delta(std::string_view type) {
  if (type == "response.output_text.delta") return ResponsePart::output_text;
  if (type == "response.refusal.delta") return ResponsePart::refusal;
  if (type == "response.reasoning_text.delta") return ResponsePart::reasoning_text;
  bool summary = type == "response.reasoning_summary_text.delta";
  return summary ? ResponsePart::summary_text : ResponsePart::none;
}

}  // namespace

ResponseBuild read_response_build(std::string_view data) {
  ResponseBuild build;
  std::uint64_t begin = 0;
  auto span = [&](const JsonScanner& scanner) {
    return data.substr(begin, scanner.value().end - begin);
  };
  std::string_view rest = data;
  JsonScanner scanner(table);
  for (;;) {
    JsonToken token = scanner.next(rest);
    if (token == JsonToken::none || token == JsonToken::error) return build;
    bool begins = token == JsonToken::object_begin || token == JsonToken::array_begin;
    if (begins) begin = scanner.value().begin;
    if (begins && scanner.id() == id_item) build.item = {}, build.item_status = {};
    switch (scanner.id()) {
      case id_type:
        build.type = scanner.raw();
        break;
      case id_sequence:
        build.sequence = scanner.number();
        break;
      case id_output_index:
        build.output_index = small(scanner.number());
        break;
      case id_part_index:
        build.part_index = small(scanner.number());
        break;
      case id_item:
        if (token == JsonToken::object_end) build.item = span(scanner);
        break;
      case id_item_id:
        build.item_id = scanner.raw();
        break;
      case id_item_type:
        build.item_type = scanner.raw();
        break;
      case id_item_status:
        build.item_status = {scanner.value().begin - begin, scanner.value().end - begin};
        break;
      case id_part:
        if (token == JsonToken::object_end) build.part = span(scanner);
        break;
      case id_part_type:
        build.part_type = scanner.raw();
        break;
      case id_created:
        build.created = scanner.number();
        break;
      default:
        break;
    }
  }
}

std::string_view name_of(ResponsePart part) {
  switch (part) {
    case ResponsePart::output_text:
      return "output_text";
    case ResponsePart::refusal:
      return "refusal";
    case ResponsePart::reasoning_text:
      return "reasoning_text";
    case ResponsePart::summary_text:
      return "summary_text";
    case ResponsePart::none:
      break;
  }
  return "";
}

// Deltas are read by the reader alone; every other event tells something of the build.
void ResponseItems::see(const Event& event, std::string_view frame) {
  bool text = event.kind == EventKind::text || event.kind == EventKind::reasoning;
  bool arguments = (event.kind == EventKind::tool_call || event.kind == EventKind::server_tool) &&
                   event.name.empty();
  if (text) see_text(event, frame);
  if (text || arguments || event.kind == EventKind::malformed) {
    ++next_sequence;
  } else if (event.last_of_frame) {
    std::string room;
    std::string_view data = data_of(frame, room);
    ResponseBuild build = read_response_build(data);
    bool tool = event.kind == EventKind::tool_call;
    if (!data.empty() || event.kind != EventKind::ping) apply(build, tool);
  }
  if (event.kind == EventKind::start) created = true;
  if (event.kind == EventKind::done) done = true;
}

bool ResponseItems::calls() const {
  return std::ranges::any_of(items,
                             [](const ResponseItem& item) { return item.tool && !item.done; });
}

ResponseItem* ResponseItems::item_at(std::uint32_t index) {
  auto at = std::ranges::find_if(
      items, [&](const ResponseItem& item) { return item.index == index && !item.done; });
  return at == items.end() ? nullptr : &*at;
}

const ResponseItem* ResponseItems::open_item(std::uint32_t index) const {
  return const_cast<ResponseItems*>(this)->item_at(index);
}

void ResponseItems::see_text(const Event& event, std::string_view frame) {
  ResponseItem* item = item_at(event.choice);
  has_text |= event.kind == EventKind::text;
  if (item == nullptr || event.text_cut) return;
  if (item->part == ResponsePart::none) {
    std::string room;
    ResponseBuild build = read_response_build(data_of(frame, room));
    item->part = part_of_delta(build.type);
    item->part_index = build.part_index;
    item->text_done = false;
  }
  keep(item->text, event.text);
}

void ResponseItems::apply(const ResponseBuild& build, bool tool) {
  next_sequence = build.sequence ? *build.sequence + 1 : next_sequence + 1;
  if (build.created != 0) created_at_s = build.created;
  if (build.type == "response.output_item.added") return add_item(build, tool);
  if (build.type == "response.output_item.done") return item_done(build);
  ResponseItem* item = item_at(build.output_index);
  if (item == nullptr) return;
  if (build.type.ends_with("_part.added")) {
    drop(item->text);
    item->part = part_named(build.part_type);
    item->part_index = build.part_index;
    item->text_done = false;
  } else if (build.type.ends_with("_part.done")) {
    part_done(*item, build.part);
  } else if (build.type.ends_with("_text.done") || build.type == "response.refusal.done") {
    item->text_done = true;
  }
}

void ResponseItems::add_item(const ResponseBuild& build, bool tool) {
  next_index = std::max(next_index, std::min(build.output_index, index_max) + 1);
  constexpr std::size_t own_bytes = sizeof(ResponseItem);
  if (build.item.empty() || own_bytes > bytes_max - kept_bytes_) {
    is_whole = false;
    return;
  }
  kept_bytes_ += own_bytes;
  ResponseItem& item = items.emplace_back();
  item.index = build.output_index;
  item.tool = tool;
  item.status = build.item_status;
  bool all = keep(item.json, build.item) && keep(item.id, build.item_id) &&
             keep(item.type, build.item_type);
  if (all) return;
  kept_bytes_ -= own_bytes + item.json.size() + item.id.size() + item.type.size();
  items.pop_back();
}

// What it held was a part of what it is now.
void ResponseItems::item_done(const ResponseBuild& build) {
  ResponseItem* item = item_at(build.output_index);
  if (item == nullptr) return;
  std::string_view status = build.item.substr(build.item_status.begin, build.item_status.size());
  if (item->tool && status == "\"incomplete\"") return;  // half a call stays open
  item->done = true;
  drop(item->json);
  drop(item->parts);
  drop(item->text);
  keep(item->json, build.item);
}

void ResponseItems::part_done(ResponseItem& item, std::string_view part) {
  drop(item.text);
  item.part = ResponsePart::none;
  if (part.empty()) return;
  std::size_t before = item.parts.size();
  bool kept = (before == 0 || keep(item.parts, ",")) && keep(item.parts, part);
  if (kept) return;
  kept_bytes_ -= item.parts.size() - before;
  item.parts.resize(before);
}

// All or, of what is beyond the limit, nothing.
bool ResponseItems::keep(std::string& place, std::string_view bytes) {
  if (bytes.size() > bytes_max - kept_bytes_) {
    is_whole = false;
    return false;
  }
  kept_bytes_ += bytes.size();
  place.append(bytes);
  return true;
}

void ResponseItems::drop(std::string& place) {
  kept_bytes_ -= place.size();
  place.clear();
}

void write_response_part(JsonWriter& json, ResponsePart part, std::string_view text) {
  json.open_object().member("type", name_of(part));
  raw_member(json, part == ResponsePart::refusal ? "refusal" : "text", text);
  if (part == ResponsePart::output_text) {
    json.key("annotations").open_array().close_array().key("logprobs").open_array().close_array();
  }
  json.close_object();
}

void write_response_place(JsonWriter& json, const ResponseItem& item) {
  raw_member(json, "item_id", item.id);
  json.member("output_index", item.index);
  json.member(item.part == ResponsePart::summary_text ? "summary_index" : "content_index",
              item.part_index);
}

// An item that was told whole, as it was told; any other as far as it got.
void write_response_item(JsonWriter& json, const ResponseItem& item, std::string_view status) {
  bool message = item.type == "message";
  if (item.done || (!message && item.type != "reasoning")) {
    std::string text = item.json;
    if (!item.done && !item.status.empty()) {
      text.replace(item.status.begin, item.status.size(), fmt::format("\"{}\"", status));
    }
    json.raw(text);
    return;
  }
  std::string parts = item.parts;
  if (item.part != ResponsePart::none) {
    if (!parts.empty()) parts += ',';
    JsonWriter part(parts);
    write_response_part(part, item.part, item.text);
  }
  bool content = message || item.part == ResponsePart::reasoning_text;
  json.open_object();
  raw_member(json, "id", item.id);
  raw_member(json, "type", item.type);
  json.member("status", status);
  if (message) json.member("role", "assistant");
  if (!message && content) json.key("summary").open_array().close_array();
  json.key(content ? "content" : "summary").raw("[" + parts + "]").close_object();
}

void write_response_text_done(ResponseEvents& events, const ResponseItem& item) {
  std::string_view type = "response.output_text.done";
  if (item.part == ResponsePart::refusal) type = "response.refusal.done";
  if (item.part == ResponsePart::reasoning_text) type = "response.reasoning_text.done";
  if (item.part == ResponsePart::summary_text) type = "response.reasoning_summary_text.done";
  events.event(type, [&](JsonWriter& json) {
    write_response_place(json, item);
    raw_member(json, item.part == ResponsePart::refusal ? "refusal" : "text", item.text);
    if (item.part == ResponsePart::output_text) json.key("logprobs").open_array().close_array();
  });
}

void write_response_part_done(ResponseEvents& events, const ResponseItem& item) {
  bool summary = item.part == ResponsePart::summary_text;
  events.event(summary ? "response.reasoning_summary_part.done" : "response.content_part.done",
               [&](JsonWriter& json) {
                 write_response_place(json, item);
                 json.key("part");
                 write_response_part(json, item.part, item.text);
               });
}

void close_response_item(ResponseEvents& events, const ResponseItem& item,
                         std::string_view status) {
  if (item.done || item.tool) return;
  if (item.part != ResponsePart::none) {
    if (!item.text_done) write_response_text_done(events, item);
    write_response_part_done(events, item);
  }
  events.event("response.output_item.done", [&](JsonWriter& json) {
    json.member("output_index", item.index).key("item");
    write_response_item(json, item, status);
  });
}

void write_response_usage(JsonWriter& json, const Usage& usage) {
  json.key("usage").open_object().member("input_tokens", usage.input_tokens);
  json.key("input_tokens_details").open_object();
  json.member("cached_tokens", usage.cached_input_tokens).close_object();
  json.member("output_tokens", usage.output_tokens).key("output_tokens_details").open_object();
  json.member("reasoning_tokens", usage.reasoning_tokens).close_object();
  json.member("total_tokens", usage.input_tokens + usage.output_tokens).close_object();
}

}  // namespace recloser::codec
