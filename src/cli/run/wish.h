// What the command line of `run` asks for, read and checked.
#pragma once

#include "budget/unit.h"
#include "cli/command_line.h"
#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::cli {

// What a limit is for: one account for all calls, one for each session, one for each call.
enum class Each : unsigned char { run, session, call };
std::string_view name_of(Each each);

struct Wish {
  Each each = Each::run;
  std::optional<budget::Amount> nano_usd;
  std::optional<budget::Amount> tokens;
  std::optional<budget::Amount> milliseconds;
  bool plan_only = false;
  bool simulated = false;
  bool json = false;
  std::string config_path;
  std::string keep_path;     // of a file that is not there yet; "" = the books are not kept
  std::string receipt_path;  // "" = standard error alone
  std::string log_path;      // "" = nobody reads it
  std::vector<std::string> words;

  bool limited() const { return nano_usd || tokens || milliseconds; }
};

// Errors (malformed) name the option; Kind::conflict where a file stands in the way.
Result<Wish> read_wish(const Invocation& invocation, WallTime now);

}  // namespace recloser::cli
