// The commands of budgets in the table of all commands.
#pragma once

#include "cli/common_options.h"
#include "cli/run_commands.h"

#include <array>

namespace recloser::cli {

inline constexpr std::array budget_list_options{
    Option{.name = "name", .value = "NAME", .help = "Only accounts of this budget."},
    Option{.name = "key",
           .value = "PART=VALUE",
           .help = "Only the account of this key, such as org=acme; once for each part of it.",
           .one_of = {},
           .planned = false,
           .repeats = true},
    Option{.name = "limit", .value = "N", .help = "At most so many accounts, 1 to 1000; else 50."},
    Option{.name = "cursor",
           .value = "CURSOR",
           .help = "Goes on where a page before ended: what it said was `next`."},
    admin_option,
    config_option,
    json_option};

inline constexpr std::array budget_adjust_options{
    Option{.name = "key",
           .value = "PART=VALUE",
           .help = "Which account, such as org=acme; once for each part of the budget's key. A "
                   "comma in a value is written as %2C.",
           .one_of = {},
           .planned = false,
           .repeats = true},
    Option{.name = "add",
           .value = "N",
           .help = "So much more limit, in the budget's unit; less with a minus. It holds in every "
                   "window, on top of what the document says."},
    Option{.name = "set",
           .value = "N",
           .help = "So much is spent in the window that is open: a correction."},
    Option{.name = "reset",
           .value = "N",
           .help = "The same, as a new beginning in the books: most often 0."},
    Option{.name = "reason",
           .value = "TEXT",
           .help = "Why, in one line; it is kept with the adjustment."},
    Option{.name = "expires",
           .value = "WHEN",
           .help = "When what was added ends: a time such as 2027-01-01, or a duration from now "
                   "such as 24h; left out, never."},
    admin_option,
    config_option,
    json_option};

inline constexpr Command budget_list_entry{
    .name = "budget list",
    .arguments = "",
    .summary = "List budgets: limit, spent, held and left",
    .description =
        "Lists the accounts of the budgets that are in force in a running gateway, by name and "
        "key: how much of the limit is spent, held by calls that run, and left, and when it begins "
        "anew. Limits are with what was added to them.",
    .options = budget_list_options,
    .examples =
        "recloser budget list  shows them as a table\n"
        "recloser budget list --name team-day --key team=search --json  prints the account "
        "of a team for a program",
    .exits = remote_exits,
    .run = run_budget_list};

inline constexpr Command budget_show_entry{
    .name = "budget show",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Show one budget and its accounts",
    .description =
        "Shows what a budget counts and over which time, whom to ask, how each of its accounts "
        "stands, and what owners have added to their limits.",
    .options = remote_options,
    .examples = "recloser budget show team-day  all about it",
    .exits = remote_exits,
    .run = run_budget_show};

inline constexpr std::array budget_exposure_options{
    config_option, Option{.name = "json", .value = "", .help = "Prints JSON, for programs."}};

inline constexpr Command budget_exposure_entry{
    .name = "budget exposure",
    .arguments = "",
    .summary = "Say the most that can be spent, and which limit says so",
    .description =
        "Tells from the limits alone what can be spent at the most: by all calls together, with "
        "each key, by each org, team and user, and by each session or other scope that has a limit "
        "of its own; minute after minute, and in each window until its limit bites. Tokens and "
        "requests are taken at the price of the dearest model that may be asked for. A scope "
        "without a limit says so.\n"
        "Keys, orgs, teams and users that were made while a gateway ran are read from its store; "
        "what an owner added to a limit for a while is not counted.",
    .options = budget_exposure_options,
    .examples =
        "recloser budget exposure  of what `recloser serve` would start with\n"
        "recloser budget exposure --config staging.yaml --json  of that file, for a program",
    .exits = "0  told\n2  the configuration or a price list is wrong\n3  the store cannot be read",
    .run = run_budget_exposure};

inline constexpr Command budget_adjust_entry{
    .name = "budget adjust",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Raise a limit, or correct what is spent",
    .description =
        "Changes one account of a budget in a running gateway, at once: calls that were refused "
        "pass, and streams of an account that is then over its limit are cut. Each adjustment is "
        "kept in the ledger with its reason, and holds after a restart too.",
    .options = budget_adjust_options,
    .examples =
        "recloser budget adjust team-day --key team=search --add 5 --reason 'the launch' "
        "--expires 24h  gives a team five dollars more for a day\n"
        "recloser budget adjust all --reset 0 --reason 'test calls'  begins anew",
    .exits = remote_exits,
    .run = run_budget_adjust};

}  // namespace recloser::cli
