// StreamPass: what goes through of a provider's event stream, and what it said on the way.
#pragma once

#include "codec/continuation/delivered.h"
#include "codec/operation.h"
#include "codec/stream_cut.h"
#include "codec/stream_reader.h"
#include "codec/usage_hider.h"
#include "relay/meter.h"
#include "route/attempt_end.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::relay {

// Asked before more tokens pass than it has let through so far.
class OutputGate {
 public:
  virtual ~OutputGate() = default;
  // How many may pass in all; at least `tokens`, or the stream is to be cut before them.
  virtual std::uint64_t let_through(std::uint64_t tokens) = 0;
  // Whether an answer that its provider ends for its length ends so by our word.
  virtual bool ends_at_our_limit() const { return false; }
  // A call of a tool begins: may it pass?
  virtual bool let_call_begin() { return true; }
  // Whether the end may have to be that of a sentence; and whether it has: what passes now is the
  // grace, and ends with the first sentence.
  virtual bool may_end_at_sentence() const { return false; }
  virtual bool in_grace() const { return false; }
};

// Pure: bytes in, bytes out, facts beside. The bytes out are the bytes in, unless usage is hidden.
// The begin of an event waits for its end, so that a stream that breaks off has sent whole events.
class StreamPass {
 public:
  StreamPass(codec::Operation operation, bool hide_usage, Meter meter, MeterRoom& room);
  ~StreamPass();

  // From the first byte on, nothing passes that `gate` does not let through, and a call of a tool
  // passes when it is whole. What passes is shown to `delivered`, where there is one. Both outlive
  // the stream.
  void guard(codec::Operation operation, OutputGate& gate, codec::Delivered* delivered = nullptr);

  // The stream has broken off between two events of what is out, and the bytes of another one go on
  // with the same answer: what had come of an event is dropped, and what of a call of a tool that
  // is not whole, and the gate is asked anew. Only of a stream that is guarded.
  void go_on(bool hide_usage);
  // The same, and what goes on is another answer, from its begin.
  void begin_anew(codec::Operation operation, bool hide_usage, Meter meter);
  bool may_go_on() const;
  // Of what take() gave: the bytes before the error that its provider told there.
  std::size_t bytes_before_error() const;
  // Nothing more passes: a limit was lowered, the time is over, an operator says so. Of a stream
  // that nothing guards too.
  void close_gate(codec::Operation operation);
  // Whether what is out can be ended well: no half event is out.
  bool may_be_cut() const { return between_events(); }
  // Whether the gate has closed: the piece that was just taken, and all that comes, is not for the
  // client from the event on that was too much. It is counted all the same.
  bool cut() const { return cut_; }
  // When it has: the tokens of what has passed.
  std::uint64_t tokens_passed() const;
  // Appends what the client gets in place of the rest.
  void write_cut(std::string& out, const codec::CutOrder& order) const;
  // Counts what a provider had sent before it heard that the stream is cut.
  void overhear(std::string_view piece);

  // What the client gets now: a part of `piece` itself, or what was put together in `room`, which
  // is cleared first. With `last`, no byte comes after the piece: an unfinished event is dropped,
  // unless the answer is whole without it.
  std::string_view take(std::string_view piece, bool last, std::string& room);

  const codec::StreamFacts& facts() const { return reader_.facts(); }
  // The tokens of what has come.
  const Meter& meter() const { return meter_; }
  // Of a stream that is guarded: of these, what of a call of a tool was not dropped, nor would be.
  std::uint64_t tokens_out() const;
  // Nothing more is to come: the meter is exact from here on.
  void close_meter() { meter_.close(meter_room_); }
  // Whether a piece of the answer (text, reasoning, a tool call) has been seen.
  bool saw_content() const { return saw_content_; }
  // Whether the provider has told all that it had to tell, when no byte comes any more.
  bool whole() const { return reader_.ended() || reader_.facts().saw_error; }

  // What an error that the provider told in the stream means.
  route::AttemptEnd error_end() const { return error_end_; }

  // Whether anything but framing (line ends, comments, a further mark of the end) came in a piece
  // behind the one that ended the stream.
  bool strays() const { return strays_; }

  std::size_t bytes_held() const { return held_.size(); }

  // Where the bytes out stand: a comment may be put between two lines, an event between two events.
  bool between_lines() const { return tail_[1] == '\n'; }
  bool between_events() const { return tail_[0] == '\n' && tail_[1] == '\n'; }

 private:
  struct Guard;

  void see(const codec::Event& event, std::string& room);
  void count(const codec::Event& event);
  bool may_pass();
  void see_guarded(const codec::Event& event, std::string& room);
  void see_error(const codec::Event& event, std::string& room);
  bool begins_call(const codec::Event& event);
  std::size_t bytes_within(const codec::Event& event, std::uint64_t tokens);
  void pass_front(const codec::Event& event, std::size_t bytes, std::string& room);
  void drop_held();
  void pass_call_before(const codec::Event& event, std::string& room);
  void pass_guarded(const codec::Event& event, std::string& room);
  std::string_view whole_events(std::string_view piece, bool last, std::string& room);
  void remember_tail(std::string_view out);

  codec::StreamReader reader_;
  codec::StreamSoFar so_far_;  // where nothing guards it
  Meter meter_;
  MeterRoom& meter_room_;
  std::optional<codec::UsageHider> hider_;
  std::string held_;         // begin of an event whose end has not come; the hider has its own
  std::uint64_t taken_ = 0;  // bytes of the stream so far
  route::AttemptEnd error_end_ = route::AttemptEnd::server_error;
  bool saw_content_ = false;
  bool over_ = false;  // the stream had ended before this piece
  bool strays_ = false;
  bool passing_ = false;  // the unfinished event is over event_tail_bytes_max: it goes as it comes
  bool cut_ = false;
  std::unique_ptr<Guard> guard_;
  std::array<char, 2> tail_{'\n', '\n'};  // the last line ends' bytes out; CR LF counts as LF
};

}  // namespace recloser::relay
