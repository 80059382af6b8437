#include "books/compare.h"
#include "books/judge.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::books {
namespace {

FindingKind kind_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::more:
      return FindingKind::missing_in_books;
    case Verdict::less:
      return FindingKind::missing_at_provider;
    case Verdict::otherwise:
      return FindingKind::counted_otherwise;
    case Verdict::price:
      return FindingKind::priced_otherwise;
    case Verdict::same:
    case Verdict::cost:
      break;
  }
  return FindingKind::cost_differs;
}

Counts twice(Counts counts) { return counts += counts; }

// Lines that stand twice in the file, or all of a day billed twice: both explain the figures
// without a look at single calls.
bool explain_double(const BillCell& theirs, const Sides& sides, Finding& finding) {
  Counts bill = only_known(sides.bill, sides.known);
  Counts books = only_known(sides.books, sides.known);
  bool counts = bill != books;  // else there is only the cost to go by
  auto is_ours = [&](const Counts& count, Amount cost) {
    if (counts) return count == books;
    return sides.money && same(cost, sides.books_cost, sides.rounding);
  };
  Counts without = bill - only_known(theirs.repeated_counts, sides.known);
  bool repeated =
      theirs.repeated_lines != 0 && is_ours(without, sides.bill_cost - theirs.repeated_costs.sum());
  if (repeated) {
    finding.why = fmt::format("{} of its lines stand in the file twice, the first on line {}",
                              theirs.repeated_lines, theirs.repeated_at);
    finding.code = "repeated_lines";
    finding.line = theirs.repeated_at;
  } else if (counts ? bill == twice(books)
                    : sides.money && same(sides.bill_cost, sides.books_cost + sides.books_cost,
                                          sides.rounding)) {
    finding.why = "all of it is billed twice";
    finding.code = "all_twice";
  } else {
    return false;
  }
  finding.kind = FindingKind::billed_twice;
  return true;
}

Sides sides_of(const Bill& bill, const BillCell* theirs, const OurCell* ours,
               unsigned tolerance_permille) {
  Sides sides;
  sides.known = bill.counts_known;
  sides.tolerance_permille = tolerance_permille;
  if (theirs != nullptr) {
    sides.bill = theirs->counts;
    sides.bill_cost = theirs->costs.sum();
  }
  if (ours != nullptr) {
    sides.books = ours->counts;
    sides.estimated = ours->estimated;
    sides.books_cost = ours->cost;
    sides.estimated_cost = ours->estimated_cost;
    sides.otherwise = ours->otherwise;
  }
  sides.money = bill.knows_cost;
  sides.rounding = rounding_of(ours == nullptr ? 0 : ours->calls,
                               theirs == nullptr ? 0 : theirs->lines, bill.cost_places);
  return sides;
}

}  // namespace

DayComparison::DayComparison(const Bill& bill, const OurBooks& books,
                             const CompareSettings& settings)
    : bill_(bill),
      books_(books),
      settings_(settings),
      first_(settings.since.value_or(bill.first())),
      last_(settings.until.value_or(bill.last())) {
  for (const auto& [key, cell] : bill.cells()) {
    with_providers_ |= !key.provider.empty();
    fees_apart_ |= bill.has_models && bill.knows_parts && key.model.empty();
  }
  outcome_ = compare(settings.utc_offset, DayRule::start);
  if (!outcome_.findings.empty()) {
    // Providers book a call when it ends: then those around midnight are on the next day.
    Outcome by_end = compare(settings.utc_offset, DayRule::end);
    if (by_end.findings.size() < outcome_.findings.size()) {
      outcome_ = std::move(by_end);
      rule_ = DayRule::end;
    }
  }
  note_other_zone(outcome_.findings.size());
  note_like_names();
}

bool DayComparison::in_period(Day day) const { return day >= first_ && day <= last_; }

std::map<CellKey, OurCell> DayComparison::ours_by_day(std::chrono::minutes utc_offset,
                                                      DayRule rule) const {
  std::map<CellKey, OurCell> ours = books_.by_day(utc_offset, rule, with_providers_);
  if (bill_.has_models) return ours;
  std::map<CellKey, OurCell> whole;
  for (const auto& [key, cell] : ours) {
    whole[{.day = key.day, .provider = key.provider, .model = {}}].add(cell);
  }
  return whole;
}

DayComparison::Outcome DayComparison::compare(std::chrono::minutes utc_offset, DayRule rule) const {
  Outcome outcome;
  std::map<CellKey, OurCell> ours = ours_by_day(utc_offset, rule);
  for (const auto& [key, theirs] : bill_.cells()) {
    if (!in_period(key.day) || (fees_apart_ && key.model.empty())) continue;
    auto at = ours.find(key);
    compare_cell(key, &theirs, at == ours.end() ? nullptr : &at->second, outcome);
  }
  for (const auto& [key, cell] : ours) {
    if (!in_period(key.day) || bill_.cells().contains(key)) continue;
    compare_cell(key, nullptr, &cell, outcome);
  }
  if (fees_apart_) compare_fees(ours, outcome);
  return outcome;
}

void DayComparison::compare_cell(const CellKey& key, const BillCell* theirs, const OurCell* ours,
                                 Outcome& outcome) const {
  OurCell without_fees;
  if (fees_apart_ && ours != nullptr) {
    without_fees = *ours;
    without_fees.cost = ours->cost - ours->fees;
    for (Amount& other : without_fees.otherwise) other = other - ours->fees;
    ours = &without_fees;
  }
  Sides sides = sides_of(bill_, theirs, ours, settings_.tolerance_permille);
  bool unpriced = ours != nullptr && ours->unpriced != 0;
  if (unpriced) sides.money = false;
  Judgement judgement = judge(sides);
  bool told_unpriced = judgement.verdict == Verdict::same && unpriced && sides.bill_cost.atto != 0;
  if (judgement.verdict == Verdict::same && !told_unpriced) return;
  Pending pending;
  pending.difference = judgement.difference;
  pending.cost_difference = judgement.cost_difference;
  pending.rounding = sides.rounding;
  Finding& finding = pending.finding;
  finding.kind = told_unpriced ? FindingKind::unpriced : kind_of(judgement.verdict);
  finding.day = key.day;
  finding.provider = key.provider;
  if (theirs != nullptr) finding.model = theirs->model_as_written;
  if (ours != nullptr) finding.model = ours->model_as_written;
  finding.why = told_unpriced
                    ? fmt::format("{} of its calls have no price in our books", ours->unpriced)
                    : judgement.why;
  finding.code = judgement.code;
  finding.bill = sides.bill;
  finding.books = sides.books;
  finding.money_known = sides.money;
  finding.bill_cost = sides.bill_cost;
  finding.books_cost = sides.books_cost;
  finding.at_border = key.day == bill_.first() || key.day == bill_.last();
  bool by_counts = judgement.verdict == Verdict::more || judgement.verdict == Verdict::less;
  bool by_cost = judgement.code.empty() &&
                 (judgement.verdict == Verdict::price || judgement.verdict == Verdict::cost);
  pending.more =
      by_counts ? judgement.verdict == Verdict::more : judgement.cost_difference.atto > 0;
  bool twice = theirs != nullptr && ours != nullptr && (by_counts || by_cost) && pending.more &&
               explain_double(*theirs, sides, finding);
  pending.open = !twice && ours != nullptr && (by_counts || by_cost);
  pending.counts = by_counts;
  pending.without_counts = judgement.verdict == Verdict::cost;
  if (ours == nullptr) {
    finding.kind = FindingKind::missing_in_books;
    finding.why = "our books have no such call on this day";
  } else if (theirs == nullptr) {
    finding.kind = FindingKind::missing_at_provider;
    finding.why = "the bill has nothing of it on this day";
    pending.open = false;
  } else if (by_counts && !twice) {
    finding.why =
        pending.more ? "more is billed than our books have" : "less is billed than booked";
  }
  outcome.findings.emplace(key, std::move(pending));
}

// What no tokens are charged for: of a day, because bills do not say of which model it was.
void DayComparison::compare_fees(const std::map<CellKey, OurCell>& ours, Outcome& outcome) const {
  struct Fees {
    Amount bill;
    Amount books;
    std::uint64_t calls = 0;
    std::uint64_t lines = 0;
  };
  std::map<CellKey, Fees> days;
  for (const auto& [key, cell] : bill_.cells()) {
    if (!key.model.empty() || !in_period(key.day)) continue;
    Fees& fees = days[key];
    fees.bill += cell.costs.sum();
    fees.lines += cell.lines;
  }
  for (const auto& [key, cell] : ours) {
    if (!in_period(key.day)) continue;
    Fees& fees = days[{.day = key.day, .provider = key.provider, .model = {}}];
    fees.books += cell.fees;
    fees.calls += cell.calls;
  }
  for (const auto& [key, fees] : days) {
    Amount rounding = rounding_of(fees.calls, fees.lines, bill_.cost_places);
    if (same(fees.bill, fees.books, rounding)) continue;
    Pending pending;
    pending.finding.kind = FindingKind::cost_differs;
    pending.finding.day = key.day;
    pending.finding.provider = key.provider;
    pending.finding.why = "fees that are for no tokens (searches, sessions of code) differ";
    pending.finding.code = "fees";
    pending.finding.money_known = true;
    pending.finding.bill_cost = fees.bill;
    pending.finding.books_cost = fees.books;
    outcome.findings.emplace(key, std::move(pending));
  }
}

// Days of another zone leave a finding at each midnight: some other offset then has far fewer.
void DayComparison::note_other_zone(std::size_t findings) {
  constexpr std::size_t few = 4;
  if (findings < few || bill_.first() == bill_.last()) return;
  std::size_t best = findings;
  std::chrono::minutes best_offset{0};
  for (int hours = -12; hours <= 14; ++hours) {
    std::chrono::minutes offset = std::chrono::hours(hours);
    if (offset == settings_.utc_offset) continue;
    std::size_t left = compare(offset, rule_).findings.size();
    if (left >= best) continue;
    best = left;
    best_offset = offset;
  }
  if (best * few > findings) return;
  auto hours = std::chrono::duration_cast<std::chrono::hours>(best_offset).count();
  outcome_.notes.push_back(
      fmt::format("the bill's days look like those of UTC{:+03}:00: with --utc-offset {:+03}:00 "
                  "there are {} findings instead of {}",
                  hours, hours, best, findings));
}

// A model that only the bill has, with the figures of one that only we have.
void DayComparison::note_like_names() {
  std::map<std::string, std::pair<Counts, std::string>> theirs;
  std::map<std::string, std::pair<Counts, std::string>> ours;
  for (const auto& [key, pending] : outcome_.findings) {
    const Finding& finding = pending.finding;
    bool only_theirs = finding.books.none() && !finding.bill.none();
    bool only_ours = finding.bill.none() && !finding.books.none();
    if (!only_theirs && !only_ours) continue;
    auto& [counts, name] = (only_theirs ? theirs : ours)[key.model];
    counts += only_known(only_theirs ? finding.bill : finding.books, bill_.counts_known);
    name = finding.model;
  }
  for (const auto& [their_key, their] : theirs) {
    for (const auto& [our_key, our] : ours) {
      if (their.first != our.first || their.first.none()) continue;
      outcome_.notes.push_back(fmt::format(
          "the bill's '{}' has the figures of our '{}': if it is the same, say so in a file for "
          "--models",
          their.second, our.second));
    }
  }
}

bool DayComparison::wants_calls() const {
  return std::ranges::any_of(outcome_.findings,
                             [](const auto& found) { return found.second.open; });
}

void DayComparison::look_at(const OurCall& call, const ModelNames& names) {
  CellKey key{.day = day_at(time_of(call, rule_), settings_.utc_offset),
              .provider = with_providers_ ? std::string(call.provider) : std::string(),
              .model = bill_.has_models ? names.key_of(call.model) : std::string()};
  auto at = outcome_.findings.find(key);
  if (at == outcome_.findings.end() || !at->second.open) return;
  Pending& pending = at->second;
  if (pending.counts) {
    look_for_counts(call, pending);
  } else if (call.priced) {
    look_for_cost(call, pending);
  }
}

// A call with just the tokens that there are too many or too few of; of several the one whose cost
// is nearest to what the bill differs by.
void DayComparison::look_for_counts(const OurCall& call, Pending& pending) const {
  Counts counts = only_known(call.counts, bill_.counts_known);
  Counts wanted = pending.more ? pending.difference : Counts{} - pending.difference;
  if (counts != wanted) return;
  Amount off = cost_without_fees(call) - magnitude(pending.cost_difference);
  if (!nearer(pending, magnitude(off))) return;
  name_one(pending, call);
}

// The whole cost of one call, where the bill has no tokens to tell; or what it would cost more or
// less if it were priced otherwise.
void DayComparison::look_for_cost(const OurCall& call, Pending& pending) const {
  Amount cost = cost_without_fees(call);
  Amount off = magnitude(cost - magnitude(pending.cost_difference));
  bool whole = pending.without_counts && cost.atto != 0 && off <= pending.rounding;
  if (whole && nearer(pending, off)) name_one(pending, call);
  for (std::size_t i = 0; i < otherwise_kinds; ++i) {
    Amount change = call.otherwise[i] - call.cost;
    off = magnitude(change - pending.cost_difference);
    if (change.atto == 0 || off > pending.rounding) continue;
    Finding& finding = pending.finding;
    bool also = pending.off == off && finding.call == call.id && finding.code != "one_call";
    if (!also && !nearer(pending, off)) continue;
    if (!also) {
      finding.kind = FindingKind::priced_otherwise;
      finding.why = "of one call: ";
      finding.code.clear();
    }
    std::string why;
    add_way(Otherwise(i), why, finding.code);
    finding.why += also ? ", or " + why : why;
    pending.finding.call = call.id;
    pending.finding.request_id = call.request_id;
  }
}

Amount DayComparison::cost_without_fees(const OurCall& call) const {
  return fees_apart_ ? call.cost - call.fees : call.cost;
}

// Whether an explanation that is `off` by so much is nearer than the one there is; it then is the
// new one. Rounding leaves room for several, of which the true one is nearest.
bool DayComparison::nearer(Pending& pending, Amount off) {
  if (pending.off && *pending.off <= off) return false;
  pending.off = off;
  return true;
}

void DayComparison::name_one(Pending& pending, const OurCall& call) {
  Finding& finding = pending.finding;
  finding.kind = pending.more ? FindingKind::billed_twice : FindingKind::missing_at_provider;
  finding.why = pending.more ? "one call is billed twice" : "one call is not on the bill";
  finding.code = "one_call";
  finding.call = call.id;
  finding.request_id = call.request_id;
}

Report DayComparison::take_report() {
  Report report;
  report.notes = std::move(outcome_.notes);
  report.rule = rule_;
  report.first = first_;
  report.last = last_;
  report.money_known = bill_.knows_cost;
  std::uint64_t not_over = 0;
  for (auto& [key, pending] : outcome_.findings) {
    if (key.day >= settings_.today) {
      ++not_over;
    } else {
      report.add(std::move(pending.finding));
    }
  }
  if (not_over != 0) {
    report.notes.push_back(fmt::format(
        "{} differences on {} are no findings: the day is not over, and bills come late", not_over,
        text_of(settings_.today)));
  }
  for (const auto& [key, cell] : bill_.cells()) {
    if (in_period(key.day)) report.bill_cost += cell.costs.sum();
  }
  for (const auto& [key, cell] : books_.by_day(settings_.utc_offset, rule_, false)) {
    if (!in_period(key.day)) continue;
    report.books_cost += cell.cost;
    report.books_calls += cell.calls;
  }
  return report;
}

}  // namespace recloser::books
