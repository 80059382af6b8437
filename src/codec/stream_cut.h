// How a running stream is ended by us, so that it reads as whole and says who ended it.
#pragma once

#include "codec/client_family.h"
#include "codec/event.h"
#include "codec/operation.h"
#include "codec/stream_reader.h"
#include "codec/usage.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec {

class CutGrammar;

// What a document says of the reason: `length`, `content_filter`, `stop`, or nothing.
enum class CutFinish : std::uint8_t { by_default, length, content_filter, stop };

// How to end it. Views need to live only while it is being written.
struct CutOrder {
  std::string_view note;  // the last text that the client gets, as it stands; "": none
  std::string_view call;  // for the comment line, with the rule
  std::string_view rule;
  std::string_view model;         // as the client asked for it: where no event has named it
  std::int64_t created_at_s = 0;  // Unix time: where no event has told it
  ClientFamily client = ClientFamily::unknown;
  CutFinish finish = CutFinish::by_default;
  bool structured = false;  // structured output was asked for: no note, so that helpers raise
  // Chat, completions: told in a chunk of its own, so only when the client asked for it. Responses
  // and messages always tell it; without one here they tell what the provider said so far.
  const Usage* usage = nullptr;
};

// What a few words keep of a stream that nothing was to cut, in case something does after all.
struct StreamSoFar {
  void see(const Event& event);

  std::uint64_t begun = 0;  // choices, bit by bit
  std::uint64_t ended = 0;
  std::uint32_t next = 0;  // output of Responses
  bool started = false;
  bool text = false;
  bool tool = false;  // a call may go on
  bool done = false;
};

// Sees what is passed to the client, and writes what ends it. Made for a call that something may
// cut; for others there is none. Use, with the StreamReader that reads the stream, for each event:
//
//   StreamCut::Pass pass = cut.see(event, bytes);  // of the event's SSE event, in one piece
//   if (!event.last_of_frame) continue;            // only now `pass` says what to do with it:
//   if (pass == StreamCut::Pass::on) out += held + frame, held.clear();
//   if (pass == StreamCut::Pass::held) held += frame;
//   if (pass == StreamCut::Pass::held_anew) out += held, held = frame;
//
// and where `held` would exceed tool_bytes_held_max: out += held + frame, held.clear(),
// cut.release(). To cut, between two SSE events: drop what is held, and cut.write(out, ..). `out`
// is then all that the client still gets. An event too large to be held (event_tail_bytes_max), of
// which a part is out, has to go on to its end first: nothing takes half an event back.
//
// An event that crosses a limit is not seen: its SSE event stays behind the cut, with what was seen
// of it. What of it still goes out by write_text_front() is seen as an event with that text.
//
// A call of a tool is held from its begin until it is whole, so that a cut drops it as if it had
// never been. One that was released unfinished cannot be taken back: it stays visibly incomplete.
class StreamCut {
 public:
  explicit StreamCut(Operation operation);
  // Of a stream that has passed without it, between two SSE events: only to be written. A call of a
  // tool that is open stays visibly incomplete, and Responses' last event repeats nothing of what
  // has passed.
  StreamCut(Operation operation, const StreamSoFar& so_far, const StreamFacts& facts);
  ~StreamCut();
  StreamCut(StreamCut&&) noexcept;
  StreamCut& operator=(StreamCut&&) noexcept;

  enum class Pass : unsigned char {
    on,         // this SSE event may go to the client, after all that is held
    held,       // it is to be held, behind what is held
    held_anew,  // what is held may go; this one is to be held
  };
  // `frame` is the SSE event's bytes, or "" where they were too many to be kept: then what only
  // they tell is not known (items of Responses that are left out of its last event). Allocates
  // nothing for a delta of text, except what Responses' last event repeats.
  Pass see(const Event& event, std::string_view frame);

  // What is held has been passed on, unfinished as it is.
  void release();
  // What is held never will be: the stream goes on as if it had not come.
  void drop();

  // Whether the client has the answer's end already: nothing is left to cut.
  bool over() const;

  // Appends what ends the stream. `facts` are the reader's: id, model and usage.
  void write(std::string& out, const CutOrder& order, const StreamFacts& facts) const;

  static constexpr std::size_t tool_bytes_held_max = 256u << 10;

 private:
  std::unique_ptr<CutGrammar> grammar_;
};

// The largest end of a front of `raw`, JSON text between its quotes, within `bytes` at which no
// escape and no character is cut, nor the two halves of a surrogate pair from each other.
std::size_t text_front(std::string_view raw, std::size_t bytes);

// Appends `frame`, an SSE event, with only the first `raw_bytes` (or a few less, never within a
// character) of `text`, the text of its only event that has one: what may still be delivered of a
// chunk that crosses a limit. Returns how many of its bytes that are; 0, and nothing is appended,
// when there is no room for any or the text does not stand in the frame exactly once.
std::size_t write_text_front(std::string& out, std::string_view frame, std::string_view text,
                             std::size_t raw_bytes);

}  // namespace recloser::codec
