// The published encode vectors, and the exact counts of the shared token data.
#include "text/encoding.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace recloser::text {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Takes the text up to `mark` from the front of `rest`, and the mark.
std::optional<std::string_view> take_until(std::string_view& rest, std::string_view mark) {
  std::size_t at = rest.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + mark.size());
  return taken;
}

std::vector<Rank> numbers(std::string_view list) {
  std::vector<Rank> all;
  while (!list.empty()) {
    Rank rank = 0;
    auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), rank);
    EXPECT_EQ(error, std::errc()) << list;
    if (error != std::errc()) return all;
    all.push_back(rank);
    list.remove_prefix(static_cast<std::size_t>(end - list.data()));
    while (list.starts_with(',') || list.starts_with(' ')) list.remove_prefix(1);
  }
  return all;
}

// Fetched with the vocabularies, so it is there wherever this is built.
TEST(EncodingVectors, Published) {
  std::string text = contents("build/vocabularies/TestPlans.txt");
  std::string_view rest = text;
  EncodingScratch scratch;
  int checked = 0;
  while (take_until(rest, "EncodingName: ")) {
    std::string_view name = take_until(rest, "\nSample: ").value_or("");
    std::string_view sample = take_until(rest, "\nEncoded: [").value_or("");
    std::vector<Rank> expected = numbers(take_until(rest, "]").value_or(""));
    const Encoding* encoding = name == "o200k_base"    ? &Encoding::o200k()
                               : name == "cl100k_base" ? &Encoding::cl100k()
                                                       : nullptr;
    if (encoding == nullptr) continue;
    std::vector<Rank> ranks;
    encoding->encode(sample, scratch, ranks);
    EXPECT_EQ(ranks, expected) << name << ": " << sample;
    ++checked;
  }
  EXPECT_EQ(checked, 121);
}

}  // namespace
}  // namespace recloser::text
