// The vocabulary of the simulated provider: words that are one o200k token each, by part of speech.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace recloser::sim {

enum class WordClass : unsigned char {
  determiner,
  adjective,
  noun,
  verb,
  adverb,
  conjunction,
  preposition,
};
inline constexpr unsigned word_class_count = 7;

// Every word stands with its leading space: that is how it is one token.
std::span<const std::string_view> words_of(WordClass part);

// Fixed sentences, already cut into their tokens: an opening that says what answers here, and
// personal data that nobody has (names, card and account numbers published as examples).
std::span<const std::string_view> greeting_pieces();
std::span<const std::span<const std::string_view>> personal_sentences();

// A checksum over all of the above, kept by a test: whoever changes a word verifies it anew.
std::uint64_t vocabulary_checksum();

}  // namespace recloser::sim
