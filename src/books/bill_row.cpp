#include "books/bill_row.h"

#include "books/aws_line.h"
#include "core/ascii.h"
#include "core/limits.h"
#include "core/names.h"
#include "core/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace recloser::books {
namespace {

using std::chrono::nanoseconds;

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

struct CountColumn {
  Role role;
  Count count;
  std::string_view what;
};
constexpr std::array count_columns{
    CountColumn{.role = Role::requests, .count = Count::requests, .what = "requests"},
    CountColumn{.role = Role::input, .count = Count::input, .what = "input tokens"},
    CountColumn{.role = Role::fresh_input, .count = Count::fresh_input, .what = "input tokens"},
    CountColumn{.role = Role::cached_input, .count = Count::cached_input, .what = "cached tokens"},
    CountColumn{.role = Role::cache_write, .count = Count::cache_write, .what = "cache writes"},
    CountColumn{.role = Role::cache_write_5m, .count = Count::cache_write, .what = "cache writes"},
    CountColumn{
        .role = Role::cache_write_1h, .count = Count::cache_write_1h, .what = "cache writes"},
    CountColumn{.role = Role::output, .count = Count::output, .what = "output tokens"},
    CountColumn{.role = Role::web_searches, .count = Count::web_searches, .what = "web searches"}};

Result<std::int64_t> parse_count(std::string_view text, std::string_view what) {
  constexpr std::int64_t count_max = 1'000'000'000'000'000;
  Result<std::int64_t> count = parse_decimal(text, 0);
  if (count && *count >= 0 && *count <= count_max) return count;
  return malformed(fmt::format("'{}' is no number of {}", shown(text, 32), what));
}

Result<void> read_counts(Bill& bill, BillLine& line, const BillRow& row,
                         const BillColumns& columns) {
  for (const CountColumn& column : count_columns) {
    std::string_view text = ascii::trim(row.of(column.role, columns));
    if (text.empty() || text == "null") continue;
    Result<std::int64_t> count = parse_count(text, column.what);
    if (!count) return fail(count.error());
    line.counts[column.count] += *count;
    bill.know(column.count);
    // Anthropic gives the two apart; our convention counts the hour's among all of them.
    bool apart = column.role == Role::cache_write_1h &&
                 columns.of(Role::cache_write) == BillColumns::nowhere;
    if (!apart) continue;
    line.counts[Count::cache_write] += *count;
    bill.know(Count::cache_write);
  }
  return {};
}

Result<void> check_currency(const BillRow& row, const BillColumns& columns) {
  std::string_view currency = ascii::trim(row.of(Role::currency, columns));
  if (currency.empty() || ascii::equal_ignoring_case(currency, "usd")) return {};
  return fail(
      Side::operator_, Kind::unsupported,
      fmt::format("the amount is in '{}'; only dollars (USD) can be compared", shown(currency, 8)));
}

// The amount, or nothing where the row has none.
Result<std::optional<Amount>> read_cost(Bill& bill, const BillRow& row,
                                        const BillColumns& columns) {
  bool cents = columns.of(Role::cost) == BillColumns::nowhere;
  std::string_view text = ascii::trim(row.of(cents ? Role::cost_cents : Role::cost, columns));
  if (text.empty() || text == "null") return std::optional<Amount>();
  Result<void> dollars = check_currency(row, columns);
  if (!dollars) return fail(dollars.error());
  Result<Amount> amount = parse_amount(text);
  if (!amount) return fail(amount.error());
  if (cents) amount->atto /= 100;  // bills show at most some ten places of them
  bill.knows_cost = true;
  bill.cost_places = std::max(bill.cost_places, places_shown(text) + (cents ? 2 : 0));
  return std::optional<Amount>(*amount);
}

Result<void> check_model(std::string_view model) {
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  bool fits = model.size() <= limits::model_name_bytes_max;
  if (fits && std::ranges::none_of(model, is_control)) return {};
  return malformed(fmt::format("'{}' is no name of a model", shown(model)));
}

// "gpt-4o-2024-08-06, cached input": its model and what was charged. What stands without a comma
// is a fee of no model ("web search tool calls").
void read_line_item(BillLine& line, Part& part, std::string_view item) {
  item = ascii::trim(item);
  if (item.empty() || item == "null") return;  // all of a day
  std::size_t comma = item.rfind(',');
  part = Part::fee;
  if (comma == std::string_view::npos) return;
  part = part_named(item.substr(comma + 1));
  if (part == Part::fee) return;
  std::string_view model = item.substr(0, comma);
  // "gpt-image-1 text, input": what kind of token it is.
  if (std::size_t space = model.find(' '); space != std::string_view::npos) {
    model = model.substr(0, space);
  }
  line.model = model;
}

Result<void> read_money(Bill& bill, BillLine& line, const BillRow& row,
                        const BillColumns& columns) {
  Result<std::optional<Amount>> cost = read_cost(bill, row, columns);
  if (!cost) return fail(cost.error());
  if (!*cost) return {};
  Part part = Part::total;
  if (columns.format->layout == Layout::openai_costs) {
    read_line_item(line, part, row.of(Role::line_item, columns));
  } else if (row.has(Role::part, columns)) {
    std::string_view words = ascii::trim(row.of(Role::part, columns));
    // A charge that is for no tokens names none: a search, a session of code.
    part = words.empty() || words == "null" ? Part::fee : part_named(words);
    if (part == Part::fee) line.model = {};
  }
  line.costs[part] += **cost;
  if (part != Part::total) bill.knows_parts = true;
  return {};
}

Result<Day> read_day(const BillRow& row, const RowContext& context) {
  Result<Day> day = parse_day(ascii::trim(row.of(Role::day, context.columns)), context.utc_offset);
  if (!day) return day;
  std::string_view end = ascii::trim(row.of(Role::end, context.columns));
  if (end.empty() || end == "null") return day;
  Result<Day> last = parse_day(end, context.utc_offset);
  if (!last) return last;
  if (*last - *day <= std::chrono::days(1)) return day;
  return malformed("the period is longer than a day; export it by day");
}

std::uint64_t hash_of(const BillRow& row) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::string_view field : row.fields) {
    hash = (hash ^ std::hash<std::string_view>{}(field)) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return hash;
}

std::string_view unless_null(std::string_view text) {
  text = ascii::trim(text);
  return text == "null" ? std::string_view() : text;
}

// "T10:00:00Z", " 10:00", "T10:00:00.000+02:00" behind a date: nanoseconds after its midnight UTC.
std::optional<nanoseconds> time_of_day(std::string_view date, std::string_view rest) {
  std::string text(date);
  text += 'T';
  rest.remove_prefix(1);
  bool short_form = rest.size() == 5;
  text += rest;
  if (short_form) text += ":00";
  bool zoned = text.ends_with('Z') || text.find_first_of("+-", date.size()) != std::string::npos;
  if (!zoned) text += 'Z';
  Result<WallTime> at = parse_rfc3339(text);
  Result<WallTime> midnight = parse_rfc3339(std::string(date) + "T00:00:00Z");
  if (!at || !midnight) return std::nullopt;
  return *at - *midnight;
}

std::optional<Day> day_of_seconds(std::string_view text, std::chrono::minutes utc_offset) {
  constexpr std::int64_t second_max = 253'402'300'799;  // 9999-12-31
  std::int64_t seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool read = error == std::errc{} && end == text.data() + text.size();
  if (!read || seconds < 0 || seconds > second_max) return std::nullopt;
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds{std::chrono::seconds(seconds)} + utc_offset);
}

}  // namespace

Result<void> add_row(Bill& bill, const BillRow& row, const RowContext& context) {
  const BillColumns& columns = context.columns;
  if (columns.format->layout == Layout::aws) {
    AwsLine aws = read_aws_line(row, columns);
    if (aws.kind == AwsLine::Kind::other_service) {
      ++bill.lines_passed_over;
      return {};
    }
    return add_aws_row(bill, row, aws, context);
  }
  BillLine line{.day = {},
                .provider = unless_null(row.of(Role::provider, columns)),
                .model = unless_null(row.of(Role::model, columns)),
                .request_id = unless_null(row.of(Role::request_id, columns)),
                .counts = {},
                .costs = {},
                .number = row.number,
                .hash = hash_of(row)};
  Result<Day> day = read_day(row, context);
  if (!day) return fail(day.error());
  line.day = *day;
  Result<void> read = read_counts(bill, line, row, columns);
  if (read) read = read_money(bill, line, row, columns);
  if (read) read = check_model(line.model);
  if (!read) return read;
  if (line.counts.none() && line.costs == Costs{}) return {};
  return bill.add(line);
}

Result<Day> parse_day(std::string_view text, std::chrono::minutes utc_offset) {
  constexpr std::size_t date_size = sizeof "2026-11-21" - 1;
  std::string date(text.substr(0, date_size));
  if (date.size() == date_size && date[4] == '/' && date[7] == '/') date[4] = date[7] = '-';
  Result<WallTime> midnight = parse_rfc3339(date + "T00:00:00Z");
  if (midnight && text.size() == date_size) {
    return std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<nanoseconds>{nanoseconds(midnight->ns)});
  }
  if (midnight && (text[date_size] == 'T' || text[date_size] == ' ')) {
    if (std::optional<nanoseconds> time = time_of_day(date, text.substr(date_size))) {
      return std::chrono::floor<std::chrono::days>(
          std::chrono::sys_time<nanoseconds>{nanoseconds(midnight->ns) + *time + utc_offset});
    }
  }
  if (std::optional<Day> day = day_of_seconds(text, utc_offset)) return *day;
  return malformed(fmt::format("'{}' is no day, such as 2026-11-21", shown(text, 40)));
}

Part part_named(std::string_view words) {
  std::string name = ascii::lowered(words);
  auto has = [&name](std::string_view part) { return name.find(part) != std::string::npos; };
  bool is_cache = has("cache") && !has("no_cache") && !has("no cache") && !has("uncached");
  if (is_cache && (has("write") || has("creation"))) {
    return has("1h") || has("1-h") || has("1 h") ? Part::cache_write_1h : Part::cache_write;
  }
  if (is_cache) return Part::cached_input;
  if (has("input")) return Part::input;
  return has("output") ? Part::output : Part::fee;
}

}  // namespace recloser::books
