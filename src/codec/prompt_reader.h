// What of a request a model reads: its texts, calls, tools and media, where they lie in the body.
#pragma once

#include "codec/operation.h"

#include <cstdint>
#include <string_view>

namespace recloser::codec {

enum class PromptPart : std::uint8_t {
  message,    // one begins; what follows is of it
  role,       // of the message
  name,       // of who speaks
  text,       // written by a person, a program or the model
  call_name,  // of a tool call in the history
  arguments,  // of one: text, or JSON as it stands
  tools,      // the definitions of tools, JSON as it stands
  schema,     // that the answer must follow, JSON as it stands
  image,      // a data: URL, base64, or a URL
  audio,      // base64
  file,       // base64 of a document, or a data: URL
  remote,     // something that lies elsewhere: an id, a URL of a document; its size nobody knows
};

struct PromptPiece {
  PromptPart part = PromptPart::text;
  std::string_view raw;  // between the quotes, or JSON as it stands; "" of `message`
  bool escaped = false;  // `raw` holds JSON escapes: read it through unescape()
};

class PromptSink {
 public:
  virtual ~PromptSink() = default;
  virtual void take(const PromptPiece& piece) = 0;
};

// Tells every piece of a whole body in the order of its bytes, system prompts as messages of their
// own. Allocates nothing. What is no JSON ends it early: such a body is refused elsewhere.
void read_prompt(Operation operation, std::string_view body, PromptSink& sink);

}  // namespace recloser::codec
