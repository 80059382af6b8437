#include "books/bill_formats.h"

#include "core/ascii.h"

#include <algorithm>
#include <array>

namespace recloser::books {
namespace {

using Name = std::string_view;

// https://platform.openai.com/docs/api-reference/usage: the pages of the API, and the CSV of the
// dashboard, whose columns have the same names.
constexpr std::array openai_usage_told{Name("start_time"), Name("num_model_requests")};
constexpr std::array openai_usage_columns{
    ColumnRole{.name = "start_time", .role = Role::day},
    ColumnRole{.name = "start_time_iso", .role = Role::day},
    ColumnRole{.name = "end_time", .role = Role::end},
    ColumnRole{.name = "end_time_iso", .role = Role::end},
    ColumnRole{.name = "model", .role = Role::model},
    ColumnRole{.name = "num_model_requests", .role = Role::requests},
    ColumnRole{.name = "input_tokens", .role = Role::input},
    ColumnRole{.name = "input_cached_tokens", .role = Role::cached_input},
    ColumnRole{.name = "input_cache_write_tokens", .role = Role::cache_write},
    ColumnRole{.name = "output_tokens", .role = Role::output}};

constexpr std::array openai_costs_told{Name("start_time"), Name("amount_value")};
constexpr std::array openai_costs_columns{
    ColumnRole{.name = "start_time", .role = Role::day},
    ColumnRole{.name = "start_time_iso", .role = Role::day},
    ColumnRole{.name = "end_time", .role = Role::end},
    ColumnRole{.name = "end_time_iso", .role = Role::end},
    ColumnRole{.name = "amount_value", .role = Role::cost},
    ColumnRole{.name = "amount_currency", .role = Role::currency},
    ColumnRole{.name = "line_item", .role = Role::line_item}};

// The console's two exports, https://support.claude.com/en/articles/9534590.
constexpr std::array anthropic_usage_told{Name("usage_date_utc"), Name("usage_output_tokens")};
constexpr std::array anthropic_usage_columns{
    ColumnRole{.name = "usage_date_utc", .role = Role::day},
    ColumnRole{.name = "model_version", .role = Role::model},
    ColumnRole{.name = "model", .role = Role::model},
    ColumnRole{.name = "usage_input_tokens_no_cache", .role = Role::fresh_input},
    ColumnRole{.name = "usage_input_tokens_cache_read", .role = Role::cached_input},
    ColumnRole{.name = "usage_input_tokens_cache_write", .role = Role::cache_write},
    ColumnRole{.name = "usage_input_tokens_cache_write_5m", .role = Role::cache_write_5m},
    ColumnRole{.name = "usage_input_tokens_cache_write_1h", .role = Role::cache_write_1h},
    ColumnRole{.name = "usage_output_tokens", .role = Role::output},
    ColumnRole{.name = "web_search_count", .role = Role::web_searches}};

constexpr std::array anthropic_cost_told{Name("usage_date_utc"), Name("token_type"),
                                         Name("cost_usd")};
constexpr std::array anthropic_cost_columns{ColumnRole{.name = "usage_date_utc", .role = Role::day},
                                            ColumnRole{.name = "model", .role = Role::model},
                                            ColumnRole{.name = "token_type", .role = Role::part},
                                            ColumnRole{.name = "cost_usd", .role = Role::cost}};

// Its Admin API, https://docs.claude.com/en/api/usage-cost-api: usage_report/messages, cost_report.
constexpr std::array anthropic_report_told{Name("starting_at"), Name("uncached_input_tokens")};
constexpr std::array anthropic_report_columns{
    ColumnRole{.name = "starting_at", .role = Role::day},
    ColumnRole{.name = "ending_at", .role = Role::end},
    ColumnRole{.name = "model", .role = Role::model},
    ColumnRole{.name = "uncached_input_tokens", .role = Role::fresh_input},
    ColumnRole{.name = "cache_read_input_tokens", .role = Role::cached_input},
    ColumnRole{.name = "cache_creation_ephemeral_5m_input_tokens", .role = Role::cache_write_5m},
    ColumnRole{.name = "cache_creation_ephemeral_1h_input_tokens", .role = Role::cache_write_1h},
    ColumnRole{.name = "output_tokens", .role = Role::output},
    ColumnRole{.name = "server_tool_use_web_search_requests", .role = Role::web_searches}};

constexpr std::array anthropic_cost_report_told{Name("starting_at"), Name("amount")};
constexpr std::array anthropic_cost_report_columns{
    ColumnRole{.name = "starting_at", .role = Role::day},
    ColumnRole{.name = "ending_at", .role = Role::end},
    ColumnRole{.name = "model", .role = Role::model},
    ColumnRole{.name = "token_type", .role = Role::part},
    ColumnRole{.name = "amount", .role = Role::cost_cents},
    ColumnRole{.name = "currency", .role = Role::currency}};

// https://docs.aws.amazon.com/cur/latest/userguide: the old report ("lineItem/UsageType") and
// version 2 of it have the same names once they are plain.
constexpr std::array aws_told{Name("line_item_usage_start_date"), Name("line_item_usage_type"),
                              Name("line_item_unblended_cost")};
constexpr std::array aws_columns{
    ColumnRole{.name = "line_item_usage_start_date", .role = Role::day},
    ColumnRole{.name = "line_item_usage_end_date", .role = Role::end},
    ColumnRole{.name = "line_item_line_item_type", .role = Role::line_type},
    ColumnRole{.name = "line_item_product_code", .role = Role::product_code},
    ColumnRole{.name = "line_item_usage_type", .role = Role::usage_type},
    ColumnRole{.name = "line_item_usage_amount", .role = Role::usage_amount},
    ColumnRole{.name = "line_item_unblended_cost", .role = Role::cost},
    ColumnRole{.name = "line_item_currency_code", .role = Role::currency},
    ColumnRole{.name = "pricing_unit", .role = Role::unit},
    ColumnRole{.name = "product_product_name", .role = Role::product_name},
    ColumnRole{.name = "product_name", .role = Role::product_name},
    ColumnRole{.name = "product_servicename", .role = Role::product_name},
    ColumnRole{.name = "product_model", .role = Role::product_model}};

// docs/reconcile.md.
constexpr std::array generic_told{Name("day"), Name("model")};
constexpr std::array generic_columns{
    ColumnRole{.name = "day", .role = Role::day},
    ColumnRole{.name = "model", .role = Role::model},
    ColumnRole{.name = "provider", .role = Role::provider},
    ColumnRole{.name = "request_id", .role = Role::request_id},
    ColumnRole{.name = "requests", .role = Role::requests},
    ColumnRole{.name = "input_tokens", .role = Role::input},
    ColumnRole{.name = "uncached_input_tokens", .role = Role::fresh_input},
    ColumnRole{.name = "cached_input_tokens", .role = Role::cached_input},
    ColumnRole{.name = "cache_write_tokens", .role = Role::cache_write},
    ColumnRole{.name = "cache_write_1h_tokens", .role = Role::cache_write_1h},
    ColumnRole{.name = "output_tokens", .role = Role::output},
    ColumnRole{.name = "web_searches", .role = Role::web_searches},
    ColumnRole{.name = "part", .role = Role::part},
    ColumnRole{.name = "cost_usd", .role = Role::cost}};

constexpr std::array formats{BillFormat{.name = "AWS cost and usage report",
                                        .usual_provider = "bedrock",
                                        .layout = Layout::aws,
                                        .told_by = aws_told,
                                        .columns = aws_columns},
                             BillFormat{.name = "OpenAI costs",
                                        .usual_provider = "openai",
                                        .layout = Layout::openai_costs,
                                        .told_by = openai_costs_told,
                                        .columns = openai_costs_columns},
                             BillFormat{.name = "OpenAI usage",
                                        .usual_provider = "openai",
                                        .layout = Layout::table,
                                        .told_by = openai_usage_told,
                                        .columns = openai_usage_columns},
                             BillFormat{.name = "Anthropic console usage",
                                        .usual_provider = "anthropic",
                                        .layout = Layout::table,
                                        .told_by = anthropic_usage_told,
                                        .columns = anthropic_usage_columns},
                             BillFormat{.name = "Anthropic console cost",
                                        .usual_provider = "anthropic",
                                        .layout = Layout::table,
                                        .told_by = anthropic_cost_told,
                                        .columns = anthropic_cost_columns},
                             BillFormat{.name = "Anthropic usage report",
                                        .usual_provider = "anthropic",
                                        .layout = Layout::table,
                                        .told_by = anthropic_report_told,
                                        .columns = anthropic_report_columns},
                             BillFormat{.name = "Anthropic cost report",
                                        .usual_provider = "anthropic",
                                        .layout = Layout::table,
                                        .told_by = anthropic_cost_report_told,
                                        .columns = anthropic_cost_report_columns},
                             BillFormat{.name = "generic CSV",
                                        .usual_provider = "",
                                        .layout = Layout::table,
                                        .told_by = generic_told,
                                        .columns = generic_columns}};

}  // namespace

std::span<const BillFormat> bill_formats() { return formats; }

std::string plain_column(std::string_view name) {
  name = ascii::trim(name);
  std::string out;
  char before = '_';
  for (char c : name) {
    bool upper = c >= 'A' && c <= 'Z';
    bool begins_word = upper && ((before >= 'a' && before <= 'z') || ascii::is_digit(before));
    bool plain = ascii::is_alpha(c) || ascii::is_digit(c);
    if (begins_word || (!plain && !out.ends_with('_'))) out += '_';
    if (plain) out += ascii::lower(c);
    before = c;
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

std::optional<BillColumns> find_format(std::span<const std::string_view> names) {
  for (const BillFormat& format : formats) {
    bool is_it = std::ranges::all_of(format.told_by, [&](Name wanted) {
      return std::ranges::find(names, wanted) != names.end();
    });
    if (!is_it) continue;
    BillColumns columns{.format = &format, .at = {}};
    place_columns(columns, names);
    return columns;
  }
  return std::nullopt;
}

void place_columns(BillColumns& columns, std::span<const std::string_view> names) {
  columns.at.fill(BillColumns::nowhere);
  for (const ColumnRole& column : columns.format->columns) {
    std::size_t& at = columns.at[std::size_t(column.role)];
    if (at != BillColumns::nowhere) continue;
    auto found = std::ranges::find(names, column.name);
    if (found != names.end()) at = static_cast<std::size_t>(found - names.begin());
  }
}

}  // namespace recloser::books
