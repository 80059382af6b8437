// Commands as data: one table from which the command line is read and every help page, completion
// and docs/commands.md is printed.
#pragma once

#include "cli/cli.h"
#include "core/result.h"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::cli {

class Invocation;

// `--name VALUE`, `--name=VALUE`, or a flag `--name`. Each may be given once, but for those that
// repeat.
struct Option {
  std::string_view name;      // without the dashes
  std::string_view value;     // what stands for the value in help; "" = a flag
  std::string_view help;      // one sentence
  std::string_view one_of{};  // "a|b": the values a shell may offer
  bool planned = false;       // INTERFACES knows it; refused with "not supported in this version"
  bool repeats = false;       // its values stand one behind the other, with commas
};

struct Command {
  using Run = Exit (*)(const Invocation& invocation, const Process& process);

  std::string_view name;       // "key create"
  std::string_view arguments;  // "[FILE]"; "" = none
  std::size_t arguments_min = 0;
  std::size_t arguments_max = 0;
  std::string_view summary;      // one line for the list of commands
  std::string_view description;  // paragraphs, each one line; the help folds them
  std::span<const Option> options;
  std::string_view examples;  // lines "command  # what it does"
  std::string_view exits;     // lines "0  when"
  Run run = nullptr;          // null: not supported in this version
  bool passes_on = false;     // from the first argument on, all words are another program's
};

// All commands, in the order people meet them.
std::span<const Command> commands();
const Command* find_command(std::string_view name);

// What a user typed, taken apart and checked against the table.
class Invocation {
 public:
  // Errors are of the user: Kind::malformed with the nearest name, or Kind::unsupported.
  static Result<Invocation> read(std::span<const std::string_view> words);

  const Command& command() const { return *command_; }
  bool wants_help() const { return wants_help_; }
  bool has(std::string_view option) const { return values_.contains(option); }
  // "" when it was not given.
  std::string_view value(std::string_view option) const;
  const std::vector<std::string>& arguments() const { return arguments_; }

 private:
  Result<void> read_option(std::string_view word, std::span<const std::string_view>& rest);

  const Command* command_ = nullptr;
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> arguments_;
  bool wants_help_ = false;
};

}  // namespace recloser::cli
