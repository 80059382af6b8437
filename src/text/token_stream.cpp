#include "text/token_stream.h"

#include "text/utf8.h"

namespace recloser::text {

void TokenStream::close_words(EncodingScratch& scratch) {
  std::string_view left = close_words_of(open_, scratch);
  while (left.size() > word_bytes_max) {
    std::string_view part = left.substr(0, word_bytes_max);
    part.remove_suffix(incomplete_bytes(part));
    closed_tokens_ += encoding_->count(part, scratch);
    left = close_words_of(left.substr(part.size()), scratch);
  }
  std::size_t closed = open_.size() - left.size();
  closed_bytes_ += closed;
  if (closed_bytes_ > 0) tokens_per_64_kib_ = closed_tokens_ * 0x14000 / closed_bytes_;
  open_.erase(0, closed);
}

// Counts the words at the front of `text` that are what they are, whatever follows. Gives the rest.
std::string_view TokenStream::close_words_of(std::string_view text, EncodingScratch& scratch) {
  std::size_t incomplete = incomplete_bytes(text);
  for (;;) {
    closed_tokens_ += encoding_->count_usual(text, scratch);
    if (text.size() <= incomplete) return text;
    Splitter::Word word = encoding_->splitter().any_word(text);
    if (word.looked_at > text.size() - incomplete) return text;
    closed_tokens_ += encoding_->count_word(text.substr(0, word.bytes), scratch);
    text.remove_prefix(word.bytes);
  }
}

}  // namespace recloser::text
