#include "relay/prompt_pieces.h"

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

}  // namespace recloser::relay
