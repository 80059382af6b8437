// How the pieces of a request's prompt count.
#pragma once

#include "codec/operation.h"
#include "codec/prompt_reader.h"
#include "text/prompt_tokens.h"

#include <cstdint>
#include <string_view>

namespace recloser::relay {

// Notes all of it but its text. Whether it has one: `raw`, which is for the caller to add.
bool note_piece(text::PromptTokens& tokens, const codec::PromptPiece& piece);

// A request's body, with the prompt in it. All of it outlives its count.
struct WholePrompt {
  std::string_view body;
  codec::Operation operation = codec::Operation::chat;
  std::uint32_t tools = 0;  // defined in it
  std::string_view model;
  const text::TokenFamily* family = nullptr;
  const text::PromptOverhead* overhead = nullptr;
};

// By the tokenizer: 60 microseconds for a kilobyte.
text::PromptTokens encode(const WholePrompt& prompt, text::EncodingScratch& scratch);

}  // namespace recloser::relay
