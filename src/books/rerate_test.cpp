// Rows priced anew: what a price list makes of them, and which are left as they are.
#include "books/rerate.h"

#include "books/testing/prices_with.h"
#include "core/ids.h"
#include "ledger/testing/usual_call.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recloser::books {
namespace {

constexpr WallTime start{1'795'255'200'000'000'000};  // 2026-11-21T10:00:00Z

using Change = std::function<void(ledger::CallRecord&)>;

ledger::StoredCall a_row(const Change& change = {}, WallTime at = start) {
  static CallIdMaker ids(7);
  ledger::CallRecord record(ids.next(at), at, ledger::test::someone);
  ledger::test::fill_completed(record);
  record.outcome = ledger::Outcome::completed;
  if (change) change(record);
  return stored(record);
}

std::optional<std::int64_t> cost_of(RowPrices prices, const ledger::StoredCall& row) {
  Rerate rerate(std::move(prices));
  std::optional<ledger::CallRating> rated = rerate.rate(row);
  return rated ? rated->rating.cost_nano_usd : std::nullopt;
}

TEST(Rerate, TheSamePricesGiveTheSameFigure) {
  ledger::StoredCall row = a_row();
  Rerate rerate(prices_with());
  std::optional<ledger::CallRating> rated = rerate.rate(row);
  ASSERT_TRUE(rated);
  EXPECT_EQ(rated->call, row.id);
  EXPECT_EQ(rated->rating.cost_nano_usd, row.cost_nano_usd);
  EXPECT_EQ(rated->rating.list_cost_nano_usd, row.list_cost_nano_usd);
  EXPECT_EQ(rated->rating.price_version, rerate.price_version());
}

TEST(Rerate, WhatTheOperatorPaysIsTheFigureAndTheListStandsBeside) {
  Rerate rerate(prices_with("- {provider: openai, model: '*', discount: 12.5%}\n"));
  std::optional<ledger::CallRating> rated = rerate.rate(a_row());
  ASSERT_TRUE(rated);
  EXPECT_EQ(rated->rating.cost_nano_usd, 392'438);  // seven eighths of 448,500, half to even
  EXPECT_EQ(rated->rating.list_cost_nano_usd, 448'500);
  EXPECT_EQ(rerate.total().before.count, 448'500);
  EXPECT_EQ(rerate.total().after.count, 392'438);
  ASSERT_EQ(rerate.models().size(), 1u);
  EXPECT_EQ(rerate.models().begin()->first, "gpt-4o-mini-2024-07-18");
}

// As it is booked: the name that was asked for has a contract, so the one that answered has not.
TEST(Rerate, AContractIsWithTheNameThatWasAskedFor) {
  constexpr const char* ours = "- {provider: openai, model: house, input: 1, output: 2}\n";
  ledger::StoredCall row =
      a_row([](ledger::CallRecord& record) { record.cached_input_tokens = 0; });
  row.attempts = R"([{"n":1,"target":"openai/house","input_tokens":1234,"output_tokens":567}])";
  EXPECT_EQ(cost_of(prices_with(ours), row), 1'234'000 + 2 * 567'000);
  EXPECT_EQ(cost_of(prices_with(), row), 525'300) << "what answered has a price";
}

TEST(Rerate, PricesAreThoseOfTheTimeOfTheCall) {
  std::string ours =
      "- {provider: openai, model: gpt-4o-mini, input: 1, output: 1, from: 2026-01-01}\n"
      "- {provider: openai, model: gpt-4o-mini, input: 3, output: 3, from: 2026-11-21}\n";
  auto plain = [](ledger::CallRecord& record) { record.cached_input_tokens = 0; };
  EXPECT_EQ(cost_of(prices_with(ours), a_row(plain)), 3 * 1'801'000);
  EXPECT_EQ(cost_of(prices_with(ours), a_row(plain, start - 24h)), 1'801'000);
}

// 500 tokens of a first attempt may have been billed as well: they are a call of their own, which
// the size of the prompt does not lift into another tier.
TEST(Rerate, ALostAttemptIsPricedByItself) {
  std::string ours =
      "- {provider: openai, model: gpt-4o-mini, input: 1, output: 1,\n"
      "   tiers: [{above: 1500, input: 10, output: 10}]}\n";
  ledger::StoredCall row = a_row([](ledger::CallRecord& record) {
    record.cached_input_tokens = 0;
    record.input_tokens = 1734;
  });
  row.attempts =
      R"([{"n":1,"target":"openai/gpt-4o-mini","input_tokens":500},)"
      R"({"n":2,"target":"openai/gpt-4o-mini","input_tokens":1234,"output_tokens":567}])";
  EXPECT_EQ(cost_of(prices_with(ours), row), 500'000 + 1'234'000 + 567'000);
}

TEST(Rerate, RareFiguresCount) {
  ledger::StoredCall row = a_row([](ledger::CallRecord& record) {
    record.cached_input_tokens = 0;
    record.set(ledger::Text::rare_usage, "lane=batch");
  });
  EXPECT_EQ(cost_of(prices_with(), row), 525'300 / 2);
}

TEST(Rerate, WhatIsLeftIsCounted) {
  Rerate rerate(prices_with("- {provider: openai, model: '*', discount: 50%}\n"));
  EXPECT_FALSE(rerate.rate(a_row(
      [](ledger::CallRecord& record) { record.cost_source = ledger::CostSource::provider; })));
  EXPECT_EQ(rerate.left().billed, 1u);
  EXPECT_FALSE(rerate.rate(a_row([](ledger::CallRecord& record) {
    record.set(ledger::Text::provider, "nowhere");
    record.set(ledger::Text::model_served, "house-model");
  })));
  EXPECT_EQ(rerate.left().unpriced, 1u);
  EXPECT_FALSE(rerate.rate(a_row(
      [](ledger::CallRecord& record) { record.set(ledger::Text::rare_usage, "lane=ba.."); })));
  EXPECT_EQ(rerate.left().unreadable, 1u);
  ledger::StoredCall refused = a_row();
  refused.provider.clear();
  EXPECT_FALSE(rerate.rate(refused)) << "nobody was asked";
  EXPECT_EQ(rerate.total().calls, 0u);
}

TEST(Rerate, ACallWithoutAPriceGetsOne) {
  ledger::StoredCall row = a_row();
  row.cost_source = ledger::CostSource::unpriced;
  row.cost_nano_usd = row.list_cost_nano_usd = std::nullopt;
  Rerate rerate(prices_with());
  EXPECT_EQ(rerate.rate(row)->rating.cost_nano_usd, 448'500);
  EXPECT_EQ(rerate.total().unpriced_before, 1u);
  EXPECT_EQ(rerate.total().before.count, 0);
}

TEST(Rerate, OnlyWhatWasAskedAbout) {
  auto rates = [](std::string provider, std::string model) {
    Rerate rerate(prices_with());
    rerate.only(std::move(provider), std::move(model));
    return rerate.rate(a_row()).has_value();
  };
  EXPECT_TRUE(rates("openai", ""));
  EXPECT_FALSE(rates("azure", ""));
  EXPECT_TRUE(rates("", "gpt-4o-mini"));
  EXPECT_TRUE(rates("", "gpt-4o-mini-2024-07-18"));
  EXPECT_FALSE(rates("", "gpt-4o"));
}

}  // namespace
}  // namespace recloser::books
