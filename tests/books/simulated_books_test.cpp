// Whether the ledger's sums are the truth, and whether faults in bills are found: every one of
// them, and nothing else.
#include "books/bill_file.h"
#include "books/compare.h"
#include "books/csv.h"
#include "books/focus.h"
#include "books/row_reader.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"
#include "simulated_month.h"

#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::books::test {
namespace {

std::size_t call_count() {
  return std::getenv("RECLOSER_TEST_LONG") != nullptr ? 1'000'000 : 50'000;
}

// One month, one store, for all tests.
class SimulatedBooks : public testing::Test {
 public:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<ledger::test::TempDirectory>();
    month_ = std::make_unique<Month>(call_count(), 11);
    auto store = ledger::open_sqlite_store(directory_->path() + "/recloser.db",
                                           {.query_time_max = 60s}, clock_);
    ASSERT_TRUE(store) << store.error().message();
    store_ = std::move(*store);
    month_->book(*store_);
  }
  static void TearDownTestSuite() {
    store_.reset();
    month_.reset();
    directory_.reset();
  }

  template <class See>
  static void each_row(See see) {
    ledger::CallFilter filter{.limit = ledger::page_calls_max};
    do {
      Result<ledger::CallPage> page = store_->calls(filter);
      ASSERT_TRUE(page) << page.error().message();
      for (const ledger::StoredCall& row : page->calls) see(row);
      filter.before = page->next;
    } while (filter.before);
  }
  template <class See>
  static void each_call(See see) {
    RowReader reader(RowPrices(month_->catalogue()));
    each_row([&](const ledger::StoredCall& row) {
      for (const OurCall& call : reader.read(row)) see(call);
    });
  }

  static std::unique_ptr<ledger::test::TempDirectory> directory_;
  static ledger::test::SharedClock clock_;
  static std::unique_ptr<Month> month_;
  static std::unique_ptr<ledger::Store> store_;
};

std::unique_ptr<ledger::test::TempDirectory> SimulatedBooks::directory_;
ledger::test::SharedClock SimulatedBooks::clock_;
std::unique_ptr<Month> SimulatedBooks::month_;
std::unique_ptr<ledger::Store> SimulatedBooks::store_;

std::string day_of(const TrueCall& call) { return rfc3339(call.at).substr(0, 10); }

// Feeds a bill line by line, as a file would come.
class BillWriter {
 public:
  explicit BillWriter(const ModelNames& names)
      : bill(names), file_(bill, std::chrono::minutes(0)) {}

  void line(const std::string& text) {
    Result<void> fed = file_.feed(text + "\n");
    ASSERT_TRUE(fed) << fed.error().message();
  }
  void finish() {
    Result<void> read = file_.finish();
    ASSERT_TRUE(read) << read.error().message();
  }

  Bill bill;

 private:
  BillFile file_;
};

constexpr std::string_view columns =
    "day,provider,model,requests,input_tokens,cached_input_tokens,cache_write_tokens,"
    "cache_write_1h_tokens,output_tokens,web_searches,cost_usd";

std::string row_of(const TrueCall& call, Wide cost) {
  const Model& model = models()[call.model];
  return fmt::format("{},{},{},1,{},{},{},{},{},{},{}", day_of(call), model.provider, model.served,
                     call.input, call.cached, call.written, call.written_1h, call.output,
                     call.searches, text_of(cost));
}

TEST_F(SimulatedBooks, TheLedgerIsTruthTimesPrices) {
  Wide truth = 0;
  std::map<std::string, Wide> by_day;
  for (const TrueCall& call : month_->calls()) {
    truth += month_->nano_of(call);
    by_day[day_of(call)] += month_->nano_of(call);
  }
  Wide booked = 0;
  std::size_t rows = 0;
  each_row([&](const ledger::StoredCall& row) {
    ++rows;
    std::int64_t cost = row.cost_nano_usd.value_or(0);
    booked += cost;
    by_day[rfc3339(row.started_at).substr(0, 10)] -= cost;
    std::int64_t parts = *row.input_cost_nano_usd + *row.cached_cost_nano_usd +
                         *row.cache_write_cost_nano_usd + *row.output_cost_nano_usd +
                         *row.fees_nano_usd;
    ASSERT_EQ(parts, cost);
  });
  EXPECT_EQ(rows, month_->calls().size());
  EXPECT_TRUE(booked == truth) << text_of(booked) << " " << text_of(truth);
  for (const auto& [day, difference] : by_day) EXPECT_TRUE(difference == 0) << day;
}

// Sums of a day, provider and model, as most exports have them.
struct Sum {
  TrueCall total;  // of the first call's day and model
  std::uint64_t input = 0, cached = 0, written = 0, written_1h = 0, output = 0, searches = 0;
  std::uint64_t requests = 0;
  Wide cost = 0;

  void add(const TrueCall& call, Wide amount) {
    if (requests++ == 0) total = call;
    input += call.input;
    cached += call.cached;
    written += call.written;
    written_1h += call.written_1h;
    output += call.output;
    searches += call.searches;
    cost += amount;
  }
  std::string row() const {
    const Model& model = models()[total.model];
    return fmt::format("{},{},{},{},{},{},{},{},{},{},{}", day_of(total), model.provider,
                       model.served, requests, input, cached, written, written_1h, output, searches,
                       text_of(cost));
  }
};

struct Planted {
  FindingKind kind;
  std::string code;
};
using Cell = std::pair<std::string, std::uint8_t>;  // day, model

// One fault in every second cell: a call that is missed or billed twice, one call at another tier
// (where its model has some), cached tokens of the whole day at full price.
std::map<Cell, Planted> plant(const Month& month, std::uint64_t seed, BillWriter& bill) {
  Random random(seed);
  std::map<Cell, Sum> sums;
  std::map<Cell, Planted> planted;
  std::map<Cell, std::uint64_t> wanted;  // which kind of fault
  for (const TrueCall& call : month.calls()) {
    Cell cell{day_of(call), call.model};
    auto [at, fresh] = wanted.try_emplace(cell, 0);
    if (fresh && random.below(2) == 0) at->second = 1 + random.below(4);
    Wide cost = *month.cost_of(call);
    Sum& sum = sums[cell];
    bool open = at->second != 0 && !planted.contains(cell);
    bool chosen = open && random.below(20) == 0 && cost > Wide{100'000} * femto_per_nano;
    if (at->second == 4) {
      sum.add(call, *month.cost_of(call, {.cached_as_input = true}));
      if (call.cached != 0) {
        planted[cell] = {FindingKind::priced_otherwise, "cached_as_input"};
      }
      continue;
    }
    if (chosen && at->second == 1) {
      planted[cell] = {FindingKind::missing_at_provider, "one_call"};
      continue;
    }
    if (chosen && at->second == 2) {
      planted[cell] = {FindingKind::billed_twice, "one_call"};
      sum.add(call, cost);
    }
    if (chosen && at->second == 3) {
      auto other = call.tier == codec::ServiceTier::flex ? codec::ServiceTier::priority
                                                         : codec::ServiceTier::flex;
      if (std::optional<Wide> wrong = month.cost_of(call, {.tier = other})) {
        cost = *wrong;
        planted[cell] = {FindingKind::priced_otherwise,
                         fmt::format("tier_{}", codec::name_of(other))};
      }
    }
    sum.add(call, cost);
  }
  bill.line(std::string(columns));
  for (const auto& [cell, sum] : sums) bill.line(sum.row());
  bill.finish();
  return planted;
}

// Several ways of pricing may give one figure: flex and batch are both the half.
bool is_right(const Finding& finding, const Planted& planted) {
  std::string codes = "," + finding.code + ",";
  return finding.kind == planted.kind && codes.find("," + planted.code + ",") != std::string::npos;
}

Cell cell_of(const Finding& finding) {
  for (std::size_t i = 0; i < models().size(); ++i) {
    if (models()[i].served == finding.model) {
      return {books::text_of(finding.day), static_cast<std::uint8_t>(i)};
    }
  }
  return {books::text_of(finding.day), UINT8_MAX};
}

TEST_F(SimulatedBooks, NothingIsFoundOnCleanBooks) {
  ModelNames names;
  BillWriter sums(names);
  BillWriter calls(names);
  std::map<Cell, Sum> cells;
  calls.line("request_id," + std::string(columns));
  for (const TrueCall& call : month_->calls()) {
    Wide cost = *month_->cost_of(call);
    cells[{day_of(call), call.model}].add(call, cost);
    calls.line(request_id_of(call) + "," + row_of(call, cost));
  }
  sums.line(std::string(columns));
  for (const auto& [cell, sum] : cells) sums.line(sum.row());
  sums.finish();
  calls.finish();
  OurBooks books(names);
  CallComparison by_call(calls.bill, {});
  each_call([&](const OurCall& call) {
    ASSERT_TRUE(books.add(call));
    by_call.see(call);
  });
  DayComparison by_day(sums.bill, books, {});
  EXPECT_EQ(by_day.take_report().count(), 0U);
  EXPECT_EQ(by_call.take_report().count(), 0U);
}

TEST_F(SimulatedBooks, FaultsInSumsAreFound) {
  ModelNames names;
  OurBooks books(names);
  each_call([&](const OurCall& call) { ASSERT_TRUE(books.add(call)); });
  std::size_t planted_count = 0;
  std::size_t found_count = 0;
  std::size_t false_count = 0;
  for (std::uint64_t seed : {1, 2}) {
    BillWriter writer(names);
    std::map<Cell, Planted> planted = plant(*month_, seed, writer);
    DayComparison comparison(writer.bill, books, {});
    each_call([&](const OurCall& call) { comparison.look_at(call, names); });
    Report report = comparison.take_report();
    planted_count += planted.size();
    for (const Finding& finding : report.findings) {
      auto at = planted.find(cell_of(finding));
      if (at == planted.end()) {
        ++false_count;
        continue;
      }
      bool right = is_right(finding, at->second);
      EXPECT_TRUE(right) << name_of(finding.kind) << " " << finding.code << " for "
                         << at->second.code << " on " << books::text_of(finding.day) << " "
                         << finding.model;
      if (right) ++found_count;
    }
  }
  RecordProperty("planted", static_cast<int>(planted_count));
  EXPECT_GT(planted_count, 100U);
  EXPECT_GE(found_count * 100, planted_count * 99);
  EXPECT_EQ(false_count, 0U);
}

TEST_F(SimulatedBooks, FaultsOfSingleCallsAreFound) {
  constexpr std::uint64_t one_in = 125;
  ModelNames names;
  BillWriter writer(names);
  Random random(3);
  std::map<std::string, Planted> planted;  // by request id
  writer.line("request_id," + std::string(columns));
  for (const TrueCall& call : month_->calls()) {
    std::string id = request_id_of(call);
    Wide cost = *month_->cost_of(call);
    std::uint64_t kind = random.below(one_in) == 0 ? random.below(5) : 5;
    if (kind == 0) {
      planted[id] = {FindingKind::missing_at_provider, "not_on_bill"};
      continue;
    }
    if (kind == 1) {
      planted[id] = {FindingKind::billed_twice, "one_call"};
      writer.line(id + "," + row_of(call, cost));
    }
    if (kind == 2) {
      if (auto wrong = month_->cost_of(call, {.tier = codec::ServiceTier::flex});
          wrong && call.tier != codec::ServiceTier::flex) {
        cost = *wrong;
        planted[id] = {FindingKind::priced_otherwise, "tier_flex"};
      }
    }
    if (kind == 3 && call.cached != 0) {
      cost = *month_->cost_of(call, {.cached_as_input = true});
      planted[id] = {FindingKind::priced_otherwise, "cached_as_input"};
    }
    if (kind == 4) {
      planted["req-lost-" + id] = {FindingKind::missing_in_books, ""};
      writer.line("req-lost-" + id + "," + row_of(call, cost));
    }
    writer.line(id + "," + row_of(call, cost));
  }
  writer.finish();
  CallComparison comparison(writer.bill, {});
  each_call([&](const OurCall& call) { comparison.see(call); });
  Report report = comparison.take_report();
  std::size_t found = 0;
  for (const Finding& finding : report.findings) {
    auto at = planted.find(finding.request_id);
    ASSERT_NE(at, planted.end()) << finding.request_id << " " << finding.why;
    if (is_right(finding, at->second)) ++found;
  }
  RecordProperty("planted", static_cast<int>(planted.size()));
  EXPECT_GT(planted.size(), month_->calls().size() / one_in / 2);
  EXPECT_GE(found * 100, planted.size() * 99);
  EXPECT_EQ(report.count(), planted.size());
}

// The sums are read off the lines that were written, not off the export's own totals.
TEST_F(SimulatedBooks, TheExportAddsUpToTheLedger) {
  Wide booked = 0;
  for (const TrueCall& call : month_->calls()) booked += month_->nano_of(call);
  FocusExport focus(FocusBy::day, RowPrices(month_->catalogue()));
  CsvReader csv;
  std::size_t lines = 0;
  Wide cost = 0;
  Wide list = 0;
  auto take = [&](std::string_view text) {
    while (csv.next(text) == CsvStep::row) {
      if (++lines == 1) continue;
      cost += *parse_decimal(csv.field(focus_column("ContractedCost")), 9);
      list += *parse_decimal(csv.field(focus_column("ListCost")), 9);
    }
    ASSERT_EQ(csv.fault(), "");
  };
  take(FocusExport::header());
  std::string text;
  each_row([&](const ledger::StoredCall& row) {
    Result<void> added = focus.add(row, text);
    ASSERT_TRUE(added) << added.error().message();
    take(text);
    text.clear();
  });
  ASSERT_TRUE(focus.finish(text));
  take(text);
  EXPECT_TRUE(cost == booked);
  EXPECT_TRUE(list == booked);
  EXPECT_GT(lines, Month::days * models().size() * 2);
}

}  // namespace
}  // namespace recloser::books::test
