#include "config/schema/model_language.h"

#include "config/model.h"

namespace recloser::config {
namespace {

constexpr Field target_fields[] = {
    field<&Target::provider>("provider", {.help = "The name of an entry of `providers`.",
                                          .example = "openai",
                                          .need = Need::required,
                                          .text = Text::name}),
    field<&Target::model>("model", {.help = "The model as that provider calls it.",
                                    .example = "gpt-4o-mini",
                                    .need = Need::required}),
    field<&Target::weight>("weight", {.help = "Its share of the calls among those of its order; 0: "
                                              "it is asked when no other one answers.",
                                      .example = "3",
                                      .bounds = between(0, 1000)}),
    field<&Target::order>("order", {.help = "Those of a lower one are asked first.",
                                    .example = "1",
                                    .bounds = between(1, 100)}),
    field<&Target::lacks>("lacks", {.help = "What it cannot do, where the price list does not say "
                                            "so: calls that need it go to other targets.",
                                    .example = "[tools, vision]"}),
};

constexpr Field model_fields[] = {
    list<&Model::targets>(
        "targets",
        {.help = "Where it is served. Calls go to those that are healthy and can do what is asked; "
                 "one that fails before its answer has begun is replaced by the next.",
         .example = "[{provider: openai, model: gpt-4o-mini}]",
         .need = Need::required,
         .bounds = between(1, targets_max),
         .section = &target_section}),
    field<&Model::fallback>("fallback",
                            {.help = "Other models, in this order, when no target of this one can "
                                     "answer: names of `models`, or provider/model.",
                             .example = "[claude-haiku]",
                             .bounds = between(0, fallbacks_max)}),
    field<&Model::balance>("balance",
                           {.help = "How one of several targets of the same order is chosen: by "
                                    "`weight`, or as the one of two at random that answers sooner.",
                            .example = "weights"}),
    field<&Model::sticky>("sticky",
                          {.help = "Keep the calls of a session at one target while it is "
                                   "healthy, so that its provider's prompt cache is of use.",
                           .example = "true"}),
    field<&Model::regions>("regions", {.help = "Only providers with one of these as their `region` "
                                               "are asked.",
                                       .example = "[eu]",
                                       .bounds = between(0, 16),
                                       .text = Text::name}),
    field<&Model::attempts>("attempts", {.help = "How many targets one call may try, the first one "
                                                 "and what is tried again included.",
                                         .example = "3",
                                         .bounds = between(1, 3)}),
    field<&Model::deadline>("deadline",
                            {.help = "From the request to the first piece of the answer: all "
                                     "attempts and all waiting between them.",
                             .example = "10m",
                             .bounds = between(1ms, 24h)}),
    field<&Model::stream_upstream>(
        "streamUpstream",
        {.help = "Whether a call without `stream` is streamed from the provider and put together "
                 "here, so that it can be stopped at a token. `auto`: if something may stop it, an "
                 "`elastic` budget or one of `seconds`; then its worst case need not be held.",
         .example = "auto"}),
    field<&Model::interrupted>(
        "interrupted",
        {.help =
             "What becomes of a stream that breaks off when its client has some of it. `error`: "
             "the client is told. `continue`: a target is asked to go on from there. `restart`: "
             "the answer begins anew, for clients that send `x-recloser-restart: allow`.",
         .example = "continue"}),
    field<&Model::hedge>(
        "hedge",
        {.help = "Ask the next target as well for a stream whose first content is later than that "
                 "of 95 in 100 such calls; the first of the two that tells some is the answer. "
                 "Both are paid for, and budgets hold both. At most 2 % of the calls.",
         .example = "true"}),
    planned("ladder"),
};

}  // namespace

const Section model_section{"models.<name>", "A model name of your own ([routing](routing.md)).",
                            model_fields, defaults_of<Model>};
const Section target_section{"models.<name>.targets[]", "One place where a model is served.",
                             target_fields, defaults_of<Target>};

}  // namespace recloser::config
