#include "session/hash128.h"

#include "core/ids.h"

#include <algorithm>
#include <bit>
#include <cstring>

#define HOT [[gnu::always_inline]] inline

namespace recloser::session {
namespace {

constexpr std::uint64_t k0 = 0xa4093822299f31d1;
constexpr std::uint64_t k1 = 0x082efa98ec4e6c89;
constexpr std::uint64_t k2 = 0x452821e638d01377;
constexpr std::uint64_t k3 = 0xbe5466cf34e90c6d;

// Both halves of a 64 x 64 bit product, folded: every input bit reaches every output bit. The idea
// is that of multiply-and-fold hashes such as wyhash.
HOT std::uint64_t fold(std::uint64_t x, std::uint64_t y) {
  unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Number = std::uint64_t>
HOT std::uint64_t word(const char* bytes) {
  Number out;
  std::memcpy(&out, bytes, sizeof out);
  return std::endian::native == std::endian::little ? out : std::byteswap(out);
}

// The first `size` bytes, up to 8, as a little-endian number. Loads that overlap agree where they
// do.
HOT std::uint64_t word(const char* bytes, std::size_t size) {
  using Half = std::uint32_t;
  if (size == 8) return word(bytes);
  if (size >= 4) return word<Half>(bytes) | word<Half>(bytes + size - 4) << (8 * (size - 4));
  if (size == 0) return 0;
  auto at = [&](std::size_t i) { return word<std::uint8_t>(bytes + i) << (8 * i); };
  return at(0) | at(size / 2) | at(size - 1);
}

}  // namespace

std::array<char, Hash128::text_size> Hash128::text() const {
  return CallId{.high = high, .low = low}.text();
}

// Adding the plain word keeps a multiplication by zero from forgetting what came before.
HOT void Mixer::mix(std::uint64_t x, std::uint64_t y) {
  a_ = fold(a_ ^ x ^ k0, y ^ k1) + x;
  b_ = fold(b_ ^ y ^ k2, x ^ k3) + y;
}

Hash128 Mixer::finish(std::uint64_t bytes) const {
  Mixer last = *this;
  last.mix(bytes, bytes ^ k2);
  last.mix(k3, last.a_ ^ last.b_);
  return {.high = fold(last.a_ ^ k0, last.b_ ^ k1) ^ last.a_,
          .low = fold(last.b_ ^ k3, last.a_ ^ k2)};
}

// What stands before a block stays in the sum even where the multiplication forgets it.
HOT void Mixer::mix_wide(const char* block) {
  a_ += fold(a_ ^ word(block), word(block + 8) ^ k1);
  b_ += fold(b_ ^ word(block + 16), word(block + 24) ^ k3);
}

namespace {

// The last block of a field: tag and length, so that fields keep their borders.
std::uint64_t ending_of(char tag, std::uint64_t bytes) {
  return (bytes << 8 | static_cast<unsigned char>(tag)) ^ k2;
}

}  // namespace

void Hasher::add(char tag, std::string_view field) {
  const char* at = field.data();
  std::size_t left = field.size();
  for (; left >= Mixer::wide_bytes; at += Mixer::wide_bytes, left -= Mixer::wide_bytes) {
    mixer_.mix_wide(at);
  }
  mix_rest(at, left, ending_of(tag, field.size()));
}

void Hasher::absorb(std::string_view part) {
  field_bytes_ += part.size();
  while (!part.empty()) {
    if (tail_size_ == 0 && part.size() >= tail_.size()) {
      mixer_.mix_wide(part.data());
      part.remove_prefix(tail_.size());
      continue;
    }
    std::size_t taken = std::min(part.size(), tail_.size() - tail_size_);
    std::memcpy(tail_.data() + tail_size_, part.data(), taken);
    part.remove_prefix(taken);
    tail_size_ += taken;
    if (tail_size_ < tail_.size()) return;
    mixer_.mix_wide(tail_.data());
    tail_size_ = 0;
  }
}

void Hasher::end(char tag) {
  mix_rest(tail_.data(), tail_size_, ending_of(tag, field_bytes_));
  field_bytes_ = 0;
  tail_size_ = 0;
}

HOT void Hasher::mix_rest(const char* rest, std::size_t size, std::uint64_t ending) {
  ++fields_;
  if (size >= 16) {
    mixer_.mix(word(rest), word(rest + 8));
    rest += 16;
    size -= 16;
  }
  std::uint64_t first = word(rest, std::min<std::size_t>(size, 8));
  if (size > 8) {
    mixer_.mix(first, word(rest + 8, size - 8));
    first = 0;
  }
  mixer_.mix(first, ending);
}

void FieldHasher::add(const Hash128& hash) { mixer_.mix(hash.high, hash.low); }

// The length goes into the first block, so the zeros that fill the last one stand for nothing else.
void FieldHasher::add(std::string_view field) {
  std::size_t first = std::min<std::size_t>(field.size(), 8);
  mixer_.mix(field.size(), word(field.data(), first));
  for (field.remove_prefix(first); !field.empty();) {
    std::size_t low = std::min<std::size_t>(field.size(), 8);
    std::size_t high = std::min<std::size_t>(field.size() - low, 8);
    mixer_.mix(word(field.data(), low), word(field.data() + low, high));
    field.remove_prefix(low + high);
  }
}

}  // namespace recloser::session
