// Money on a row: whose price, and what of a call that was sent twice.
#include "relay/accounts.h"

#include "core/ids.h"
#include "ledger/testing/usual_call.h"
#include "price/contract_reader.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr WallTime start{1'795'255'200'000'000'000};  // 2026-11-21T10:00:00Z

class AccountsTest : public testing::Test {
 protected:
  AccountsTest() {
    config_->providers.push_back({});
    config_->providers.back().name = "p";
    config_->providers.back().dialect = config::Dialect::openai;
    config_->providers.back().base_url = *config::BaseUrl::parse("http://models.example/v1");
    providers_ = *Providers::make(config_, std::nullopt);
    use({});
  }
  void use(const std::string& yaml) {
    price::ContractsRead read;
    if (!yaml.empty()) {
      std::vector<price::PriceFile> files{{.file = "ours.yaml", .text = yaml}};
      read = price::read_contracts(files);
      for (const price::FileFinding& found : read.findings) ADD_FAILURE() << found.text();
    }
    accounts_ = std::make_unique<Accounts>(price::Catalogue::shipped(std::move(read.contracts)),
                                           *providers_, health_);
  }

  // 1,000 input tokens and 100 of output.
  ledger::CallRecord book(std::string_view asked, std::string_view served,
                          NanoUsd earlier_cost = {}, std::optional<NanoUsd> bill = std::nullopt) {
    ledger::CallRecord row(CallId{1, 2}, start, ledger::test::someone);
    if (earlier_cost.count > 0) row.begin_attempt("p/" + std::string(asked), start);
    row.begin_attempt("p/" + std::string(asked), start);
    codec::Usage usage{.input_tokens = 1'000, .output_tokens = 100};
    if (bill) usage.rare.make().provider_cost = *bill;
    const Provider& provider = providers_->at(0);
    ModelRef model = accounts_->model(provider, asked, text::PromptForm::chat);
    price::Cost earlier{.total = earlier_cost, .input = earlier_cost, .list = earlier_cost};
    accounts_->book(row, {.provider = &provider,
                          .asked = model.get(),
                          .served = served,
                          .usage = &usage,
                          .earlier = earlier_cost.count == 0 ? nullptr : &earlier,
                          .exact = earlier_cost.count == 0});
    return row;
  }

  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<const Providers> providers_;
  route::Health health_{1, nullptr};
  std::unique_ptr<Accounts> accounts_;
};

// gpt-4o-mini is $0.15 and $0.60 a million, gpt-4o $2.50 and $10.
TEST_F(AccountsTest, WhatAnsweredIsPaidFor) {
  EXPECT_EQ(book("gpt-4o-mini", "").cost_nano_usd, 210'000);
  EXPECT_EQ(book("gpt-4o-mini", "gpt-4o-mini-2024-07-18").cost_nano_usd, 210'000);
  EXPECT_EQ(book("gpt-4o-mini", "gpt-4o-2024-08-06").cost_nano_usd, 3'500'000);
  EXPECT_EQ(book("gpt-4o-mini", "house-name").cost_nano_usd, 210'000) << "nobody knows that one";
  EXPECT_EQ(book("house-router", "gpt-4o").cost_nano_usd, 3'500'000);
  EXPECT_EQ(book("house-router", "house-name").cost_source, ledger::CostSource::unpriced);
}

TEST_F(AccountsTest, UnlessTheOperatorHasAPriceForWhatHeConfigured) {
  use("- {provider: p, model: house-router, input: 1, output: 2}\n");
  ledger::CallRecord row = book("house-router", "gpt-4o");
  EXPECT_EQ(row.cost_nano_usd, 1'200'000);
  EXPECT_EQ(book("gpt-4o-mini", "house-router").cost_nano_usd, 1'200'000);
}

TEST_F(AccountsTest, AnEarlierAttemptIsPaidForBesideTheCall) {
  ledger::CallRecord row = book("gpt-4o-mini", "gpt-4o-2024-08-06", NanoUsd{1'000'000});
  EXPECT_EQ(row.cost_nano_usd, 3'500'000 + 1'000'000);
  EXPECT_EQ(row.list_cost_nano_usd, 4'500'000);
  EXPECT_EQ(row.input_cost_nano_usd, 2'500'000 + 1'000'000);
  EXPECT_EQ(row.output_cost_nano_usd, 1'000'000);
  EXPECT_EQ(row.last_attempt()->cost_nano_usd, 3'500'000) << "what the last one cost by itself";
  EXPECT_EQ(row.cost_source, ledger::CostSource::estimated);
}

TEST_F(AccountsTest, AnEarlierAttemptIsNoPartOfALargePrompt) {
  use("- {provider: p, model: m, input: 1, output: 1, tiers: [{above: 1200, input: 10, output: "
      "10}]}");
  EXPECT_EQ(book("m", "", NanoUsd{400'000}).cost_nano_usd, 1'500'000);
}

TEST_F(AccountsTest, AProvidersBillIsOfTheLastAttemptAlone) {
  ledger::CallRecord row = book("gpt-4o-mini", "", NanoUsd{60'000}, NanoUsd{7'000});
  EXPECT_EQ(row.cost_nano_usd, 7'000 + 60'000);
  EXPECT_EQ(row.last_attempt()->cost_nano_usd, 7'000);
  EXPECT_EQ(row.cost_source, ledger::CostSource::provider);
}

}  // namespace
}  // namespace recloser::relay
