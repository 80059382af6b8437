#include "text/encoding.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <functional>

namespace recloser::text {
namespace {

// Up to here the pair of lowest rank is looked for among all; beyond, a heap has it.
constexpr std::size_t short_word_bytes_max = 96;

constexpr std::uint32_t no_part = UINT32_MAX;

}  // namespace

std::size_t Encoding::count(std::string_view text, EncodingScratch& scratch) const {
  std::size_t tokens = 0;
  while (!text.empty()) {
    std::size_t bytes = splitter_.first_word(text).bytes;
    tokens += count_word(text.substr(0, bytes), scratch);
    text.remove_prefix(bytes);
  }
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
  if (word.size() == 1 || ranks_.find(word) != RankTable::none) return 1;
  std::size_t tokens = 0;
  auto count = [&tokens](std::string_view) { ++tokens; };
  if (word.size() > Known::bytes_max) {
    merge(word, scratch, count);
    return tokens;
  }
  if (scratch.known_.empty()) scratch.known_.resize(EncodingScratch::known_max);
  Known& known = scratch.known_[RankTable::hash_of(word) >> 32 & (EncodingScratch::known_max - 1)];
  if (std::string_view(known.bytes.data(), known.size) == word && known.rule == rule_) {
    return known.tokens;
  }
  merge_short(word, count);
  known.size = static_cast<std::uint8_t>(word.size());
  known.rule = rule_;
  known.tokens = static_cast<std::uint32_t>(tokens);
  std::ranges::copy(word, known.bytes.begin());
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
  struct Part {
    std::uint32_t begin;
    Rank pair;  // of this part and the next as one
  };
  std::array<Part, short_word_bytes_max + 1> parts;
  std::size_t count = word.size();  // and one behind the last, for its begin
  auto pair_at = [&](std::size_t i) {
    if (i + 2 > count) return RankTable::none;
    return ranks_.find(word.substr(parts[i].begin, parts[i + 2].begin - parts[i].begin));
  };
  for (std::size_t i = 0; i <= count; ++i) parts[i].begin = static_cast<std::uint32_t>(i);
  for (std::size_t i = 0; i + 1 < count; ++i) parts[i].pair = pair_at(i);
  parts[count - 1].pair = parts[count].pair = RankTable::none;
  for (;;) {
    std::size_t least = 0;
    for (std::size_t i = 1; i < count; ++i) {
      if (parts[i].pair < parts[least].pair) least = i;
    }
    if (parts[least].pair == RankTable::none) break;
    std::copy(parts.begin() + static_cast<std::ptrdiff_t>(least) + 2,
              parts.begin() + static_cast<std::ptrdiff_t>(count) + 1,
              parts.begin() + static_cast<std::ptrdiff_t>(least) + 1);
    --count;
    parts[least].pair = pair_at(least);
    if (least > 0) parts[least - 1].pair = pair_at(least - 1);
  }
  for (std::size_t i = 0; i < count; ++i) {
    take(word.substr(parts[i].begin, parts[i + 1].begin - parts[i].begin));
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
    parts[i].pair = rank_of_pair(word, scratch, i);
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
