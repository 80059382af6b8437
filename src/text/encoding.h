// Encoding: a byte-pair encoding: how many tokens a text has, and which.
#pragma once

#include "text/rank_table.h"
#include "text/splitter.h"
#include "text/token_joints.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace recloser::text {

// Memory that one encoding after the other uses; one per thread.
class EncodingScratch {
 public:
  // Now (460 KB) instead of with the first word.
  void take_memory() {
    if (!known_.empty()) return;
    known_.resize(1u << known_bits);
    short_.resize(1u << known_bits);
  }

 private:
  friend class Encoding;
  // Words that were counted before: they come again and again, and the vocabulary is much larger
  // than what a processor has at hand. Kept by all their bytes, as words that may overlap.
  struct Known {
    static constexpr std::size_t bytes_max = 32;
    std::array<std::uint64_t, bytes_max / 8> words{};
    std::uint32_t size_and_rule = 0;
    std::uint32_t tokens = 0;
  };
  static constexpr unsigned known_bits = 13;
  struct KnownShort {  // most of them
    static constexpr std::size_t bytes_max = 8;
    std::uint64_t word = 0;  // with zeros behind it
    std::uint32_t size_and_rule = 0;
    std::uint32_t tokens = 0;
    bool is(std::uint64_t other, std::uint32_t other_size_and_rule) const {
      return word == other && size_and_rule == other_size_and_rule;
    }
  };
  KnownShort& short_slot(std::uint64_t word, std::uint32_t size_and_rule) {
    std::uint64_t mixed = (word ^ std::uint64_t{size_and_rule} << 32) * 0x9e3779b97f4a7c15;
    return short_[mixed >> (64 - known_bits)];
  }
  struct Part {
    std::uint32_t previous;
    std::uint32_t next;  // where the part ends, which is where the next begins
    Rank pair;           // the rank of this part and the next as one; RankTable::none: no token
  };
  std::vector<Known> known_;  // by a hash of the word; empty until one is used
  std::vector<KnownShort> short_;
  std::vector<Part> parts_;           // of a long word, by the byte they begin at
  std::vector<std::uint64_t> queue_;  // a heap: rank << 32 | begin
};

class Encoding {
 public:
  // OpenAI's, with the tables that lie in the binary. No special tokens: they count as plain text.
  static const Encoding& o200k();
  static const Encoding& cl100k();

  Encoding(RankTable ranks, SplitRule rule);

  // Of UTF-8. A text of n bytes takes O(n log n), however it was made; 20 MB/s and more for text
  // that people write.
  std::size_t count(std::string_view text, EncodingScratch& scratch) const;

  // The tokens themselves, added to `out`.
  void encode(std::string_view text, EncodingScratch& scratch, std::vector<Rank>& out) const;

  const Splitter& splitter() const { return splitter_; }
  const RankTable& ranks() const { return ranks_; }

  // Of one word, as the splitter cuts it.
  std::size_t count_word(std::string_view word, EncodingScratch& scratch) const;

  // Of the usual words (usual_word.h) that `text` begins with, and takes them off. Whatever may
  // follow the text, they are what they are.
  std::size_t count_usual(std::string_view& text, EncodingScratch& scratch) const;

 private:
  template <SplitRule rule>
  std::size_t count_usual_by(std::string_view& text, EncodingScratch& scratch) const;
  std::size_t count_unknown(std::string_view word, EncodingScratch& scratch) const;
  std::size_t count_parts(std::string_view word, EncodingScratch& scratch) const;
  template <class Take>
  void encode_word(std::string_view word, EncodingScratch& scratch, Take take) const;
  template <class Take>
  void merge(std::string_view word, EncodingScratch& scratch, Take take) const;
  template <class Take>
  void merge_short(std::string_view word, Take take) const;
  template <class Take>
  void merge_long(std::string_view word, EncodingScratch& scratch, Take take) const;
  void merge_queue(std::string_view word, EncodingScratch& scratch) const;
  Rank rank_of_pair(std::string_view word, EncodingScratch& scratch, std::uint32_t begin) const;

  // Of a word: what tells it from one with the same bytes and zeros behind, or under another rule.
  static std::uint32_t size_and_rule(std::size_t bytes, SplitRule rule) {
    return static_cast<std::uint32_t>(bytes) << 8 | static_cast<std::uint32_t>(rule);
  }

  // Of two bytes as one token: where every merge begins.
  Rank rank_of_bytes(const char* p) const {
    return pair_ranks_[static_cast<unsigned char>(p[0]) << 8 | static_cast<unsigned char>(p[1])];
  }

  RankTable ranks_;
  std::vector<Rank> pair_ranks_;
  TokenJoints joints_;
  Splitter splitter_;
  SplitRule rule_;
};

}  // namespace recloser::text
