#include "books/row_reader.h"

#include "books/row_json.h"
#include "core/ids.h"
#include "ledger/call_json.h"
#include "ledger/call_record.h"
#include "ledger/testing/usual_call.h"
#include "price/contract_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::books {
namespace {

constexpr WallTime start{1'795'200'000'000'000'000};

ledger::CallRecord a_record() {
  CallIdMaker ids(7);
  ledger::CallRecord record(ids.next(start), start, ledger::test::someone);
  ledger::test::fill_completed(record);
  record.duration_ns = 1'432'000'000;
  record.outcome = ledger::Outcome::completed;
  return record;
}

std::string other(const OurCall& call, Otherwise way) {
  return text_of(call.otherwise[std::size_t(way)]);
}

TEST(RowReader, ACallWithItsOtherPrices) {
  ledger::StoredCall row = stored(a_record());
  RowReader reader{RowPrices(price::Catalogue::shipped())};
  std::span<const OurCall> calls = reader.read(row);
  ASSERT_EQ(calls.size(), 1U);
  const OurCall& call = calls[0];
  EXPECT_EQ(call.provider, "openai");
  EXPECT_EQ(call.model, "gpt-4o-mini-2024-07-18");
  EXPECT_EQ(call.request_id, "req_0123456789abcdef0123456789abcdef");
  EXPECT_EQ(call.ended - call.started, 1'432ms);
  EXPECT_TRUE(call.exact);
  EXPECT_EQ(call.counts[Count::input], 1234);
  EXPECT_EQ(call.counts[Count::fresh_input], 210);
  EXPECT_EQ(call.counts[Count::cached_input], 1024);
  EXPECT_EQ(call.counts[Count::output], 567);
  EXPECT_EQ(text_of(call.cost), "0.000448500");
  // 1,234 at $0.15 and 567 at $0.60 a million; batch is the half, and cached tokens have no price
  // of their own there.
  EXPECT_EQ(other(call, Otherwise::cached_as_input), "0.000525300");
  EXPECT_EQ(other(call, Otherwise::batch), "0.000262650");
  EXPECT_EQ(other(call, Otherwise::list), "0.000448500");
  EXPECT_EQ(other(call, Otherwise::cache_write_as_input), "0.000448500");
}

TEST(RowReader, TheContractIsOursAndTheListIsOtherwise) {
  std::vector<price::PriceFile> files{
      {.file = "ours.yaml", .text = "- {provider: openai, model: '*', discount: 50%}\n"}};
  price::ContractsRead read = price::read_contracts(files);
  ASSERT_TRUE(read.findings.empty());
  ledger::CallRecord record = a_record();
  record.cost_nano_usd = 448'500 / 2;
  ledger::StoredCall row = stored(record);
  RowReader reader{RowPrices(price::Catalogue::shipped(std::move(read.contracts)))};
  OurCall call = reader.read(row)[0];
  EXPECT_EQ(other(call, Otherwise::catalogue), "0.000224250");
  EXPECT_EQ(other(call, Otherwise::list), "0.000448500");
  EXPECT_EQ(other(call, Otherwise::cached_as_input), "0.000262650");
}

TEST(RowReader, WhatWasBookedOtherwiseMovesAlong) {
  ledger::CallRecord record = a_record();
  record.cost_source = ledger::CostSource::provider;
  record.cost_nano_usd = 400'000;
  ledger::StoredCall row = stored(record);
  RowReader reader{RowPrices(price::Catalogue::shipped())};
  OurCall call = reader.read(row)[0];
  EXPECT_EQ(other(call, Otherwise::cached_as_input), "0.000476800");
  EXPECT_EQ(other(call, Otherwise::catalogue), "0.000448500");
}

TEST(RowReader, RareFiguresAndModelsWithoutAPrice) {
  ledger::CallRecord record = a_record();
  record.set(ledger::Text::provider, "anthropic");
  record.set(ledger::Text::model_served, "claude-sonnet-4-5-20250929");
  record.set(ledger::Text::rare_usage, "w1h=30 searches=2");
  record.cache_write_tokens = 100;
  ledger::StoredCall row = stored(record);
  RowReader reader{RowPrices(price::Catalogue::shipped())};
  OurCall call = reader.read(row)[0];
  EXPECT_EQ(call.counts[Count::cache_write_1h], 30);
  EXPECT_EQ(call.counts[Count::fresh_input], 110);
  EXPECT_EQ(call.counts[Count::web_searches], 2);
  // 30 tokens at $3.75 instead of $6, 100 at $3 instead of that and of $3.75.
  EXPECT_EQ(call.otherwise[std::size_t(Otherwise::cache_write_1h_as_5m)],
            call.cost - Amount::of({30 * 2'250}));
  EXPECT_EQ(call.otherwise[std::size_t(Otherwise::cache_write_as_input)],
            call.cost - Amount::of({30 * 3'000 + 70 * 750}));
  record.set(ledger::Text::model_served, "house-model");
  row = stored(record);
  call = reader.read(row)[0];
  for (Amount amount : call.otherwise) EXPECT_EQ(amount, call.cost);
  row.cost_nano_usd.reset();
  EXPECT_FALSE(reader.read(row)[0].priced);
  row.provider.clear();
  EXPECT_TRUE(reader.read(row).empty());
}

TEST(RowReader, AnEarlierAttemptThatWasChargedIsACallOfItsOwn) {
  ledger::StoredCall row = stored(a_record());
  row.input_tokens = 1734;
  row.output_tokens = 577;
  row.cost_nano_usd = 548'500;
  row.attempts =
      R"([{"n":1,"target":"azure/gpt-4o","provider_request_id":"r1","input_tokens":500,)"
      R"("output_tokens":10,"cost_usd":"0.000100000"},)"
      R"({"n":2,"target":"groq/x","input_tokens":null},)"
      R"({"n":3,"target":"openai/gpt-4o-mini","provider_request_id":"r3","input_tokens":1234,)"
      R"("output_tokens":567,"cost_usd":"0.000448500"}])";
  RowReader reader{RowPrices(price::Catalogue::shipped())};
  std::span<const OurCall> calls = reader.read(row);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].provider, "azure");
  EXPECT_EQ(calls[0].request_id, "r1");
  EXPECT_EQ(calls[0].counts[Count::input], 500);
  EXPECT_EQ(text_of(calls[0].cost), "0.000100000");
  EXPECT_EQ(calls[1].provider, "openai");
  EXPECT_EQ(calls[1].request_id, "r3");
  EXPECT_EQ(calls[1].counts[Count::input], 1234);
  EXPECT_EQ(calls[1].counts[Count::output], 567);
  EXPECT_EQ(text_of(calls[1].cost), "0.000448500");
}

TEST(RowJson, APageIsReadBackWhole) {
  ledger::StoredCall row = stored(a_record());
  std::string json = R"({"data":[)";
  ledger::append_call_json(json, row);
  json += fmt::format(R"(],"next":"{}"}})", row.id.str());
  std::optional<RowPage> page = read_row_page(json);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  ledger::StoredCall back = page->rows[0];
  // JSON tells times to the millisecond and durations to the microsecond.
  EXPECT_EQ(back.ttft_ns, 251'235'000 - 1'000);
  back.ttft_ns = row.ttft_ns;
  EXPECT_EQ(back, row);
  EXPECT_EQ(page->next, row.id.str());
}

TEST(RowJson, WhatIsNoPageIsRefused) {
  for (std::string_view text : {"", "[]", "{}", R"({"data":{}})", R"({"data":[1]})",
                                R"({"data":[{"id":"x"}]})", R"({"data":[)"}) {
    EXPECT_FALSE(read_row_page(text)) << text;
  }
  EXPECT_TRUE(read_row_page(R"({"data":[],"next":null})"));
}

}  // namespace
}  // namespace recloser::books
