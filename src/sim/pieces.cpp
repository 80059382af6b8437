#include "sim/pieces.h"

#include <algorithm>
#include <span>

namespace recloser::sim {
namespace {

using enum WordClass;

// The forms a clause may have; a conjunction at its end begins the next one.
constexpr WordClass form_plain[] = {determiner, adjective, noun,       verb,
                                    determiner, noun,      conjunction};
constexpr WordClass form_place[] = {determiner, noun,      verb, adverb,     preposition,
                                    determiner, adjective, noun, conjunction};
constexpr WordClass form_rich[] = {determiner, adjective,  noun,       adverb,
                                   verb,       determiner, noun,       preposition,
                                   determiner, noun,       conjunction};
constexpr WordClass form_short[] = {determiner, noun, verb,       determiner,
                                    adjective,  noun, conjunction};

constexpr std::array<std::span<const WordClass>, 4> forms{form_plain, form_place, form_rich,
                                                          form_short};

constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325;
constexpr std::uint64_t fnv_prime = 0x100000001b3;

}  // namespace

WordPieces::WordPieces(std::uint64_t seed, Flavour flavour) : random_(seed), flavour_(flavour) {
  clause_ = random_.below(forms.size());
}

std::string_view WordPieces::next_word() {
  std::span<const WordClass> form = forms[clause_];
  std::span<const std::string_view> words = words_of(form[position_]);
  if (++position_ == form.size()) {
    position_ = 0;
    clause_ = random_.below(forms.size());
  }
  return words[random_.below(words.size())];
}

std::string_view WordPieces::next() {
  std::uint64_t at = given_++;
  switch (flavour_) {
    case Flavour::plain:
      return next_word();
    case Flavour::greeting:
      if (at < greeting_pieces().size()) return greeting_pieces()[at];
      return at == greeting_pieces().size() ? " and" : next_word();
    case Flavour::loop:
      return next_of_loop(at);
    case Flavour::personal:
      return next_personal();
  }
  return next_word();
}

std::string_view WordPieces::next_of_loop(std::uint64_t at) {
  if (at < loop_begins_at) return next_word();
  std::uint64_t into = at - loop_begins_at;
  if (into < loop_phrase_pieces) phrase_[into] = next_word();
  return phrase_[into % loop_phrase_pieces];
}

std::string_view WordPieces::next_personal() {
  if (words_left_ > 0) {
    --words_left_;
    return next_word();
  }
  std::span<const std::string_view> sentence = personal_sentences()[sentence_];
  std::string_view piece = sentence[in_sentence_++];
  if (in_sentence_ == sentence.size()) {
    in_sentence_ = 0;
    sentence_ = (sentence_ + 1) % personal_sentences().size();
    words_left_ = words_before_personal;
  }
  return piece;
}

std::string_view CutPieces::next() {
  std::size_t size = std::min(json_piece_bytes, rest_.size());
  auto continues = [&](std::size_t at) {
    return at < rest_.size() && (static_cast<unsigned char>(rest_[at]) & 0xc0) == 0x80;
  };
  while (size > 1 && continues(size)) --size;
  std::string_view piece = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return piece;
}

std::uint64_t count_cut_pieces(std::string_view text) {
  CutPieces pieces(text);
  std::uint64_t count = 0;
  while (!pieces.next().empty()) ++count;
  return count;
}

SeedHash::SeedHash(std::uint64_t seed) : state_(fnv_offset) { add(seed); }

SeedHash& SeedHash::add(std::string_view text) {
  for (char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * fnv_prime;
  return add(text.size());
}

SeedHash& SeedHash::add(std::uint64_t number) {
  for (int i = 0; i < 8; ++i) state_ = (state_ ^ ((number >> (8 * i)) & 0xff)) * fnv_prime;
  return *this;
}

std::uint64_t SeedHash::value() const {
  std::uint64_t z = state_;  // the last bytes reach every bit (splitmix64's finisher)
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace recloser::sim
