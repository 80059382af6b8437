// The items of a response, put together from the events of its stream as its clients do it.
#pragma once

#include "codec/event.h"
#include "codec/usage.h"
#include "core/json_writer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

// What one SSE event says of the answer's build. The views live as long as the event does.
struct ResponseBuild {
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
ResponseBuild read_response_build(std::string_view data);

enum class ResponsePart : std::uint8_t { none, output_text, refusal, reasoning_text, summary_text };
std::string_view name_of(ResponsePart part);

// One output item. All strings are raw JSON.
struct ResponseItem {
  std::uint32_t index = 0;
  bool done = false;
  bool tool = false;                       // a call that the client runs
  bool text_done = false;                  // of the open part
  ResponsePart part = ResponsePart::none;  // the open one
  std::uint32_t part_index = 0;
  std::string json;  // as it was added; of one that is done, as it was told then
  Span status;       // in it
  std::string id;
  std::string type;
  std::string parts;  // the whole ones, with commas
  std::string text;   // of the open one
};

// What the client has seen. Of a longer answer than bytes_max the front is kept, and items that
// have no room are left out.
class ResponseItems {
 public:
  static constexpr std::size_t bytes_max = 256u << 10;

  // `frame` is the event's SSE event, or "" where it was too large to be kept.
  void see(const Event& event, std::string_view frame);

  // The item with that output index which is not done; null when there is none.
  const ResponseItem* open_item(std::uint32_t index) const;
  // Whether a call that the client runs is not done.
  bool calls() const;

  bool created = false;
  bool done = false;
  bool has_text = false;
  bool is_whole = true;  // nothing had to be left out
  std::uint32_t next_index = 0;
  std::uint64_t next_sequence = 0;
  std::uint64_t created_at_s = 0;  // 0: not told
  std::vector<ResponseItem> items;

  static constexpr std::uint32_t index_max = 1u << 20;  // of an item that is counted

 private:
  ResponseItem* item_at(std::uint32_t index);
  bool keep(std::string& place, std::string_view bytes);
  void drop(std::string& place);
  void see_text(const Event& event, std::string_view frame);
  void apply(const ResponseBuild& build, bool tool);
  void add_item(const ResponseBuild& build, bool tool);
  void item_done(const ResponseBuild& build);
  void part_done(ResponseItem& item, std::string_view part);

  std::size_t kept_bytes_ = 0;
};

void write_response_part(JsonWriter& json, ResponsePart part, std::string_view raw_text);

// The members that say where in the answer the open part of an item is.
void write_response_place(JsonWriter& json, const ResponseItem& item);

// An item that was told whole, as it was told; any other as far as it got, with that status.
void write_response_item(JsonWriter& json, const ResponseItem& item, std::string_view status);

// Writes events with their names and numbers.
class ResponseEvents {
 public:
  ResponseEvents(std::string& out, std::uint64_t sequence) : out_(out), sequence_(sequence) {}

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

void write_response_text_done(ResponseEvents& events, const ResponseItem& item);
void write_response_part_done(ResponseEvents& events, const ResponseItem& item);

// From the inside out. A call that is not whole gets no end: programs run a call as soon as its
// item is done, whatever its status.
void close_response_item(ResponseEvents& events, const ResponseItem& item, std::string_view status);

void write_response_usage(JsonWriter& json, const Usage& usage);

}  // namespace recloser::codec
