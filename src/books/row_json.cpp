#include "books/row_json.h"

#include "core/money.h"
#include "core/time.h"

#include <array>
#include <cmath>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace recloser::books {
namespace {

using boost::json::object;
using boost::json::value;
using ledger::StoredCall;
using Number = std::optional<std::int64_t>;

constexpr std::array texts{std::pair("key_id", &StoredCall::key_id),
                           std::pair("org", &StoredCall::org),
                           std::pair("team", &StoredCall::team),
                           std::pair("user", &StoredCall::user),
                           std::pair("agent", &StoredCall::agent),
                           std::pair("session", &StoredCall::session),
                           std::pair("trace", &StoredCall::trace),
                           std::pair("client_dialect", &StoredCall::client_dialect),
                           std::pair("operation", &StoredCall::operation),
                           std::pair("model_requested", &StoredCall::model_requested),
                           std::pair("provider", &StoredCall::provider),
                           std::pair("model_served", &StoredCall::model_served),
                           std::pair("region", &StoredCall::region),
                           std::pair("price_version", &StoredCall::price_version),
                           std::pair("rare_usage", &StoredCall::rare_usage)};

constexpr std::array numbers{std::pair("status", &StoredCall::status),
                             std::pair("input_tokens", &StoredCall::input_tokens),
                             std::pair("cached_input_tokens", &StoredCall::cached_input_tokens),
                             std::pair("cache_write_tokens", &StoredCall::cache_write_tokens),
                             std::pair("output_tokens", &StoredCall::output_tokens),
                             std::pair("reasoning_tokens", &StoredCall::reasoning_tokens),
                             std::pair("delivered_tokens", &StoredCall::delivered_tokens),
                             std::pair("overshoot_tokens", &StoredCall::overshoot_tokens),
                             std::pair("upstream_close_ms", &StoredCall::upstream_close_ms),
                             std::pair("overhead_us", &StoredCall::overhead_us),
                             std::pair("expected_input_tokens", &StoredCall::expected_input_tokens),
                             std::pair("upper_input_tokens", &StoredCall::upper_input_tokens)};

constexpr std::array amounts{
    std::pair("cost_usd", &StoredCall::cost_nano_usd),
    std::pair("list_cost_usd", &StoredCall::list_cost_nano_usd),
    std::pair("fees_usd", &StoredCall::fees_nano_usd),
    std::pair("overrun_usd", &StoredCall::overrun_nano_usd),
    std::pair("input_cost_usd", &StoredCall::input_cost_nano_usd),
    std::pair("cached_cost_usd", &StoredCall::cached_cost_nano_usd),
    std::pair("cache_write_cost_usd", &StoredCall::cache_write_cost_nano_usd),
    std::pair("output_cost_usd", &StoredCall::output_cost_nano_usd),
    std::pair("expected_cost_usd", &StoredCall::expected_cost_nano_usd),
    std::pair("upper_cost_usd", &StoredCall::upper_cost_nano_usd)};

constexpr std::array lists{std::pair("labels", &StoredCall::labels),
                           std::pair("decisions", &StoredCall::decisions),
                           std::pair("attempts", &StoredCall::attempts)};

std::string_view text_of(const object& row, std::string_view name) {
  const value* member = row.if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return member->get_string();
}

Number ns_of_ms(const object& row, std::string_view name) {
  const value* member = row.if_contains(name);
  if (member == nullptr) return std::nullopt;
  constexpr std::int64_t ms_max = 1'000'000'000'000;
  if (member->is_int64() && member->get_int64() < ms_max) {
    return member->get_int64() * 1'000'000;
  }
  if (!member->is_double()) return std::nullopt;
  double ms = member->get_double();
  bool fits = ms >= 0 && ms < static_cast<double>(ms_max);
  return fits ? Number(std::llround(ms * 1'000) * 1'000) : std::nullopt;
}

void read_members(StoredCall& call, const object& row) {
  for (const auto& [name, place] : texts) call.*place = text_of(row, name);
  for (const auto& [name, place] : numbers) {
    const value* member = row.if_contains(name);
    if (member != nullptr && member->is_int64()) call.*place = member->get_int64();
  }
  for (const auto& [name, place] : amounts) {
    std::string_view text = text_of(row, name);
    if (text.empty()) continue;
    if (Result<std::int64_t> nano = parse_decimal(text, 9)) call.*place = *nano;
  }
  for (const auto& [name, place] : lists) {
    const value* member = row.if_contains(name);
    if (member != nullptr && member->is_array()) call.*place = boost::json::serialize(*member);
  }
  call.duration_ns = ns_of_ms(row, "duration_ms");
  call.ttft_ns = ns_of_ms(row, "ttft_ms");
}

std::optional<StoredCall> read_row(const value& json) {
  if (!json.is_object()) return std::nullopt;
  const object& row = json.get_object();
  std::optional<CallId> id = CallId::parse(text_of(row, "id"));
  Result<WallTime> started = parse_rfc3339(text_of(row, "started_at"));
  std::optional<ledger::Outcome> outcome = ledger::outcome_named(text_of(row, "outcome"));
  if (!id || !started || !outcome) return std::nullopt;
  StoredCall call;
  call.id = *id;
  call.started_at = *started;
  call.outcome = *outcome;
  using ledger::CostSource;
  using ledger::TokensSource;
  std::string_view tokens = text_of(row, "tokens_source");
  std::string_view cost = text_of(row, "cost_source");
  call.tokens_source = ledger::tokens_source_named(tokens).value_or(TokensSource::none);
  call.cost_source = ledger::cost_source_named(cost).value_or(CostSource::none);
  read_members(call, row);
  return call;
}

}  // namespace

std::optional<RowPage> read_row_page(std::string_view json) {
  boost::system::error_code error;
  value page = boost::json::parse(json, error);
  if (error || !page.is_object()) return std::nullopt;
  const value* data = page.get_object().if_contains("data");
  if (data == nullptr || !data->is_array()) return std::nullopt;
  RowPage out;
  for (const value& item : data->get_array()) {
    std::optional<StoredCall> row = read_row(item);
    if (!row) return std::nullopt;
    out.rows.push_back(std::move(*row));
  }
  out.next = text_of(page.get_object(), "next");
  return out;
}

}  // namespace recloser::books
