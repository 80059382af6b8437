#include "codec/continuation/anchor.h"

#include "codec/continuation/words.h"

namespace recloser::codec {
namespace {

bool may_begin_at(std::string_view text, std::size_t at, bool behind_white) {
  if (is_white(text[at])) return false;
  return behind_white ? at == 0 || is_white(text[at - 1]) : is_word_border(text, at);
}

// Where a text goes in rounds, the end may be what comes next as well, unless it is more than a
// round.
bool is_more_than_a_round(std::string_view text, std::size_t at) {
  std::string_view before = last_token(without_white_end(text.substr(0, at)));
  return before.empty() || before != last_token(text);
}

}  // namespace

// Behind white space a model is the surest to begin at the same letter; a text in Chinese has none.
std::string_view anchor_of(std::string_view text) {
  text = without_white_end(text);
  if (text.size() <= anchor_bytes_min) return without_white_begin(text);
  for (bool behind_white : {true, false}) {
    for (std::size_t bytes = anchor_bytes_min; bytes <= anchor_bytes_max; ++bytes) {
      if (bytes > text.size()) break;
      std::size_t at = text.size() - bytes;
      if (!may_begin_at(text, at, behind_white)) continue;
      std::string_view anchor = text.substr(at);
      if (has_word(anchor) && text.find(anchor) == at && is_more_than_a_round(text, at))
        return anchor;
    }
  }
  return {};
}

}  // namespace recloser::codec
