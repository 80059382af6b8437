#include "books/model_names.h"

#include "books/csv.h"
#include "core/ascii.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace recloser::books {
namespace {

constexpr auto bedrock_regions = std::to_array<std::string_view>(
    {"us.", "eu.", "apac.", "global.", "us-gov.", "jp.", "au.", "ca.", "sa.", "me."});
constexpr auto bedrock_vendors = std::to_array<std::string_view>(
    {"ai21.", "amazon.", "anthropic.", "cohere.", "deepseek.", "google.", "luma.", "meta.",
     "minimax.", "mistral.", "moonshot.", "nvidia.", "openai.", "qwen.", "stability.",
     "twelvelabs.", "writer.", "zai."});
constexpr auto edition_suffixes = std::to_array<std::string_view>(
    {" (amazon bedrock edition)", " (amazon bedrock)", " (bedrock)"});

template <class Names>
void drop_prefix(std::string_view& name, const Names& prefixes) {
  for (std::string_view prefix : prefixes) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    return;
  }
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, ascii::is_digit);
}

// Bedrock's "-v1:0" and ":0", at the end.
void drop_version(std::string_view& name) {
  if (std::size_t colon = name.rfind(':'); colon != std::string_view::npos) {
    if (is_digits(name.substr(colon + 1))) name = name.substr(0, colon);
  }
  std::size_t v = name.rfind("-v");
  if (v != std::string_view::npos && is_digits(name.substr(v + 2))) name = name.substr(0, v);
}

// "-2024-08-06", "-20240806" and Vertex's "@20240806", at the end.
void drop_date(std::string_view& name) {
  constexpr std::size_t dashed = sizeof "-2024-08-06" - 1;
  constexpr std::size_t plain = sizeof "-20240806" - 1;
  auto is_year = [](std::string_view text) { return text.starts_with("20"); };
  if (name.size() > dashed) {
    std::string_view date = name.substr(name.size() - dashed);
    bool is_date = date[0] == '-' && is_year(date.substr(1)) && is_digits(date.substr(1, 4)) &&
                   date[5] == '-' && is_digits(date.substr(6, 2)) && date[8] == '-' &&
                   is_digits(date.substr(9));
    if (is_date) name.remove_suffix(dashed);
  }
  if (name.size() > plain) {
    std::string_view date = name.substr(name.size() - plain);
    bool is_date =
        (date[0] == '-' || date[0] == '@') && is_year(date.substr(1)) && is_digits(date.substr(1));
    if (is_date) name.remove_suffix(plain);
  }
}

}  // namespace

Result<void> ModelNames::read_map(std::string_view text) {
  CsvReader csv;
  auto malformed = [](std::string message) {
    return fail(Side::operator_, Kind::malformed, std::move(message));
  };
  for (CsvStep step = csv.next(text);; step = csv.next(text)) {
    if (step == CsvStep::more) step = csv.finish();
    if (step == CsvStep::more) return {};
    if (step == CsvStep::error) return malformed(csv.fault());
    std::string_view theirs = ascii::trim(csv.field(0));
    std::string_view ours = ascii::trim(csv.field(1));
    if (csv.count() != 2 || theirs.empty() || ours.empty()) {
      return malformed(
          fmt::format("line {}: two names are wanted, the bill's and ours", csv.line()));
    }
    map_[ascii::lowered(theirs)] = ours;
    if (map_.size() > model_map_lines_max) {
      return malformed(fmt::format("more than {} names", model_map_lines_max));
    }
  }
}

std::string ModelNames::key_of(std::string_view model) const {
  std::string lower = ascii::lowered(ascii::trim(model));
  if (auto mapped = map_.find(lower); mapped != map_.end()) lower = ascii::lowered(mapped->second);
  std::string_view name = lower;
  for (std::string_view edition : edition_suffixes) {
    if (name.ends_with(edition)) name.remove_suffix(edition.size());
  }
  if (std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
    if (slash + 1 < name.size()) name.remove_prefix(slash + 1);
  }
  drop_prefix(name, bedrock_regions);
  drop_prefix(name, bedrock_vendors);
  drop_version(name);
  drop_date(name);
  std::string key;
  for (char c : name) {
    if (ascii::is_alpha(c) || ascii::is_digit(c)) key += c;
  }
  return key.empty() ? lower : key;
}

}  // namespace recloser::books
