#include "books/focus.h"

#include "books/csv.h"
#include "books/testing/prices_with.h"
#include "core/ids.h"
#include "ledger/testing/usual_call.h"

#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::books {
namespace {

constexpr WallTime start{1'795'255'200'000'000'000};  // 2026-11-21T10:00:00Z

using Change = std::function<void(ledger::CallRecord&)>;

ledger::StoredCall a_row(WallTime at = start, const Change& change = {}) {
  static CallIdMaker ids(7);
  ledger::CallRecord record(ids.next(at), at, ledger::test::someone);
  ledger::test::fill_completed(record);
  record.duration_ns = 1'432'000'000;
  record.outcome = ledger::Outcome::completed;
  if (change) change(record);
  return stored(record);
}

using Line = std::map<std::string, std::string>;

// The file as a program that knows nothing of us reads it, checked against the format once more.
std::vector<Line> read_back(std::string_view text) {
  CsvReader csv;
  std::vector<std::string> names;
  std::vector<Line> lines;
  while (csv.next(text) == CsvStep::row) {
    std::vector<std::string_view> fields;
    for (std::size_t i = 0; i < csv.count(); ++i) fields.push_back(csv.field(i));
    if (names.empty()) {
      EXPECT_TRUE(check_focus_header(fields));
      names.assign(fields.begin(), fields.end());
      continue;
    }
    Result<void> good = check_focus_row(fields);
    EXPECT_TRUE(good) << good.error().message();
    Line& line = lines.emplace_back();
    for (std::size_t i = 0; i < fields.size(); ++i) line[names[i]] = fields[i];
  }
  EXPECT_EQ(csv.fault(), "");
  return lines;
}

struct Exported {
  std::vector<Line> lines;
  FocusTotals totals;
};

Exported exported(FocusBy by, const std::vector<ledger::StoredCall>& rows,
                  RowPrices prices = prices_with()) {
  FocusExport focus(by, std::move(prices));
  std::string text = FocusExport::header();
  for (const ledger::StoredCall& row : rows) {
    Result<void> added = focus.add(row, text);
    EXPECT_TRUE(added) << added.error().message();
  }
  EXPECT_TRUE(focus.finish(text));
  Exported out{.lines = read_back(text), .totals = focus.totals()};
  std::int64_t cost = 0;
  std::int64_t list = 0;
  for (const Line& line : out.lines) {
    cost += *parse_decimal(line.at("ContractedCost"), 9);
    list += *parse_decimal(line.at("ListCost"), 9);
    EXPECT_EQ(line.at("BilledCost"), line.at("ContractedCost"));
    EXPECT_EQ(line.at("EffectiveCost"), line.at("ContractedCost"));
  }
  EXPECT_EQ(cost, out.totals.cost.count);
  EXPECT_EQ(list, out.totals.list_cost.count);
  return out;
}

TEST(Focus, ALineForEachKindOfToken) {
  ledger::StoredCall row = a_row();
  Exported out = exported(FocusBy::call, {row});
  ASSERT_EQ(out.lines.size(), 3U);
  EXPECT_EQ(out.totals.cost.count, *row.cost_nano_usd);
  const Line& cached = out.lines[1];
  EXPECT_EQ(cached.at("SkuMeter"), "Cached Input Tokens");
  EXPECT_EQ(cached.at("ContractedCost"), "0.000076800");
  EXPECT_EQ(cached.at("ListUnitPrice"), "0.075000000");
  EXPECT_EQ(cached.at("PricingQuantity"), "0.001024");
  EXPECT_EQ(cached.at("PricingUnit"), "1000000 Tokens");
  EXPECT_EQ(cached.at("ConsumedQuantity"), "1024");
  EXPECT_EQ(cached.at("ConsumedUnit"), "Tokens");
  EXPECT_EQ(cached.at("ChargePeriodStart"), "2026-11-21T10:00:00Z");
  EXPECT_EQ(cached.at("ChargePeriodEnd"), "2026-11-21T10:00:02Z");
  EXPECT_EQ(cached.at("BillingPeriodStart"), "2026-11-01T00:00:00Z");
  EXPECT_EQ(cached.at("BillingPeriodEnd"), "2026-12-01T00:00:00Z");
  EXPECT_EQ(cached.at("BillingAccountId"), "acme");
  EXPECT_EQ(cached.at("SubAccountId"), "search");
  EXPECT_EQ(cached.at("ProviderName"), "OpenAI");
  EXPECT_EQ(cached.at("SkuId"), "openai/gpt-4o-mini-2024-07-18");
  EXPECT_EQ(cached.at("ResourceId"), "gpt-4o-mini");
  EXPECT_EQ(cached.at("RegionId"), "us");
  EXPECT_EQ(cached.at("Tags"),
            R"({"org":"acme","team":"search","user":"ada","agent":"crawler","key":"ci",)"
            R"("session":"session-42","label/nightly":true,"label/batch":true})");
  EXPECT_EQ(cached.at("x_CallId"), row.id.str());
  EXPECT_EQ(cached.at("x_CostSource"), "catalogue");
  EXPECT_EQ(cached.at("x_TokenType"), "cached_input");
}

// The contract halves what input costs, not output: so do the lines.
TEST(Focus, ListAndContractedCostsDifferByKindOfToken) {
  constexpr const char* ours =
      "- {provider: openai, model: gpt-4o-mini, input: 0.075, cachedInput: 0.0375, output: 0.6}\n";
  std::optional<RowPrices::RowCosts> costs = prices_with(ours).costs(a_row());
  ASSERT_TRUE(costs);
  ledger::StoredCall row = a_row(start, [&](ledger::CallRecord& record) {
    record.cost_nano_usd = costs->paid.total.count;
    record.input_cost_nano_usd = costs->paid.input.count;
    record.cached_cost_nano_usd = costs->paid.cached_input.count;
  });
  Exported out = exported(FocusBy::call, {row}, prices_with(ours));
  ASSERT_EQ(out.lines.size(), 3U);
  EXPECT_EQ(out.lines[0].at("ContractedCost"), "0.000015750");
  EXPECT_EQ(out.lines[0].at("EffectiveCost"), "0.000015750");
  EXPECT_EQ(out.lines[0].at("ListCost"), "0.000031500");
  EXPECT_EQ(out.lines[0].at("ListUnitPrice"), "0.150000000");
  EXPECT_EQ(out.lines[0].at("ContractedUnitPrice"), "0.075000000");
  EXPECT_EQ(out.lines[1].at("ContractedCost"), "0.000038400");
  EXPECT_EQ(out.lines[1].at("ListCost"), "0.000076800");
  EXPECT_EQ(out.lines[2].at("ContractedCost"), "0.000340200");
  EXPECT_EQ(out.lines[2].at("ListCost"), "0.000340200");
  // Prices that make another sum of it than was booked say nothing of its parts.
  Exported other = exported(
      FocusBy::call, {row},
      prices_with("- {provider: openai, model: gpt-4o-mini-2024-07-18, input: 7, output: 7}\n"));
  EXPECT_EQ(other.totals.list_cost.count, 448'500);
}

TEST(Focus, ByDaySumsWhatIsAlike) {
  std::vector<ledger::StoredCall> rows;
  for (int i = 6; i-- > 0;) {
    auto other = [i](ledger::CallRecord& record) {
      if (i % 3 == 0) record.set(ledger::Text::model_served, "gpt-4.1");
    };
    rows.push_back(a_row(start + 6h * i, other));
  }
  Exported out = exported(FocusBy::day, rows);
  // The 21st has the calls 0 to 2, the 22nd the rest; two models, three kinds of tokens.
  EXPECT_EQ(out.lines.size(), 12U);
  EXPECT_EQ(out.totals.calls, 6U);
  std::set<std::string> days;
  for (const Line& line : out.lines) days.insert(line.at("ChargePeriodStart"));
  EXPECT_EQ(days, (std::set<std::string>{"2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"}));
  for (const Line& line : out.lines) {
    EXPECT_EQ(line.at("x_Requests"), line.at("SkuId") == "openai/gpt-4.1" ? "1" : "2");
    EXPECT_EQ(line.at("x_CallId"), "");
  }
}

TEST(Focus, ListPricesFeesAndFiguresOfTheProvider) {
  auto contract = [](ledger::CallRecord& record) {
    record.list_cost_nano_usd = 500'001;
    record.fees_nano_usd = 10'000;
    record.cost_nano_usd = 458'500;
  };
  Exported fees = exported(FocusBy::call, {a_row(start, contract)});
  ASSERT_EQ(fees.lines.size(), 4U);
  EXPECT_EQ(fees.lines[3].at("SkuMeter"), "Fees");
  EXPECT_EQ(fees.lines[3].at("ContractedCost"), "0.000010000");
  EXPECT_EQ(fees.lines[3].at("PricingUnit"), "Requests");
  auto provider = [](ledger::CallRecord& record) { record.cost_nano_usd = 400'007; };
  Exported own = exported(FocusBy::call, {a_row(start, provider)});
  EXPECT_EQ(own.totals.cost.count, 400'007);
  auto no_parts = [](ledger::CallRecord& record) {
    for (auto* part : {&record.input_cost_nano_usd, &record.cached_cost_nano_usd,
                       &record.output_cost_nano_usd, &record.cache_write_cost_nano_usd}) {
      *part = ledger::absent;
    }
  };
  Exported whole = exported(FocusBy::call, {a_row(start, no_parts)});
  EXPECT_EQ(whole.lines.back().at("x_TokenType"), "request");
  EXPECT_EQ(whole.lines.back().at("ContractedCost"), "0.000448500");
}

TEST(Focus, CallsWithoutAPriceAreCountedAndNotFree) {
  auto unpriced = [](ledger::CallRecord& record) { record.cost_nano_usd = ledger::absent; };
  ledger::StoredCall refused = a_row();
  refused.provider.clear();
  Exported out = exported(FocusBy::call, {a_row(start, unpriced), refused});
  EXPECT_TRUE(out.lines.empty());
  EXPECT_EQ(out.totals.unpriced, 1U);
  auto free = [](ledger::CallRecord& record) {
    record.cost_nano_usd = record.list_cost_nano_usd = 0;
    record.input_cost_nano_usd = record.cached_cost_nano_usd = record.output_cost_nano_usd = 0;
  };
  EXPECT_EQ(exported(FocusBy::call, {a_row(start, free)}).lines.size(), 3U);
}

TEST(Focus, HostileTextsStayInTheirFields) {
  ledger::StoredCall row = a_row();
  row.team = "a\"b,\nc";
  row.labels = R"(["x\"y","]"])";
  row.model_served = "m\r\n\"";
  row.org.clear();
  Exported out = exported(FocusBy::call, {row});
  ASSERT_EQ(out.lines.size(), 3U);
  EXPECT_EQ(out.lines[0].at("SubAccountId"), "a\"b,\nc");
  EXPECT_EQ(out.lines[0].at("BillingAccountId"), "default");
}

TEST(Focus, TheEndOfAMonthIsTheEndOfItsCharges) {
  WallTime last{parse_rfc3339("2026-11-30T23:59:59.500Z").value()};
  Exported out = exported(FocusBy::call, {a_row(last)});
  EXPECT_EQ(out.lines[0].at("ChargePeriodEnd"), "2026-12-01T00:00:00Z");
}

// The check itself: every rule is broken once, and it says which.
TEST(FocusCheck, EachRuleIsHeld) {
  FocusExport focus(FocusBy::call, RowPrices(price::Catalogue::shipped()));
  std::string text = FocusExport::header();
  ASSERT_TRUE(focus.add(a_row(), text));
  Line good = read_back(text).at(0);
  auto fault = [&](std::string_view column, std::string_view value) {
    std::vector<std::string_view> fields;
    for (const FocusColumn& each : focus_columns()) {
      fields.push_back(each.name == column ? value : good.at(std::string(each.name)));
    }
    Result<void> checked = check_focus_row(fields);
    return checked ? std::string() : checked.error().message();
  };
  EXPECT_EQ(fault("ChargeDescription", ""), "");
  for (const FocusColumn& column : focus_columns()) {
    if (!column.nullable) EXPECT_NE(fault(column.name, ""), "") << column.name;
    if (column.form == FocusForm::decimal) EXPECT_NE(fault(column.name, "1,5"), "") << column.name;
    if (column.form == FocusForm::time) {
      EXPECT_NE(fault(column.name, "2026-11-21 10:00:00"), "") << column.name;
    }
    if (!column.one_of.empty()) EXPECT_NE(fault(column.name, "usage"), "") << column.name;
  }
  EXPECT_EQ(fault("BilledCost", "+1"), "FOCUS column BilledCost must be a number; it is '+1'");
  EXPECT_NE(fault("Tags", R"({"a":[1]})"), "");
  EXPECT_NE(fault("Tags", R"(["a"])"), "");
  EXPECT_NE(fault("PricingUnit", ""), "");
  EXPECT_NE(fault("ConsumedQuantity", ""), "");
  EXPECT_NE(fault("ChargePeriodEnd", "2026-11-21T09:59:59Z"), "");
  EXPECT_NE(fault("ChargePeriodEnd", "2026-12-01T00:00:01Z"), "");
  EXPECT_NE(fault("ListCost", "0.000031502"), "");
  EXPECT_NE(fault("ContractedUnitPrice", "0.160000000"), "");
  EXPECT_NE(fault("SkuId", ""), "");
}

TEST(FocusCheck, TheHeaderHasWhatIsMandatory) {
  std::vector<std::string_view> names;
  for (const FocusColumn& column : focus_columns()) names.push_back(column.name);
  EXPECT_TRUE(check_focus_header(names));
  EXPECT_EQ(std::ranges::count_if(focus_columns(), &FocusColumn::mandatory), 21);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<std::string_view> without = names;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(check_focus_header(without).has_value(), !focus_columns()[i].mandatory) << names[i];
  }
  names.push_back("x_Mine");
  EXPECT_TRUE(check_focus_header(names));
  names.push_back("x_Mine");
  EXPECT_FALSE(check_focus_header(names));
  names.back() = "Mine";
  EXPECT_FALSE(check_focus_header(names));
}

}  // namespace
}  // namespace recloser::books
