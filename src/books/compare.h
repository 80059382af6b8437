// Compares a bill with our books, pure: by day and model, or call by call where the bill names
// them.
#pragma once

#include "books/bill.h"
#include "books/finding.h"
#include "books/ours.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace recloser::books {

struct CompareSettings {
  std::chrono::minutes utc_offset{0};  // of the bill's days
  unsigned tolerance_permille = 50;    // of estimated rows; exact ones have none
  std::optional<Day> since;            // else the bill's first day
  std::optional<Day> until;            // else its last, included
  Day today = Day::max();              // not over yet: told, and no finding
};

// The two ways differ in what the store is read for: once for sums, and a second time only to name
// the calls behind the findings; or once, call by call.
class DayComparison {
 public:
  DayComparison(const Bill& bill, const OurBooks& books, const CompareSettings& settings);

  // Whether a second look at the calls may say more of what was found.
  bool wants_calls() const;
  void look_at(const OurCall& call, const ModelNames& names);

  Report take_report();

 private:
  struct Pending {
    Finding finding;
    Counts difference;  // bill - books, of what the bill counts
    Amount cost_difference;
    Amount rounding;
    bool open = false;            // a call may explain it
    bool counts = false;          // by its counts; else by its cost
    bool more = false;            // the bill has more
    bool without_counts = false;  // the bill has none
    std::optional<Amount> off;    // how far the nearest explanation by one call is
  };
  struct Outcome {
    std::map<CellKey, Pending> findings;
    std::vector<std::string> notes;
  };

  Outcome compare(std::chrono::minutes utc_offset, DayRule rule) const;
  void compare_cell(const CellKey& key, const BillCell* theirs, const OurCell* ours,
                    Outcome& outcome) const;
  void compare_fees(const std::map<CellKey, OurCell>& ours, Outcome& outcome) const;
  std::map<CellKey, OurCell> ours_by_day(std::chrono::minutes utc_offset, DayRule rule) const;
  bool in_period(Day day) const;
  void look_for_counts(const OurCall& call, Pending& pending) const;
  void look_for_cost(const OurCall& call, Pending& pending) const;
  Amount cost_without_fees(const OurCall& call) const;
  static bool nearer(Pending& pending, Amount off);
  static void name_one(Pending& pending, const OurCall& call);
  void note_other_zone(std::size_t findings);
  void note_like_names();

  const Bill& bill_;
  const OurBooks& books_;
  CompareSettings settings_;
  Day first_;
  Day last_;
  DayRule rule_ = DayRule::start;
  Outcome outcome_;
  bool with_providers_ = false;
  bool fees_apart_ = false;  // the bill has fees of no model
};

class CallComparison {
 public:
  CallComparison(Bill& bill, const CompareSettings& settings);

  void see(const OurCall& call);
  Report take_report();  // once all calls of the period, and of a day before it, were seen

 private:
  void compare(const OurCall& call, BilledCall& billed);
  Finding finding(FindingKind kind, const OurCall& call, const BilledCall& billed) const;

  Bill& bill_;
  CompareSettings settings_;
  Day first_;
  Day last_;
  Report report_;
  std::uint64_t beyond_ = 0;  // calls over the border of the period
};

}  // namespace recloser::books
