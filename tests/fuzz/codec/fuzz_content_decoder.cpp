// Encoded answers: the same text at every split, or a fault; and what was encoded comes back. The
// first byte chooses the codings and whether the rest is encoded first, the second a split.
#include "codec/content_decoder.h"
#include "codec/testing/encode.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser::codec;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Decoded {
  std::string text;
  bool whole = false;
};

Decoded decode(const ContentCodings& codings, std::string_view bytes, std::size_t cut,
               std::size_t step, std::size_t room_bytes) {
  constexpr std::uint64_t bytes_max = 64u << 10;
  constexpr std::uint64_t any = UINT64_MAX;
  ContentDecoder decoder(codings, {.bytes_max = bytes_max, .ratio_max = any});
  std::string room(room_bytes, '\0');
  Decoded decoded;
  std::size_t at = 0;
  do {
    std::size_t size = std::min(at == 0 && cut != 0 ? cut : step, bytes.size() - at);
    std::string copy(bytes.substr(at, size));
    at += size;
    decoded.text += decoder.next(copy, at == bytes.size(), room);
    copy.assign(copy.size(), '?');
    while (decoder.more() && decoder.fault().empty()) {
      decoded.text += decoder.next("", at == bytes.size(), room);
    }
    require(decoder.fault().empty() || decoder.next("", true, room).empty());
  } while (at < bytes.size() && decoder.fault().empty());
  decoded.whole = decoder.fault().empty();
  require(decoded.text.size() <= bytes_max + room_bytes);
  return decoded;
}

// Where decoding fails, how much came out before depends on how the bytes came.
void require_alike(const Decoded& a, const Decoded& b, bool zstd) {
  require(a.text.starts_with(b.text) || b.text.starts_with(a.text));
  if (a.whole && b.whole) require(a.text == b.text);
  // zstd does not look at a window that it needs not, which is so where all came at once.
  if (!zstd) require(a.whole == b.whole);
}

constexpr std::string_view lists[] = {"gzip",     "deflate",       "br",        "zstd", "gzip, br",
                                      "br, gzip", "deflate, zstd", "zstd, gzip"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > (16u << 10)) return 0;
  std::string_view list = lists[data[0] % 8];
  bool encoded_first = (data[0] & 8) != 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  ContentCodings codings = testing::codings(list);
  std::string bytes(rest);
  if (encoded_first) {
    for (ContentCoding coding : codings.list()) bytes = testing::encode(coding, bytes);
  }
  Decoded whole = decode(codings, bytes, 0, bytes.size(), ContentDecoder::room_bytes);
  Decoded cut = decode(codings, bytes, data[1], bytes.size(), 100);
  Decoded each = decode(codings, bytes, 0, 1, 1000);
  bool zstd = list.find("zstd") != std::string_view::npos;
  require_alike(whole, cut, zstd);
  require_alike(whole, each, zstd);
  if (encoded_first) require(whole.whole && whole.text == rest);
  return 0;
}
