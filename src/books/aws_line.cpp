#include "books/aws_line.h"

#include "core/ascii.h"
#include "core/names.h"

#include <array>
#include <optional>

#include <fmt/format.h>

namespace recloser::books {
namespace {

bool holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "USE1-Claude3Sonnet-input-tokens", "USE1-MP:USE1_InputTokenCount-Units".
bool counts_tokens(std::string_view usage_type) {
  return holds(usage_type, "input-token") || holds(usage_type, "output-token") ||
         holds(usage_type, "inputtokencount") || holds(usage_type, "outputtokencount") ||
         holds(usage_type, "responsetokencount") || holds(usage_type, "input_token") ||
         holds(usage_type, "output_token") ||
         (holds(usage_type, "cache") && holds(usage_type, "token"));
}

// What stands between the region's short name and the kind of token.
std::string model_of_usage_type(std::string_view usage_type, std::string_view lower) {
  constexpr auto ends = std::to_array<std::string_view>(
      {"-mantle-", "-input-token", "-output-token", "-cache-", "-cached-", "-text-input",
       "-text-output", "-input-image", "-input-audio"});
  if (holds(lower, "mp:")) return {};  // of the marketplace: the product has the name
  std::size_t begin = lower.find('-');
  if (begin == std::string_view::npos) return {};
  std::size_t end = std::string_view::npos;
  for (std::string_view mark : ends) end = std::min(end, lower.find(mark, begin));
  if (end == std::string_view::npos || end <= begin + 1) return {};
  return std::string(usage_type.substr(begin + 1, end - begin - 1));
}

// Tokens of one unit: "1K tokens", "1M tokens"; the marketplace's "Units" are a million.
std::optional<unsigned> places_of_unit(std::string_view unit) {
  std::string lower = ascii::lowered(ascii::trim(unit));
  if (lower.starts_with("1k") || lower.starts_with("1000 ")) return 3;
  if (lower.starts_with("1m") || lower == "units" || lower == "unit") return 6;
  if (lower == "token" || lower == "tokens") return 0;
  return std::nullopt;
}

Count count_of(Part part) {
  switch (part) {
    case Part::cached_input:
      return Count::cached_input;
    case Part::cache_write:
    case Part::cache_write_1h:
      return Count::cache_write;
    case Part::output:
      return Count::output;
    case Part::input:
    case Part::fee:
    case Part::total:
      break;
  }
  return Count::fresh_input;
}

Result<void> read_tokens(Bill& bill, BillLine& line, const BillRow& row, Part part,
                         const BillColumns& columns) {
  std::string_view amount = ascii::trim(row.of(Role::usage_amount, columns));
  std::optional<unsigned> places = places_of_unit(row.of(Role::unit, columns));
  if (amount.empty() || !places || part == Part::fee) return {};
  // AWS rounds amounts to ten places: what lies beyond a whole token is that.
  Result<std::int64_t> tokens = parse_decimal_rounded(amount, *places);
  if (!tokens || *tokens < 0) {
    return fail(Side::operator_, Kind::malformed,
                fmt::format("'{}' is no usage amount", shown(amount, 32)));
  }
  line.counts[count_of(part)] += *tokens;
  bill.know(count_of(part));
  if (part != Part::cache_write_1h) return {};
  line.counts[Count::cache_write_1h] += *tokens;
  bill.know(Count::cache_write_1h);
  return {};
}

}  // namespace

AwsLine read_aws_line(const BillRow& row, const BillColumns& columns) {
  constexpr std::string_view edition = " (amazon bedrock edition)";
  std::string_view usage_type = ascii::trim(row.of(Role::usage_type, columns));
  std::string lower = ascii::lowered(usage_type);
  std::string_view product = ascii::trim(row.of(Role::product_name, columns));
  std::string product_lower = ascii::lowered(product);
  std::string code = ascii::lowered(row.of(Role::product_code, columns));
  bool of_marketplace = product_lower.ends_with(edition);
  AwsLine line;
  bool is_bedrock = code.starts_with("amazonbedrock") || of_marketplace ||
                    (holds(lower, "mp:") && counts_tokens(lower));
  if (!is_bedrock) return line;
  std::string_view type = ascii::trim(row.of(Role::line_type, columns));
  bool is_usage = type.empty() || type == "Usage" || type == "DiscountedUsage";
  line.kind = is_usage ? AwsLine::Kind::usage : AwsLine::Kind::adjustment;
  if (!counts_tokens(lower)) return line;
  line.part = part_named(holds(lower, "response") ? "output" : lower);
  line.model = row.of(Role::product_model, columns);
  if (line.model.empty() && of_marketplace) {
    line.model = product.substr(0, product.size() - edition.size());
  }
  if (line.model.empty()) line.model = model_of_usage_type(usage_type, lower);
  return line;
}

Result<void> add_aws_row(Bill& bill, const BillRow& row, const AwsLine& aws,
                         const RowContext& context) {
  const BillColumns& columns = context.columns;
  std::string_view text = ascii::trim(row.of(Role::cost, columns));
  Result<Amount> cost = text.empty() ? Result<Amount>(Amount{}) : parse_amount(text);
  if (!cost) return fail(cost.error());
  std::string_view currency = ascii::trim(row.of(Role::currency, columns));
  if (!currency.empty() && currency != "USD") {
    return fail(Side::operator_, Kind::unsupported,
                fmt::format("the amount is in '{}'; only dollars (USD) can be compared",
                            shown(currency, 8)));
  }
  if (aws.kind == AwsLine::Kind::adjustment) {
    bill.not_compared += *cost;
    ++bill.not_compared_lines;
    return {};
  }
  Result<Day> day = parse_day(ascii::trim(row.of(Role::day, columns)), context.utc_offset);
  if (!day) return fail(day.error());
  BillLine line{.day = *day,
                .provider = {},
                .model = aws.model,
                .request_id = {},
                .counts = {},
                .costs = {},
                .number = row.number,
                .hash = row.number};  // hours and resources may well cost the same
  Result<void> read = read_tokens(bill, line, row, aws.part, columns);
  if (!read) return read;
  line.costs[aws.part] += *cost;
  bill.knows_cost = true;
  bill.knows_parts = true;
  bill.cost_places = std::max(bill.cost_places, places_shown(text));
  return bill.add(line);
}

}  // namespace recloser::books
