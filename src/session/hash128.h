// A fast 128-bit hash fed in pieces, for keys of tables and fingerprints; never for secrets.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::session {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  static constexpr std::size_t text_size = 26;
  std::array<char, text_size> text() const;  // Crockford base 32
};

// What both hashers below share: the state, and how blocks enter it.
class Mixer {
 public:
  void mix(std::uint64_t x, std::uint64_t y);
  // Twice as much at the price of one mix, each half into one half of the state only.
  void mix_wide(const char* block);
  static constexpr std::size_t wide_bytes = 32;
  Hash128 finish(std::uint64_t bytes) const;

 private:
  std::uint64_t a_ = 0x243f6a8885a308d3;  // digits of pi, as good as any
  std::uint64_t b_ = 0x13198a2e03707344;
};

// For tagged fields that may come in pieces: the same fields give the same hash however each is
// split, in every process and version, because what is derived from it stands in ledgers. Somebody
// who tries can make two texts collide; what is keyed by it must not care (here: the principal
// stands in every key, so one only hurts oneself).
class Hasher {
 public:
  // A field that is there as a whole, between two others.
  void add(char tag, std::string_view field);

  // One that is not: absorb() its parts, then end() it.
  void absorb(std::string_view part);
  void end(char tag);

  Hash128 value() const { return mixer_.finish(fields_); }  // of the fields that have ended

 private:
  void mix_rest(const char* rest, std::size_t size, std::uint64_t ending);

  Mixer mixer_;
  std::uint64_t fields_ = 0;
  std::uint64_t field_bytes_ = 0;  // absorbed of the field that comes in parts
  std::size_t tail_size_ = 0;
  std::array<char, Mixer::wide_bytes> tail_{};
};

// For keys of several fields: ("a","bc") and ("ab","c") differ. The same promises.
class FieldHasher {
 public:
  void add(std::string_view field);
  void add(const Hash128& hash);
  Hash128 value() const { return mixer_.finish(0); }

 private:
  Mixer mixer_;
};

}  // namespace recloser::session
