// What the client has got of a streamed answer, kept as it passes, so that another request can go
// on where it broke off.
#pragma once

#include "codec/event.h"
#include "codec/operation.h"
#include "codec/request.h"
#include "codec/response_items.h"
#include "codec/stream_cut.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec {

// Why an answer that broke off cannot be continued.
enum class Obstacle : unsigned char {
  none,
  ended,                // its reason has been told: nothing of it is missing
  too_long,             // more text than is kept
  several_choices,      // asked for, or begun
  tool_call,            // the client has one, whole or not: another model cannot know its rest
  server_tool,          // results that only the first provider has
  structured_output,    // text of a JSON answer: two models do not write one document
  json,                 // the same, where the text shows it
  unfinished_thinking,  // a block that clients send back, and that no provider would take
  refusal,              // the model was refusing
  half_character,       // the text ends within one
  no_anchor,            // its end stands elsewhere in it too: see anchor.h
  own_prefill,          // the client's request ends with a message of the model's
  odd_request,          // the prompt has a form that nothing can be added to
};
std::string_view name_of(Obstacle obstacle);  // "tool_call"

// What can be done about it.
enum class Resume : unsigned char {
  no,
  ask_again,  // the client has no text yet: the same request, and only the preamble is not repeated
  go_on,      // from the text
};

struct Resumption {
  Resume resume = Resume::no;
  Obstacle obstacle = Obstacle::none;

  friend bool operator==(const Resumption&, const Resumption&) = default;
};

// Made for a call whose model may be continued. It sees what a StreamCut sees, and what that says
// of each SSE event; where nothing may cut the stream all passes on.
class Delivered {
 public:
  static constexpr std::size_t bytes_max = 256u << 10;  // of text, as escaped JSON

  explicit Delivered(Operation operation) : operation_(operation) {}

  // `frame` is the event's SSE event, or "" where it was too large to be kept; `pass` counts when
  // the event is the last of its frame. What was held when the stream broke off is taken for never
  // sent.
  void see(const Event& event, std::string_view frame, StreamCut::Pass pass = StreamCut::Pass::on);
  // What is held has been passed on, unfinished as it is; or it never will be.
  void release();
  void drop();

  // Thinking is no part of what is gone on from: where there is nothing else, the answer is asked
  // for again, and what the second model thinks is left out (codec/continuation/splice.h).
  Resumption resumption(const RequestFacts& asked) const;

  Operation operation() const { return operation_; }

  // The text, all blocks and items in a row: raw JSON, and as it reads.
  std::string_view raw_text() const;
  std::string text() const;

  // For who writes the rest of the stream. All strings are raw JSON.
  struct Preamble {
    bool told = false;
    std::string id;
    std::string model;
    std::string fingerprint;    // chat
    std::uint64_t created = 0;  // Unix time, seconds
  };
  const Preamble& preamble() const { return preamble_; }

  // Anthropic's blocks.
  struct Blocks {
    std::uint32_t next = 0;  // the index of the next one; the last one is the one before it
    bool open = false;       // whether the last one goes on ..
    bool text = false;       // .. and is text
  };
  const Blocks& blocks() const { return now().blocks; }
  const ResponseItems& items() const { return before_calls_items_ ? *before_calls_items_ : items_; }
  bool thought() const { return now().thought; }

 private:
  // Small, because it is copied with each SSE event.
  struct State {
    std::size_t raw_bytes = 0;
    Blocks blocks;
    bool ended = false;
    bool thought = false;
    bool unfinished_thinking = false;
    bool call = false;
    bool server_tool = false;
    bool several_choices = false;
  };
  const State& now() const { return holds_ ? before_hold_ : state_; }
  void learn_preamble(std::string_view frame);
  void see_text(const Event& event);
  void see_block(std::string_view frame);
  void pass(StreamCut::Pass pass);
  Obstacle obstacle(const RequestFacts& asked) const;

  Operation operation_;
  Preamble preamble_;
  std::string raw_;
  State state_;
  State before_frame_;
  State before_hold_;
  ResponseItems items_;
  std::optional<ResponseItems> before_calls_items_;
  bool in_frame_ = false;
  bool holds_ = false;
  bool too_long_ = false;
};

// Whether a text ends within JSON: it is a document that has begun, or a fence of Markdown with one
// is open.
bool ends_in_json(std::string_view text);

}  // namespace recloser::codec
