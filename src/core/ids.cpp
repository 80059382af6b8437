#include "core/ids.h"

#include "core/check.h"

namespace recloser {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::uint64_t rotate_left(std::uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

int digit_value(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  std::size_t at = crockford.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

// Seeding by splitmix64 and the generator itself: Blackman and Vigna, "Scrambled linear
// pseudorandom number generators" (2018).
Random::Random(std::uint64_t seed) : state_{} {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Random::next() {
  std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0);
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
}

CallId::Text CallId::text() const {
  constexpr std::size_t low_digits = 12;  // of 5 bits: all but the top 4 of the lower half
  Text out;
  std::uint64_t bits = low;
  for (std::size_t i = text_size; i-- > text_size - low_digits;) {
    out[i] = crockford[bits & 31];
    bits >>= 5;
  }
  out[text_size - low_digits - 1] = crockford[(bits | high << 4) & 31];
  bits = high >> 1;
  for (std::size_t i = text_size - low_digits - 1; i-- > 0;) {
    out[i] = crockford[bits & 31];
    bits >>= 5;
  }
  return out;
}

std::string CallId::str() const {
  Text t = text();
  return {t.data(), t.size()};
}

std::optional<CallId> CallId::parse(std::string_view text) {
  if (text.size() != text_size || digit_value(text[0]) > 7) return std::nullopt;
  unsigned __int128 bits = 0;
  for (char c : text) {
    int value = digit_value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 5) | static_cast<unsigned>(value);
  }
  return CallId{static_cast<std::uint64_t>(bits >> 64), static_cast<std::uint64_t>(bits)};
}

CallId CallIdMaker::next(WallTime now) {
  std::uint64_t ms = static_cast<std::uint64_t>(now.ns / 1'000'000);
  CallId id{(ms << 16) | (std::uint64_t{lane_} << 8), random_.next()};
  // Within one millisecond, and when the clock goes back, ids count up from the last one.
  if (id.high <= last_.high) id.high = last_.high + 1;
  last_ = id;
  return id;
}

}  // namespace recloser
