// Token counts against the shared data: exact for the two encodings, and how near the lines of the
// other families come to what providers reported. Prints the table; skipped without the data.
#include "text/encoding.h"
#include "text/token_family.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::text {
namespace {

namespace json = boost::json;

constexpr std::size_t few = 20;  // a family with fewer rows has no bar of its own
constexpr std::int64_t scored_tokens_min = 30;

std::filesystem::path data(std::string_view file) {
  const char* set = std::getenv("RECLOSER_SHARED");
  return std::filesystem::path(set == nullptr ? "../shared" : set) / "data/tokens" / file;
}

void each_row(const std::filesystem::path& path,
              const std::function<void(const json::object&)>& take) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) take(json::parse(line).as_object());
}

std::string_view text_of(const json::object& row, std::string_view member) {
  const json::value* value = row.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->as_string()) : "";
}

TEST(Tokens, TextsAreExact) {
  if (!std::filesystem::exists(data("texts.jsonl"))) GTEST_SKIP() << "the shared data is not here";
  EncodingScratch scratch;
  std::size_t rows = 0;
  each_row(data("texts.jsonl"), [&](const json::object& row) {
    std::string_view text = text_of(row, "text");
    ++rows;
    EXPECT_EQ(Encoding::o200k().count(text, scratch), row.at("o200k").to_number<std::size_t>())
        << row.at("id");
    EXPECT_EQ(Encoding::cl100k().count(text, scratch), row.at("cl100k").to_number<std::size_t>())
        << row.at("id");
  });
  EXPECT_GT(rows, 1000u);
}

double quantile(std::vector<double>& errors, double q) {
  std::ranges::sort(errors);
  return errors[static_cast<std::size_t>(q * static_cast<double>(errors.size() - 1))];
}

// SEMANTICS 1: over rows whose count the visible text explains, 10 % nine times in ten, and 13 % in
// every family.
TEST(Tokens, AnswersAreNearWhatProvidersReported) {
  if (!std::filesystem::exists(data("provider_counts.jsonl"))) {
    GTEST_SKIP() << "the shared data is not here";
  }
  EncodingScratch scratch;
  std::map<std::string, std::vector<double>, std::less<>> errors;
  each_row(data("provider_counts.jsonl"), [&](const json::object& row) {
    const json::value& reported = row.at("reported_output_tokens");
    std::string_view text = text_of(row, "text");
    if (!reported.is_number() || text.empty()) return;
    auto told = reported.to_number<std::int64_t>();
    if (told < scored_tokens_min) return;
    const TokenFamily& family = token_family(text_of(row, "model"));
    auto tokens = static_cast<double>(family.tokens(family.encoding().count(text, scratch)));
    double error = std::abs(tokens - static_cast<double>(told)) / static_cast<double>(told);
    errors["all"].push_back(error);
    errors[std::string(family.name)].push_back(error);
  });
  for (auto& [family, of_family] : errors) {
    double at_90 = quantile(of_family, 0.9);
    fmt::print("{:14} n {:4}  median {:.3f}  p90 {:.3f}\n", family, of_family.size(),
               quantile(of_family, 0.5), at_90);
    if (of_family.size() >= few) EXPECT_LE(at_90, family == "all" ? 0.10 : 0.13) << family;
  }
}

}  // namespace
}  // namespace recloser::text
