// RankTable: the vocabulary of a byte-pair encoding as it lies in the binary, from the bytes of a
// token to its rank.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::text {

// The place of a token in its vocabulary, which is also its id: the lower, the earlier it is
// merged.
using Rank = std::uint32_t;

// A hash table that is read where it lies: nothing is done at start. Its bytes, little-endian:
//
//   u32 magic, u32 tokens, u32 slots (a power of two), u32 bytes of the blob
//   u32 slot[slots]         0: free; else tag (14 bits) << 18 | rank + 1
//   u32 begin[tokens + 1]   where a token lies in the blob
//   u8  blob[]              the tokens' bytes, by rank
class RankTable {
 public:
  static constexpr Rank none = UINT32_MAX;
  static constexpr std::size_t tokens_max = (1u << 18) - 2;

  // Over bytes that outlive it, aligned to 4. CHECKs that they are such a table.
  explicit RankTable(std::span<const unsigned char> bytes);

  // The rank of the token with these bytes (at least one), or `none`.
  Rank find(std::string_view token) const {
    std::uint64_t hash = hash_of(token);
    std::uint32_t tag = tag_of(hash);
    for (std::size_t at = hash & slot_mask_;; at = (at + 1) & slot_mask_) {
      std::uint32_t slot = slots_[at];
      if (slot == 0) return none;
      if ((slot ^ tag) >> rank_bits != 0) continue;
      Rank rank = (slot & rank_mask) - 1;
      if (same(this->token(rank), token)) return rank;
    }
  }

  std::string_view token(Rank rank) const {
    return {blob_ + begins_[rank], begins_[rank + 1] - begins_[rank]};
  }
  std::size_t size() const { return tokens_; }

  // The bytes of a table of these tokens, by rank. Errors (malformed): an empty token, one that
  // stands twice, too many of them.
  static Result<std::vector<unsigned char>> make(std::span<const std::string> tokens);

  // By words of eight bytes, the last of which may overlap the one before it.
  static std::uint64_t hash_of(std::string_view token) {
    const char* p = token.data();
    std::size_t n = token.size();
    std::uint64_t hash = n * 0xd6e8feb86659fd93;
    if (n >= 8) {
      for (std::size_t i = 0; i + 8 < n; i += 8) hash = mixed(hash, word_at<std::uint64_t>(p + i));
      hash = mixed(hash, word_at<std::uint64_t>(p + n - 8));
    } else if (n >= 4) {
      hash = mixed(hash, word_at<std::uint32_t>(p) | word_at<std::uint32_t>(p + n - 4) << 32);
    } else {
      hash = mixed(hash, word_at<std::uint8_t>(p) | word_at<std::uint8_t>(p + n / 2) << 8 |
                             word_at<std::uint8_t>(p + n - 1) << 16);
    }
    return mixed(hash, n);
  }

 private:
  static std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
  }
  template <class Word>
  static std::uint64_t word_at(const char* p) {
    Word word;
    std::memcpy(&word, p, sizeof word);
    return word;
  }

  static constexpr unsigned rank_bits = 18;
  static constexpr std::uint32_t rank_mask = (1u << rank_bits) - 1;
  static constexpr std::uint32_t magic = 0x314b4e52;  // "RNK1"

  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 50) << rank_bits;
  }

  // By words that may overlap, instead of a call to memcmp: tokens are short.
  static bool same(std::string_view a, std::string_view b) {
    std::size_t n = a.size();
    if (n != b.size()) return false;
    const char* p = a.data();
    const char* q = b.data();
    if (n > 16) return std::memcmp(p, q, n) == 0;
    if (n >= 8) return same_words<std::uint64_t>(p, q, n);
    if (n >= 4) return same_words<std::uint32_t>(p, q, n);
    return p[0] == q[0] && p[n / 2] == q[n / 2] && p[n - 1] == q[n - 1];
  }
  template <class Word>
  static bool same_words(const char* p, const char* q, std::size_t n) {
    std::size_t last = n - sizeof(Word);
    return word_at<Word>(p) == word_at<Word>(q) &&
           word_at<Word>(p + last) == word_at<Word>(q + last);
  }

  const std::uint32_t* slots_;
  const std::uint32_t* begins_;
  const char* blob_;
  std::size_t slot_mask_;
  std::size_t tokens_;
};

}  // namespace recloser::text
