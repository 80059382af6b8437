// The receipt of a run: what its calls were, what they cost, and which of them were stopped and
// why; told to a person or to a program.
#pragma once

#include "budget/table.h"
#include "cli/output.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace recloser::cli {

// What of a run the books do not say.
struct RunFacts {
  std::string program;  // its name alone: its words may be a prompt
  int exit_status = 0;
  WallTime started;
  Duration took{};
  std::string limit_name;   // of the limit in USD on the whole run; "" = none
  bool notional = false;    // a plan pays: no such money is asked for
  std::string ledger_path;  // where the books are kept; "" = nowhere
};

struct Receipt {
  // Calls that ended otherwise than by their provider's answer, alike.
  struct Stopped {
    ledger::Outcome outcome = ledger::Outcome::refused;
    std::string rule;    // or the class of the error; "" = none is known
    std::string reason;  // of the first of them
    std::uint64_t calls = 0;
  };
  struct Limit {
    std::string name;
    std::string key;
    budget::Unit unit = budget::Unit::usd;
    budget::Amount limit = 0;
    budget::Amount spent = 0;
  };

  RunFacts run;
  std::vector<ledger::UsageRow> models;  // of {provider, model}
  ledger::UsageSums total;
  std::vector<ledger::UsageRow> outcomes;
  std::vector<Stopped> stopped;
  std::vector<Limit> limits;  // the most spent first, limits_max of them

  static constexpr std::size_t limits_max = 100;

  // Whether some call was stopped because a limit was reached.
  bool limit_reached() const;
};

// The ledger is flushed. Blocks.
Result<Receipt> make_receipt(RunFacts run, ledger::Store& store, const budget::Table& budgets);

std::string text_of(const Receipt& receipt, const Style& style);
std::string json_of(const Receipt& receipt);

}  // namespace recloser::cli
