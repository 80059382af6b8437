// TokenFamily: how the tokenizer of a model counts, told from what one of OpenAI's makes of a text.
#pragma once

#include "text/encoding.h"

#include <cstdint>
#include <string_view>

namespace recloser::text {

// Thinking that comes sealed, which only its provider can read. The seal hides no size: behind an
// envelope, base64 has as many bytes as the thinking has. Lines through recorded exchanges
// (tools/byte_classes/sealed.py).
struct SealedLine {
  std::uint16_t envelope_bytes = 0;
  std::uint16_t per_mille = 0;  // tokens to a thousand bytes behind that; 0: nobody knows

  std::uint64_t tokens(std::uint64_t items, std::uint64_t bytes) const {
    std::uint64_t envelopes = items * envelope_bytes;
    return bytes <= envelopes ? 0 : ((bytes - envelopes) * per_mille + 500) / 1000;
  }
};

// Models that share a tokenizer. Where it is not public, a line through recorded exchanges: in the
// middle it is off by 0 to 5 %, nine times in ten by at most 13 % (tests/tokens prints it).
struct TokenFamily {
  std::string_view name;
  std::string_view encoding_name;
  const Encoding& (*encoding)();
  std::uint16_t per_mille;  // tokens for a thousand of the encoding's
  std::uint8_t more;        // and so many to each answer
  bool exact;               // it is the encoding itself
  // The same for at most, of the line of the byte classes: above all recorded answers whose tokens
  // the visible text explains.
  std::uint16_t per_mille_max;
  std::uint8_t more_max;
  SealedLine sealed;

  // Of an answer whose text the encoding counts as `counted` tokens.
  std::uint64_t tokens(std::uint64_t counted) const {
    return counted == 0 ? 0 : by_rate(counted) + more;
  }
  // Of texts alone. Prompts have marks of their own around them (prompt_overhead.h).
  std::uint64_t by_rate(std::uint64_t counted) const { return (counted * per_mille + 500) / 1000; }
};

// By the model's name, however a provider spells it
// ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic/claude-haiku-4.5"). A name that says
// nothing counts as an OpenAI model of today, with something on top.
const TokenFamily& token_family(std::string_view model);

// Major * 100 + minor of a Claude, however its name is written: 405 for
// "claude-sonnet-4-5-20250929". 0 for other models, and for a name that says no version.
unsigned claude_version(std::string_view model);

}  // namespace recloser::text
