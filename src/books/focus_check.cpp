#include "books/focus_check.h"

#include "books/amount.h"
#include "core/ascii.h"
#include "core/check.h"
#include "core/names.h"
#include "core/time.h"

#include <algorithm>
#include <array>
#include <set>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace recloser::books {
namespace {

using Form = FocusForm;

constexpr FocusColumn must(std::string_view name, Form form = Form::text, bool nullable = false,
                           std::string_view one_of = {}) {
  return {.name = name, .form = form, .mandatory = true, .nullable = nullable, .one_of = one_of};
}
constexpr FocusColumn may(std::string_view name, Form form = Form::text) {
  return {.name = name, .form = form};
}

constexpr std::array columns{
    must("BilledCost", Form::decimal),
    must("BillingAccountId"),
    must("BillingAccountName", Form::text, true),
    must("BillingCurrency", Form::text, false, "USD"),
    must("BillingPeriodEnd", Form::time),
    must("BillingPeriodStart", Form::time),
    must("ChargeCategory", Form::text, false, "Usage|Purchase|Tax|Credit|Adjustment"),
    must("ChargeClass", Form::text, true, "Correction"),
    must("ChargeDescription", Form::text, true),
    FocusColumn{
        .name = "ChargeFrequency", .nullable = false, .one_of = "One-Time|Recurring|Usage-Based"},
    must("ChargePeriodEnd", Form::time),
    must("ChargePeriodStart", Form::time),
    may("ConsumedQuantity", Form::decimal),
    may("ConsumedUnit"),
    must("ContractedCost", Form::decimal),
    may("ContractedUnitPrice", Form::decimal),
    must("EffectiveCost", Form::decimal),
    must("InvoiceIssuerName"),
    must("ListCost", Form::decimal),
    may("ListUnitPrice", Form::decimal),
    FocusColumn{.name = "PricingCategory", .one_of = "Standard|Dynamic|Committed|Other"},
    must("PricingQuantity", Form::decimal, true),
    must("PricingUnit", Form::text, true),
    must("ProviderName"),
    must("PublisherName"),
    may("RegionId"),
    may("RegionName"),
    may("ResourceId"),
    may("ResourceName"),
    may("ResourceType"),
    must("ServiceCategory", Form::text, false, "AI and Machine Learning"),
    must("ServiceName"),
    FocusColumn{.name = "ServiceSubcategory", .nullable = false, .one_of = "Generative AI"},
    may("SkuId"),
    may("SkuMeter"),
    may("SkuPriceDetails", Form::key_values),
    may("SkuPriceId"),
    may("SubAccountId"),
    may("SubAccountName"),
    may("Tags", Form::key_values),
    may("x_AgentId"),
    may("x_CallId"),
    may("x_CostSource"),
    may("x_DecisionId"),
    may("x_PolicyRule"),
    may("x_PriceVersion"),
    may("x_Requests", Form::decimal),
    may("x_SessionId"),
    may("x_TokenType"),
    may("x_UserId")};

std::unexpected<Error> wrong(std::string_view column, std::string_view rule,
                             std::string_view value = {}) {
  return fail(Side::gateway, Kind::malformed,
              fmt::format("FOCUS column {} {}{}", column, rule,
                          value.empty() ? "" : fmt::format("; it is '{}'", shown(value))));
}

bool is_among(std::string_view value, std::string_view list) {
  while (!list.empty()) {
    std::size_t bar = std::min(list.find('|'), list.size());
    if (list.substr(0, bar) == value) return true;
    list.remove_prefix(std::min(bar + 1, list.size()));
  }
  return false;
}

// "-100.2", "35.2E-7": no sign but a minus, neither in front nor of the exponent.
bool is_number(std::string_view text) {
  return !text.starts_with('.') && text.find('+') == std::string_view::npos &&
         parse_amount(text).has_value();
}

// "2026-11-21T10:15:30Z", just so.
bool is_time(std::string_view text) {
  constexpr std::string_view form = "2026-11-21T10:15:30Z";
  return text.size() == form.size() && text[10] == 'T' && text.back() == 'Z' &&
         parse_rfc3339(text).has_value();
}

// An object of texts, numbers, truths and nulls; its names once each.
bool is_key_values(std::string_view text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) return false;
  return std::ranges::none_of(value.get_object(), [](const auto& member) {
    return member.value().is_object() || member.value().is_array();
  });
}

Result<void> check_field(const FocusColumn& column, std::string_view value) {
  if (value.empty()) {
    if (column.nullable) return {};
    return wrong(column.name, "must not be null");
  }
  if (!column.one_of.empty() && !is_among(value, column.one_of)) {
    return wrong(column.name, fmt::format("must be one of {}", column.one_of), value);
  }
  switch (column.form) {
    case Form::text:
      return {};
    case Form::decimal:
      if (is_number(value)) return {};
      return wrong(column.name, "must be a number", value);
    case Form::time:
      if (is_time(value)) return {};
      return wrong(column.name, "must be a time in UTC such as 2026-11-21T10:15:30Z", value);
    case Form::key_values:
      if (is_key_values(value)) return {};
      return wrong(column.name, "must be a flat JSON object", value);
  }
  return {};
}

class Row {
 public:
  explicit Row(std::span<const std::string_view> fields) : fields_(fields) {}
  std::string_view operator[](std::string_view name) const { return fields_[focus_column(name)]; }
  Amount amount(std::string_view name) const {
    return parse_amount((*this)[name]).value_or(Amount{});
  }

 private:
  std::span<const std::string_view> fields_;
};

Result<void> check_times(const Row& row) {
  // Times of one form sort as texts do.
  if (row["BillingPeriodStart"] >= row["BillingPeriodEnd"]) {
    return wrong("BillingPeriodEnd", "must be after BillingPeriodStart", row["BillingPeriodEnd"]);
  }
  if (row["ChargePeriodStart"] >= row["ChargePeriodEnd"]) {
    return wrong("ChargePeriodEnd", "must be after ChargePeriodStart", row["ChargePeriodEnd"]);
  }
  bool within = row["ChargePeriodStart"] >= row["BillingPeriodStart"] &&
                row["ChargePeriodEnd"] <= row["BillingPeriodEnd"];
  if (!within) return wrong("ChargePeriodStart", "must lie in the billing period");
  return {};
}

// Price times quantity is the cost, but for half a nano-dollar that each of them was rounded by.
Result<void> check_price(const Row& row, std::string_view price, std::string_view cost) {
  if (row[price].empty()) return wrong(price, "must not be null for usage");
  if (row.amount(price).atto < 0) return wrong(price, "must not be negative", row[price]);
  constexpr __int128 nano = 1'000'000'000;
  __int128 units = row.amount("PricingQuantity").atto / nano;  // with nine places
  __int128 product = row.amount(price).atto / nano * units;    // with eighteen places
  __int128 off = product - row.amount(cost).atto;
  __int128 allowed = nano + units;
  if ((off < 0 ? -off : off) <= allowed) return {};
  return wrong(price, fmt::format("times PricingQuantity must be {}", cost), row[price]);
}

}  // namespace

std::span<const FocusColumn> focus_columns() { return columns; }

std::size_t focus_column(std::string_view name) {
  auto found = std::ranges::find(columns, name, &FocusColumn::name);
  CHECK(found != columns.end(), name);
  return static_cast<std::size_t>(found - columns.begin());
}

Result<void> check_focus_header(std::span<const std::string_view> names) {
  std::set<std::string_view> seen;
  for (std::string_view name : names) {
    if (!seen.insert(name).second) return wrong(name, "stands in the header twice");
    bool known = std::ranges::find(columns, name, &FocusColumn::name) != columns.end();
    if (!known && !name.starts_with("x_")) {
      return wrong(shown(name), "is not of FOCUS 1.2; own columns begin with x_");
    }
  }
  for (const FocusColumn& column : columns) {
    if (column.mandatory && !seen.contains(column.name)) {
      return wrong(column.name, "is mandatory and missing");
    }
  }
  return {};
}

Result<void> check_focus_row(std::span<const std::string_view> fields) {
  if (fields.size() != columns.size()) return wrong("count", "is not that of the header");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Result<void> fits = check_field(columns[i], fields[i]);
    if (!fits) return fits;
  }
  Row row(fields);
  Result<void> times = check_times(row);
  if (!times) return times;
  if (row["PricingQuantity"].empty() != row["PricingUnit"].empty()) {
    return wrong("PricingUnit", "must be null where PricingQuantity is, and only there");
  }
  if (row["ConsumedQuantity"].empty() != row["ConsumedUnit"].empty()) {
    return wrong("ConsumedUnit", "must be null where ConsumedQuantity is, and only there");
  }
  bool usage = row["ChargeCategory"] == "Usage" && row["ChargeClass"].empty();
  if (!usage) return {};
  for (std::string_view name : {"PricingQuantity", "PricingCategory", "SkuId", "SkuPriceId"}) {
    if (row[name].empty()) return wrong(name, "must not be null for usage");
  }
  Result<void> list = check_price(row, "ListUnitPrice", "ListCost");
  if (!list) return list;
  return check_price(row, "ContractedUnitPrice", "ContractedCost");
}

}  // namespace recloser::books
