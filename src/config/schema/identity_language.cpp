#include "config/schema/identity_values.h"
// The fields are templates over the readers of values, which must be known before them.
#include "config/schema/identity_language.h"

namespace recloser::config {
namespace {

constexpr Field claim_map_fields[] = {
    field<&ClaimMap::org>("org", {.help = "Whose calls these are.", .example = "claims.org"}),
    field<&ClaimMap::team>("team", {.help = "Likewise, within it.", .example = "claims.team"}),
    field<&ClaimMap::user>("user", {.help = "Who calls.", .example = "claims.email"}),
    field<&ClaimMap::agent>("agent", {.help = "Which program; left out, `x-recloser-agent` may say "
                                              "it.",
                                      .example = "claims.azp"}),
    field<&ClaimMap::labels>(
        "labels", {.help = "A text or a list of texts; left out, `x-recloser-labels` may say them.",
                   .example = "claims.groups"}),
    field<&ClaimMap::models>("models", {.help = "Names clients may ask for, a text or a list; `*` "
                                                "stands for any text. Left out: every model.",
                                        .example = "claims[\"https://acme.example/models\"]"}),
};

constexpr Field claim_fallback_fields[] = {
    field<&ClaimFallback::org>(
        "org", {.help = "For tokens that say none.", .example = "acme", .text = Text::words}),
    field<&ClaimFallback::team>(
        "team", {.help = "For tokens that say none.", .example = "others", .text = Text::words}),
    field<&ClaimFallback::agent>(
        "agent", {.help = "For tokens that say none.", .example = "unknown", .text = Text::words}),
};

constexpr Field token_issuer_fields[] = {
    field<&TokenIssuer::issuer>("issuer", {.help = "What `iss` of its tokens is, to the letter.",
                                           .example = "https://idp.example",
                                           .need = Need::required}),
    field<&TokenIssuer::audience>(
        "audience", {.help = "What `aud` of a token must be, or hold: that it is meant for here.",
                     .example = "llm",
                     .need = Need::required,
                     .bounds = between(1, 16)}),
    field<&TokenIssuer::keys_url>(
        "jwksUrl", {.help = "Where its public keys are: https, or http on this machine. Left out: "
                            "`issuer` is asked, at `/.well-known/openid-configuration`.",
                    .example = "https://idp.example/keys"}),
    field<&TokenIssuer::ca_path>(
        "ca", {.help = "PEM file with the authorities to trust there instead of the system's.",
               .example = "tls/ca.pem",
               .text = Text::path}),
    field<&TokenIssuer::algorithms>(
        "algorithms", {.help = "How tokens may be signed; never with a shared secret, "
                               "and never not at all.",
                       .example = "[RS256]",
                       .bounds = between(1, 10)}),
    field<&TokenIssuer::clock_skew>("clockSkew",
                                    {.help = "How far its clock and ours may be apart.",
                                     .example = "60s",
                                     .bounds = between(0s, 10min)}),
    field<&TokenIssuer::refresh>("refresh", {.help = "How often its keys are fetched anew.",
                                             .example = "10m",
                                             .bounds = between(1min, 24h)}),
    object<&TokenIssuer::map>(
        "map", {.help = "Which claims say whose calls these are.", .section = &claim_map_section}),
    object<&TokenIssuer::fallback>("fallback", {.help = "What holds for tokens that do not say it.",
                                                .section = &claim_fallback_section}),
};

}  // namespace

const Section claim_map_section{
    "auth.jwt.map",
    "A claim that stands here must be in every token, unless there is a fallback; a token without "
    "it is refused.",
    claim_map_fields, defaults_of<ClaimMap>};
const Section claim_fallback_section{"auth.jwt.fallback", "What holds for tokens that say nothing.",
                                     claim_fallback_fields, defaults_of<ClaimFallback>};
const Section token_issuer_section{
    "auth.jwt",
    "An identity provider whose tokens (JWT) are taken for keys: [identity](identity.md).",
    token_issuer_fields, defaults_of<TokenIssuer>};

}  // namespace recloser::config
