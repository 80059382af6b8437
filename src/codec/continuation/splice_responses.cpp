// Responses: the message that is open goes on as one item, the items of the second response are
// numbered behind it, and the last event repeats all of them.
#include "codec/continuation/splice_grammar.h"
#include "codec/json_walk.h"
#include "codec/response_items.h"
#include "codec/stream_cut_grammar.h"
#include "codec/stream_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t { id_none, id_sequence, id_output_index, id_item_id, id_part_index, ids };
constexpr JsonTable table{
    {"sequence_number", id_sequence, want_number},
    {"output_index", id_output_index, want_number},
    {"item_id", id_item_id, want_text},
    {"content_index", id_part_index, want_number},
};

constexpr std::size_t items_max = 1024;  // of the second response

class ResponsesSplice final : public SpliceGrammar {
 public:
  explicit ResponsesSplice(const Delivered& delivered)
      : preamble_(delivered.preamble()), items_(delivered.items()) {}

  void write_text(std::string& out, std::string_view raw) override;
  void pass(std::string& out, const SpliceEvent& event) override;
  void skip(const SpliceEvent& event) override;

 private:
  const ResponseItem* open_message() const;
  void open_part(std::string& out);
  void close_message(std::string& out);
  void pass_of_joined(std::string& out, const SpliceEvent& event, const ResponseBuild& build);
  void begin_item(std::string& out, const SpliceEvent& event, const ResponseBuild& build);
  void place(std::string& out, const SpliceEvent& event, std::uint32_t index,
             const ResponseItem* joined, std::string_view type);
  void end(std::string& out, const SpliceEvent& event, std::string_view type);
  void write_response(JsonWriter& json, const SpliceEvent& event, std::string_view response) const;
  void learn(std::string_view written);

  Delivered::Preamble preamble_;
  ResponseItems items_;                        // of the client's response ..
  StreamReader reader_{Operation::responses};  // .. which is read as it does
  std::optional<std::uint32_t> joined_;        // the second one's item that goes on in the open one
  // Which index of the second response is which of the client's.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> indexes_;
};

// Whatever is written, the client sees.
void ResponsesSplice::learn(std::string_view written) {
  std::string_view bytes = written;
  std::uint64_t begin = reader_.safe_offset();
  while (std::optional<Event> event = reader_.next(bytes)) {
    items_.see(*event, written.substr(event->range.begin - begin, event->range.size()));
  }
}

const ResponseItem* ResponsesSplice::open_message() const {
  for (const ResponseItem& item : items_.items) {
    if (!item.done && item.type == "message") return &item;
  }
  return nullptr;
}

void ResponsesSplice::open_part(std::string& out) {
  std::string text;
  ResponseEvents events(text, items_.next_sequence);
  std::uint32_t index = items_.next_index;
  std::string id = fmt::format("msg_{}_{}", preamble_.id, index);
  const ResponseItem* open = open_message();
  if (open == nullptr) {
    events.event("response.output_item.added", [&](JsonWriter& json) {
      json.member("output_index", index).key("item").open_object();
      raw_member(json, "id", id);
      json.member("type", "message").member("status", "in_progress").member("role", "assistant");
      json.key("content").open_array().close_array().close_object();
    });
  }
  ResponseItem item;
  item.index = open == nullptr ? index : open->index;
  item.id = open == nullptr ? id : open->id;
  item.part = ResponsePart::output_text;
  item.part_index = open == nullptr || open->parts.empty() ? 0 : open->part_index + 1;
  events.event("response.content_part.added", [&](JsonWriter& json) {
    write_response_place(json, item);
    json.key("part");
    write_response_part(json, item.part, "");
  });
  learn(text);
  out += text;
}

void ResponsesSplice::write_text(std::string& out, std::string_view raw) {
  const ResponseItem* open = open_message();
  if (open == nullptr || open->part != ResponsePart::output_text || open->text_done) {
    if (open != nullptr && open->part != ResponsePart::none) close_message(out);
    open_part(out);
    open = open_message();
  }
  if (open == nullptr) return;
  std::string text;
  ResponseEvents events(text, items_.next_sequence);
  events.event("response.output_text.delta", [&](JsonWriter& json) {
    write_response_place(json, *open);
    raw_member(json, "delta", raw);
    json.key("logprobs").open_array().close_array();
  });
  learn(text);
  out += text;
}

void ResponsesSplice::close_message(std::string& out) {
  const ResponseItem* open = open_message();
  if (open == nullptr) return;
  std::string text;
  ResponseEvents events(text, items_.next_sequence);
  close_response_item(events, *open, "completed");
  learn(text);
  out += text;
}

void ResponsesSplice::skip(const SpliceEvent& event) {
  ResponseBuild build = read_response_build(event.data);
  bool message = build.type == "response.output_item.added" && build.item_type == "message";
  if (message && !joined_) joined_ = build.output_index;
}

void ResponsesSplice::pass(std::string& out, const SpliceEvent& event) {
  ResponseBuild build = read_response_build(event.data);
  std::string_view type = build.type;
  bool preamble =
      type == "response.created" || type == "response.in_progress" || type == "response.queued";
  if (preamble && preamble_.told) return;
  bool ends = type == "response.completed" || type == "response.incomplete";
  if (ends) return end(out, event, type);
  if (type == "response.output_item.added") return begin_item(out, event, build);
  if (joined_ && build.output_index == *joined_) return pass_of_joined(out, event, build);
  auto known = std::ranges::find(indexes_, build.output_index,
                                 &std::pair<std::uint32_t, std::uint32_t>::first);
  bool of_item = event.data.contains("\"output_index\"");
  if (of_item && known == indexes_.end()) return;  // of an item that was left out
  place(out, event, of_item ? known->second : 0, nullptr, type);
}

void ResponsesSplice::begin_item(std::string& out, const SpliceEvent& event,
                                 const ResponseBuild& build) {
  if (joined_ && build.output_index == *joined_) return;
  if (build.item_type == "message" && !joined_ && open_message() != nullptr) {
    joined_ = build.output_index;
    return;
  }
  close_message(out);
  if (indexes_.size() == items_max) return;
  indexes_.emplace_back(build.output_index, items_.next_index);
  place(out, event, items_.next_index, nullptr, build.type);
}

// What repeats the item's text repeats all of it.
void ResponsesSplice::pass_of_joined(std::string& out, const SpliceEvent& event,
                                     const ResponseBuild& build) {
  std::string_view type = build.type;
  const ResponseItem* open = open_message();
  if (open == nullptr || type.contains(".annotation.")) return;
  bool has_part = open->part != ResponsePart::none;
  bool delta = type == "response.output_text.delta";
  if (type == "response.content_part.added" || delta) {
    if (!has_part) open_part(out);
    open = open_message();
    if (delta && !event.without_text) place(out, event, open->index, open, type);
    return;
  }
  std::string text;
  ResponseEvents events(text, items_.next_sequence);
  if (type == "response.output_text.done") {
    if (has_part && !open->text_done) write_response_text_done(events, *open);
  } else if (type == "response.content_part.done") {
    if (has_part) write_response_part_done(events, *open);
  } else if (type == "response.output_item.done") {
    Span status = build.item_status;
    bool cut = build.item.substr(status.begin, status.size()) == "\"incomplete\"";
    close_response_item(events, *open, cut ? "incomplete" : "completed");
  }
  learn(text);
  out += text;
}

void ResponsesSplice::place(std::string& out, const SpliceEvent& event, std::uint32_t index,
                            const ResponseItem* joined, std::string_view type) {
  std::array<Span, ids> spans;
  scan_data(event.data, table, [&](JsonToken, const JsonScanner& scanner, std::string_view) {
    Span& span = spans[scanner.id()];
    if (span.empty()) span = scanner.value();
  });
  BodyEdits edits;
  auto set = [&](Id id, std::string_view value) {
    if (!spans[id].empty()) edits.replace(spans[id], value);
  };
  set(id_sequence, std::to_string(items_.next_sequence));
  set(id_output_index, std::to_string(index));
  if (joined != nullptr) {
    set(id_item_id, "\"" + joined->id + "\"");
    set(id_part_index, std::to_string(joined->part_index));
  }
  std::string text;
  write_edited(text, type, event.data, edits);
  learn(text);
  out += text;
}

void ResponsesSplice::end(std::string& out, const SpliceEvent& event, std::string_view type) {
  close_message(out);
  std::string text;
  ResponseEvents events(text, items_.next_sequence);
  events.event(type, [&](JsonWriter& json) {
    json.key("response").open_object();
    write_response(json, event, json_member(event.data, "response"));
    json.close_object();
  });
  learn(text);
  out += text;
}

void ResponsesSplice::write_response(JsonWriter& json, const SpliceEvent& event,
                                     std::string_view response) const {
  std::string output;
  for (const ResponseItem& item : items_.items) {
    if (item.json.empty()) continue;  // it was too large to be kept
    if (!output.empty()) output += ',';
    JsonWriter one(output);
    write_response_item(one, item, "incomplete");
  }
  for (JsonChildren each(response); each.next();) {
    if (each.key() == "output") {
      json.key("output").raw("[" + output + "]");
    } else if (each.key() == "id" && preamble_.told) {
      raw_member(json, "id", preamble_.id);
    } else if (each.key() == "model" && preamble_.told) {
      raw_member(json, "model", preamble_.model);
    } else if (each.key() == "created_at" && preamble_.created != 0) {
      json.member("created_at", preamble_.created);
    } else if (each.key() == "usage" && each.value().starts_with('{')) {
      write_response_usage(json, event.usage);
    } else {
      copy_member(json, each.key(), each.value());
    }
  }
}

}  // namespace

std::unique_ptr<SpliceGrammar> make_responses_splice(const Delivered& delivered) {
  return std::make_unique<ResponsesSplice>(delivered);
}

}  // namespace recloser::codec
