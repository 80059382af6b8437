#include "text/token_stream.h"

#include "text/utf8.h"

namespace recloser::text {

void TokenStream::add(std::string_view piece, EncodingScratch& scratch) {
  open_ += piece;
  std::string_view left = close_words(open_, scratch);
  while (left.size() > open_bytes_max) {
    std::string_view part = left.substr(0, open_bytes_max);
    part.remove_suffix(incomplete_bytes(part));
    closed_ += encoding_->count(part, scratch);
    left = close_words(left.substr(part.size()), scratch);
  }
  open_.erase(0, open_.size() - left.size());
}

// Counts the words at the front of `text` that are what they are, whatever follows. Gives the rest.
std::string_view TokenStream::close_words(std::string_view text, EncodingScratch& scratch) {
  std::size_t incomplete = incomplete_bytes(text);
  while (text.size() > incomplete) {
    Splitter::Word word = encoding_->splitter().first_word(text);
    if (word.looked_at > text.size() - incomplete) break;
    closed_ += encoding_->count_word(text.substr(0, word.bytes), scratch);
    text.remove_prefix(word.bytes);
  }
  return text;
}

}  // namespace recloser::text
