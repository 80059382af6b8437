// Pieces: the text of one answer, one token after the other, the same each time for the same seed.
#pragma once

#include "core/ids.h"
#include "sim/script.h"
#include "sim/words.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::sim {

// Text without an end: clauses of subject, verb and object, joined by conjunctions. A copy goes on
// from where the original stood, so the text so far can be had again without keeping it.
class WordPieces {
 public:
  WordPieces(std::uint64_t seed, Flavour flavour);
  std::string_view next();

 private:
  std::string_view next_word();
  std::string_view next_of_loop(std::uint64_t at);
  std::string_view next_personal();

  static constexpr std::uint64_t loop_begins_at = 24;   // pieces of ordinary text before it
  static constexpr std::size_t loop_phrase_pieces = 6;  // what is repeated from then on
  static constexpr unsigned words_before_personal = 12;

  Random random_;
  Flavour flavour_;
  std::uint64_t given_ = 0;
  std::size_t clause_ = 0;    // which form the present clause has
  std::size_t position_ = 0;  // in it
  unsigned words_left_ = words_before_personal;
  std::size_t sentence_ = 0;
  std::size_t in_sentence_ = 0;
  std::array<std::string_view, loop_phrase_pieces> phrase_{};
};

// JSON (arguments of a tool, structured output) is cut into pieces of up to four bytes, never
// inside a UTF-8 sequence. They are no real tokens; docs/simulated-provider.md says so.
inline constexpr std::size_t json_piece_bytes = 4;

class CutPieces {
 public:
  explicit CutPieces(std::string_view text) : rest_(text) {}
  // "" at the end.
  std::string_view next();

 private:
  std::string_view rest_;
};

std::uint64_t count_cut_pieces(std::string_view text);

// 64-bit FNV-1a, for seeds: the same on every machine.
class SeedHash {
 public:
  explicit SeedHash(std::uint64_t seed);
  SeedHash& add(std::string_view text);
  SeedHash& add(std::uint64_t number);
  std::uint64_t value() const;

 private:
  std::uint64_t state_;
};

}  // namespace recloser::sim
