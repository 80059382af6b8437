// How a piece of a request's prompt counts.
#pragma once

#include "codec/prompt_reader.h"
#include "text/prompt_tokens.h"

namespace recloser::relay {

// Notes all of it but its text. Whether it has one: `raw`, which is for the caller to add.
bool note_piece(text::PromptTokens& tokens, const codec::PromptPiece& piece);

}  // namespace recloser::relay
