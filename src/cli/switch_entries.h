// The commands of switches in the table of all commands.
#pragma once

#include "cli/common_options.h"
#include "cli/run_commands.h"

#include <array>

namespace recloser::cli {

inline constexpr std::array switch_options{
    Option{.name = "reason",
           .value = "TEXT",
           .help = "Why, in one line; it is kept with who and when."},
    Option{.name = "who", .value = "NAME", .help = "Who throws it; else admin."}, admin_option,
    config_option, json_option};

inline constexpr Command switch_on_entry{
    .name = "switch on",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Throw a switch: refuse calls, and cut those that run",
    .description =
        "Turns a switch of a running gateway on, at once and until it is turned off, over "
        "restarts too. A switch called all stops every call; one called org/NAME, team/NAME, "
        "user/NAME, agent/NAME, key/ID, session/ID, model/NAME, provider/NAME, "
        "target/PROVIDER/MODEL or label/NAME stops those calls: new ones are refused with "
        "403, and what runs is cut.\n"
        "Any other name is stored, and stops nothing by itself.",
    .options = switch_options,
    .examples =
        "recloser switch on all --reason 'the bill of today'  stops everything\n"
        "recloser switch on key/ci --reason 'its secret is on a web page' --who ada  stops "
        "one key\n"
        "recloser switch on model/gpt-4o --reason 'too dear'  stops a model",
    .exits = remote_exits,
    .run = run_switch_on};

inline constexpr Command switch_off_entry{
    .name = "switch off",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Turn a switch off: calls pass again",
    .description = "Turns a switch of a running gateway off, at once.",
    .options = switch_options,
    .examples = "recloser switch off all --reason 'it was the nightly job'  lets calls pass again",
    .exits = remote_exits,
    .run = run_switch_off};

inline constexpr Command switch_list_entry{
    .name = "switch list",
    .arguments = "",
    .summary = "List switches: which are on, since when, who and why",
    .description = "Lists every switch that was ever thrown, as it was left last.",
    .options = remote_options,
    .examples = "recloser switch list  shows them as a table",
    .exits = remote_exits,
    .run = run_switch_list};

}  // namespace recloser::cli
