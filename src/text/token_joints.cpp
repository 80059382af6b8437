#include "text/token_joints.h"

#include <algorithm>
#include <cstring>

namespace recloser::text {
namespace {

constexpr std::size_t character_bytes_max = 4;

bool begins_character(char c) { return static_cast<unsigned char>(c) >= 0xC0; }
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the character that ends before `at`, as far as the text has them.
std::size_t bytes_before(std::string_view text, std::size_t at) {
  std::size_t bytes = 1;
  while (bytes < at && bytes < character_bytes_max && continues_character(text[at - bytes])) {
    ++bytes;
  }
  return bytes;
}

// The same of the one that begins at `at`.
std::size_t bytes_from(std::string_view text, std::size_t at) {
  std::size_t bytes = 1;
  while (bytes < character_bytes_max && at + bytes < text.size() &&
         continues_character(text[at + bytes])) {
    ++bytes;
  }
  return bytes;
}

// Up to four bytes as a number, which says how many they are.
std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 1;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

}  // namespace

std::size_t TokenJoints::slot(std::string_view before, std::string_view after) {
  std::uint64_t hash =
      number_of(before) * 0x9e3779b97f4a7c15 ^ number_of(after) * 0xd6e8feb86659fd93;
  return (hash ^ hash >> 31) * 0x9e3779b97f4a7c15 >> (64 - bits);
}

// A token that reaches across a place holds the end of the character before it, or all of that, and
// the beginning of the next.
TokenJoints::TokenJoints(const RankTable& ranks)
    : joined_(std::make_unique<std::bitset<1u << bits>>()) {
  for (Rank rank = 0; rank < ranks.size(); ++rank) {
    std::string_view token = ranks.token(rank);
    for (std::size_t at = 1; at < token.size(); ++at) {
      if (!begins_character(token[at]) || !continues_character(token[at - 1])) continue;
      std::size_t before = bytes_before(token, at);
      joined_->set(
          slot(token.substr(at - before, before), token.substr(at, bytes_from(token, at))));
    }
  }
}

bool TokenJoints::may_join(std::string_view word, std::size_t at) const {
  std::size_t before_max = bytes_before(word, at);
  std::size_t after_max = bytes_from(word, at);
  for (std::size_t before = 1; before <= before_max; ++before) {
    for (std::size_t after = 1; after <= after_max; ++after) {
      if (joined_->test(slot(word.substr(at - before, before), word.substr(at, after)))) {
        return true;
      }
    }
  }
  return false;
}

std::size_t TokenJoints::first_part(std::string_view word) const {
  for (std::size_t at = 1; at < word.size(); ++at) {
    if (!begins_character(word[at]) || !continues_character(word[at - 1])) continue;
    if (!may_join(word, at)) return at;
  }
  return word.size();
}

}  // namespace recloser::text
