// The table of all commands (INTERFACES section 6).
#include "cli/approval_entries.h"
#include "cli/budget_entries.h"
#include "cli/command_line.h"
#include "cli/common_options.h"
#include "cli/key_entries.h"
#include "cli/run_commands.h"
#include "cli/run_entry.h"
#include "cli/switch_entries.h"
#include "cli/target_entries.h"

#include <array>

namespace recloser::cli {
namespace {

constexpr std::array serve_options{config_option};

constexpr std::array check_options{
    Option{.name = "json", .value = "", .help = "Prints the findings as JSON, for programs."}};

constexpr std::array state_options{config_option, json_option};

constexpr std::array calls_options{
    Option{.name = "follow",
           .value = "",
           .help = "Prints each call when it ends, until Ctrl-C, or until --limit N were printed."},
    Option{.name = "limit", .value = "N", .help = "At most so many calls, 1 to 1000; else 50."},
    Option{.name = "session", .value = "ID", .help = "Only calls of this session."},
    Option{.name = "team", .value = "NAME", .help = "Only calls of this team."},
    Option{.name = "outcome",
           .value = "OUTCOME",
           .help = "Only calls that ended so: completed, refused, cut, client_gone, "
                   "provider_failed or gateway_failed.",
           .one_of = "completed|refused|cut|client_gone|provider_failed|gateway_failed"},
    Option{.name = "since",
           .value = "WHEN",
           .help = "Only calls since then: a time such as 2026-11-21T10:15:30Z, or a duration such "
                   "as 30m, 2h or 7d."},
    Option{.name = "until", .value = "WHEN", .help = "Only calls that began before then."},
    Option{.name = "cursor",
           .value = "CURSOR",
           .help = "Goes on where a page before ended: what it said was `next`."},
    admin_option,
    config_option,
    json_option};

constexpr std::array count_options{
    Option{.name = "model",
           .value = "NAME",
           .help =
               "Whose tokens: the name of a model as a provider spells it. With --jsonl it stands "
               "in for lines that name none."},
    Option{
        .name = "jsonl",
        .value = "",
        .help =
            "Each line is a prompt, {\"id\", \"text\" or \"messages\", \"tools\", \"model\"}, and "
            "gives {\"id\", \"tokens\", \"upper\", \"exact\", \"encoding\"}."},
    Option{.name = "json", .value = "", .help = "Prints JSON, for programs."}};

constexpr std::array export_focus_options{
    Option{.name = "since",
           .value = "WHEN",
           .help =
               "Calls that began then or later: a day such as 2026-11-01, a time, or a duration "
               "such as 30d; else all."},
    Option{
        .name = "until", .value = "WHEN", .help = "Calls that began before; else all up to now."},
    Option{.name = "by",
           .value = "call|day",
           .help =
               "A line for each call and kind of token, or sums of a day by who asked and which "
               "model; else day.",
           .one_of = "call|day"},
    Option{.name = "out",
           .value = "FILE",
           .help = "Writes into this file, which is there only once it is whole; else to standard "
                   "output."},
    admin_option,
    config_option,
    Option{.name = "json", .value = "", .help = "With --out: says as JSON what was written."}};

constexpr std::array reconcile_options{
    Option{.name = "provider",
           .value = "A,B",
           .help = "Which of our providers the bill is of; else those at the bill's provider, or "
                   "all where it does not say."},
    Option{.name = "models",
           .value = "FILE",
           .help = "Names of models that cannot be told otherwise: CSV with the bill's name and "
                   "ours on each line."},
    Option{.name = "since",
           .value = "DAY",
           .help = "The first day to compare, as 2026-11-01; else the bill's first."},
    Option{.name = "until",
           .value = "DAY",
           .help = "The last day to compare, included; else the bill's last."},
    Option{.name = "utc-offset",
           .value = "+HH:MM",
           .help = "The zone of the bill's days, such as -08:00; else UTC."},
    Option{.name = "tolerance",
           .value = "PERCENT",
           .help = "How far a bill may be from calls whose tokens we estimated; else 5. Calls with "
                   "exact tokens have none."},
    admin_option,
    config_option,
    json_option};

constexpr std::array usage_options{
    Option{.name = "by",
           .value = "A,B",
           .help = "What to sum by: org, team, user, key, agent, session, model, provider, label, "
                   "outcome, day, month; else model.",
           .one_of = "org|team|user|key|agent|session|model|provider|label|outcome|day|month"},
    Option{.name = "since",
           .value = "WHEN",
           .help = "Only calls since then: a time such as 2026-11-01T00:00:00Z, or a duration such "
                   "as 24h or 30d."},
    Option{.name = "until", .value = "WHEN", .help = "Only calls that began before then."},
    Option{.name = "org", .value = "NAME", .help = "Only calls of this organisation."},
    Option{.name = "team", .value = "NAME", .help = "Only calls of this team."},
    Option{.name = "user", .value = "NAME", .help = "Only calls of this user."},
    Option{.name = "key", .value = "ID", .help = "Only calls with this key."},
    Option{.name = "agent", .value = "NAME", .help = "Only calls of this agent."},
    Option{.name = "session", .value = "ID", .help = "Only calls of this session."},
    Option{.name = "model", .value = "NAME", .help = "Only calls that this model served."},
    Option{.name = "provider", .value = "NAME", .help = "Only calls of this provider."},
    Option{.name = "label", .value = "NAME", .help = "Only calls with this label."},
    Option{.name = "outcome",
           .value = "OUTCOME",
           .help = "Only calls that ended so.",
           .one_of = "completed|refused|cut|client_gone|provider_failed|gateway_failed"},
    Option{.name = "rated",
           .value = "",
           .help = "Takes the cost of a call as it was last rated, where it was, in place of what "
                   "was booked."},
    Option{.name = "csv", .value = "", .help = "Prints CSV, for spreadsheets."},
    admin_option,
    config_option,
    json_option};

constexpr std::array price_show_options{
    Option{.name = "provider",
           .value = "NAME",
           .help = "Where: a name in the configuration, or one that price lists use (openai, "
                   "anthropic, google, aws, azure ..); left out, the one that makes the model."},
    Option{.name = "at",
           .value = "TIME",
           .help = "The prices of that time, as 2026-03-01 or 2026-03-01T12:00:00Z; else of now."},
    Option{.name = "tier",
           .value = "TIER",
           .help = "The service tier: standard, batch, flex, priority or fast; else standard.",
           .one_of = "standard|batch|flex|priority|fast"},
    config_option, Option{.name = "json", .value = "", .help = "Prints JSON, for programs."}};

constexpr std::array price_lint_options{
    config_option, Option{.name = "json", .value = "", .help = "Prints JSON, for programs."}};

constexpr std::array price_import_options{
    Option{.name = "provider",
           .value = "NAME",
           .help = "Only this provider's models, by the name that our price lists use."}};

constexpr std::array price_rerate_options{
    Option{
        .name = "reason",
        .value = "TEXT",
        .help = "Why, in one line; it stands with each new figure. Only --dry-run goes without."},
    Option{.name = "since",
           .value = "WHEN",
           .help = "Calls that began then or later: a day such as 2026-11-01, a time, or a "
                   "duration such as 30d; else all."},
    Option{
        .name = "until", .value = "WHEN", .help = "Calls that began before; else all up to now."},
    Option{.name = "provider", .value = "NAME", .help = "Only calls of this provider."},
    Option{.name = "model",
           .value = "NAME",
           .help = "Only calls of this model, by the name that was asked for or that served."},
    Option{.name = "dry-run", .value = "", .help = "Shows the figures and writes nothing."},
    admin_option,
    config_option,
    json_option};

constexpr std::array sim_options{
    Option{.name = "listen",
           .value = "ADDRESS",
           .help = "Where it listens; port 0 takes a free one. Else 127.0.0.1:8790."},
    Option{.name = "seed",
           .value = "N",
           .help = "The same seed gives the same words and ids. Else 1."}};

constexpr std::array version_options{json_option};

constexpr auto table = std::to_array<Command>({
    {.name = "serve",
     .arguments = "",
     .summary = "Run the gateway",
     .description =
         "Carries calls of clients to model providers and books each one, until it is told to "
         "stop.\n"
         "It prints where clients and operators connect, and a call to try. SIGTERM or Ctrl-C "
         "drains: no new calls, those that run may end. When the time for that is over (`drain` in "
         "the configuration), those that still run are ended with an error `draining` in their "
         "dialect, and have up to three seconds to hear it. A second signal stops at once.",
     .options = serve_options,
     .examples = "recloser serve  starts with ./recloser.yaml, or with the quickstart\n"
                 "recloser serve --config /etc/recloser.yaml  starts with that configuration",
     .exits = "0  it was told to stop, and did\n"
              "2  the command line or the configuration is wrong\n"
              "3  it could not start: a port is in use, the store cannot be opened",
     .run = run_serve},
    run_entry,
    {.name = "check",
     .arguments = "[FILE]",
     .arguments_max = 1,
     .summary = "Say what is wrong with a configuration, or what is in effect",
     .description =
         "Reads a configuration as `serve` would. What is wrong is told with its line and column; "
         "when nothing is, the configuration in effect is printed, defaults included, secrets "
         "hidden.",
     .options = check_options,
     .examples = "recloser check  checks what `recloser serve` would start with\n"
                 "recloser check staging.yaml  checks that file",
     .exits = "0  it is valid, perhaps with warnings\n2  it is not, or cannot be read",
     .run = run_check},
    key_create_entry,
    key_list_entry,
    key_set_entry,
    key_disable_entry,
    key_enable_entry,
    key_rotate_entry,
    key_revoke_entry,
    org_set_entry,
    org_list_entry,
    org_remove_entry,
    team_set_entry,
    team_list_entry,
    team_remove_entry,
    user_set_entry,
    user_list_entry,
    user_remove_entry,
    {.name = "calls",
     .arguments = "[ID]",
     .arguments_max = 1,
     .summary = "Show the books: calls, newest first, or all about one",
     .description =
         "Shows the calls that a running gateway has booked, newest first: who, which model, how "
         "it ended, tokens, and times in UTC. With the ID of a call, which is what x-recloser-call "
         "said in its answer, everything that is known of it.\n"
         "With --follow it prints calls as they end, with --json a line of JSON for each, and "
         "waits "
         "for a gateway that goes away to come back.",
     .options = calls_options,
     .examples = "recloser calls --since 1h --outcome provider_failed  what failed in the last "
                 "hour\n"
                 "recloser calls 01JD3Z8QK6T2V9M4B7XHPW5RNC  all about one call\n"
                 "recloser calls --team search --json  prints the calls of a team for a program\n"
                 "recloser calls --follow --outcome refused  what is refused from now on",
     .exits = remote_exits,
     .run = run_calls},
    {.name = "count",
     .arguments = "[FILE]",
     .arguments_max = 1,
     .summary = "Count the tokens of a text, or of prompts",
     .description =
         "Counts the tokens that a model makes of a text, which is a file or standard input. "
         "OpenAI's models are counted with their own encodings (o200k, cl100k), exactly. The "
         "tokenizers of others are not public: they are counted with o200k and a line through what "
         "their providers reported, which is off by a tenth or less nine times in ten; so is a "
         "model that is not known. Of messages and tools it also counts what the provider puts "
         "around them.\n"
         "`upper` is the bound that a budget reserves before a call, told from the bytes alone. "
         "`exact` says whether `tokens` is what the provider will bill, and not about as many.",
     .options = count_options,
     .examples =
         "recloser count --model gpt-4o notes.md  the tokens of a file\n"
         "git diff | recloser count --model claude-sonnet-4-5 --json  of what comes in, for a "
         "program\n"
         "recloser count --model gpt-4o --jsonl prompts.jsonl  of each prompt in a file",
     .exits = "0  counted\n"
              "2  the command line is wrong, or lines are: they are told, the others counted\n"
              "3  the input cannot be read",
     .run = run_count},
    {.name = "price show",
     .arguments = "MODEL",
     .arguments_min = 1,
     .arguments_max = 1,
     .summary = "Show what a model costs",
     .description =
         "Shows the prices of a model in USD, as they hold at a time: the list's, and beside them "
         "those of `prices.overrides` in the configuration; its limits, when it ends, and what "
         "else is known. Rates that are not shown are those of the more general kind: cached "
         "input without a price of its own costs what input costs.",
     .options = price_show_options,
     .examples = "recloser price show gpt-5.1 --at 2026-03-01  the prices of that day\n"
                 "recloser price show claude-opus-4-8 --provider bedrock  what it costs there\n"
                 "recloser price show gpt-5.1 --tier batch --json  prints them for a program",
     .exits = "0  shown\n1  that model has no price; near names are told\n"
              "2  the command line, the configuration or a price list is wrong",
     .run = run_price_show},
    {.name = "price lint",
     .arguments = "[FILE]",
     .arguments_max = 64,
     .summary = "Say what deserves a second look in price lists",
     .description =
         "Looks through the prices that come with this program, and those that the configuration "
         "lays over them: models whose two sources disagree by more than one per cent, "
         "models that end, prices that are missing, lists that stand over nothing. With FILEs, "
         "only through those, which are price lists as `prices.overrides` names them.",
     .options = price_lint_options,
     .examples = "recloser price lint  looks through everything\n"
                 "recloser price lint prices/ours.yaml  looks through that file",
     .exits = "0  nothing was found\n1  something was\n"
              "2  the command line, the configuration or a price list is wrong",
     .run = run_price_lint},
    {.name = "price rerate",
     .arguments = "",
     .summary = "Price calls of the past anew, beside what was booked",
     .description =
         "Prices the calls of a period once more, from the usage in their rows and the prices of "
         "the time of each call, as this program and `prices.overrides` have them now, and writes "
         "the new figure beside the old one with your reason. What was booked stays as it is; "
         "`recloser usage --rated` and `recloser calls ID` show the new figures. A second time "
         "adds another figure, and the last one counts.\n"
         "Calls that their provider billed itself are left alone, and calls that still have no "
         "price. It asks the running gateway and writes through it; when none runs, it works on "
         "the store of the configuration itself.",
     .options = price_rerate_options,
     .examples = "recloser price rerate --since 2026-11-01 --dry-run  what would change, written "
                 "nowhere\n"
                 "recloser price rerate --since 2026-11-01 --provider azure-eu --reason 'the new "
                 "contract'  writes the new figures beside the old ones",
     .exits = "0  done\n"
              "2  the command line, the configuration, a price list or the admin token is wrong\n"
              "3  the books cannot be read or written, or the gateway cannot be reached",
     .run = run_price_rerate},
    {.name = "price import",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .summary = "Make a price list of LiteLLM's, genai-prices' or one of ours",
     .description =
         "Reads a JSON file of prices and prints it as a list for `prices.overrides`, checked. It "
         "knows LiteLLM's model_prices_and_context_window.json, genai-prices' data.json, and "
         "lists of ours. How many models were left out, and why, is told apart from the list.",
     .options = price_import_options,
     .examples = "recloser price import model_prices.json > prices/litellm.yaml  all of them\n"
                 "recloser price import data.json --provider groq > prices/groq.yaml  one provider",
     .exits = "0  printed\n1  it has no price that can be used\n"
              "2  the command line is wrong, or the file is of no known form\n"
              "3  the file cannot be read",
     .run = run_price_import},
    {.name = "export focus",
     .arguments = "",
     .summary = "Export the books in FOCUS, the FinOps format",
     .description =
         "Prints the calls that have a price as CSV in FOCUS 1.2: what they cost at list and at "
         "contracted prices, by kind of token, with who asked. The lines add up to the ledger to "
         "the nano-dollar, and each is checked against the format before it is written; "
         "docs/focus.md has the columns. It asks the running gateway; when none runs, it reads the "
         "store of the configuration itself.",
     .options = export_focus_options,
     .examples = "recloser export focus --since 2026-11-01 --until 2026-12-01 --out november.csv  "
                 "writes a month, a line for each day, team, user and model\n"
                 "recloser export focus --by call --since 1d  prints each call of the last day",
     .exits = "0  exported\n"
              "2  the command line, the configuration or the admin token is wrong\n"
              "3  the books cannot be read, the file cannot be written, or the gateway cannot be "
              "reached",
     .run = run_export_focus},
    {.name = "reconcile",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .summary = "Compare a provider's bill with the books",
     .description =
         "Reads a usage or cost export of a provider (`-` is standard input) and says what is "
         "missing in our books, missing on the bill, billed twice, counted otherwise or priced "
         "otherwise, by day and model, or call by call where the bill names its requests. It knows "
         "the exports of OpenAI and Anthropic (CSV of the console, JSON pages of the API), AWS "
         "cost "
         "and usage reports (also in gzip), and a CSV of our own; docs/reconcile.md has the "
         "columns.\n"
         "A difference in price is explained where a way of pricing gives the bill's figure "
         "exactly: cached tokens at the full price, cache writes at the price of input, another "
         "tier, batch, a discount. It asks the running gateway; when none runs, it reads the store "
         "of the configuration itself.",
     .options = reconcile_options,
     .examples = "recloser reconcile openai-usage.csv  compares it with our calls of OpenAI\n"
                 "recloser reconcile cur.csv.gz --provider bedrock-eu,bedrock-us --json  prints "
                 "the findings for a program\n"
                 "recloser reconcile bill.csv --models names.csv --utc-offset -08:00  with names "
                 "and days of its own",
     .exits = "0  the bill and our books agree\n"
              "1  they do not: there are findings\n"
              "2  the command line, the configuration, the admin token or the file is wrong\n"
              "3  the file or the books cannot be read, or the gateway cannot be reached",
     .run = run_reconcile},
    {.name = "usage",
     .arguments = "",
     .summary = "Add the books up: tokens and cost by team, model, day ..",
     .description =
         "Sums the calls that a running gateway has booked: how many, tokens, what they cost and "
         "would have at list price. ESTIMATED counts calls whose cost is an estimate; UNPRICED "
         "counts calls of models without a price, which add nothing to the cost.\n"
         "A call with several labels counts for each of them, and once in the total. Days and "
         "months are of UTC.",
     .options = usage_options,
     .examples = "recloser usage --since 30d  what each model cost in a month\n"
                 "recloser usage --by team,day --since 2026-11-01T00:00:00Z --csv  prints days of "
                 "teams for a spreadsheet\n"
                 "recloser usage --by user --team search --json  prints the users of a team for a "
                 "program",
     .exits = remote_exits,
     .run = run_usage},
    budget_list_entry,
    budget_show_entry,
    budget_adjust_entry,
    budget_exposure_entry,
    budget_request_entry,
    approvals_list_entry,
    approvals_approve_entry,
    approvals_deny_entry,
    switch_on_entry,
    switch_off_entry,
    switch_list_entry,
    targets_entry,
    targets_show_entry,
    targets_drain_entry,
    targets_undrain_entry,
    explain_entry,
    {.name = "backup",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .summary = "Copy the books into a file, while the gateway runs or not",
     .description =
         "Copies the ledger's store, with its keys, into a new file. A gateway that runs makes the "
         "copy itself, where it runs, and goes on carrying calls: those that have ended are in it, "
         "those that are open are not. When none runs, the state directory of the configuration is "
         "read, and calls that a crash left in its journal are in the copy as well.\n"
         "No file is written over.",
     .options = remote_options,
     .examples = "recloser backup /var/backups/recloser-2026-11-21.db  copies the books there",
     .exits = "0  done\n1  there is a file of that name\n"
              "2  the command line, the configuration or the admin token is wrong\n"
              "3  it could not be done: no room, no store",
     .run = run_backup},
    {.name = "restore",
     .arguments = "FILE",
     .arguments_min = 1,
     .arguments_max = 1,
     .summary = "Put a backup of the books back, while no gateway runs",
     .description =
         "Puts a copy of a backup in the place of the ledger's store, after a look whether it is "
         "one of ours, of a version that this program knows, and sound. The store that was there "
         "is kept beside it. Keys are what they were in the backup: one that was revoked since is "
         "good again, so revoke it again.",
     .options = state_options,
     .examples = "recloser restore /var/backups/recloser-2026-11-21.db  puts that copy back",
     .exits = "0  done\n2  the command line or the configuration is wrong\n"
              "3  it could not be done: a gateway runs, the file is missing, damaged or of a newer "
              "version",
     .run = run_restore},
    {.name = "sim",
     .arguments = "",
     .summary = "Run the simulated provider by itself",
     .description =
         "A model provider without a model: it speaks the dialects of OpenAI and Anthropic, "
         "answers the same for the same seed, fails as the model's name asks (sim-429, "
         "sim-t400-d5, "
         "sim-reset40 ..), and keeps a truth at GET /sim/truth to check books against. It runs "
         "until SIGTERM or Ctrl-C.",
     .options = sim_options,
     .examples = "recloser sim  listens on 127.0.0.1:8790\n"
                 "recloser sim --listen 127.0.0.1:0 --seed 7  takes a free port and says which",
     .exits = "0  it was told to stop, and did\n2  the command line is wrong\n"
              "3  the port is in use",
     .run = run_sim},
    {.name = "completion",
     .arguments = "bash|zsh|fish",
     .arguments_min = 1,
     .arguments_max = 1,
     .summary = "Print a completion script for a shell",
     .description = "Prints a script that completes commands, options and their values.",
     .options = {},
     .examples =
         "source <(recloser completion bash)  completes in this shell\n"
         "recloser completion fish > ~/.config/fish/completions/recloser.fish  completes in "
         "every fish",
     .exits = "0  printed\n2  that shell is not known",
     .run = run_completion},
    {.name = "version",
     .arguments = "",
     .summary = "Print the version",
     .description = "Prints the version of this program.",
     .options = version_options,
     .examples = "recloser version  prints it",
     .exits = "0  printed",
     .run = run_version},
    {.name = "top"},
    {.name = "sessions"},
    {.name = "decision"},
    {.name = "models"},
    {.name = "policy"},
    {.name = "route"},
    {.name = "replay"},
    {.name = "import"},
    {.name = "export audit"},
    {.name = "audit"},
});

}  // namespace

std::span<const Command> commands() { return table; }

}  // namespace recloser::cli
