// The commands of requests for more in the table of all commands.
#pragma once

#include "cli/common_options.h"
#include "cli/run_commands.h"

#include <array>

namespace recloser::cli {

inline constexpr std::array budget_request_options{
    Option{.name = "key",
           .value = "PART=VALUE",
           .help = "Which account, such as team=search; once for each part of the budget's key. A "
                   "comma in a value is written as %2C.",
           .one_of = {},
           .planned = false,
           .repeats = true},
    Option{.name = "add",
           .value = "N",
           .help = "So much more limit, in the budget's unit; an owner may give less."},
    Option{.name = "for",
           .value = "DURATION",
           .help = "For so long from the approval on, such as 2h or 7d, at most 366d; else 24h."},
    Option{.name = "reason",
           .value = "TEXT",
           .help = "What it is for, in one line; it is kept in the ledger."},
    Option{.name = "who", .value = "NAME", .help = "Who asks; else admin."},
    Option{.name = "wait",
           .value = "DURATION",
           .help = "How long an owner can answer, at most 31d; else 24h."},
    admin_option,
    config_option,
    json_option};

inline constexpr std::array approvals_list_options{
    Option{.name = "all", .value = "", .help = "Those too that were answered, or that are over."},
    Option{.name = "limit", .value = "N", .help = "At most so many, 1 to 1000; else 50."},
    Option{.name = "cursor",
           .value = "CURSOR",
           .help = "Goes on where a page before ended: what it said was `next`."},
    admin_option,
    config_option,
    json_option};

inline constexpr std::array approve_options{
    Option{.name = "add", .value = "N", .help = "Gives less than was asked for: so much."},
    Option{
        .name = "for", .value = "DURATION", .help = "Gives it for less time than was asked for."},
    Option{.name = "reason", .value = "TEXT", .help = "Why, in one line; it is kept."},
    Option{.name = "who", .value = "NAME", .help = "Who approves it; else admin."},
    admin_option,
    config_option,
    json_option};

inline constexpr std::array deny_options{
    Option{.name = "reason", .value = "TEXT", .help = "Why, in one line; it is kept."},
    Option{.name = "who", .value = "NAME", .help = "Who denies it; else admin."}, admin_option,
    config_option, json_option};

inline constexpr Command budget_request_entry{
    .name = "budget request",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Ask an owner for more of a budget, for a time",
    .description =
        "Asks for more limit of one account. Owners hear of it over the channels of alerts; it "
        "waits until one of them answers with `recloser approvals`, or its time to wait is over. "
        "What is approved is never more than was asked for, and ends by itself.",
    .options = budget_request_options,
    .examples =
        "recloser budget request team-day --key team=search --add 5 --for 8h --reason 'the "
        "launch'  asks for five dollars more for eight hours",
    .exits = remote_exits,
    .run = run_budget_request};

inline constexpr Command approvals_list_entry{
    .name = "approvals list",
    .arguments = "",
    .summary = "List what waits for an owner's answer",
    .description = "Lists the requests for more of a budget that wait for an answer, newest first.",
    .options = approvals_list_options,
    .examples =
        "recloser approvals list  shows them as a table\n"
        "recloser approvals list --all  shows those too that were answered",
    .exits = remote_exits,
    .run = run_approvals_list};

inline constexpr Command approvals_approve_entry{
    .name = "approvals approve",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Approve a request: more limit, for its time",
    .description =
        "Adds what was asked for, or less, to the limit of the account, at once. When its time is "
        "over the limit is what it was: streams that are then over it are cut. It is kept in the "
        "ledger like every adjustment, and holds after a restart too.",
    .options = approve_options,
    .examples =
        "recloser approvals approve 7  gives what was asked for\n"
        "recloser approvals approve 7 --add 2 --for 1h --who ada  gives less",
    .exits = remote_exits,
    .run = run_approvals_approve};

inline constexpr Command approvals_deny_entry{
    .name = "approvals deny",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Deny a request",
    .description = "Answers a request with no. Who asks again makes a new one.",
    .options = deny_options,
    .examples = "recloser approvals deny 7 --reason 'use the small model'  says no, and why",
    .exits = remote_exits,
    .run = run_approvals_deny};

}  // namespace recloser::cli
