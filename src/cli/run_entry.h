// The command `run` in the table of all commands.
#pragma once

#include "cli/common_options.h"
#include "cli/run_commands.h"

#include <array>
#include <cstddef>

namespace recloser::cli {

inline constexpr std::array run_options{
    Option{.name = "budget",
           .value = "USD",
           .help = "What calls may cost, in USD; a stream is cut when it is spent."},
    Option{.name = "tokens", .value = "N", .help = "How many tokens they may take, in and out."},
    Option{.name = "time",
           .value = "DURATION",
           .help = "How long calls may run, added up, such as 30m."},
    Option{.name = "per",
           .value = "run|session|call",
           .help = "What each limit is for: all calls together, each session of an agent, or each "
                   "call; else run.",
           .one_of = "run|session|call"},
    Option{.name = "loops", .value = "MODE", .help = "", .planned = true},
    Option{.name = "plan-only",
           .value = "",
           .help = "With a subscription's login: no call once its plan is used up, as the provider "
                   "tells it, so that nothing is paid for beyond it."},
    Option{.name = "sim",
           .value = "",
           .help = "Calls go to the simulated provider (models sim-fast ..): no account, no cost."},
    Option{.name = "config",
           .value = "FILE",
           .help = "Providers, models, prices and budgets of this configuration, in place of the "
                   "providers that the usual clients call; where it listens and keeps its state "
                   "stays the run's own."},
    Option{.name = "keep",
           .value = "FILE",
           .help = "Keeps the books of the run in this new file, or in a new one in this folder."},
    Option{
        .name = "receipt", .value = "FILE", .help = "Writes the receipt into FILE too, as JSON."},
    Option{.name = "log", .value = "FILE", .help = "Adds what the gateway has to say to FILE."},
    Option{.name = "json",
           .value = "",
           .help = "Prints the receipt as one line of JSON, on standard error."}};

inline constexpr Command run_entry{
    .name = "run",
    .arguments = "[--] COMMAND [ARG]..",
    .arguments_min = 1,
    .arguments_max = static_cast<std::size_t>(-1),
    .summary = "Run a program with a budget on its model calls",
    .description =
        "Starts a gateway of its own on a free loopback port, points the base-URL variables that "
        "OpenAI's and Anthropic's clients read at it, runs the command, and prints a receipt on "
        "standard error when it ends. The program's own keys and tokens go through to its "
        "providers; a base URL that was set before is where its calls go. Nothing is kept unless "
        "you say so.\n"
        "When a limit is reached, streams are cut with a note, and further calls get one refusal "
        "on which agents stop. The program's exit status stays its own; the receipt's `reason` "
        "says that a limit was reached.",
    .options = run_options,
    .examples =
        "recloser run --budget 5 -- claude -p 'fix the tests'  at most five dollars\n"
        "recloser run --tokens 20000 --per call -- python agent.py  no call takes more\n"
        "recloser run --sim -- sh -c 'curl -s $OPENAI_BASE_URL/models'  without an account",
    .exits =
        "N    what the command exited with; 128 + n where signal n ended it\n"
        "125  the gateway failed, or the command line is wrong: the command did not run\n"
        "126  the command cannot be run\n"
        "127  there is no such command",
    .run = run_run,
    .passes_on = true};

}  // namespace recloser::cli
