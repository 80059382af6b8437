#include "books/compare.h"

#include "books/bill_file.h"
#include "core/time.h"

#include <deque>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::books {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_days november_20 = std::chrono::sys_days{std::chrono::days(20'777)};

WallTime at(Day day, Duration time) {
  return WallTime{std::chrono::nanoseconds(day.time_since_epoch()).count()} + time;
}

// Nano-dollars of one token, as a provider may ask them.
struct Rates {
  std::int64_t fresh = 2'500;
  std::int64_t cached = 1'250;
  std::int64_t written = 3'125;
  std::int64_t output = 10'000;
};

Amount cost_of(const Counts& counts, Rates rates) {
  return Amount::of(
      {counts[Count::fresh_input] * rates.fresh + counts[Count::cached_input] * rates.cached +
       counts[Count::cache_write] * rates.written + counts[Count::output] * rates.output});
}

Counts tokens(std::int64_t fresh, std::int64_t cached, std::int64_t written, std::int64_t output) {
  Counts counts;
  counts[Count::requests] = 1;
  counts[Count::input] = fresh + cached + written;
  counts[Count::fresh_input] = fresh;
  counts[Count::cached_input] = cached;
  counts[Count::cache_write] = written;
  counts[Count::output] = output;
  return counts;
}

// Calls as our books have them, and the bill that says the same, until a test changes one side.
class Toy {
 public:
  explicit Toy(std::string_view head =
                   "day,model,requests,input_tokens,cached_input_tokens,"
                   "cache_write_tokens,output_tokens,cost_usd") {
    bill_text += head;
  }

  OurCall& call(Day day, Duration time, const Counts& counts, std::string_view model = "gpt-4o") {
    ids.push_back(fmt::format("call-{}", ids.size()));
    OurCall call{.started = at(day, time),
                 .ended = at(day, time) + 2s,
                 .id = ids.back(),
                 .provider = "openai",
                 .model = model,
                 .request_id = ids.back(),
                 .counts = counts};
    call.cost = cost_of(counts, {});
    call.otherwise.fill(call.cost);
    auto other = [&](Otherwise way) -> Amount& { return call.otherwise[std::size_t(way)]; };
    other(Otherwise::cached_as_input) = cost_of(counts, {.cached = 2'500});
    other(Otherwise::cache_write_as_input) = cost_of(counts, {.written = 2'500});
    other(Otherwise::batch) = Amount{call.cost.atto / 2};
    other(Otherwise::priority) = Amount{call.cost.atto * 7 / 4};
    ours.push_back(call);
    return ours.back();
  }

  // The row of a bill for it.
  void row(const OurCall& call, std::string_view day = "") {
    std::string on = day.empty() ? text_of(day_at(call.started, 0min)) : std::string(day);
    row(on, call.model, call.counts, call.cost);
  }
  void row(std::string_view day, std::string_view model, const Counts& counts, Amount cost) {
    bill_text += fmt::format("\n{},{},1,{},{},{},{},{}", day, model, counts[Count::input],
                             counts[Count::cached_input], counts[Count::cache_write],
                             counts[Count::output], text_of(cost));
  }
  void rows() {
    for (const OurCall& call : ours) row(call);
  }

  Report compare(const CompareSettings& settings = {}) {
    read();
    OurBooks books(names);
    for (const OurCall& call : ours) EXPECT_TRUE(books.add(call));
    DayComparison comparison(*bill, books, settings);
    if (comparison.wants_calls()) {
      for (const OurCall& call : ours) comparison.look_at(call, names);
    }
    return comparison.take_report();
  }
  Report compare_calls(const CompareSettings& settings = {}) {
    read();
    EXPECT_TRUE(bill->is_per_call());
    CallComparison comparison(*bill, settings);
    for (const OurCall& call : ours) comparison.see(call);
    return comparison.take_report();
  }

  ModelNames names;
  std::optional<Bill> bill;
  std::string bill_text;
  std::deque<OurCall> ours;
  std::deque<std::string> ids;

 private:
  void read();
};

void Toy::read() {
  bill.emplace(names);
  BillFile file(*bill, 0min);
  Result<void> read = file.feed(bill_text);
  if (read) read = file.finish();
  ASSERT_TRUE(read) << read.error().message();
}

// "kind model day code call"
std::string told(const Report& report) {
  std::string out;
  for (const Finding& finding : report.findings) {
    out += fmt::format("{} {} {} {} {}\n", name_of(finding.kind), finding.model,
                       text_of(finding.day), finding.code, finding.call);
  }
  return out;
}

void fill(Toy& toy) {
  for (int day = 0; day < 3; ++day) {
    for (int i = 0; i < 20; ++i) {
      toy.call(november_20 + std::chrono::days(day), 1h * i + 7min,
               tokens(1000 + 13 * i, 100 * (i % 3), 10 * (i % 2), 50 + i + day),
               i % 4 == 0 ? "gpt-4o-2024-08-06" : "gpt-4o-mini");
    }
  }
}

TEST(DayComparison, CleanBooksHaveNoFindings) {
  Toy toy;
  fill(toy);
  toy.rows();
  Report report = toy.compare();
  EXPECT_EQ(told(report), "");
  EXPECT_TRUE(report.notes.empty());
  EXPECT_EQ(report.books_calls, 60U);
  EXPECT_EQ(report.bill_cost, report.books_cost);
}

TEST(DayComparison, OneTokenOrOneNanoDollarIsAFinding) {
  Toy toy;
  Counts counts = tokens(1000, 0, 0, 50);
  toy.call(november_20, 1h, counts);
  toy.row("2026-11-20", "gpt-4o", tokens(1000, 0, 0, 51), cost_of(counts, {}));
  EXPECT_EQ(told(toy.compare()), "missing_in_books gpt-4o 2026-11-20  \n");
  // The bill shows nine places of one call and one line: half of the last of each may be rounding.
  Toy nano;
  nano.call(november_20, 1h, counts);
  nano.row("2026-11-20", "gpt-4o", counts, cost_of(counts, {}) + Amount::of({1}));
  EXPECT_EQ(told(nano.compare()), "");
  Toy two;
  two.call(november_20, 1h, counts);
  two.row("2026-11-20", "gpt-4o", counts, cost_of(counts, {}) + Amount::of({2}));
  EXPECT_EQ(told(two.compare()), "priced_otherwise gpt-4o 2026-11-20  \n");
}

TEST(DayComparison, AMissedCallAndOneThatIsBilledTwiceAreNamed) {
  Toy toy;
  fill(toy);
  for (const OurCall& call : toy.ours) {
    if (&call != &toy.ours[4]) toy.row(call);  // not on the bill
  }
  toy.row("2026-11-21", "gpt-4o-mini", toy.ours[25].counts, toy.ours[25].cost);
  toy.row("2026-11-22", "gpt-4o", tokens(7, 0, 0, 9), cost_of(tokens(7, 0, 0, 9), {}));
  EXPECT_EQ(told(toy.compare()),
            "missing_at_provider gpt-4o-2024-08-06 2026-11-20 one_call call-4\n"
            "billed_twice gpt-4o-mini 2026-11-21 repeated_lines \n"
            "missing_in_books gpt-4o-2024-08-06 2026-11-22  \n");
}

TEST(DayComparison, TwiceIsToldInSumsToo) {
  Toy toy;
  fill(toy);
  Counts sum;
  Amount cost;
  for (const OurCall& call : toy.ours) {
    Day day = day_at(call.started, 0min);
    if (day == november_20) {
      if (call.model == "gpt-4o-mini") {
        sum += call.counts;
        cost += call.cost;
        continue;
      }
    }
    toy.row(call);
  }
  sum += toy.ours[1].counts;
  toy.row("2026-11-20", "gpt-4o-mini", sum, cost + toy.ours[1].cost);
  EXPECT_EQ(told(toy.compare()), "billed_twice gpt-4o-mini 2026-11-20 one_call call-1\n");
}

TEST(DayComparison, WaysOfPricingAreTold) {
  struct Case {
    Rates rates;
    __int128 numerator;
    __int128 denominator;
    std::string_view code;
  };
  for (const Case& way : {Case{{.cached = 2'500}, 1, 1, "cached_as_input"},
                          Case{{.written = 2'500}, 1, 1, "cache_write_as_input"},
                          Case{{}, 7, 4, "tier_priority"}, Case{{}, 1, 2, "tier_batch"},
                          Case{{}, 9, 10, "factor"}, Case{{.output = 10'123}, 1, 1, ""}}) {
    Toy toy;
    fill(toy);
    for (const OurCall& call : toy.ours) {
      Amount cost = cost_of(call.counts, way.rates);
      cost.atto = cost.atto * way.numerator / way.denominator;
      bool on_the_day = day_at(call.started, 0min) == november_20 + std::chrono::days(1);
      toy.row(text_of(day_at(call.started, 0min)), call.model, call.counts,
              on_the_day && call.model == "gpt-4o-mini" ? cost : call.cost);
    }
    EXPECT_EQ(told(toy.compare()),
              fmt::format("priced_otherwise gpt-4o-mini 2026-11-21 {} \n", way.code));
  }
}

TEST(DayComparison, OneCallAtAnotherTierIsNamed) {
  Toy toy;
  fill(toy);
  for (const OurCall& call : toy.ours) {
    bool other = &call == &toy.ours[33];
    toy.row(text_of(day_at(call.started, 0min)), call.model, call.counts,
            other ? Amount{call.cost.atto * 7 / 4} : call.cost);
  }
  EXPECT_EQ(told(toy.compare()), "priced_otherwise gpt-4o-mini 2026-11-21 tier_priority call-33\n");
}

TEST(DayComparison, CachedTokensCountedAsPlainOnes) {
  Toy toy;
  toy.call(november_20, 1h, tokens(1000, 500, 0, 50));
  toy.row("2026-11-20", "gpt-4o", tokens(1500, 0, 0, 50), cost_of(tokens(1500, 0, 0, 50), {}));
  EXPECT_EQ(told(toy.compare()), "counted_otherwise gpt-4o 2026-11-20 divided_otherwise \n");
}

TEST(DayComparison, EstimatedRowsHaveATolerance) {
  for (std::int64_t more : {50, 51}) {
    Toy toy;
    OurCall& call = toy.call(november_20, 1h, tokens(1000, 0, 0, 0));
    call.exact = false;
    Counts billed = tokens(1000 + more, 0, 0, 0);
    toy.row("2026-11-20", "gpt-4o", billed, cost_of(billed, {}));
    EXPECT_EQ(toy.compare().clean(), more == 50);
    EXPECT_FALSE(toy.compare({.tolerance_permille = 0}).clean());
  }
}

TEST(DayComparison, MidnightBelongsToEitherDay) {
  Toy toy;
  fill(toy);
  for (int i = 0; i < 2; ++i) {
    OurCall& call = toy.call(november_20 + std::chrono::days(i), 24h - 1s, tokens(70, 0, 0, 8 + i));
    EXPECT_EQ(day_at(call.ended, 0min), november_20 + std::chrono::days(i + 1));
  }
  for (const OurCall& call : toy.ours) toy.row(call, text_of(day_at(call.ended, 0min)));
  Report report = toy.compare();
  EXPECT_EQ(told(report), "");
  EXPECT_EQ(report.rule, DayRule::end);
}

TEST(DayComparison, DaysOfAnotherZoneAreSuspectedAndTaken) {
  Toy toy;
  for (int hour = 0; hour < 24 * 5; ++hour) {
    OurCall& call = toy.call(november_20, 1h * hour + 5min, tokens(1000 + hour, 0, 0, 50));
    Day there = day_at(call.started, -8h);
    bool whole = there >= november_20 && there < november_20 + std::chrono::days(4);
    if (whole) toy.row(call, text_of(there));
  }
  Report report = toy.compare();
  EXPECT_EQ(report.count(), 4U);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_EQ(report.notes[0],
            "the bill's days look like those of UTC-08:00: with --utc-offset -08:00 there are 0 "
            "findings instead of 4");
  EXPECT_TRUE(toy.compare({.utc_offset = -8h}).clean());
}

TEST(DayComparison, DaysBeyondTheBillAreNotJudgedUnlessAskedFor) {
  Toy toy;
  fill(toy);
  for (const OurCall& call : toy.ours) {
    if (day_at(call.started, 0min) == november_20 + std::chrono::days(1)) toy.row(call);
  }
  EXPECT_TRUE(toy.compare().clean());
  EXPECT_EQ(toy.compare({.since = november_20}).count(), 2U);
  EXPECT_EQ(toy.compare({.until = november_20 + std::chrono::days(2)}).count(), 2U);
}

TEST(DayComparison, ADayThatIsNotOverIsNoFinding) {
  Toy toy;
  fill(toy);
  for (const OurCall& call : toy.ours) {
    if (&call != &toy.ours.back()) toy.row(call);
  }
  EXPECT_FALSE(toy.compare().clean());
  Report report = toy.compare({.today = november_20 + std::chrono::days(2)});
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.notes.size(), 1U);
}

TEST(DayComparison, AModelUnderAnotherNameIsSuspected) {
  Toy toy;
  toy.call(november_20, 1h, tokens(1000, 0, 0, 50), "house-model");
  toy.row("2026-11-20", "Provider Model 5", tokens(1000, 0, 0, 50),
          cost_of(tokens(1000, 0, 0, 50), {}));
  Report report = toy.compare();
  EXPECT_EQ(report.count(), 2U);
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_NE(report.notes[0].find("'Provider Model 5' has the figures of our 'house-model'"),
            std::string::npos);
  ASSERT_TRUE(toy.names.read_map("Provider Model 5,house-model\n"));
  EXPECT_TRUE(toy.compare().clean());
}

TEST(DayComparison, CostsAloneFindAMissedAndADoubledCall) {
  Toy toy("day,model,cost_usd");
  fill(toy);
  for (const OurCall& call : toy.ours) {
    if (&call == &toy.ours[4]) continue;
    std::string day = text_of(day_at(call.started, 0min));
    bool twice = &call == &toy.ours[29];
    toy.bill_text += fmt::format("\n{},{},{}", day, call.model,
                                 text_of(twice ? call.cost + call.cost : call.cost));
  }
  EXPECT_EQ(told(toy.compare()),
            "missing_at_provider gpt-4o-2024-08-06 2026-11-20 one_call call-4\n"
            "billed_twice gpt-4o-mini 2026-11-21 one_call call-29\n");
}

TEST(DayComparison, CallsWithoutAPriceAreTold) {
  Toy toy;
  OurCall& call = toy.call(november_20, 1h, tokens(1000, 0, 0, 50));
  toy.row(call);
  call.priced = false;
  EXPECT_EQ(told(toy.compare()), "unpriced gpt-4o 2026-11-20  \n");
}

TEST(DayComparison, FeesOfADayAreComparedApart) {
  for (bool billed : {true, false}) {
    Toy toy("day,model,part,cost_usd");
    OurCall& call = toy.call(november_20, 1h, tokens(1000, 0, 0, 50));
    Amount fee = Amount::of({10'000'000});
    toy.bill_text += fmt::format("\n2026-11-20,gpt-4o,input,{}\n2026-11-20,gpt-4o,output,{}",
                                 text_of(cost_of(tokens(1000, 0, 0, 0), {})),
                                 text_of(cost_of(tokens(0, 0, 0, 50), {})));
    toy.bill_text += billed ? "\n2026-11-20,,web search,0.01" : "\n2026-11-20,,web search,0.02";
    call.cost += fee;
    call.fees = fee;
    call.otherwise.fill(call.cost);
    EXPECT_EQ(told(toy.compare()), billed ? "" : "cost_differs  2026-11-20 fees \n");
  }
}

constexpr std::string_view per_call_head =
    "request_id,day,model,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens,"
    "cost_usd";

void add_billed(Toy& toy, const OurCall& call, Amount cost) {
  toy.bill_text +=
      fmt::format("\n{},{},{},{},{},{},{},{}", call.request_id, text_of(day_at(call.started, 0min)),
                  call.model, call.counts[Count::input], call.counts[Count::cached_input],
                  call.counts[Count::cache_write], call.counts[Count::output], text_of(cost));
}

TEST(CallComparison, EachFaultIsNamedAndNothingElse) {
  Toy toy(per_call_head);
  fill(toy);
  for (std::size_t i = 0; i < toy.ours.size(); ++i) {
    const OurCall& call = toy.ours[i];
    if (i == 3) continue;
    bool cache = i == 5;
    bool tier = i == 7;
    Amount cost = cache  ? call.otherwise[std::size_t(Otherwise::cached_as_input)]
                  : tier ? call.otherwise[std::size_t(Otherwise::batch)]
                         : call.cost;
    add_billed(toy, call, cost);
    if (i == 9) add_billed(toy, call, cost);
  }
  toy.bill_text += "\nreq-x,2026-11-21,gpt-4o,1,0,0,1,0.5";
  EXPECT_EQ(told(toy.compare_calls()),
            "missing_at_provider gpt-4o-mini 2026-11-20 not_on_bill call-3\n"
            "priced_otherwise gpt-4o-mini 2026-11-20 cached_as_input call-5\n"
            "priced_otherwise gpt-4o-mini 2026-11-20 tier_batch call-7\n"
            "billed_twice gpt-4o-mini 2026-11-20 one_call call-9\n"
            "missing_in_books  2026-11-21  \n");
  Toy clean(per_call_head);
  fill(clean);
  for (const OurCall& call : clean.ours) add_billed(clean, call, call.cost);
  EXPECT_TRUE(clean.compare_calls().clean());
}

TEST(CallComparison, TheBorderOfThePeriodIsNoFinding) {
  Toy toy(per_call_head);
  fill(toy);
  for (const OurCall& call : toy.ours) add_billed(toy, call, call.cost);
  toy.call(november_20 + std::chrono::days(2), 24h - 1s, tokens(10, 0, 0, 1));
  toy.call(november_20 - std::chrono::days(1), 24h - 1s, tokens(10, 0, 0, 1));
  toy.call(november_20 + std::chrono::days(3), 1h, tokens(10, 0, 0, 1));
  Report report = toy.compare_calls();
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.notes.size(), 1U);
}

TEST(Report, JsonHasFindingsAndASummary) {
  Toy toy("day,model,output_tokens,cost_usd");
  toy.call(november_20, 1h, tokens(0, 0, 0, 50));
  toy.bill_text += "\n2026-11-20,gpt-4o,51,0.00051";
  Report report = toy.compare();
  report.format = "generic CSV";
  report.providers = "openai";
  EXPECT_EQ(
      report_json(report, toy.bill->counts_known),
      R"({"data":[{"kind":"missing_in_books","day":"2026-11-20","provider":null,"model":"gpt-4o",)"
      R"("why":"more is billed than our books have","explained_by":null,"call":null,)"
      R"("provider_request_id":null,"line":null,"at_border":true,)"
      R"("bill":{"output_tokens":51,"cost_usd":"0.000510000"},)"
      R"("books":{"output_tokens":50,"cost_usd":"0.000500000"}}],"next":null,)"
      R"("summary":{"format":"generic CSV","providers":"openai","first_day":"2026-11-20",)"
      R"("last_day":"2026-11-20","day_of_a_call":"start","by_call":false,"bill_lines":0,)"
      R"("books_calls":1,"bill_cost_usd":"0.000510000","books_cost_usd":"0.000500000",)"
      R"("findings":{"all":1,"missing_in_books":1,"missing_at_provider":0,"billed_twice":0,)"
      R"("counted_otherwise":0,"priced_otherwise":0,"cost_differs":0,"unpriced":0},"notes":[]}})");
}

}  // namespace
}  // namespace recloser::books
