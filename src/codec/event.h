// What one event of a provider's stream says, in the words of no dialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::codec {

enum class EventKind : unsigned char {
  start,        // the answer has begun: its id and model are in the facts
  text,         // a piece of the answer (or of a refusal the model wrote)
  reasoning,    // a piece of visible thinking
  sealed,       // thinking that only its provider can read: its size is new in the facts
  tool_call,    // a tool call begins (id and name) or goes on (a fragment of its arguments)
  server_tool,  // a tool that the provider runs by itself begins, goes on, or gives its result
  usage,        // the usage in the facts is new
  finish,       // one choice has ended, and why
  error,        // the provider failed in band
  done,         // the last event of the grammar: [DONE], message_stop, response.completed ..
  ping,         // a keep-alive: a comment, an empty event, Anthropic's ping
  other,        // understood as JSON, nothing of it is acted on
  malformed,    // not JSON; counted, and passed as it is
};
std::string_view name_of(EventKind kind);

// Why an answer ended, over all dialects.
enum class Finish : unsigned char {
  none,
  stop,       // the model was done, or met a stop string
  length,     // a token limit or the context
  tool_call,  // it wants a tool to run
  refusal,    // a content policy, the provider's or the model's
  pause,      // the client is to send it again as it is
  failed,     // the provider gave up
  other,
};
std::string_view name_of(Finish finish);

// The bytes [begin, end) of a stream or a body.
struct Span {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool empty() const { return begin == end; }
  std::uint64_t size() const { return end - begin; }
  friend bool operator==(const Span&, const Span&) = default;
};

// One thing said. An SSE event that says several things (a finish with usage, two tool calls) is
// several of these with the same range. The views live until the reader is called again.
struct Event {
  EventKind kind = EventKind::other;
  Finish finish = Finish::none;  // of `finish`
  bool last_of_frame = false;    // no further Event comes of this SSE event
  bool text_escaped = false;     // `text` holds JSON escapes: read it through unescape()
  bool text_cut = false;         // `text` was beyond event_bytes_held_max and is not complete
  std::uint16_t status = 0;      // of `error`: the HTTP status that it stands for
  std::uint32_t choice = 0;      // chat: choices[].index; Responses: output_index
  std::uint32_t index = 0;       // of `tool_call`: which call; Anthropic: the block
  Span range;                    // the SSE event in the stream, from its first line through its
                                 // blank line
  std::string_view text;         // raw JSON text between the quotes: of the answer, of
                                 // arguments, of a finish reason, of an error's message
  std::string_view id;           // of a tool call, raw; of an error: its type
  std::string_view name;         // of a tool call, raw; of an error: its code
};

// One SSE event as bytes, for those who pass the stream on. Frames follow each other without a
// gap: what lies between two events belongs to the later one.
struct Frame {
  Span range;
  Span null_usage;          // the value of a top-level `"usage":null`; empty when there is none
  Span null_usage_key;      // its name, with quotes
  bool usage_only = false;  // a chunk of a chat stream that says nothing but the usage
};

// Appends the text that the JSON string contents `raw` stand for; an unpaired surrogate becomes
// U+FFFD. `raw` is what the scanner has let pass.
void unescape(std::string& out, std::string_view raw);

// How many bytes unescape() would append.
std::uint64_t unescaped_size(std::string_view raw);

// The same for the front of a text whose rest has not come: moves `raw` to the first escape that
// may not be whole.
std::uint64_t unescaped_size_so_far(std::string_view& raw);

}  // namespace recloser::codec
