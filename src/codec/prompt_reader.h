// What of a request a model reads: its texts, calls, tools and media, where they lie in the body.
#pragma once

#include "codec/json_scanner.h"
#include "codec/operation.h"

#include <cstdint>
#include <optional>
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
  sealed,     // thinking that only its provider can read, base64
  aside,      // what stands beside thinking: its summary, its signature
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

// What a reader is given: a whole body, or one value of it, to be read as it would be there.
enum class PromptValue : std::uint8_t {
  body,
  message,   // an element of the list of messages
  messages,  // what stands where that list is expected, or in its place: a prompt
  system,
  tools,
};

// Tells every piece in the order of its bytes, system prompts as messages of their own. Of a kind
// of content that nobody here knows, the JSON is told as a text. Allocates nothing. What is no JSON
// ends it early: such a body is refused elsewhere.
class PromptReader {
 public:
  PromptReader(Operation operation, PromptValue what, std::string_view bytes);

  std::optional<PromptPiece> next();

 private:
  std::optional<PromptPiece> take(JsonToken token);
  std::optional<PromptPiece> take_end(std::uint8_t id);
  std::optional<PromptPiece> take_text(std::uint8_t id);
  std::optional<PromptPiece> piece(std::uint8_t id, std::string_view raw, bool escaped);
  std::string_view since(std::uint64_t begin) const;

  JsonScanner scanner_;
  std::string_view bytes_;
  std::string_view rest_;
  std::uint64_t offset_ = 0;      // of the bytes in what the scanner has read
  std::uint64_t begin_ = 0;       // of the value told as it stands; such values do not nest
  std::uint64_t part_begin_ = 0;  // of the element of content
  std::optional<PromptPiece> waiting_;
  bool part_known_ = false;  // something of that element has been told
  bool is_image_ = false;
  bool is_text_ = false;
  bool is_redacted_ = false;
};

}  // namespace recloser::codec
