#include "core/keyed_hash.h"

#include "core/ids.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace recloser {
namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);

// Both halves of a 64 x 64 bit product, folded: every input bit reaches every output bit. One
// factor always holds a part of the secret, or what came of it, so that nobody can make it 0.
inline std::uint64_t fold(std::uint64_t x, std::uint64_t y) {
  unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t word(const char* bytes) {
  std::uint64_t out;
  std::memcpy(&out, bytes, sizeof out);
  return std::endian::native == std::endian::little ? out : std::byteswap(out);
}

}  // namespace

KeyedHash::KeyedHash(std::uint64_t seed) {
  Random random(seed);
  for (std::uint64_t& word : secret_) word = random.next();
}

// Four chains, because a processor can multiply anew long before a product is there.
std::uint64_t KeyedHash::of(std::string_view bytes, std::uint64_t context) const {
  constexpr std::size_t block_bytes = 2 * lanes * word_bytes;
  std::array<std::uint64_t, lanes> sums;
  for (std::size_t i = 0; i < lanes; ++i) sums[i] = secret_[i] ^ context;
  auto take = [&](const char* block) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const char* at = block + 2 * word_bytes * i;
      sums[i] = fold(sums[i] ^ word(at), word(at + word_bytes) ^ secret_[lanes + i]);
    }
  };
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= block_bytes; at += block_bytes, left -= block_bytes) take(at);
  if (left > 0) {  // zeros that fill it are told from zeros that were sent by the length below
    std::array<char, block_bytes> rest{};
    std::memcpy(rest.data(), at, left);
    take(rest.data());
  }
  std::uint64_t size = bytes.size();
  std::uint64_t low = fold(sums[0] ^ size, sums[1] ^ secret_[4]);
  std::uint64_t high = fold(sums[2] ^ secret_[5], sums[3] ^ secret_[6]);
  return std::max<std::uint64_t>(1, fold(low ^ secret_[7], high ^ secret_[0]));
}

}  // namespace recloser
