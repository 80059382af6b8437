// Reads a provider's event stream as it arrives: the same events however the bytes are cut.
#pragma once

#include "codec/event.h"
#include "codec/json_scanner.h"
#include "codec/operation.h"
#include "codec/sse.h"
#include "codec/usage.h"
#include "codec/usage_paths.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

// What a stream has said so far.
struct StreamFacts {
  Usage usage;
  UsageSource usage_source = UsageSource::none;
  Finish finish = Finish::none;         // of the first choice that ended otherwise than by `stop`
  bool saw_start = false;               // the answer has begun
  bool saw_finish = false;              // at least one choice has ended
  bool saw_done = false;                // the grammar's own end
  bool saw_error = false;               // an in-band error
  bool incomplete_tail = false;         // the stream ended inside an event
  std::uint16_t error_status = 0;       // what the last in-band error stands for
  std::uint32_t events = 0;             // SSE events, keep-alives apart
  std::uint32_t malformed = 0;          // of them
  std::uint32_t tool_calls = 0;         // calls begun
  std::uint32_t blocks = 0;             // Anthropic: the number of the next one ..
  bool block_open = false;              // .. and whether the last one goes on
  std::uint64_t text_bytes = 0;         // unescaped: the answer's text ..
  std::uint64_t reasoning_bytes = 0;    // .. visible thinking ..
  std::uint64_t argument_bytes = 0;     // .. and tool arguments
  std::uint64_t sealed_bytes = 0;       // as it came: thinking that is not shown, encrypted ..
  std::uint32_t sealed_items = 0;       // .. and in how many parts
  std::uint64_t server_tool_bytes = 0;  // events that carry results of tools the provider ran: they
                                        // become input, unseen until the final usage
  std::string response_id;
  std::string model;  // as the provider names what served
};

// Use, for each piece of the body as it comes:
//   std::string_view bytes = piece;
//   while (std::optional<Event> event = reader.next(bytes)) { .. }
// and once after the last byte: while (std::optional<Event> event = reader.finish()) { .. }
// The views in an Event live until the next call. Nothing is allocated per piece; an event that
// was cut by a piece's end is kept until its rest arrives, at most event_bytes_held_max of it.
class StreamReader {
 public:
  explicit StreamReader(Operation operation) : StreamReader(operation, family_of(operation)) {}
  StreamReader(Operation operation, Family family);

  // The next event; consumes what it read from the front of `bytes`. Empty when all is read.
  std::optional<Event> next(std::string_view& bytes);

  // After the last byte. An event whose blank line is missing is told too, and `incomplete_tail`
  // set: official clients do not see it.
  std::optional<Event> finish();

  const StreamFacts& facts() const { return facts_; }

  // Another stream goes on with the answer: an event whose end has not come is dropped, and what
  // was said of an end or an error is forgotten. What names the answer stays.
  void go_on();

  // The SSE event that the last Event belongs to.
  const Frame& frame() const { return frame_; }

  // The stream offset up to which bytes may be passed on with nothing of an unfinished event.
  std::uint64_t safe_offset() const { return sse_.safe_offset(); }

  // Whether the answer is whole: its grammar's end was seen, or, where providers leave that out
  // (chat, completions), a finish reason.
  bool ended() const;

 private:
  // A captured string: in the current piece after base_, or, once the event is cut, in held_.
  struct Slice {
    std::uint32_t begin = 0;
    std::uint32_t size : 30 = 0;
    std::uint32_t escaped : 1 = 0;
    std::uint32_t cut : 1 = 0;
  };
  // One Event to be: its views are made when it is told.
  struct Draft {
    EventKind kind = EventKind::other;
    Finish finish = Finish::none;
    std::uint16_t status = 0;
    std::uint32_t choice = 0;
    std::uint32_t index = 0;
    Slice text;
    Slice id;
    Slice name;
  };
  // Strings of the event that are judged when it is whole, because members come in any order.
  enum Slot : std::uint8_t {
    slot_event,  // the `event:` line
    slot_type,
    slot_id,
    slot_model,
    slot_text,
    slot_item_type,
    slot_item_id,
    slot_item_name,
    slot_reason,
    slot_error_type,
    slot_error_code,
    slot_error_message,
    slot_usage_text,
    slots,
  };
  enum class Payload : unsigned char { none, maybe_done, done, json, broken };

  // How a dialect's events are read: which members, what each means, what they mean together.
  struct Grammar {
    const JsonTable* table;
    void (StreamReader::*take)(JsonToken token);
    void (StreamReader::*judge)();
    std::uint64_t streamed;  // bits of the table's ids under which text comes piece by piece
    bool ends_with_finish;   // a finish reason ends the answer where [DONE] is left out

    bool streams(std::uint8_t id) const { return id < usage_input && (streamed >> id & 1) != 0; }
  };
  static const Grammar chat;
  static const Grammar completions;
  static const Grammar responses;
  static const Grammar messages;
  static const Grammar& grammar_of(Operation operation, Family family);
  explicit StreamReader(const Grammar& grammar);

  // The events of an answer are alike up to their text, and often behind it. What was read of one
  // is kept; the same bytes in the next are not read again, because the same bytes in the same
  // state lead to the same state.
  struct Likeness {
    // From the event's data up to the text's quote; and from behind the text up to a `null` that
    // is the next value to be told, where there is one.
    std::string bytes;
    std::uint32_t head_bytes = 0;
    JsonScanner::Leap leap;  // over the tail
    JsonScanner::Place before_text;
    std::array<Slice, slots> slots_then;
    Draft draft;  // a tool call whose arguments the text is
    bool has_draft = false;
    std::uint8_t reasoning_id = 0;
    std::uint32_t before_data = 0;  // bytes from base_ to the data
    std::uint32_t text_bytes = 0;
    std::uint32_t choices = 0;
    std::uint32_t choice_first = 0;
    std::uint32_t choice_index = 0;

    std::string_view head() const { return {bytes.data(), head_bytes}; }
    std::string_view tail() const { return std::string_view(bytes).substr(head_bytes); }
  };
  static constexpr std::uint8_t unlike_max = 8;  // in a row, and the stream is no longer tried
  // Anthropic's usage adds up over events, and over the iterations of a call.
  struct Turns {
    UsageFields pending;  // the fields of all whole events, and this one's
    IterationFields iterations;
  };
  // How far the event that is being read is like the one that is remembered.
  enum class Alike : unsigned char { no, head, text, past };

  bool recall(std::string_view bytes);
  void remember();
  JsonToken next_behind_text(std::string_view& bytes);

  void begin_frame();
  void end_frame(bool whole);
  void judge_frame(bool whole);
  void count(const Draft& draft);
  Event tell();
  void data(std::string_view bytes);
  void json(std::string_view bytes);
  void commit_usage(std::optional<Usage> usage, UsageSource source);
  void add_seen_fees(Usage& usage) const;
  void take_usage_text(JsonToken token);
  void usage_text_done();

  Slice* keep(JsonToken token, Slice* place);
  void append(Slice& slice, std::string_view raw, bool escaped);
  void count_ahead(Slice slice);
  void hold();
  std::string_view view(Slice slice) const;
  std::string_view view(Slot slot) const { return view(slots_[slot]); }
  Draft& draft(EventKind kind);
  Draft& error_draft();
  void fill_error();
  void learn_names();
  void finish_with(Finish finish);
  void judge_sealed();

  void place_choice();
  void take_chat(JsonToken token);
  void take_chat_text(JsonToken token);
  Slice* chat_text_place(std::uint8_t id);
  void judge_chat();
  void take_responses(JsonToken token);
  void take_responses_text(JsonToken token);
  void judge_responses();
  void judge_response_delta(std::string_view type);
  void judge_response_item();
  void judge_response_item_done();
  void judge_response_end(std::string_view type);
  void take_messages(JsonToken token);
  void take_messages_text(JsonToken token);
  void take_messages_number(std::uint64_t number);
  void judge_messages();
  void judge_block_start();

  const Grammar* grammar_;
  SseReader sse_;
  JsonScanner scanner_;
  StreamFacts facts_;
  Frame frame_;
  std::vector<Draft> drafts_;  // of the event being read or told
  std::size_t told_ = 0;
  std::string held_;
  const char* base_ = nullptr;
  Slice* open_ = nullptr;  // the string that the scanner is in the middle of
  std::array<Slice, slots> slots_{};
  std::uint64_t data_begin_ = 0;   // stream offset of the event's data
  const char* data_at_ = nullptr;  // where it lies, while the event is in one piece
  std::unique_ptr<Likeness> likeness_;
  std::uint8_t unlike_ = 0;
  Alike alike_ = Alike::no;
  std::uint32_t text_bytes_ = 0;    // captured of this event, held or not
  std::uint32_t counted_at_ = 0;    // the large text that is counted as it comes, in held_
  std::uint32_t counted_raw_ = 0;   // of it; 0: nothing is
  std::uint32_t counted_ = 0;       // that these bytes are without escapes
  std::uint32_t choice_first_ = 0;  // draft with which the current choice begins
  std::uint32_t choice_index_ = 0;
  std::uint32_t choices_ = 0;
  std::uint16_t status_ = 0;
  std::uint64_t sealed_bytes_ = 0;  // of this event, never kept
  Payload payload_ = Payload::none;
  EventKind text_kind_ = EventKind::other;
  std::uint8_t done_at_ = 0;       // bytes of "[DONE]" read
  std::uint8_t reasoning_id_ = 0;  // which of two names the choice's reasoning came under
  bool is_held_ = false;
  bool in_frame_ = false;
  bool saw_usage_ = false;
  bool saw_figure_ = false;  // of it: input, output or total
  bool saw_error_ = false;
  bool finished_ = false;
  bool saw_tool_call_ = false;
  static constexpr std::uint32_t no_block = UINT32_MAX;
  std::uint32_t server_block_ = no_block;  // Anthropic: the block that is a server tool's
  UsageFields fields_;                     // of this event; Anthropic: of all whole events so far
  std::unique_ptr<Turns> turns_;           // Anthropic's, and only there
  std::uint32_t web_searches_ = 0;  // seen in the answer, for a usage that does not count them
  std::uint32_t file_searches_ = 0;
  bool ran_code_ = false;
  ServiceTier tier_ = ServiceTier::standard;  // said beside the usage
};

}  // namespace recloser::codec
