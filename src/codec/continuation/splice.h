// The rest of a streamed answer: what a second provider tells, in the stream that a first one
// began.
#pragma once

#include "codec/continuation/delivered.h"
#include "codec/continuation/request.h"
#include "codec/continuation/seam.h"
#include "codec/stream_reader.h"
#include "codec/usage.h"
#include "codec/usage_hider.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec {

class SpliceGrammar;

// The client sees one answer: its ids, its model, one preamble, its indexes and numbers going on,
// one end. The open text goes on in its block, and every other event passes with what places it in
// the answer changed, and nothing else. The usage that it is told at the end is the sum.
//
// Use, with `delivered` as it was when the first stream broke off, for each piece of the second
// one: splice.feed(piece, out), and once after the last byte splice.finish(out). What is appended
// to `out` is the client's stream as if it had gone on; whoever read and guarded that one (a
// StreamReader, a StreamCut, `delivered` itself) reads on with it.
//
// While it is `undecided` nothing passes: no byte of that attempt has reached the client, and
// another may be made. When it misfits (misfit() says why), or where the second stream tells
// of a failure or breaks off (facts(), ended()), nothing tells the client so: how it ends is for
// the caller, as with the first one. An in-band error never passes.
//
// Left out: what the second model thinks before it goes on, but where the answer is asked for again
// and nothing was thought; annotations of the item that goes on (Responses), which count from the
// second one's begin. A response that was continued is stored at no provider under its id.
class Splice {
 public:
  // `before`: what the attempts before this one are booked with.
  Splice(const Delivered& delivered, Ask ask, const Usage& before);
  ~Splice();
  Splice(const Splice&) = delete;
  Splice& operator=(const Splice&) = delete;

  Seam::State feed(std::string_view piece, std::string& out);
  Seam::State finish(std::string& out);

  Seam::State state() const;
  Repair repair() const { return seam_.repair(); }
  Misfit misfit() const;

  // What the second provider has told by itself: its usage is of its attempt alone.
  const StreamFacts& facts() const { return reader_.facts(); }
  bool ended() const { return reader_.ended(); }

 private:
  struct Frame;

  void see(const Event& event);
  void take(std::string_view bytes, std::string& out);
  void feed_seam(bool last, std::string& out);
  void write_held(std::string_view text, std::string& out);

  StreamReader reader_;
  UsageHider frames_{false};
  Seam seam_;
  std::unique_ptr<SpliceGrammar> grammar_;
  std::unique_ptr<Frame> frame_;
  Usage before_;
  std::string raw_;       // text, raw JSON, of which the seam has not been told
  bool passing_ = false;  // the answer goes on: all of it passes
  bool torn_ = false;     // an event was too large to be placed in the answer
};

}  // namespace recloser::codec
