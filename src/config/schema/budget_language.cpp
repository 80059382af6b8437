#include "config/schema/budget_language.h"

#include "config/schema/budget_values.h"

namespace recloser::config {
namespace {

constexpr Bounds window_bounds = between(1min, 366 * 24h);
constexpr Bounds idle_bounds = between(1s, 366 * 24h);
constexpr Bounds key_bounds = between(0, 8);

// ---- the short form ----

constexpr Field allowance_fields[] = {
    field<&Allowance::usd>("usd", {.help = "So many dollars. One of `usd`, `tokens` and "
                                           "`requests` is required.",
                                   .example = "5",
                                   .bounds = between(0, allowance_usd_max)}),
    field<&Allowance::tokens>(
        "tokens", {.help = "So many tokens, of input and output.", .example = "1000000"}),
    field<&Allowance::requests>("requests", {.help = "So many calls.", .example = "1000"}),
    field<&Allowance::per>("per", {.help = "For how long, by the calendar of UTC; `total` never "
                                           "begins anew.",
                                   .example = "day",
                                   .need = Need::required}),
    field<&Allowance::reserve>("reserve", {.help = "As in a Budget.", .example = "elastic"}),
};

// ---- rateLimits[] ----

constexpr Field rate_limit_fields[] = {
    field<&RateLimit::name>("name", {.help = "Its name in refusals and commands.",
                                     .example = "per-team",
                                     .need = Need::required,
                                     .text = Text::name}),
    field<&RateLimit::key>("key", {.help = "Each value of these has the limits for itself. Left "
                                           "out: all calls share them.",
                                   .example = "[team]",
                                   .bounds = key_bounds}),
    field<&RateLimit::only>("only", {.help = "Only calls that have all of these values.",
                                     .example = "{model: gpt-4o}"}),
    field<&RateLimit::rpm>("rpm", {.help = "Requests per minute. One of `rpm`, `tpm` and "
                                           "`concurrency` is required.",
                                   .example = "600",
                                   .bounds = rate_bounds}),
    field<&RateLimit::tpm>("tpm", {.help = "Tokens per minute, of input and output.",
                                   .example = "200000",
                                   .bounds = rate_bounds}),
    field<&RateLimit::concurrency>(
        "concurrency",
        {.help = "Calls at one time, to the last byte.", .example = "8", .bounds = rate_bounds}),
};

// ---- Budget ----

constexpr Field metadata_fields[] = {
    field<&Budget::name>("name", {.help = "Its name; no two budgets have the same.",
                                  .example = "team-month",
                                  .need = Need::required,
                                  .text = Text::name}),
    planned("version"),
    planned("labels"),
    planned("annotations"),
};

constexpr Field window_fields[] = {
    field<&BudgetWindow::type>(
        "type", {.help = "`calendar`: a `period` in a `timezone`. `rolling`: the last `duration`. "
                         "`session`: until nothing was called for `idleTimeout`, or `maxAge` is "
                         "over. `total`: for ever.",
                 .example = "calendar",
                 .need = Need::required}),
    field<&BudgetWindow::period>(
        "period", {.help = "calendar, required: weeks begin on Monday.", .example = "month"}),
    field<&BudgetWindow::timezone>("timezone", {.help = "calendar, required: whose midnight it is.",
                                                .example = "Europe/Berlin"}),
    field<&BudgetWindow::duration>("duration", {.help = "rolling, required: counted in 60 parts.",
                                                .example = "24h",
                                                .bounds = window_bounds}),
    field<&BudgetWindow::idle_timeout>(
        "idleTimeout", {.help = "session: a running call is no idleness. One of this and `maxAge` "
                                "is required.",
                        .example = "30m",
                        .bounds = idle_bounds}),
    field<&BudgetWindow::max_age>(
        "maxAge",
        {.help = "session: not longer than that.", .example = "24h", .bounds = idle_bounds}),
};

constexpr Field slice_fields[] = {
    field<&Budget::slice_tokens>("tokens", {.help = "Left out: by the pace of the stream.",
                                            .example = "256",
                                            .bounds = between(64, 1024)}),
};

constexpr Field exhausted_fields[] = {
    field<&OnExhausted::at>("at", {.help = "Where a running answer ends: `now`, or at the end of "
                                           "its sentence, if that comes within `graceTokens`.",
                                   .example = "sentence"}),
    field<&OnExhausted::grace_tokens>(
        "graceTokens", {.help = "at: sentence: the most that it may take, within the limit; 64 "
                                "when left out.",
                        .example = "40",
                        .bounds = between(1, 1024)}),
    field<&OnExhausted::finish_reason>(
        "finishReason", {.help = "Left out: the one at which the client at hand stops and shows "
                                 "the note.",
                         .example = "length"}),
    field<&OnExhausted::note>(
        "note", {.help = "The last words of an answer that is cut, in place of the usual ones; "
                         "`none` for none.",
                 .example = "\"[stopped: the budget of this month is spent]\"",
                 .text = Text::sentence}),
    planned("fallback",
            "remove it: until policies are there, the refusal and the note say what "
            "happened"),
};

constexpr Field spec_fields[] = {
    field<&Budget::unit>("unit", {.help = "What is counted; `tokens` are those of input and "
                                          "output, `seconds` those that calls take.",
                                  .example = "usd",
                                  .need = Need::required}),
    field<&Budget::limit>(
        "limit", {.help = "So much of it in a window.", .example = "500", .need = Need::required}),
    field<&Budget::key>("key", {.help = "Each value of these has the limit for itself. Left out: "
                                        "all calls share it.",
                                .example = "[org, team]",
                                .bounds = key_bounds}),
    object<&Budget::window>("window", {.help = "For how long.",
                                       .example = "{type: calendar, period: day, timezone: UTC}",
                                       .need = Need::required,
                                       .section = &budget_window_section}),
    field<&Budget::reserve>(
        "reserve", {.help = "`clamp`: the worst case, with the answer's limit lowered until it "
                            "fits. `upper_bound`: the worst case, or the call is refused. "
                            "`elastic`: slice by slice, and a cut. `none`: nothing, it only "
                            "counts.",
                    .example = "elastic"}),
    part("slice",
         {.help = "elastic: how much is reserved ahead.", .section = &budget_slice_section}),
    field<&Budget::clamp_floor_tokens>(
        "clampFloor", {.help = "An answer's limit is not lowered below by clamp, which refuses "
                               "the call then, nor by degradeAt.",
                       .example = "256",
                       .bounds = between(1, 1'000'000)}),
    field<&Budget::on_unpriced>("onUnpriced", {.help = "usd: whether a call that nobody can price "
                                                       "is refused, or let through with an alert.",
                                               .example = "alert"}),
    field<&Budget::thresholds>(
        "thresholds", {.help = "Parts of the limit at which one event is told in each window.",
                       .example = "[0.5, 0.8, 1.0]",
                       .bounds = between(0, Budget::thresholds_max)}),
    field<&Budget::degrade_at>("degradeAt", {.help = "From this part of the limit on, answers get "
                                                     "a lower limit.",
                                             .example = "0.8"}),
    object<&Budget::on_exhausted>("onExhausted", {.help = "How a stream ends when nothing is left.",
                                                  .section = &budget_exhausted_section}),
    field<&Budget::owner>("owner", {.help = "Whose budget it is; shown in refusals.",
                                    .example = "FinOps",
                                    .text = Text::sentence}),
    field<&Budget::contact>("contact", {.help = "Whom to ask for more; shown in refusals.",
                                        .example = "finops@example.com",
                                        .text = Text::sentence}),
    planned("match", "remove it until policies are there, and tell calls apart by key"),
};

constexpr Field document_fields[] = {
    fixed("apiVersion", "recloser.dev/v1alpha1",
          {.help = "The version of this language.", .need = Need::required}),
    fixed("kind", "Budget", {.help = "What the document describes.", .need = Need::required}),
    part("metadata", {.help = "What it is called.",
                      .example = "{name: team-month}",
                      .need = Need::required,
                      .section = &budget_metadata_section}),
    part("spec",
         {.help = "What it says.", .need = Need::required, .section = &budget_spec_section}),
};

}  // namespace

const Section allowance_section{"keys[].budget",
                                "What the calls of a key may take; several of these are a list.",
                                allowance_fields, defaults_of<Allowance>};
const Section rate_limit_section{"rateLimits[]",
                                 "The pace of calls, for each value of a key. Requests and tokens "
                                 "flow back at the pace of the limit, with a burst of one minute.",
                                 rate_limit_fields, defaults_of<RateLimit>};
const Section budget_document_section{"Budget",
                                      "A document in a file that `policies` names. A file may hold "
                                      "several, with `---` between them.",
                                      document_fields, defaults_of<Budget>};
const Section budget_metadata_section{"Budget.metadata", "What it is called.", metadata_fields,
                                      defaults_of<Budget>};
const Section budget_spec_section{"Budget.spec", "What it says ([budgets](budgets.md)).",
                                  spec_fields, defaults_of<Budget>};
const Section budget_window_section{"Budget.spec.window", "For how long the limit holds.",
                                    window_fields, defaults_of<BudgetWindow>};
const Section budget_slice_section{"Budget.spec.slice", "How much is reserved ahead.", slice_fields,
                                   defaults_of<Budget>};
const Section budget_exhausted_section{"Budget.spec.onExhausted",
                                       "How a stream ends when nothing is left.", exhausted_fields,
                                       defaults_of<OnExhausted>};

}  // namespace recloser::config
