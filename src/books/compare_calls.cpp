#include "books/compare.h"
#include "books/judge.h"

#include <fmt/format.h>

namespace recloser::books {
namespace {

FindingKind kind_of(Verdict verdict) {
  bool price = verdict == Verdict::price || verdict == Verdict::cost;
  return price ? FindingKind::priced_otherwise : FindingKind::counted_otherwise;
}

}  // namespace

CallComparison::CallComparison(Bill& bill, const CompareSettings& settings)
    : bill_(bill),
      settings_(settings),
      first_(settings.since.value_or(bill.first())),
      last_(settings.until.value_or(bill.last())) {
  report_.by_call = true;
  report_.first = first_;
  report_.last = last_;
  report_.money_known = bill.knows_cost;
}

Finding CallComparison::finding(FindingKind kind, const OurCall& call,
                                const BilledCall& billed) const {
  Finding finding;
  finding.kind = kind;
  finding.day = day_at(call.started, settings_.utc_offset);
  finding.provider = call.provider;
  finding.model = call.model;
  finding.call = call.id;
  finding.request_id = call.request_id;
  finding.line = billed.line;
  finding.bill = billed.counts;
  finding.books = call.counts;
  finding.money_known = bill_.knows_cost && call.priced;
  finding.bill_cost = billed.costs.sum();
  finding.books_cost = call.cost;
  finding.at_border = finding.day == bill_.first() || finding.day == bill_.last();
  return finding;
}

void CallComparison::see(const OurCall& call) {
  auto at = call.request_id.empty() ? bill_.calls().end()
                                    : bill_.calls().find(std::string(call.request_id));
  if (at == bill_.calls().end()) at = bill_.calls().find(std::string(call.id));
  if (at != bill_.calls().end()) {
    compare(call, at->second);
    return;
  }
  Day began = day_at(call.started, settings_.utc_offset);
  Day ended = day_at(call.ended, settings_.utc_offset);
  if (began > last_ || ended < first_) return;
  if (began < first_ || ended > last_) {
    ++beyond_;  // its provider may have it on a bill before or after this one
    return;
  }
  if (only_known(call.counts, bill_.counts_known).none() && call.cost.atto == 0) return;
  ++report_.books_calls;
  report_.books_cost += call.cost;
  Finding found = finding(FindingKind::missing_at_provider, call, BilledCall{});
  found.why = call.request_id.empty()
                  ? "not on the bill; our books have no request id of the provider for it"
                  : "not on the bill";
  found.code = "not_on_bill";
  report_.add(std::move(found));
}

void CallComparison::compare(const OurCall& call, BilledCall& billed) {
  ++report_.books_calls;
  report_.books_cost += call.cost;
  billed.seen = true;
  if (billed.lines > 1) {
    Finding found = finding(FindingKind::billed_twice, call, billed);
    found.why = fmt::format("the bill has it {} times", billed.lines);
    found.code = "one_call";
    report_.add(std::move(found));
  }
  Sides sides;
  sides.bill = billed.counts;
  sides.books = call.counts;
  if (!call.exact) {
    sides.estimated = call.counts;
    sides.estimated_cost = call.cost;
  }
  sides.known = bill_.counts_known;
  sides.money = bill_.knows_cost && call.priced;
  sides.bill_cost = billed.costs.sum();
  sides.books_cost = call.cost;
  sides.otherwise = call.otherwise;
  sides.rounding = rounding_of(1, 1, bill_.cost_places);
  sides.tolerance_permille = settings_.tolerance_permille;
  Judgement judgement = judge(sides);
  if (judgement.verdict != Verdict::same) {
    Finding found = finding(kind_of(judgement.verdict), call, billed);
    found.why =
        judgement.why.empty() ? "other tokens are billed than our books have" : judgement.why;
    found.code = judgement.code;
    report_.add(std::move(found));
  } else if (bill_.knows_cost && !call.priced && billed.costs.sum().atto != 0) {
    Finding found = finding(FindingKind::unpriced, call, billed);
    found.why = "it has no price in our books";
    report_.add(std::move(found));
  }
}

Report CallComparison::take_report() {
  for (const auto& [id, billed] : bill_.calls()) {
    report_.bill_cost += billed.costs.sum();
    if (billed.seen || billed.day < first_ || billed.day > last_) continue;
    Finding found;
    found.kind = FindingKind::missing_in_books;
    found.day = billed.day;
    found.request_id = id;
    found.line = billed.line;
    found.why = "our books have no such call";
    found.bill = billed.counts;
    found.money_known = bill_.knows_cost;
    found.bill_cost = billed.costs.sum();
    found.at_border = billed.day == bill_.first() || billed.day == bill_.last();
    report_.add(std::move(found));
  }
  if (beyond_ != 0) {
    report_.notes.push_back(
        fmt::format("calls over the border of the period that are not on the bill: {}; they may be "
                    "on the one before or after it",
                    beyond_));
  }
  return std::move(report_);
}

}  // namespace recloser::books
