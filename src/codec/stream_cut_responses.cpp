// The end of a response: what is open is closed from the inside out, the note is an item of its
// own, and the last event repeats all of it, as clients that read nothing else need it.
#include "codec/stream_cut_grammar.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

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

// What one SSE event says of the answer's build. The views live as long as the event does.
struct Build {
  std::string_view type;
  std::optional<std::uint64_t> sequence;
  std::uint32_t output_index = 0;
  std::uint32_t part_index = 0;
  std::string_view item;  // raw, with its braces
  std::string_view item_id;
  std::string_view item_type;
  Span item_status;  // in `item`, with its quotes
  std::string_view part;
  std::string_view part_type;
  std::uint64_t created = 0;
};

std::uint32_t small(std::uint64_t number) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
}

Build read_build(std::string_view data) {
  Build build;
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

constexpr std::uint32_t index_max = 1u << 20;  // of an item that is counted

enum class Part : std::uint8_t { none, output_text, refusal, reasoning_text, summary_text };

Part part_named(std::string_view type) {
  if (type == "output_text") return Part::output_text;
  if (type == "refusal") return Part::refusal;
  if (type == "reasoning_text") return Part::reasoning_text;
  return type == "summary_text" ? Part::summary_text : Part::none;
}

// The part that a delta is of, where no event began one.
Part part_of_delta(std::string_view type) {
  if (type == "response.output_text.delta") return Part::output_text;
  if (type == "response.refusal.delta") return Part::refusal;
  if (type == "response.reasoning_text.delta") return Part::reasoning_text;
  bool summary = type == "response.reasoning_summary_text.delta";
  return summary ? Part::summary_text : Part::none;
}

// One output item. All strings are raw JSON.
struct Item {
  std::uint32_t index = 0;
  bool done = false;
  bool tool = false;       // a call that the client runs
  bool text_done = false;  // of the open part
  Part part = Part::none;  // the open one
  std::uint32_t part_index = 0;
  std::string json;  // as it was added; of one that is done, as it was told then
  Span status;       // in it
  std::string id;
  std::string type;
  std::string parts;  // the whole ones, with commas
  std::string text;   // of the open one
};

// What the client has seen.
struct Seen {
  bool created = false;
  bool done = false;
  bool text = false;
  std::uint32_t next_index = 0;
  std::uint64_t next_sequence = 0;
  std::size_t kept_bytes = 0;
  std::vector<Item> items;
};

class ResponsesCut final : public CutGrammar {
 public:
  void join(const StreamSoFar& so_far, const StreamFacts& facts) override;
  StreamCut::Pass see(const Event& event, std::string_view frame) override;
  void release() override { before_hold_.reset(); }
  bool over() const override { return passed().done; }
  void write(std::string& out, const CutOrder& order, const StreamFacts& facts) const override;

 private:
  const Seen& passed() const { return before_hold_ ? *before_hold_ : now_; }
  Item* item_at(std::uint32_t index);
  bool keep(std::string& place, std::string_view bytes);
  void drop(std::string& place);
  void see_text(const Event& event, std::string_view frame);
  void apply(const Build& build, bool tool);
  void add_item(const Build& build, bool tool);
  void item_done(const Build& build);
  void part_done(Item& item, std::string_view part);
  bool calls() const;

  Seen now_;
  std::optional<Seen> before_hold_;
  std::uint64_t created_ = 0;
};

void ResponsesCut::join(const StreamSoFar& so_far, const StreamFacts& facts) {
  now_.created = so_far.started;
  now_.done = so_far.done;
  now_.text = so_far.text;
  now_.next_index = std::min(so_far.next, index_max);
  now_.next_sequence = facts.events;
}

bool ResponsesCut::calls() const {
  return std::ranges::any_of(now_.items, [](const Item& item) { return item.tool && !item.done; });
}

Item* ResponsesCut::item_at(std::uint32_t index) {
  auto at = std::ranges::find_if(
      now_.items, [&](const Item& item) { return item.index == index && !item.done; });
  return at == now_.items.end() ? nullptr : &*at;
}

// All or, of what is beyond the limit, nothing.
bool ResponsesCut::keep(std::string& place, std::string_view bytes) {
  if (bytes.size() > StreamCut::kept_bytes_max - now_.kept_bytes) return false;
  now_.kept_bytes += bytes.size();
  place.append(bytes);
  return true;
}

void ResponsesCut::drop(std::string& place) {
  now_.kept_bytes -= place.size();
  place.clear();
}

// Deltas are read by the reader alone; every other event tells something of the build.
StreamCut::Pass ResponsesCut::see(const Event& event, std::string_view frame) {
  bool text = event.kind == EventKind::text || event.kind == EventKind::reasoning;
  bool arguments = (event.kind == EventKind::tool_call || event.kind == EventKind::server_tool) &&
                   event.name.empty();
  if (text) see_text(event, frame);
  if (text || arguments || event.kind == EventKind::malformed) {
    ++now_.next_sequence;
  } else if (event.last_of_frame) {
    std::string room;
    std::string_view data = data_of(frame, room);
    Build build = read_build(data);
    bool tool = event.kind == EventKind::tool_call;
    if (tool && !before_hold_ && !calls()) before_hold_ = now_;
    if (!data.empty() || event.kind != EventKind::ping) apply(build, tool);
  }
  if (event.kind == EventKind::start) now_.created = true;
  if (event.kind == EventKind::done) now_.done = true;
  if (!event.last_of_frame) return StreamCut::Pass::on;
  if (before_hold_ && (now_.done || !calls())) before_hold_.reset();
  return before_hold_ ? StreamCut::Pass::held : StreamCut::Pass::on;
}

void ResponsesCut::see_text(const Event& event, std::string_view frame) {
  Item* item = item_at(event.choice);
  now_.text |= event.kind == EventKind::text;
  if (item == nullptr || event.text_cut) return;
  if (item->part == Part::none) {
    std::string room;
    Build build = read_build(data_of(frame, room));
    item->part = part_of_delta(build.type);
    item->part_index = build.part_index;
    item->text_done = false;
  }
  keep(item->text, event.text);
}

void ResponsesCut::apply(const Build& build, bool tool) {
  now_.next_sequence = build.sequence ? *build.sequence + 1 : now_.next_sequence + 1;
  if (build.created != 0) created_ = build.created;
  if (build.type == "response.output_item.added") return add_item(build, tool);
  if (build.type == "response.output_item.done") return item_done(build);
  Item* item = item_at(build.output_index);
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

void ResponsesCut::add_item(const Build& build, bool tool) {
  now_.next_index = std::max(now_.next_index, std::min(build.output_index, index_max) + 1);
  constexpr std::size_t own_bytes = sizeof(Item);
  if (build.item.empty() || own_bytes > StreamCut::kept_bytes_max - now_.kept_bytes) return;
  now_.kept_bytes += own_bytes;
  Item& item = now_.items.emplace_back();
  item.index = build.output_index;
  item.tool = tool;
  item.status = build.item_status;
  bool all = keep(item.json, build.item) && keep(item.id, build.item_id) &&
             keep(item.type, build.item_type);
  if (all) return;
  now_.kept_bytes -= own_bytes + item.json.size() + item.id.size() + item.type.size();
  now_.items.pop_back();
}

// What it held was a part of what it is now.
void ResponsesCut::item_done(const Build& build) {
  Item* item = item_at(build.output_index);
  if (item == nullptr) return;
  std::string_view status = build.item.substr(build.item_status.begin, build.item_status.size());
  if (item->tool && status == "\"incomplete\"") return;  // half a call stays open
  item->done = true;
  drop(item->json);
  drop(item->parts);
  drop(item->text);
  keep(item->json, build.item);
}

void ResponsesCut::part_done(Item& item, std::string_view part) {
  drop(item.text);
  item.part = Part::none;
  if (part.empty()) return;
  std::size_t before = item.parts.size();
  bool kept = (before == 0 || keep(item.parts, ",")) && keep(item.parts, part);
  if (kept) return;
  now_.kept_bytes -= item.parts.size() - before;
  item.parts.resize(before);
}

std::string_view name_of(Part part) {
  switch (part) {
    case Part::output_text:
      return "output_text";
    case Part::refusal:
      return "refusal";
    case Part::reasoning_text:
      return "reasoning_text";
    case Part::summary_text:
      return "summary_text";
    case Part::none:
      break;
  }
  return "";
}

// Writes events with their names and numbers.
class Events {
 public:
  Events(std::string& out, std::uint64_t sequence) : out_(out), sequence_(sequence) {}

  template <class Fill>
  void event(std::string_view type, Fill fill) {
    out_.append("event: ").append(type).append("\ndata: ");
    JsonWriter json(out_);
    json.open_object().member("type", type).member("sequence_number", sequence_++);
    fill(json);
    json.close_object();
    out_ += "\n\n";
  }

 private:
  std::string& out_;
  std::uint64_t sequence_;
};

void write_part(JsonWriter& json, Part part, std::string_view text) {
  json.open_object().member("type", name_of(part));
  raw_member(json, part == Part::refusal ? "refusal" : "text", text);
  if (part == Part::output_text) {
    json.key("annotations").open_array().close_array().key("logprobs").open_array().close_array();
  }
  json.close_object();
}

void write_place(JsonWriter& json, const Item& item) {
  raw_member(json, "item_id", item.id);
  json.member("output_index", item.index);
  json.member(item.part == Part::summary_text ? "summary_index" : "content_index", item.part_index);
}

void write_text_done(Events& events, const Item& item) {
  std::string_view type = "response.output_text.done";
  if (item.part == Part::refusal) type = "response.refusal.done";
  if (item.part == Part::reasoning_text) type = "response.reasoning_text.done";
  if (item.part == Part::summary_text) type = "response.reasoning_summary_text.done";
  events.event(type, [&](JsonWriter& json) {
    write_place(json, item);
    raw_member(json, item.part == Part::refusal ? "refusal" : "text", item.text);
    if (item.part == Part::output_text) json.key("logprobs").open_array().close_array();
  });
}

void write_part_done(Events& events, const Item& item) {
  bool summary = item.part == Part::summary_text;
  events.event(summary ? "response.reasoning_summary_part.done" : "response.content_part.done",
               [&](JsonWriter& json) {
                 write_place(json, item);
                 json.key("part");
                 write_part(json, item.part, item.text);
               });
}

// An item that was told whole, as it was told; any other as far as it got.
void write_item(JsonWriter& json, const Item& item) {
  bool message = item.type == "message";
  if (item.done || (!message && item.type != "reasoning")) {
    std::string text = item.json;
    if (!item.done && !item.status.empty()) {
      text.replace(item.status.begin, item.status.size(), "\"incomplete\"");
    }
    json.raw(text);
    return;
  }
  std::string parts = item.parts;
  if (item.part != Part::none) {
    if (!parts.empty()) parts += ',';
    JsonWriter part(parts);
    write_part(part, item.part, item.text);
  }
  bool content = message || item.part == Part::reasoning_text;
  json.open_object();
  raw_member(json, "id", item.id);
  raw_member(json, "type", item.type);
  json.member("status", "incomplete");
  if (message) json.member("role", "assistant");
  if (!message && content) json.key("summary").open_array().close_array();
  json.key(content ? "content" : "summary").raw("[" + parts + "]").close_object();
}

// A call that is not whole gets no end: programs run a call as soon as its item is done, whatever
// its status.
void close_item(Events& events, const Item& item) {
  if (item.done || item.tool) return;
  if (item.part != Part::none) {
    if (!item.text_done) write_text_done(events, item);
    write_part_done(events, item);
  }
  events.event("response.output_item.done", [&](JsonWriter& json) {
    json.member("output_index", item.index).key("item");
    write_item(json, item);
  });
}

// The note as a message, from its begin to its end. Returns the item.
std::string write_note(Events& events, const CutOrder& order, const Seen& seen) {
  Item note;
  note.index = seen.next_index;
  append_json_escaped(note.id, fmt::format("msg_{}", order.call));
  note.type = "message";
  note.part = Part::output_text;
  append_json_escaped(note.text, note_text(order, seen.text));
  auto message = [&](JsonWriter& json, std::string_view status, bool whole) {
    json.open_object();
    raw_member(json, "id", note.id);
    json.member("type", "message").member("status", status).member("role", "assistant");
    json.key("content").open_array();
    if (whole) write_part(json, note.part, note.text);
    json.close_array().close_object();
  };
  events.event("response.output_item.added", [&](JsonWriter& json) {
    json.member("output_index", note.index).key("item");
    message(json, "in_progress", false);
  });
  events.event("response.content_part.added", [&](JsonWriter& json) {
    write_place(json, note);
    json.key("part");
    write_part(json, note.part, "");
  });
  events.event("response.output_text.delta", [&](JsonWriter& json) {
    write_place(json, note);
    raw_member(json, "delta", note.text);
    json.key("logprobs").open_array().close_array();
  });
  write_text_done(events, note);
  write_part_done(events, note);
  std::string item;
  JsonWriter writer(item);
  message(writer, "completed", true);
  events.event("response.output_item.done", [&](JsonWriter& json) {
    json.member("output_index", note.index).key("item").raw(item);
  });
  return item;
}

void write_usage(JsonWriter& json, const Usage& usage) {
  json.key("usage").open_object().member("input_tokens", usage.input_tokens);
  json.key("input_tokens_details").open_object();
  json.member("cached_tokens", usage.cached_input_tokens).close_object();
  json.member("output_tokens", usage.output_tokens).key("output_tokens_details").open_object();
  json.member("reasoning_tokens", usage.reasoning_tokens).close_object();
  json.member("total_tokens", usage.input_tokens + usage.output_tokens).close_object();
}

// With every member that the SDKs require.
struct Envelope {
  const CutOrder& order;
  const StreamFacts& facts;
  std::uint64_t created;

  void write(JsonWriter& json, std::string_view status, std::string_view reason,
             std::string_view output, const Usage* usage) const {
    json.key("response").open_object();
    json.member("id",
                facts.response_id.empty() ? fmt::format("resp_{}", order.call) : facts.response_id);
    json.member("object", "response");
    bool told = created != 0 && created <= INT64_MAX;
    json.member("created_at", told ? static_cast<std::int64_t>(created) : order.created_at_s);
    json.member("status", status).key("error").null().key("incomplete_details");
    if (reason.empty()) {
      json.null();
    } else {
      json.open_object().member("reason", reason).close_object();
    }
    json.key("instructions").null().key("metadata").open_object().close_object();
    json.member("model", facts.model.empty() ? order.model : std::string_view(facts.model));
    json.key("output").raw(fmt::format("[{}]", output)).member("parallel_tool_calls", true);
    json.key("temperature").null().key("top_p").null().member("tool_choice", "auto");
    json.key("tools").open_array().close_array();
    if (usage == nullptr) {
      json.key("usage").null();
    } else {
      write_usage(json, *usage);
    }
    json.close_object();
  }
};

void ResponsesCut::write(std::string& out, const CutOrder& order, const StreamFacts& facts) const {
  const Seen& seen = passed();
  if (seen.done) return;
  write_cut_comment(out, order);
  Events events(out, seen.next_sequence);
  Envelope envelope{order, facts, created_};
  if (!seen.created) {
    events.event("response.created",
                 [&](JsonWriter& json) { envelope.write(json, "in_progress", "", "", nullptr); });
  }
  std::string output;
  for (const Item& item : seen.items) {
    close_item(events, item);
    if (item.json.empty()) continue;  // it was too large to be kept
    if (!output.empty()) output += ',';
    JsonWriter one(output);
    write_item(one, item);
  }
  if (has_note(order)) {
    std::string note = write_note(events, order, seen);
    if (!output.empty()) output += ',';
    output += note;
  }
  bool known = facts.usage_source != UsageSource::none;
  const Usage* usage = order.usage != nullptr ? order.usage : known ? &facts.usage : nullptr;
  CutFinish finish = finish_of_cut(order, order.client == ClientFamily::codex, calls());
  bool completed = finish == CutFinish::stop;
  std::string_view reason =
      finish == CutFinish::content_filter ? "content_filter" : "max_output_tokens";
  events.event(completed ? "response.completed" : "response.incomplete", [&](JsonWriter& json) {
    envelope.write(json, completed ? "completed" : "incomplete", completed ? "" : reason, output,
                   usage);
  });
}

}  // namespace

std::unique_ptr<CutGrammar> make_responses_cut() { return std::make_unique<ResponsesCut>(); }

}  // namespace recloser::codec
