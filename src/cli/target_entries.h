// The commands of targets, and of how one call was served, in the table of all commands.
#pragma once

#include "cli/common_options.h"
#include "cli/run_commands.h"

#include <array>

namespace recloser::cli {

inline constexpr Option drained_reason{
    .name = "reason", .value = "TEXT", .help = "Why, in one line; it is kept with who and when."};
inline constexpr Option drained_who{
    .name = "who", .value = "NAME", .help = "Who does it; else admin."};

inline constexpr std::array targets_drain_options{
    drained_reason,
    drained_who,
    Option{.name = "now",
           .value = "",
           .help = "Has answers that run there go on elsewhere, where their model continues them."},
    admin_option,
    config_option,
    json_option};
inline constexpr std::array targets_undrain_options{drained_reason, drained_who, admin_option,
                                                    config_option, json_option};

inline constexpr Command targets_entry{
    .name = "targets",
    .arguments = "",
    .summary = "Show where calls are served, and how it goes there",
    .description =
        "Shows the targets of a running gateway, which are models of a provider: those that the "
        "configuration names, and those that calls went to. A target is passing; tripped, when it "
        "failed too often of late or fails its health check, and gets no calls; or probing with a "
        "few of them. RUNNING is of how many it may have, where there is a limit. CALLS and FAILED "
        "are of the last 30 seconds. FIRST is how long it takes until the first token of late, and "
        "P95 within which 95 of 100 answers begin. HELD BY says what keeps calls away.",
    .options = remote_options,
    .examples =
        "recloser targets  shows them as a table\n"
        "recloser targets --json  prints all that is known of them for a program",
    .exits = remote_exits,
    .run = run_targets};

inline constexpr Command targets_show_entry{
    .name = "targets show",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Show all that is known of one target",
    .description =
        "Shows one target of a running gateway, by its name PROVIDER/MODEL: its state and why, "
        "the last health check, the provider's key, what the provider says of its limits, times "
        "to the first token, and how calls ended there since the gateway was started.",
    .options = remote_options,
    .examples = "recloser targets show openai/gpt-4o-mini  shows that one",
    .exits = remote_exits,
    .run = run_targets_show};

inline constexpr Command targets_drain_entry{
    .name = "targets drain",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Send no new calls to a target",
    .description =
        "Takes a target of a running gateway out of traffic, until `recloser targets undrain`, "
        "over restarts too. Calls that run there may end, or with --now go on elsewhere in the "
        "midst of their answer, where their model has `interrupted: continue`; new ones go to "
        "other targets of their model, and are refused where there is none. It is kept as the "
        "switch drain/NAME.",
    .options = targets_drain_options,
    .examples =
        "recloser targets drain openai/gpt-4o-mini --reason 'it moves'  keeps calls away\n"
        "recloser targets drain openai/gpt-4o-mini --now  has running answers leave it, too",
    .exits = remote_exits,
    .run = run_targets_drain};

inline constexpr Command targets_undrain_entry{
    .name = "targets undrain",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Send calls to a drained target again",
    .description = "Takes a drained target of a running gateway into traffic again, at once.",
    .options = targets_undrain_options,
    .examples = "recloser targets undrain openai/gpt-4o-mini  lets calls go there",
    .exits = remote_exits,
    .run = run_targets_undrain};

inline constexpr Command explain_entry{
    .name = "explain",
    .arguments = "CALL",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Tell how one call was served, and why so",
    .description =
        "Tells of one call that a running gateway has booked, by its id, which is what "
        "x-recloser-call said in its answer: who asked for what, which targets there were and how "
        "they were at that moment, the attempts in their order, budgets, decisions, and what "
        "came of it.",
    .options = remote_options,
    .examples =
        "recloser explain 01JD3Z8QK6T2V9M4B7XHPW5RNC  tells of that call\n"
        "recloser explain 01JD3Z8QK6T2V9M4B7XHPW5RNC --json  prints it for a program",
    .exits =
        "0  told\n1  there is no such call\n"
        "2  the command line, the configuration or the admin token is wrong\n"
        "3  the gateway cannot be reached, or failed",
    .run = run_explain};

}  // namespace recloser::cli
