#include "core/keyed_hash.h"

#include "core/ids.h"

#include <bit>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace recloser {
namespace {

std::string random_bytes(Random& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random.below(256));
  return out;
}

TEST(KeyedHash, SameBytesSameHashWhereverTheyLie) {
  KeyedHash hash(1);
  Random random(2);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes = random_bytes(random, size);
    std::string shifted = "x" + bytes;
    EXPECT_EQ(hash.of(bytes), hash.of(std::string_view(shifted).substr(1))) << size;
  }
}

TEST(KeyedHash, EveryBitTheLengthTheContextAndTheSeedCount) {
  KeyedHash hash(1);
  Random random(3);
  for (std::size_t size : {1u, 7u, 8u, 16u, 63u, 64u, 65u, 128u, 200u}) {
    std::string bytes = random_bytes(random, size);
    std::uint64_t plain = hash.of(bytes);
    std::set<std::uint64_t> seen{plain};
    int flipped = 0;  // of 64 bits, over all changes: half
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      std::string other = bytes;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
      EXPECT_TRUE(seen.insert(hash.of(other)).second) << size << " " << bit;
      flipped += std::popcount(plain ^ hash.of(other));
    }
    EXPECT_NEAR(flipped / (8.0 * static_cast<double>(size)), 32, 6) << size;
    EXPECT_TRUE(seen.insert(hash.of(bytes + '\0')).second) << size;
    EXPECT_TRUE(seen.insert(hash.of(bytes, 1)).second) << size;
    EXPECT_TRUE(seen.insert(KeyedHash(2).of(bytes)).second) << size;
  }
}

TEST(KeyedHash, BlocksInAnotherOrderAreOtherBytes) {
  KeyedHash hash(1);
  std::set<std::uint64_t> seen;
  for (std::size_t at = 0; at < 16; ++at) {
    std::string bytes(16 * 16, 'a');
    bytes.replace(16 * at, 16, 16, 'b');
    EXPECT_TRUE(seen.insert(hash.of(bytes)).second) << at;
  }
  for (std::size_t zeros = 0; zeros < 200; ++zeros) {
    EXPECT_TRUE(seen.insert(hash.of(std::string(zeros, '\0'))).second) << zeros;
  }
}

}  // namespace
}  // namespace recloser
