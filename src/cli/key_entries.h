// The commands of keys, and of the orgs, teams and users they belong to, in the table of all
// commands.
#pragma once

#include "cli/common_options.h"
#include "cli/run_commands.h"

#include <array>

namespace recloser::cli {

// ---- options ----

inline constexpr Option models_option{
    .name = "models",
    .value = "A,B",
    .help = "The models that may be asked for, as globs such as gpt-4o*; left out, all."};
inline constexpr Option labels_option{
    .name = "labels", .value = "A,B", .help = "Labels of all its calls."};
inline constexpr Option expires_option{
    .name = "expires",
    .value = "TIME",
    .help = "When it ends, as 2027-01-01 or 2027-01-01T12:00:00Z; left out, never."};
inline constexpr Option budget_option{
    .name = "budget-usd", .value = "N", .help = "So many dollars in each --per."};
inline constexpr Option per_option{.name = "per",
                                   .value = "PERIOD",
                                   .help =
                                       "For how long a budget is, in UTC: hour, day, week, month, "
                                       "or total for ever.",
                                   .one_of = "hour|day|week|month|total"};
inline constexpr Option reserve_option{
    .name = "reserve",
    .value = "FORM",
    .help = "How a call's worst case is held: clamp, upper_bound, elastic or none; else clamp.",
    .one_of = "clamp|upper_bound|elastic|none"};
inline constexpr Option rpm_option{.name = "rpm", .value = "N", .help = "Requests per minute."};
inline constexpr Option tpm_option{
    .name = "tpm", .value = "N", .help = "Tokens per minute, of input and output."};
inline constexpr Option concurrency_option{
    .name = "concurrency", .value = "N", .help = "Calls at one time."};

inline constexpr std::array key_create_options{
    Option{.name = "id",
           .value = "NAME",
           .help =
               "What the key is called in the books: letters, digits, '.', '_' and '-', at most "
               "64; made up when left out."},
    Option{.name = "org", .value = "NAME", .help = "The organisation that its calls belong to."},
    Option{.name = "team", .value = "NAME", .help = "The team that its calls belong to."},
    Option{.name = "user",
           .value = "NAME",
           .help = "The user; left out, each call may name its own (x-recloser-user)."},
    Option{.name = "agent",
           .value = "NAME",
           .help = "The agent; left out, each call may name its own (x-recloser-agent)."},
    models_option,
    labels_option,
    expires_option,
    budget_option,
    per_option,
    reserve_option,
    rpm_option,
    tpm_option,
    concurrency_option,
    Option{.name = "plan", .value = "NAME", .help = "", .planned = true},
    admin_option,
    config_option,
    json_option};

inline constexpr std::array key_set_options{
    models_option, labels_option, expires_option,     budget_option, per_option,    reserve_option,
    rpm_option,    tpm_option,    concurrency_option, admin_option,  config_option, json_option};

inline constexpr std::array key_rotate_options{
    Option{
        .name = "grace",
        .value = "DURATION",
        .help = "How long the old secret stays good, such as 1h or 7d; 0 for no time; else 24h."},
    admin_option, config_option, json_option};

inline constexpr Option of_org_option{
    .name = "org", .value = "NAME", .help = "The org it is in, where several have that name."};

inline constexpr std::array holder_options{of_org_option, admin_option, config_option, json_option};

inline constexpr Option team_of_user_option{
    .name = "team", .value = "NAME", .help = "Of a user: the team of keys that name none."};
inline constexpr Option disable_option{
    .name = "disable", .value = "", .help = "All its keys are refused from now on."};
inline constexpr Option enable_option{
    .name = "enable", .value = "", .help = "Takes --disable back."};

inline constexpr std::array user_set_options{
    of_org_option,  team_of_user_option, models_option,      labels_option,
    expires_option, budget_option,       per_option,         reserve_option,
    rpm_option,     tpm_option,          concurrency_option, disable_option,
    enable_option,  admin_option,        config_option,      json_option};

inline constexpr Option user_models_option{
    .name = "user-models", .value = "A,B", .help = "The models that each of its users may use."};
inline constexpr Option user_budget_option{
    .name = "user-budget-usd", .value = "N", .help = "So many dollars for each user."};
inline constexpr Option user_per_option{.name = "user-per",
                                        .value = "PERIOD",
                                        .help = "For how long the budget of each user is.",
                                        .one_of = "hour|day|week|month|total"};
inline constexpr Option user_rpm_option{
    .name = "user-rpm", .value = "N", .help = "Requests per minute of each user."};
inline constexpr Option user_tpm_option{
    .name = "user-tpm", .value = "N", .help = "Tokens per minute of each user."};
inline constexpr Option user_concurrency_option{
    .name = "user-concurrency", .value = "N", .help = "Calls at one time of each user."};

inline constexpr std::array team_set_options{
    of_org_option,   models_option,      labels_option,      expires_option,
    budget_option,   per_option,         reserve_option,     rpm_option,
    tpm_option,      concurrency_option, user_models_option, user_budget_option,
    user_per_option, user_rpm_option,    user_tpm_option,    user_concurrency_option,
    disable_option,  enable_option,      admin_option,       config_option,
    json_option};
inline constexpr std::array org_set_options{
    models_option,      labels_option,      expires_option,
    budget_option,      per_option,         reserve_option,
    rpm_option,         tpm_option,         concurrency_option,
    user_models_option, user_budget_option, user_per_option,
    user_rpm_option,    user_tpm_option,    user_concurrency_option,
    disable_option,     enable_option,      admin_option,
    config_option,      json_option};

// ---- keys ----

inline constexpr Command key_create_entry{
    .name = "key create",
    .arguments = "",
    .summary = "Make a virtual key",
    .description =
        "Makes a virtual key in a running gateway and prints its secret, this once: only a hash "
        "of it is kept. Clients send it as their API key; the calls are booked on what the key "
        "says about its holder.",
    .options = key_create_options,
    .examples =
        "recloser key create --id ci --team search  makes a key for the team search\n"
        "recloser key create --budget-usd 5 --per day --rpm 60  makes one that may spend "
        "$5 a day\n"
        "recloser key create --models 'gpt-4o*,claude-*' --expires 2027-01-01  makes one "
        "that ends by itself",
    .exits = remote_exits,
    .run = run_key_create};

inline constexpr Command key_list_entry{
    .name = "key list",
    .arguments = "",
    .summary = "List the virtual keys",
    .description =
        "Lists the keys of a running gateway, those in its configuration and revoked "
        "ones too. Secrets are not known any more and are not shown.",
    .options = remote_options,
    .examples =
        "recloser key list  shows them as a table\n"
        "recloser key list --json  prints them for a program",
    .exits = remote_exits,
    .run = run_key_list};

inline constexpr Command key_set_entry{
    .name = "key set",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Change what a virtual key may do, at once",
    .description =
        "What is not said stays; the value none takes something away. A limit that is lowered "
        "below what is spent cuts the streams that run under it. Whose a key is does not change: "
        "its calls are in the books under it.",
    .options = key_set_options,
    .examples =
        "recloser key set ci --rpm 120  sets a limit\n"
        "recloser key set ci --budget-usd none --expires none  takes two away",
    .exits = remote_exits,
    .run = run_key_set};

inline constexpr Command key_disable_entry{
    .name = "key disable",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Refuse a virtual key until it is enabled",
    .description =
        "From the moment this command returns, every call with the key is refused; calls that run "
        "go on. `key enable` takes it back.",
    .options = remote_options,
    .examples = "recloser key disable ci  refuses the key ci",
    .exits = remote_exits,
    .run = run_key_disable};

inline constexpr Command key_enable_entry{
    .name = "key enable",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Let a disabled virtual key call again",
    .description = "Takes `key disable` back. A key that was revoked stays so.",
    .options = remote_options,
    .examples = "recloser key enable ci  lets the key ci call again",
    .exits = remote_exits,
    .run = run_key_enable};

inline constexpr Command key_rotate_entry{
    .name = "key rotate",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Give a virtual key a new secret",
    .description =
        "Prints a new secret, this once. The old one stays good until the grace ends, so that "
        "programs can change over; one that was older still ends now. It is one key all the while, "
        "with one budget.",
    .options = key_rotate_options,
    .examples =
        "recloser key rotate ci  lets the old secret live for a day\n"
        "recloser key rotate ci --grace 0  ends it at once",
    .exits = remote_exits,
    .run = run_key_rotate};

inline constexpr Command key_revoke_entry{
    .name = "key revoke",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Revoke a virtual key, at once and for ever",
    .description =
        "From the moment this command returns, every call with the key is refused; calls that "
        "run go on. A key that the configuration declares is revoked there.",
    .options = remote_options,
    .examples = "recloser key revoke ci  revokes the key ci",
    .exits = remote_exits,
    .run = run_key_revoke};

// ---- orgs, teams, users ----

inline constexpr std::string_view set_description =
    "What is not said stays as it is; the value none takes something away. It holds at once, for "
    "all keys that belong to it, and a limit that is lowered below what is spent cuts the streams "
    "that run under it. One that a document declares is changed there.";

inline constexpr Command org_set_entry{
    .name = "org set",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Say what an org, and each of its users, may take",
    .description = set_description,
    .options = org_set_options,
    .examples =
        "recloser org set acme --budget-usd 5000 --per month  bounds all of acme\n"
        "recloser org set acme --user-budget-usd 5 --user-per day  gives each user $5 a day",
    .exits = remote_exits,
    .run = run_org_set};

inline constexpr Command team_set_entry{
    .name = "team set",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Say what a team, and each of its users, may take",
    .description = set_description,
    .options = team_set_options,
    .examples =
        "recloser team set search --org acme --budget-usd 500 --per month --rpm 600  "
        "bounds the team\n"
        "recloser team set search --org acme --disable  refuses all its keys",
    .exits = remote_exits,
    .run = run_team_set};

inline constexpr Command user_set_entry{
    .name = "user set",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Say what a user may take, in place of the defaults",
    .description = set_description,
    .options = user_set_options,
    .examples =
        "recloser user set ada --org acme --budget-usd 50 --per day  gives ada more than "
        "others",
    .exits = remote_exits,
    .run = run_user_set};

inline constexpr std::string_view list_description =
    "Lists those that are declared by documents, and those that were set.";

inline constexpr Command org_list_entry{.name = "org list",
                                        .arguments = "",
                                        .summary = "List the orgs",
                                        .description = list_description,
                                        .options = remote_options,
                                        .examples = "recloser org list  shows them as a table",
                                        .exits = remote_exits,
                                        .run = run_org_list};
inline constexpr Command team_list_entry{.name = "team list",
                                         .arguments = "",
                                         .summary = "List the teams",
                                         .description = list_description,
                                         .options = remote_options,
                                         .examples = "recloser team list  shows them as a table",
                                         .exits = remote_exits,
                                         .run = run_team_list};
inline constexpr Command user_list_entry{.name = "user list",
                                         .arguments = "",
                                         .summary = "List the users",
                                         .description = list_description,
                                         .options = remote_options,
                                         .examples = "recloser user list  shows them as a table",
                                         .exits = remote_exits,
                                         .run = run_user_list};

inline constexpr std::string_view remove_description =
    "Takes away what was set. Keys that belong to it go on, without what it said; what is spent "
    "stays in the books.";

inline constexpr Command org_remove_entry{
    .name = "org remove",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Take away what was set of an org",
    .description = remove_description,
    .options = remote_options,
    .examples = "recloser org remove acme  lifts the limits of acme",
    .exits = remote_exits,
    .run = run_org_remove};
inline constexpr Command team_remove_entry{
    .name = "team remove",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Take away what was set of a team",
    .description = remove_description,
    .options = holder_options,
    .examples = "recloser team remove search --org acme  lifts the limits of the team",
    .exits = remote_exits,
    .run = run_team_remove};
inline constexpr Command user_remove_entry{
    .name = "user remove",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Take away what was set of a user",
    .description = remove_description,
    .options = holder_options,
    .examples = "recloser user remove ada --org acme  gives ada the defaults again",
    .exits = remote_exits,
    .run = run_user_remove};

}  // namespace recloser::cli
