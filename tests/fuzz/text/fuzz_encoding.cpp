// Tokens are the text again, as many as counted, merged as the definition says; and a text that
// comes in pieces has as many after each piece as one that came whole. The first two bytes choose
// the encoding and a split.
#include "text/encoding.h"
#include "text/testing/naive_merge.h"
#include "text/token_stream.h"
#include "text/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace recloser::text;

constexpr std::size_t character_bytes_max = 4;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_whole(const Encoding& encoding, std::string_view text, EncodingScratch& scratch) {
  std::vector<Rank> ranks;
  encoding.encode(text, scratch, ranks);
  std::string again;
  for (Rank rank : ranks) again += encoding.ranks().token(rank);
  require(again == text);
  require(encoding.count(text, scratch) == ranks.size());
  std::size_t naive = 0;
  for (std::string_view rest = text; !rest.empty();) {
    Splitter::Word word = encoding.splitter().first_word(rest);
    require(word.bytes > 0 && word.bytes <= rest.size());
    // What was not looked at has no say, once the character that was looked at last is whole.
    std::size_t seen = word.looked_at + character_bytes_max - 1;
    if (seen < rest.size()) {
      std::string other(rest.substr(0, seen));
      other += rest[seen] == 'a' ? " " : "a";
      require(encoding.splitter().first_word(other).bytes == word.bytes);
    }
    naive += testing::naive_count(encoding.ranks(), rest.substr(0, word.bytes));
    rest.remove_prefix(word.bytes);
  }
  require(naive == ranks.size());
}

// Words beyond what a stream keeps open are counted in parts.
bool has_long_word(const Encoding& encoding, std::string_view text) {
  while (!text.empty()) {
    std::size_t bytes = encoding.splitter().first_word(text).bytes;
    if (bytes > TokenStream::word_bytes_max / 2) return true;
    text.remove_prefix(bytes);
  }
  return false;
}

void check_pieces(const Encoding& encoding, std::string_view text, std::size_t cut,
                  std::size_t step, EncodingScratch& scratch) {
  TokenStream stream(encoding);
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t size = std::min(at == 0 && cut != 0 ? cut : step, text.size() - at);
    stream.add(std::string(text.substr(at, size)), scratch);
    at += size;
    require(stream.count(scratch) == encoding.count(text.substr(0, at), scratch));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 2048) return 0;
  const Encoding& encoding = data[0] % 2 == 0 ? Encoding::o200k() : Encoding::cl100k();
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  static EncodingScratch scratch;
  check_whole(encoding, text, scratch);
  if (!is_valid_utf8(text) || has_long_word(encoding, text)) return 0;
  check_pieces(encoding, text, data[1], text.size() + 1, scratch);
  check_pieces(encoding, text, 0, 1 + data[1] % 16, scratch);
  return 0;
}
