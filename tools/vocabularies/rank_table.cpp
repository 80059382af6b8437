// Writes the table of an encoding that is built into the binary (src/text/rank_table.h) from the
// file in which OpenAI publishes it: on each line a token in base64 and its rank.
//
//   rank_table o200k_base.tiktoken o200k.ranks
#include "text/rank_table.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace recloser {
namespace {

std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (char c : text) {
    std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

std::optional<std::vector<std::string>> read_tokens(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> tokens;
  std::string line;
  while (std::getline(in, line)) {
    std::size_t space = line.find(' ');
    if (space == std::string::npos) return std::nullopt;
    std::size_t rank = 0;
    const char* end = line.data() + line.size();
    if (std::from_chars(line.data() + space + 1, end, rank).ptr != end) return std::nullopt;
    std::optional<std::string> token = from_base64(std::string_view(line).substr(0, space));
    if (!token || rank != tokens.size()) return std::nullopt;
    tokens.push_back(std::move(*token));
  }
  if (tokens.empty()) return std::nullopt;
  return tokens;
}

int run(const char* from, const char* to) {
  std::optional<std::vector<std::string>> tokens = read_tokens(from);
  if (!tokens) {
    std::fprintf(stderr, "%s: not lines of a token in base64 and its rank, in order\n", from);
    return 1;
  }
  Result<std::vector<unsigned char>> table = text::RankTable::make(*tokens);
  if (!table) {
    std::fprintf(stderr, "%s: %s\n", from, table.error().message().c_str());
    return 1;
  }
  std::ofstream out(to, std::ios::binary);
  out.write(reinterpret_cast<const char*>(table->data()),
            static_cast<std::streamsize>(table->size()));
  out.close();
  if (out) return 0;
  std::fprintf(stderr, "%s: cannot be written\n", to);
  return 1;
}

}  // namespace
}  // namespace recloser

int main(int argc, char** argv) {
  if (argc == 3) return recloser::run(argv[1], argv[2]);
  std::fputs("usage: rank_table ENCODING.tiktoken TABLE\n", stderr);
  return 2;
}
