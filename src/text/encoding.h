// Encoding: a byte-pair encoding: how many tokens a text has, and which.
#pragma once

#include "text/rank_table.h"
#include "text/splitter.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace recloser::text {

// Memory that one encoding after the other uses; one per thread.
class EncodingScratch {
 private:
  friend class Encoding;
  // Words of several tokens that were counted before: they come again and again.
  struct Known {
    static constexpr std::size_t bytes_max = 26;
    std::array<char, bytes_max> bytes;
    std::uint8_t size = 0;
    SplitRule rule = SplitRule::o200k;
    std::uint32_t tokens = 0;
  };
  static constexpr std::size_t known_max = 4096;
  struct Part {
    std::uint32_t previous;
    std::uint32_t next;  // where the part ends, which is where the next begins
    Rank pair;           // the rank of this part and the next as one; RankTable::none: no token
  };
  std::vector<Known> known_;          // by a hash of the word
  std::vector<Part> parts_;           // of a long word, by the byte they begin at
  std::vector<std::uint64_t> queue_;  // a heap: rank << 32 | begin
};

class Encoding {
 public:
  // OpenAI's, with the tables that lie in the binary. No special tokens: they count as plain text.
  static const Encoding& o200k();
  static const Encoding& cl100k();

  Encoding(RankTable ranks, SplitRule rule) : ranks_(ranks), splitter_(rule), rule_(rule) {}

  // Of UTF-8. A text of n bytes takes O(n log n), however it was made; 20 MB/s and more for text
  // that people write.
  std::size_t count(std::string_view text, EncodingScratch& scratch) const;

  // The tokens themselves, added to `out`.
  void encode(std::string_view text, EncodingScratch& scratch, std::vector<Rank>& out) const;

  const Splitter& splitter() const { return splitter_; }
  const RankTable& ranks() const { return ranks_; }

  // Of one word, as the splitter cuts it.
  std::size_t count_word(std::string_view word, EncodingScratch& scratch) const;

 private:
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

  RankTable ranks_;
  Splitter splitter_;
  SplitRule rule_;
};

}  // namespace recloser::text
