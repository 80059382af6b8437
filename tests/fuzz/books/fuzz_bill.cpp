// Any bytes as a provider's bill: it is read or refused with a reason, the same however it is
// split.
#include "books/bill_file.h"
#include "books/compare.h"
#include "core/check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace recloser::books;

struct Outcome {
  ModelNames names;
  Bill bill{names};
  std::string fault;
};

void read(std::string_view text, std::size_t bytes, Outcome& outcome) {
  BillFile file(outcome.bill, std::chrono::minutes(0));
  recloser::Result<void> done;
  for (std::size_t at = 0; at < text.size() && done; at += bytes) {
    done = file.feed(text.substr(at, bytes));
  }
  if (done) done = file.finish();
  if (done) return;
  outcome.fault = done.error().message();
  CHECK(!outcome.fault.empty(), "a refusal has a reason");
}

void check(std::string_view text) {
  Outcome whole;
  Outcome split;
  read(text, text.size() + 1, whole);
  read(text, 7, split);
  // Where JSON is broken to a byte is Boost's to say, and depends on what it was given at once.
  bool no_json = whole.fault.contains("this is no JSON") && split.fault.contains("this is no JSON");
  CHECK(no_json || whole.fault == split.fault, "the split is not seen in a fault");
  CHECK(whole.bill.lines() == split.bill.lines(), "nor in the lines");
  CHECK(std::ranges::equal(whole.bill.cells(), split.bill.cells(),
                           [](const auto& a, const auto& b) {
                             return a.first == b.first && a.second.counts == b.second.counts &&
                                    a.second.costs == b.second.costs;
                           }),
        "nor in the sums");
  if (whole.bill.empty()) return;
  OurBooks books(whole.names);
  DayComparison comparison(whole.bill, books, {});
  Report report = comparison.take_report();
  (void)report_json(report, whole.bill.counts_known);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  // Most mutations break the header; the rows below it are what is worth reaching.
  constexpr std::array<std::string_view, 3> heads{
      "day,model,provider,input_tokens,cached_input_tokens,output_tokens,part,cost_usd\n",
      "start_time,end_time,amount_value,amount_currency,line_item\n",
      "lineItem/UsageStartDate,lineItem/LineItemType,lineItem/ProductCode,lineItem/UsageType,"
      "lineItem/UsageAmount,lineItem/UnblendedCost,pricing/unit,product/ProductName\n"};
  if (size == 0) return 0;
  check(std::string(heads[data[0] % heads.size()]) + std::string(bytes.substr(1)));
  return 0;
}
