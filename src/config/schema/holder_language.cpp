#include "config/schema/holder_language.h"

#include "config/schema/budget_language.h"
#include "config/schema/budget_values.h"
#include "config/schema/holder_values.h"

namespace recloser::config {
namespace {

constexpr Bounds secret_characters = between(20, 4096);
constexpr Bounds models_bounds = between(1, 256);
constexpr Bounds label_bounds = between(0, static_cast<std::int64_t>(limits::labels_max));

// ---- what keys and holders have in common ----

template <auto member>
constexpr Field models_of(std::string_view help) {
  return field<member>("models",
                       {.help = help, .example = "[\"gpt-4o*\"]", .bounds = models_bounds});
}
template <auto member>
constexpr Field labels_of(std::string_view help) {
  return field<member>(
      "labels",
      {.help = help, .example = "[ci, nightly]", .bounds = label_bounds, .text = Text::label});
}
template <auto member>
constexpr Field budget_of(std::string_view help) {
  return some<member>("budget",
                      {.help = help, .bounds = between(1, 16), .section = &allowance_section});
}
template <auto member>
constexpr Field rpm_of() {
  return field<member>("rpm",
                       {.help = "Requests per minute.", .example = "600", .bounds = rate_bounds});
}
template <auto member>
constexpr Field tpm_of() {
  return field<member>("tpm", {.help = "Tokens per minute, of input and output.",
                               .example = "200000",
                               .bounds = rate_bounds});
}
template <auto member>
constexpr Field concurrency_of() {
  return field<member>(
      "concurrency",
      {.help = "Calls at one time, to the last byte.", .example = "8", .bounds = rate_bounds});
}

// ---- keys[], Key ----

constexpr Field key_fields[] = {
    field<&Key::id>("id", {.help = "Its name in the ledger and in commands.",
                           .example = "ci",
                           .need = Need::required,
                           .text = Text::name}),
    field<&Key::secret>("secret", {.help = "What clients send. Kept as a hash.",
                                   .example = "\"${CI_KEY}\"",
                                   .need = Need::required,
                                   .bounds = secret_characters}),
    field<&Key::org>("org",
                     {.help = "Whose calls these are.", .example = "acme", .text = Text::words}),
    field<&Key::team>("team",
                      {.help = "Likewise, within it.", .example = "search", .text = Text::words}),
    field<&Key::user>(
        "user",
        {.help = "Left out, `x-recloser-user` may say it.", .example = "ada", .text = Text::words}),
    field<&Key::agent>("agent", {.help = "Left out, `x-recloser-agent` may say it.",
                                 .example = "indexer",
                                 .text = Text::words}),
    models_of<&Key::models>("Names clients may ask for; `*` stands for any text. Left out: every "
                            "model."),
    labels_of<&Key::labels>("Put on every call; left out, `x-recloser-labels` may say them."),
    field<&Key::priority>("priority", {.help = "Which calls go first where calls wait for a target "
                                               "([routing](routing.md)).",
                                       .example = "high"}),
    field<&Key::expires>("expires",
                         {.help = "From then on it is refused.", .example = "2027-01-01"}),
    field<&Key::disabled>("disabled",
                          {.help = "It is refused, until this is taken back.", .example = "true"}),
    budget_of<&Key::budgets>("What its calls may take ([budgets](budgets.md))."),
    rpm_of<&Key::rpm>(),
    tpm_of<&Key::tpm>(),
    concurrency_of<&Key::concurrency>(),
    planned("plan"),
    planned("roles"),
    planned("groups"),
    planned("residency"),
};

constexpr Field key_limit_fields[] = {
    budget_of<&Key::budgets>("What its calls may take ([budgets](budgets.md))."),
    rpm_of<&Key::rpm>(),
    tpm_of<&Key::tpm>(),
    concurrency_of<&Key::concurrency>(),
};

constexpr Field key_metadata_fields[] = {
    field<&Key::id>("name", {.help = "Its id in the ledger and in commands.",
                             .example = "ci",
                             .need = Need::required,
                             .text = Text::name}),
    planned("labels"),
    planned("annotations"),
};
constexpr Field key_document_fields[] = {
    fixed("apiVersion", "recloser.dev/v1alpha1",
          {.help = "The version of this language.", .need = Need::required}),
    fixed("kind", "Key", {.help = "What the document describes.", .need = Need::required}),
    part("metadata", {.help = "`name`, which is its id in the ledger and in commands.",
                      .example = "{name: ci}",
                      .need = Need::required,
                      .section = &key_metadata_section}),
    part("spec", {.help = "The fields of `keys[]` but `id`.",
                  .need = Need::required,
                  .section = &key_spec_section}),
};

// ---- Org, Team, User ----

constexpr Field metadata_fields[] = {
    field<&Holder::name>("name", {.help = "As keys name it. No two teams, or users, of one org "
                                          "have the same.",
                                  .example = "search",
                                  .need = Need::required,
                                  .text = Text::words}),
    planned("version"),
    planned("labels"),
    planned("annotations"),
};

constexpr Field user_default_fields[] = {
    models_of<&UserDefaults::models>("Names that the user's keys may ask for, of those that the "
                                     "team's and the key's own lists leave."),
    budget_of<&UserDefaults::budgets>("What all calls of one user may take together."),
    rpm_of<&UserDefaults::rpm>(),
    tpm_of<&UserDefaults::tpm>(),
    concurrency_of<&UserDefaults::concurrency>(),
};

constexpr Field spec_fields[] = {
    field<&Holder::org>("org", {.help = "Of a Team or a User: the org it is in. Left out: "
                                        "whichever its keys have.",
                                .example = "acme",
                                .text = Text::words}),
    field<&Holder::team>("team", {.help = "Of a User: the team of keys that name none.",
                                  .example = "search",
                                  .text = Text::words}),
    models_of<&Holder::models>("Names its keys may ask for, of those that their own list leaves. "
                               "Left out: every model."),
    labels_of<&Holder::labels>("Put on every call of its keys, besides their own."),
    field<&Holder::expires>(
        "expires", {.help = "From then on all its keys are refused.", .example = "2027-01-01"}),
    field<&Holder::disabled>("disabled", {.help = "All its keys are refused, until this is taken "
                                                  "back.",
                                          .example = "true"}),
    budget_of<&Holder::budgets>("What all its calls may take together ([budgets](budgets.md))."),
    rpm_of<&Holder::rpm>(),
    tpm_of<&Holder::tpm>(),
    concurrency_of<&Holder::concurrency>(),
    object<&Holder::user_defaults>("userDefaults",
                                   {.help = "Of an Org or a Team: what each of its users may take.",
                                    .section = &user_defaults_section}),
    planned("plan"),
    planned("roles"),
    planned("groups"),
    planned("residency"),
};

constexpr Field document_fields[] = {
    fixed("apiVersion", "recloser.dev/v1alpha1",
          {.help = "The version of this language.", .need = Need::required}),
    field<&Holder::kind>(
        "kind",
        {.help = "What the document describes.", .example = "Team", .need = Need::required}),
    part("metadata", {.help = "What it is called.",
                      .example = "{name: search}",
                      .need = Need::required,
                      .section = &holder_metadata_section}),
    part("spec",
         {.help = "What it says.", .need = Need::required, .section = &holder_spec_section}),
};

}  // namespace

const Section key_section{"keys[]",
                          "Virtual keys declared here. Others are made with `recloser key create`.",
                          key_fields, defaults_of<Key>};
const Section key_document_section{"Key", "A virtual key as a document ([who pays](keys.md)).",
                                   key_document_fields, defaults_of<Key>};
const Section key_metadata_section{"Key.metadata", "What it is called.", key_metadata_fields,
                                   defaults_of<Key>};
const Section key_spec_section{"Key.spec", "What it says.",
                               std::span<const Field>(key_fields).subspan(1), defaults_of<Key>};
const Section key_limits_section{"key", "What a key may take.", key_limit_fields, defaults_of<Key>};
const Section holder_document_section{
    "Org, Team, User", "Whom keys belong to, in files that `policies` names ([who pays](keys.md)).",
    document_fields, defaults_of<Holder>};
const Section holder_metadata_section{"Org.metadata, Team.metadata, User.metadata",
                                      "What it is called.", metadata_fields, defaults_of<Holder>};
const Section holder_spec_section{"Org.spec, Team.spec, User.spec", "What it says.", spec_fields,
                                  defaults_of<Holder>};
const Section user_defaults_section{
    "userDefaults",
    "What each user of an org or a team may take. A Team's stands in for the Org's, and a User for "
    "both, field by field.",
    user_default_fields, defaults_of<UserDefaults>};

}  // namespace recloser::config
