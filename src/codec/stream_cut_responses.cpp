// The end of a response: what is open is closed from the inside out, the note is an item of its
// own, and the last event repeats all of it, as clients that read nothing else need it.
#include "codec/response_items.h"
#include "codec/stream_cut_grammar.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

class ResponsesCut final : public CutGrammar {
 public:
  void join(const StreamSoFar& so_far, const StreamFacts& facts) override;
  StreamCut::Pass see(const Event& event, std::string_view frame) override;
  void release() override { before_hold_.reset(); }
  void drop() override {
    if (before_hold_) now_ = *std::exchange(before_hold_, std::nullopt);
  }
  bool over() const override { return passed().done; }
  void write(std::string& out, const CutOrder& order, const StreamFacts& facts) const override;

 private:
  const ResponseItems& passed() const { return before_hold_ ? *before_hold_ : now_; }

  ResponseItems now_;
  std::optional<ResponseItems> before_hold_;
};

void ResponsesCut::join(const StreamSoFar& so_far, const StreamFacts& facts) {
  now_.created = so_far.started;
  now_.done = so_far.done;
  now_.has_text = so_far.text;
  now_.next_index = std::min(so_far.next, ResponseItems::index_max);
  now_.next_sequence = facts.events;
}

StreamCut::Pass ResponsesCut::see(const Event& event, std::string_view frame) {
  bool call = event.kind == EventKind::tool_call && !event.name.empty() && event.last_of_frame;
  if (call && !before_hold_ && !now_.calls()) before_hold_ = now_;
  now_.see(event, frame);
  if (!event.last_of_frame) return StreamCut::Pass::on;
  if (before_hold_ && (now_.done || !now_.calls())) before_hold_.reset();
  return before_hold_ ? StreamCut::Pass::held : StreamCut::Pass::on;
}

// The note as a message, from its begin to its end. Returns the item.
std::string write_note(ResponseEvents& events, const CutOrder& order, const ResponseItems& seen) {
  ResponseItem note;
  note.index = seen.next_index;
  append_json_escaped(note.id, fmt::format("msg_{}", order.call));
  note.type = "message";
  note.part = ResponsePart::output_text;
  append_json_escaped(note.text, note_text(order, seen.has_text));
  auto message = [&](JsonWriter& json, std::string_view status, bool whole) {
    json.open_object();
    raw_member(json, "id", note.id);
    json.member("type", "message").member("status", status).member("role", "assistant");
    json.key("content").open_array();
    if (whole) write_response_part(json, note.part, note.text);
    json.close_array().close_object();
  };
  events.event("response.output_item.added", [&](JsonWriter& json) {
    json.member("output_index", note.index).key("item");
    message(json, "in_progress", false);
  });
  events.event("response.content_part.added", [&](JsonWriter& json) {
    write_response_place(json, note);
    json.key("part");
    write_response_part(json, note.part, "");
  });
  events.event("response.output_text.delta", [&](JsonWriter& json) {
    write_response_place(json, note);
    raw_member(json, "delta", note.text);
    json.key("logprobs").open_array().close_array();
  });
  write_response_text_done(events, note);
  write_response_part_done(events, note);
  std::string item;
  JsonWriter writer(item);
  message(writer, "completed", true);
  events.event("response.output_item.done", [&](JsonWriter& json) {
    json.member("output_index", note.index).key("item").raw(item);
  });
  return item;
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
      write_response_usage(json, *usage);
    }
    json.close_object();
  }
};

void ResponsesCut::write(std::string& out, const CutOrder& order, const StreamFacts& facts) const {
  const ResponseItems& seen = passed();
  if (seen.done) return;
  write_cut_comment(out, order);
  ResponseEvents events(out, seen.next_sequence);
  Envelope envelope{order, facts, seen.created_at_s};
  if (!seen.created) {
    events.event("response.created",
                 [&](JsonWriter& json) { envelope.write(json, "in_progress", "", "", nullptr); });
  }
  std::string output;
  for (const ResponseItem& item : seen.items) {
    close_response_item(events, item, "incomplete");
    if (item.json.empty()) continue;  // it was too large to be kept
    if (!output.empty()) output += ',';
    JsonWriter one(output);
    write_response_item(one, item, "incomplete");
  }
  if (has_note(order)) {
    std::string note = write_note(events, order, seen);
    if (!output.empty()) output += ',';
    output += note;
  }
  bool known = facts.usage_source != UsageSource::none;
  const Usage* usage = order.usage != nullptr ? order.usage : known ? &facts.usage : nullptr;
  CutFinish finish = finish_of_cut(order, order.client == ClientFamily::codex, now_.calls());
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
