// Which providers let a request end with the begin of the answer, and how that is said.
#pragma once

#include "codec/operation.h"

#include <string_view>

namespace recloser::codec {

// A "prefill": the last message is the model's own, and the answer goes on from it without a seam.
enum class Prefill : unsigned char {
  unknown,        // nobody can say: it is not tried
  no,             // refused with a 400, or taken for a whole message
  plain,          // just so
  prefix,         // the message says "prefix": true
  partial,        // the message says "partial": true
  final_message,  // the request says "continue_final_message": true, "add_generation_prompt": false
};
std::string_view name_of(Prefill prefill);

// What is known of the provider at that address (host and path of its base URL) and its `model`.
//
// Anthropic takes it up to Claude 4.5; from 4.6 on every such request is refused ("This model does
// not support assistant message prefill": its migration guide, vercel/ai #12296, litellm #27967).
// Mistral: `prefix`, its API reference. DeepSeek: `prefix`, only below /beta, its guide "Chat
// Prefix Completion". Moonshot and Alibaba (models that do not think): `partial`, their pages
// "Partial Mode". OpenAI, Azure and xAI answer with a new message. vLLM, SGLang and llama.cpp's
// server take `final_message` (llama.cpp #23012); no address tells them, so who runs one has to say
// it.
Prefill prefill_of(Operation operation, std::string_view host, std::string_view path,
                   std::string_view model);

}  // namespace recloser::codec
