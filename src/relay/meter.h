// Meter: the output tokens of an answer, counted as it passes, for whatever its provider has not
// said of them yet.
#pragma once

#include "codec/event.h"
#include "text/token_family.h"
#include "text/token_stream.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace recloser::relay {

// What a worker lends its meters; used between two suspensions.
struct MeterRoom {
  text::EncodingScratch scratch;
  std::string unescaped;
};

class Meter {
 public:
  // `call_tokens`: what a tool call has beyond its name and its arguments. `answer_tokens`: what
  // every answer has beyond what is seen of it.
  Meter(const text::TokenFamily& family, std::uint64_t call_tokens, std::uint64_t answer_tokens = 0)
      : family_(&family),
        open_(family.encoding()),
        call_tokens_(call_tokens),
        answer_tokens_(answer_tokens) {}

  // An event of the answer's stream, in order. Allocates nothing for the words that people write.
  void see(const codec::Event& event, MeterRoom& room);

  // All thinking so far that came sealed. What is shown of it as well is counted once.
  void sealed(std::uint64_t items, std::uint64_t bytes);

  // A running usage has just said so many: what is counted from here on comes on top of it.
  void said(std::uint64_t output_tokens);

  // What comes after it is a text of its own; from here on all that came is counted exactly.
  void close(MeterRoom& room);

  // So far, over all kinds: of the words that may still go on, as many as their bytes make likely.
  std::uint64_t output_tokens() const { return tokens_with(open_.about()); }
  // The same by the encoding: to be asked where a token more or less decides.
  std::uint64_t exact_tokens(MeterRoom& room) const {
    return tokens_with(open_.count(room.scratch));
  }
  // What an event adds by itself.
  std::uint64_t tokens_of(const codec::Event& event, MeterRoom& room) const;
  // Of visible thinking.
  std::uint64_t reasoning_tokens() const;
  // Of sealed thinking, beyond what is shown.
  std::uint64_t sealed_tokens() const;

 private:
  enum class Kind : unsigned char { none, text, reasoning, arguments };
  static constexpr std::size_t kinds = 4;

  void see_what_was_said_ahead(bool call);
  // With so many tokens of the text that is passing.
  std::uint64_t tokens_with(std::uint64_t open_tokens) const;
  std::uint64_t all_with(std::uint64_t open_tokens) const;

  const text::TokenFamily* family_;
  text::TokenStream open_;                     // of the kind that is passing
  std::array<std::uint64_t, kinds> closed_{};  // by the encoding, before the one that is passing
  std::uint64_t call_tokens_;
  std::uint64_t answer_tokens_;
  std::uint64_t calls_ = 0;
  std::uint64_t sealed_tokens_ = 0;
  Kind kind_ = Kind::none;
  std::uint32_t choice_ = 0;
  std::uint32_t index_ = 0;
  std::uint64_t said_tokens_ = 0;
  std::uint64_t all_then_ = 0;
  bool was_said_ = false;
  bool said_ahead_ = false;  // and nothing has been seen since, nor before
};

}  // namespace recloser::relay
