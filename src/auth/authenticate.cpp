#include "auth/authenticate.h"

#include "auth/jwt/verify.h"
#include "core/ascii.h"
#include "core/names.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::auth {
namespace {

const Principal& local_principal() {
  static const Principal local{.key_id = "local",
                               .org = "local",
                               .team = {},
                               .user = "local",
                               .agent = {},
                               .plan = {},
                               .labels = {},
                               .models = {}};
  return local;
}

}  // namespace

void Credentials::Source::offer(std::string_view candidate) {
  if (candidate.empty()) return;
  if (seen && candidate != secret) conflicting = true;
  secret = candidate;
  seen = true;
}

// The length decides first: most fields of a head are none of these.
void Credentials::see(std::string_view name, std::string_view value) {
  auto is = [&](std::string_view known) { return ascii::equal_ignoring_case(name, known); };
  switch (name.size()) {
    case 7:
      if (is("api-key")) see_api_key(value);
      return;
    case 9:
      if (is("x-api-key")) see_api_key(value);
      return;
    case 13:
      if (is("authorization")) see_authorization(value);
      return;
    case 14:
      if (is("x-recloser-key")) see_recloser_key(value);
      return;
    default:
      return;
  }
}

// "Bearer <secret>", the scheme in any case (RFC 9110 section 11.1). Any other scheme is a
// credential we cannot judge, so it is not skipped over.
void Credentials::see_authorization(std::string_view value) {
  constexpr std::string_view scheme = "bearer";
  value = ascii::trim(value);
  if (value.empty()) return;
  if (!ascii::starts_with_ignoring_case(value, scheme)) {
    malformed_ = true;
    return;
  }
  value.remove_prefix(scheme.size());
  if (value.empty()) return;
  if (value.front() != ' ') {
    malformed_ = true;
    return;
  }
  ordinary_.offer(ascii::trim(value));
}

void Credentials::see_api_key(std::string_view value) { ordinary_.offer(ascii::trim(value)); }

void Credentials::see_recloser_key(std::string_view value) {
  recloser_key_.offer(ascii::trim(value));
}

std::expected<std::string_view, Rejection> Credentials::secret(std::size_t bytes_max) const {
  const Source& source = recloser_key_.seen ? recloser_key_ : ordinary_;
  if (malformed_ && !recloser_key_.seen) return std::unexpected(Rejection::malformed);
  if (source.conflicting) return std::unexpected(Rejection::conflicting);
  if (!source.seen) return std::unexpected(Rejection::missing);
  if (source.secret.size() > bytes_max) return std::unexpected(Rejection::malformed);
  return source.secret;
}

Admission authenticate(config::AuthMode mode, const std::shared_ptr<const KeyRing>& keys,
                       SecretMemo& memo, const Credentials& sent, WallTime now,
                       jwt::Tokens* tokens) {
  if (mode == config::AuthMode::open) {
    const Principal& local = local_principal();
    return {.principal = &local, .key_id = local.key_id};
  }
  std::size_t bytes_max = tokens != nullptr ? jwt::token_bytes_max : secret_bytes_max;
  std::expected<std::string_view, Rejection> secret = sent.secret(bytes_max);
  if (!secret) return {.rejection = secret.error()};
  // One hash for both: keys and verified tokens are found by that of all that was sent.
  bool is_short = secret->size() <= secret_bytes_max;
  KeyHash hash = is_short ? memo.hash_of(*secret) : hash_secret(*secret);
  Admission admission = keys->find(hash, now);
  bool may_be_token = tokens != nullptr && admission.rejection == Rejection::unknown &&
                      !admission.admitted() && jwt::looks_like_token(*secret);
  if (may_be_token) return tokens->admit(hash, *secret, keys, now);
  admission.keeper = keys;
  return admission;
}

std::string_view message_for_client(Rejection rejection) {
  switch (rejection) {
    case Rejection::missing:
      return "No key was sent. Send a virtual key of this gateway as `Authorization: Bearer` or "
             "`x-api-key`; `recloser key create` makes one.";
    case Rejection::conflicting:
      return "Several different keys were sent. Send one, as `Authorization: Bearer` or as "
             "`x-api-key`.";
    case Rejection::malformed:
    case Rejection::unknown:
    case Rejection::expired:
    case Rejection::revoked:
    case Rejection::disabled:
    case Rejection::rotated:
    case Rejection::unplaced:
    case Rejection::token_malformed:
    case Rejection::token_algorithm:
    case Rejection::token_issuer:
    case Rejection::token_key_unknown:
    case Rejection::token_keys_missing:
    case Rejection::token_signature:
    case Rejection::token_times:
    case Rejection::token_expired:
    case Rejection::token_not_yet:
    case Rejection::token_audience:
    case Rejection::token_subject:
    case Rejection::token_org:
    case Rejection::token_team:
    case Rejection::token_user:
    case Rejection::token_agent:
    case Rejection::token_labels:
    case Rejection::token_models:
    case Rejection::token_names:
      return "The key is not valid here. Send a current virtual key of this gateway, not one of a "
             "provider; `recloser key create` makes one.";
    case Rejection::not_local:
      return "Without keys (auth.mode open) Recloser serves programs of this machine only, which "
             "call it by a loopback address or localhost, and no pages of other sites. Use "
             "http://127.0.0.1, or set auth.mode to keys.";
  }
  std::unreachable();
}

std::string message_model_not_allowed(const Principal& principal, std::string_view model) {
  if (model.empty()) {
    return fmt::format("The request names no model, and key {} may use: {}. Name one of these.",
                       principal.key_id, principal.models.human());
  }
  return fmt::format(
      "Key {} may not use model \"{}\". It may use: {}. Ask for one of these, or "
      "have the key's models changed.",
      principal.key_id, shown(model), principal.models.human());
}

}  // namespace recloser::auth
