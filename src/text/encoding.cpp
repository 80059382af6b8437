#include "text/encoding.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

namespace recloser::text {
namespace {

// Up to here the pair of lowest rank is looked for among all; beyond, a heap has it.
constexpr std::size_t short_word_bytes_max = 96;

constexpr std::uint32_t no_part = UINT32_MAX;

std::uint64_t word_at(const char* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// All bytes of a word of 9 to 32, given its size: those at the ends, which may overlap.
using Words = std::array<std::uint64_t, 4>;
Words words_of(std::string_view word) {
  const char* p = word.data();
  const char* end = p + word.size();
  if (word.size() > 16) {
    return {word_at(p), word_at(end - 8), word_at(p + 8), word_at(end - 16)};
  }
  return {word_at(p), word_at(end - 8)};
}

std::uint64_t hash_of(const Words& words, std::uint32_t size_and_rule) {
  std::uint64_t ends = words[0] ^ std::rotl(words[1], 29) ^ size_and_rule;
  std::uint64_t middle = std::rotl(words[2], 17) ^ std::rotl(words[3], 43);
  return (ends ^ middle * 0xd6e8feb86659fd93) * 0x9e3779b97f4a7c15;
}

}  // namespace

Encoding::Encoding(RankTable ranks, SplitRule rule)
    : ranks_(ranks),
      pair_ranks_(1u << 16, RankTable::none),
      joints_(ranks),
      splitter_(rule),
      rule_(rule) {
  for (Rank rank = 0; rank < ranks_.size(); ++rank) {
    std::string_view token = ranks_.token(rank);
    if (token.size() != 2) continue;
    pair_ranks_[static_cast<unsigned char>(token[0]) << 8 | static_cast<unsigned char>(token[1])] =
        rank;
  }
}

std::size_t Encoding::count(std::string_view text, EncodingScratch& scratch) const {
  std::size_t tokens = 0;
  for (;;) {
    tokens += count_usual(text, scratch);
    if (text.empty()) return tokens;
    std::size_t bytes = splitter_.any_word(text).bytes;
    tokens += count_word(text.substr(0, bytes), scratch);
    text.remove_prefix(bytes);
  }
}

std::size_t Encoding::count_usual(std::string_view& text, EncodingScratch& scratch) const {
  return rule_ == SplitRule::o200k ? count_usual_by<SplitRule::o200k>(text, scratch)
                                   : count_usual_by<SplitRule::cl100k>(text, scratch);
}

template <SplitRule rule>
std::size_t Encoding::count_usual_by(std::string_view& text, EncodingScratch& scratch) const {
  using Short = EncodingScratch::KnownShort;
  scratch.take_memory();
  std::size_t tokens = 0;
  const char* p = text.data();
  const char* end = p + text.size();
  while (p != end) {
    std::string_view left(p, end);
    std::size_t bytes = usual_word<rule>(left);
    if (bytes == 0) break;
    if (bytes <= Short::bytes_max && left.size() >= Short::bytes_max) {
      std::uint64_t word = word_at(p) & ~std::uint64_t{0} >> (64 - 8 * bytes);
      std::uint32_t size_and_rule = Encoding::size_and_rule(bytes, rule);
      const Short& known = scratch.short_slot(word, size_and_rule);
      tokens += known.is(word, size_and_rule) ? known.tokens : count_word({p, bytes}, scratch);
    } else {
      tokens += count_word({p, bytes}, scratch);
    }
    p += bytes;
  }
  text = {p, end};
  return tokens;
}

void Encoding::encode(std::string_view text, EncodingScratch& scratch,
                      std::vector<Rank>& out) const {
  while (!text.empty()) {
    std::size_t bytes = splitter_.first_word(text).bytes;
    std::string_view word = text.substr(0, bytes);
    encode_word(word, scratch, [&](std::string_view token) { out.push_back(ranks_.find(token)); });
    text.remove_prefix(bytes);
  }
}

std::size_t Encoding::count_word(std::string_view word, EncodingScratch& scratch) const {
  using Known = EncodingScratch::Known;
  using Short = EncodingScratch::KnownShort;
  if (word.size() == 1) return 1;
  scratch.take_memory();
  if (word.size() > Known::bytes_max) return count_unknown(word, scratch);
  std::uint32_t size_and_rule = Encoding::size_and_rule(word.size(), rule_);
  if (word.size() <= Short::bytes_max) {
    std::uint64_t padded = 0;
    std::memcpy(&padded, word.data(), word.size());
    Short& known = scratch.short_slot(padded, size_and_rule);
    if (known.is(padded, size_and_rule)) return known.tokens;
    known = {.word = padded,
             .size_and_rule = size_and_rule,
             .tokens = static_cast<std::uint32_t>(count_unknown(word, scratch))};
    return known.tokens;
  }
  Words words = words_of(word);
  std::uint64_t hash = hash_of(words, size_and_rule);
  Known& known = scratch.known_[hash >> (64 - EncodingScratch::known_bits)];
  if (known.words == words && known.size_and_rule == size_and_rule) return known.tokens;
  known = {.words = words,
           .size_and_rule = size_and_rule,
           .tokens = static_cast<std::uint32_t>(count_unknown(word, scratch))};
  return known.tokens;
}

std::size_t Encoding::count_unknown(std::string_view word, EncodingScratch& scratch) const {
  return ranks_.find(word) != RankTable::none ? 1 : count_parts(word, scratch);
}

std::size_t Encoding::count_parts(std::string_view word, EncodingScratch& scratch) const {
  std::size_t tokens = 0;
  std::size_t bytes = joints_.first_part(word);
  if (bytes == word.size()) {
    merge(word, scratch, [&tokens](std::string_view) { ++tokens; });
    return tokens;
  }
  while (!word.empty()) {
    tokens += count_word(word.substr(0, bytes), scratch);
    word.remove_prefix(bytes);
    bytes = joints_.first_part(word);
  }
  return tokens;
}

// Most words are a token.
template <class Take>
void Encoding::encode_word(std::string_view word, EncodingScratch& scratch, Take take) const {
  if (word.size() == 1 || ranks_.find(word) != RankTable::none) {
    take(word);
  } else {
    merge(word, scratch, take);
  }
}

template <class Take>
void Encoding::merge(std::string_view word, EncodingScratch& scratch, Take take) const {
  if (word.size() <= short_word_bytes_max) {
    merge_short(word, take);
  } else {
    merge_long(word, scratch, take);
  }
}

// Begins with single bytes, and merges the pair of lowest rank, the leftmost of equals, until no
// pair is a token.
template <class Take>
void Encoding::merge_short(std::string_view word, Take take) const {
  // Where each part begins, and one behind the last for its begin; and the rank of each part and
  // the next as one. Apart, so that the least rank is found eight at a time.
  std::array<std::uint8_t, short_word_bytes_max + 2> begins;
  std::array<Rank, short_word_bytes_max + 1> pairs;
  std::size_t count = word.size();
  auto pair_at = [&](std::size_t i) {
    if (i + 2 > count) return RankTable::none;
    return ranks_.find(word.substr(begins[i], static_cast<std::size_t>(begins[i + 2] - begins[i])));
  };
  for (std::size_t i = 0; i <= count; ++i) begins[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i + 1 < count; ++i) pairs[i] = rank_of_bytes(word.data() + i);
  pairs[count - 1] = RankTable::none;
  for (;;) {
    Rank least = RankTable::none;
    for (std::size_t i = 0; i < count; ++i) least = std::min(least, pairs[i]);
    if (least == RankTable::none) break;
    std::size_t at = 0;
    while (pairs[at] != least) ++at;
    std::memmove(&begins[at + 1], &begins[at + 2], count - at - 1);
    std::memmove(&pairs[at + 1], &pairs[at + 2], (count - at - 2) * sizeof(Rank));
    --count;
    pairs[at] = pair_at(at);
    if (at > 0) pairs[at - 1] = pair_at(at - 1);
  }
  for (std::size_t i = 0; i < count; ++i) {
    take(word.substr(begins[i], static_cast<std::size_t>(begins[i + 1] - begins[i])));
  }
}

Rank Encoding::rank_of_pair(std::string_view word, EncodingScratch& scratch,
                            std::uint32_t begin) const {
  std::uint32_t next = scratch.parts_[begin].next;
  if (next == word.size()) return RankTable::none;
  return ranks_.find(word.substr(begin, scratch.parts_[next].next - begin));
}

// The same with a list of parts and a heap of pairs. What a merge makes void stays in the heap: a
// part that is gone has no pair, and one that has grown another.
template <class Take>
void Encoding::merge_long(std::string_view word, EncodingScratch& scratch, Take take) const {
  CHECK(word.size() < no_part, "a text beyond 4 GiB");
  auto size = static_cast<std::uint32_t>(word.size());
  std::vector<EncodingScratch::Part>& parts = scratch.parts_;
  parts.resize(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    parts[i] = {.previous = i == 0 ? no_part : i - 1, .next = i + 1, .pair = RankTable::none};
  }
  scratch.queue_.clear();
  for (std::uint32_t i = 0; i + 1 < size; ++i) {
    parts[i].pair = rank_of_bytes(word.data() + i);
    if (parts[i].pair != RankTable::none) {
      scratch.queue_.push_back(std::uint64_t{parts[i].pair} << 32 | i);
    }
  }
  std::ranges::make_heap(scratch.queue_, std::greater());
  merge_queue(word, scratch);
  for (std::uint32_t at = 0; at != size; at = parts[at].next) {
    take(word.substr(at, parts[at].next - at));
  }
}

void Encoding::merge_queue(std::string_view word, EncodingScratch& scratch) const {
  std::vector<EncodingScratch::Part>& parts = scratch.parts_;
  std::vector<std::uint64_t>& queue = scratch.queue_;
  auto look_again = [&](std::uint32_t at) {
    parts[at].pair = rank_of_pair(word, scratch, at);
    if (parts[at].pair == RankTable::none) return;
    queue.push_back(std::uint64_t{parts[at].pair} << 32 | at);
    std::ranges::push_heap(queue, std::greater());
  };
  while (!queue.empty()) {
    std::ranges::pop_heap(queue, std::greater());
    std::uint64_t least = queue.back();
    queue.pop_back();
    auto at = static_cast<std::uint32_t>(least);
    EncodingScratch::Part& part = parts[at];
    if (part.pair != least >> 32) continue;
    std::uint32_t gone = part.next;
    part.next = parts[gone].next;
    parts[gone].pair = RankTable::none;
    if (part.next < word.size()) parts[part.next].previous = at;
    look_again(at);
    if (part.previous != no_part) look_again(part.previous);
  }
}

}  // namespace recloser::text
