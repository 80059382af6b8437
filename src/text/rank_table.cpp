#include "text/rank_table.h"

#include "core/check.h"

#include <array>
#include <bit>

#include <fmt/format.h>

namespace recloser::text {
namespace {

constexpr std::size_t head_words = 4;

// Less than half full: most tokens that are looked for do not exist, and a free slot ends a search.
std::size_t slots_for(std::size_t tokens) { return std::bit_ceil(tokens * 2 + 1); }

}  // namespace

RankTable::RankTable(std::span<const unsigned char> bytes) {
  std::array<std::uint32_t, head_words> head{};
  CHECK(bytes.size() >= sizeof head, "a rank table with a head");
  CHECK(std::bit_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint32_t) == 0,
        "an aligned one");
  std::memcpy(head.data(), bytes.data(), sizeof head);
  auto [word, tokens, slots, blob_bytes] = head;
  std::size_t size = (head_words + slots + tokens + 1) * sizeof(std::uint32_t) + blob_bytes;
  CHECK(word == magic && tokens <= tokens_max && slots == slots_for(tokens), "a rank table");
  CHECK(bytes.size() == size, "a whole one");
  slots_ = reinterpret_cast<const std::uint32_t*>(bytes.data()) + head_words;
  begins_ = slots_ + slots;
  blob_ = reinterpret_cast<const char*>(begins_ + tokens + 1);
  slot_mask_ = slots - 1;
  tokens_ = tokens;
}

Result<std::vector<unsigned char>> RankTable::make(std::span<const std::string> tokens) {
  if (tokens.size() > tokens_max) {
    return fail(Side::gateway, Kind::malformed,
                fmt::format("{} tokens; a table holds {}", tokens.size(), tokens_max));
  }
  std::size_t slots = slots_for(tokens.size());
  std::vector<std::uint32_t> words(head_words + slots + tokens.size() + 1);
  std::uint32_t* slot = words.data() + head_words;
  std::uint32_t* begin = slot + slots;
  std::string blob;
  for (std::size_t rank = 0; rank < tokens.size(); ++rank) {
    const std::string& token = tokens[rank];
    if (token.empty()) {
      return fail(Side::gateway, Kind::malformed, fmt::format("the token {} is empty", rank));
    }
    std::uint64_t hash = hash_of(token);
    std::size_t at = hash & (slots - 1);
    for (; slot[at] != 0; at = (at + 1) & (slots - 1)) {
      if (tokens[(slot[at] & rank_mask) - 1] != token) continue;
      return fail(
          Side::gateway, Kind::malformed,
          fmt::format("the tokens {} and {} are the same", (slot[at] & rank_mask) - 1, rank));
    }
    slot[at] = tag_of(hash) | static_cast<std::uint32_t>(rank + 1);
    begin[rank] = static_cast<std::uint32_t>(blob.size());
    blob += token;
  }
  begin[tokens.size()] = static_cast<std::uint32_t>(blob.size());
  words[0] = magic;
  words[1] = static_cast<std::uint32_t>(tokens.size());
  words[2] = static_cast<std::uint32_t>(slots);
  words[3] = static_cast<std::uint32_t>(blob.size());
  std::vector<unsigned char> bytes(words.size() * sizeof(std::uint32_t) + blob.size());
  std::memcpy(bytes.data(), words.data(), words.size() * sizeof(std::uint32_t));
  std::memcpy(bytes.data() + words.size() * sizeof(std::uint32_t), blob.data(), blob.size());
  return bytes;
}

}  // namespace recloser::text
