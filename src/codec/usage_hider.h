// Takes out of a stream what it holds only because we asked for usage and the client did not.
#pragma once

#include "codec/event.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::codec {

// Removes the usage-only chunk and the `"usage":null` members; every other byte stays as it is,
// usage that rides on a chunk with choices too. Bytes of an unfinished event are kept back until it
// is whole, so that no part of a chunk that must go is sent.
// Use, with the StreamReader that reads the same pieces:
//   hider.piece(piece);
//   while (auto event = reader.next(bytes)) {
//     if (event->last_of_frame) hider.frame(reader.frame(), out);
//   }
//   hider.piece_end(out);
// and after the reader's finish(): hider.finish(out). What is appended to `out` is for the client.
class UsageHider {
 public:
  // One that hides nothing only cuts the stream into its events.
  explicit UsageHider(bool hides = true) : hides_(hides) {}

  // The bytes of the SSE event that has ended, in one piece, before frame() of it; "" where they
  // were too many to be kept.
  std::string_view whole(const Frame& frame);

  void piece(std::string_view bytes);
  void frame(const Frame& frame, std::string& out);
  void piece_end(std::string& out);
  void finish(std::string& out);

  std::size_t bytes_held() const { return held_.size(); }

 private:
  std::string_view join(const Frame& frame);
  void pass(std::string_view bytes, const Frame& frame, std::string& out);

  std::string held_;        // begin of an event whose end has not come
  std::string_view piece_;  // what of the current piece has not been passed or held
  std::uint64_t at_ = 0;    // stream offset of the first byte that was not passed
  std::string_view event_;  // the event that has ended, once it is joined
  bool hides_ = true;
  bool passing_ = false;  // the event at `at_` is over event_bytes_held_max: it goes as it is
};

}  // namespace recloser::codec
