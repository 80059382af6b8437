// Encodes texts for compare.mjs: on standard input each as its length (u32, little-endian) and its
// bytes; out, a line of token ids for each.
//
//   encode_texts o200k|cl100k
#include "text/encoding.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

using recloser::text::Encoding;

int main(int argc, char** argv) {
  std::string_view name = argc == 2 ? argv[1] : "";
  if (name != "o200k" && name != "cl100k") {
    std::fputs("usage: encode_texts o200k|cl100k\n", stderr);
    return 2;
  }
  const Encoding& encoding = name == "cl100k" ? Encoding::cl100k() : Encoding::o200k();
  recloser::text::EncodingScratch scratch;
  std::vector<recloser::text::Rank> ids;
  std::string text;
  std::uint32_t size = 0;
  while (std::fread(&size, sizeof size, 1, stdin) == 1) {
    text.resize(size);
    if (size > 0 && std::fread(text.data(), size, 1, stdin) != 1) return 3;
    ids.clear();
    encoding.encode(text, scratch, ids);
    // The count goes another way than the ids.
    if (encoding.count(text, scratch) != ids.size()) {
      fmt::print("counted {} of {}\n", encoding.count(text, scratch), ids.size());
    } else {
      fmt::print("{}\n", fmt::join(ids, ","));
    }
  }
  return 0;
}
