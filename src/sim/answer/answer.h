// Answer: what a call is answered with, formed chunk by chunk or whole, in the dialect of the call.
#pragma once

#include "core/time.h"
#include "sim/answer/dialect.h"
#include "sim/call.h"
#include "sim/pieces.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace recloser::sim {

// The longest answer that is given whole, over all its choices; beyond it it ends for length.
inline constexpr std::uint64_t whole_pieces_max = 200'000;

// Use for a stream: open(), next() until it is false, close(), or fail() at any place behind
// open(); each appends the bytes of one write.
// For a whole answer: whole(). `call` must outlive it.
class Answer {
 public:
  // `unique` is the part that makes ids differ from those of other calls.
  Answer(const Call& call, std::string_view unique, WallTime created);
  ~Answer();

  std::uint64_t pieces() const { return length_.pieces; }  // of one choice
  std::uint64_t billed(std::uint64_t rounds) const;        // after so many pieces of each choice

  void open(std::string& out);
  bool next(std::string& out);  // one piece of each choice
  void close(std::string& out);
  void fail(std::string& out, const ApiError& error, std::string_view request_id);
  void whole(std::string& out);

  std::uint64_t rounds() const { return given_; }
  // Whether the scripted fault of a stream comes here. What an object is made of is not made longer
  // for it: there it comes at the end at the latest.
  bool at_fault() const;

 private:
  using Source = std::variant<WordPieces, CutPieces>;
  Source source(std::uint32_t choice) const;
  std::vector<std::string> texts() const;

  const Call& call_;
  AnswerLength length_;
  std::vector<Source> sources_;
  std::uint64_t given_ = 0;
  std::unique_ptr<DialectWriter> writer_;
};

}  // namespace recloser::sim
