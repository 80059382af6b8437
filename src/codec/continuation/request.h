// The request that asks a model to go on with an answer that another attempt has begun.
#pragma once

#include "codec/body_edits.h"
#include "codec/continuation/delivered.h"
#include "codec/continuation/prefill.h"
#include "codec/request.h"

#include <cstdint>
#include <string_view>

namespace recloser::codec {

enum class Ask : unsigned char {
  again,        // for the answer, from its begin
  prefill,      // for what follows the text, which ends the request
  instruction,  // for the last words of the text, and what follows them: see anchor.h
};
std::string_view name_of(Ask ask);

struct Continuation {
  Ask ask = Ask::again;
  Obstacle obstacle = Obstacle::none;  // other than `none`: it cannot be asked for
};

// Edits the client's `body` so that its answer goes on from what was delivered: the text without
// the white space at its end (Anthropic refuses a prefill with it), and, where the model takes no
// prefill, a message of ours. At most two edits; model, limit and stream are the caller's. Thinking
// and prefill exclude each other: a model that thinks, or that has, is told by instruction.
// `last_message_at`: where the last message or input item begins in the body; 0 where there is
// none.
Continuation ask_to_continue(BodyEdits& edits, std::string_view body, const RequestFacts& facts,
                             std::uint64_t last_message_at, const Delivered& delivered,
                             Prefill prefill);

// What of the client's limit the rest of the answer may take: at least 1, more than a thinking
// budget, and with an instruction the repeated words on top. 0 where the client set none.
std::uint64_t output_left(const RequestFacts& facts, std::uint64_t delivered_tokens, Ask ask);

inline constexpr std::uint64_t anchor_tokens_max = 64;  // of the words that are repeated

}  // namespace recloser::codec
