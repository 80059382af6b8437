#include "relay/prompt_pieces.h"

#include "codec/event.h"
#include "codec/tool_reader.h"
#include "relay/declared_tools.h"

#include <optional>
#include <string>

namespace recloser::relay {

bool note_piece(text::PromptTokens& tokens, const codec::PromptPiece& piece) {
  switch (piece.part) {
    case codec::PromptPart::message:
      tokens.message();
      return false;
    case codec::PromptPart::role:
      if (piece.raw == "user") tokens.user_speaks();
      return false;
    case codec::PromptPart::remote:
      return false;
    case codec::PromptPart::sealed:
      tokens.sealed(piece.raw.size());
      return false;
    case codec::PromptPart::aside:
      tokens.aside(piece.raw.size());
      return false;
    case codec::PromptPart::image:
      tokens.image(text::ImageDetail::any);
      return false;
    case codec::PromptPart::audio:
      tokens.audio(piece.raw.size());
      return false;
    case codec::PromptPart::file:
      tokens.document(piece.raw.size());
      return false;
    case codec::PromptPart::name:
      tokens.name();
      return true;
    case codec::PromptPart::call_name:
      tokens.call();
      return true;
    case codec::PromptPart::text:
    case codec::PromptPart::arguments:
    case codec::PromptPart::tools:
    case codec::PromptPart::schema:
      return true;
  }
  return false;
}

text::PromptTokens encode(const WholePrompt& prompt, text::EncodingScratch& scratch) {
  text::PromptTokens sum(prompt.model, *prompt.family, *prompt.overhead, &scratch);
  std::string unescaped;
  codec::PromptReader reader(prompt.operation, codec::PromptValue::body, prompt.body);
  while (std::optional<codec::PromptPiece> piece = reader.next()) {
    if (!note_piece(sum, *piece)) continue;
    if (piece->part == codec::PromptPart::tools && prompt.overhead->tools_declared) {
      DeclaredTools declared(*prompt.family, &scratch);
      codec::ToolList list(piece->raw);
      for (std::string_view tool; !(tool = list.next()).empty();) declared.add(tool);
      sum.declare(declared.tokens());
      continue;
    }
    if (!piece->escaped) {
      sum.text(piece->raw);
      continue;
    }
    unescaped.clear();
    codec::unescape(unescaped, piece->raw);
    sum.text(unescaped);
  }
  for (std::uint32_t i = 0; i < prompt.tools; ++i) sum.tool();
  return sum;
}

}  // namespace recloser::relay
