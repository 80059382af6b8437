// What StreamCut knows of each kind of stream: one class per grammar.
#pragma once

#include "codec/json_scanner.h"
#include "codec/stream_cut.h"
#include "core/json_writer.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec {

class CutGrammar {
 public:
  CutGrammar() = default;
  CutGrammar(const CutGrammar&) = delete;
  CutGrammar& operator=(const CutGrammar&) = delete;
  virtual ~CutGrammar() = default;

  // Goes on behind what has passed unseen.
  virtual void join(const StreamSoFar& so_far, const StreamFacts& facts) = 0;
  virtual StreamCut::Pass see(const Event& event, std::string_view frame) = 0;
  virtual void release() = 0;
  virtual void drop() = 0;
  virtual bool over() const = 0;
  virtual void write(std::string& out, const CutOrder& order, const StreamFacts& facts) const = 0;
};
std::unique_ptr<CutGrammar> make_chat_cut(bool completions);
std::unique_ptr<CutGrammar> make_responses_cut();
std::unique_ptr<CutGrammar> make_messages_cut();

// The data of one SSE event; `room` takes it where it has several lines.
std::string_view data_of(std::string_view frame, std::string& room);

// Tells `take` each wanted value of the data of one SSE event, up to where it is no JSON.
template <class Take>
void scan_data(std::string_view data, const JsonTable& table, Take take) {
  std::string_view rest = data;
  JsonScanner scanner(table);
  for (;;) {
    JsonToken token = scanner.next(rest);
    if (token == JsonToken::none || token == JsonToken::error) return;
    if (token != JsonToken::text_part) take(token, scanner, data);
  }
}

// The same; the views live only while they are told.
template <class Take>
void scan_frame(std::string_view frame, const JsonTable& table, Take take) {
  std::string room;
  scan_data(data_of(frame, room), table, take);
}

// ": recloser cut call=.. rule=..", a comment between two events.
void write_cut_comment(std::string& out, const CutOrder& order);

// The note as it stands behind text: apart from it, where there was any.
std::string note_text(const CutOrder& order, bool behind_text);

// Whether the note is written: never into structured output.
inline bool has_note(const CutOrder& order) { return !order.structured && !order.note.empty(); }

// The reason in the words of no dialect. `stops` says that this client takes a natural end, as long
// as the note says what it was; open tool arguments and structured output never end like that.
CutFinish finish_of_cut(const CutOrder& order, bool stops, bool open_tool);

// The members of a usage, in the words of the dialect. Anthropic's of a stream that has only begun
// tells no output.
void write_chat_usage(JsonWriter& json, const Usage& usage);
void write_messages_usage(JsonWriter& json, const Usage& usage, bool begun);

// "event: .." and "data: .."
void write_event(std::string& out, std::string_view name, std::string_view data);

// Raw contents of a JSON string, as a member.
void raw_member(JsonWriter& json, std::string_view name, std::string_view raw);

// A member as it stands, its name raw.
void copy_member(JsonWriter& json, std::string_view raw_name, std::string_view value);

}  // namespace recloser::codec
