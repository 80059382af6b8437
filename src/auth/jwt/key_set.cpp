#include "auth/jwt/key_set.h"

#include "auth/jwt/json.h"

#include <optional>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace recloser::auth::jwt {
namespace {

// Whether its owner lets it check signatures.
bool may_verify(const boost::json::object& jwk) {
  if (const boost::json::value* use = member(jwk, "use")) {
    if (!use->is_string() || view(use->get_string()) != "sig") return false;
  }
  const boost::json::value* operations = member(jwk, "key_ops");
  if (operations == nullptr) return true;
  if (!operations->is_array()) return false;
  for (const boost::json::value& operation : operations->get_array()) {
    if (operation.is_string() && view(operation.get_string()) == "verify") return true;
  }
  return false;
}

// Nothing: it is of no use here.
std::optional<PublicKey> read_key(const boost::json::value& value) {
  if (!value.is_object() || !may_verify(value.get_object())) return std::nullopt;
  const boost::json::object& jwk = value.get_object();
  std::optional<Algorithm> only;
  if (member(jwk, "alg") != nullptr) {
    only = algorithm_of(text_member(jwk, "alg"));
    if (!only) return std::nullopt;
  }
  std::string_view id = text_member(jwk, "kid");
  if (id.size() > key_id_bytes_max) return std::nullopt;
  std::optional<PublicKey> key = make_public_key({.kty = text_member(jwk, "kty"),
                                                  .crv = text_member(jwk, "crv"),
                                                  .n = text_member(jwk, "n"),
                                                  .e = text_member(jwk, "e"),
                                                  .x = text_member(jwk, "x"),
                                                  .y = text_member(jwk, "y")},
                                                 std::string(id), only);
  if (key && only && !key->fits(*only)) return std::nullopt;
  return key;
}

}  // namespace

Result<std::shared_ptr<const KeySet>> KeySet::parse(std::string_view document) {
  auto refuse = [](std::string why) {
    return fail(Side::provider, Kind::malformed, std::move(why));
  };
  if (document.size() > document_bytes_max) {
    return refuse(fmt::format("its key set is larger than {} bytes", document_bytes_max));
  }
  std::optional<boost::json::object> parsed = parse_object(document);
  const boost::json::value* keys = parsed ? member(*parsed, "keys") : nullptr;
  if (keys == nullptr || !keys->is_array()) return refuse("its answer is no key set");
  if (keys->get_array().size() > keys_max) {
    return refuse(fmt::format("its key set holds more than {} keys", keys_max));
  }
  auto set = std::make_shared<KeySet>();
  set->document_hash_ = hash_secret(document);
  for (const boost::json::value& value : keys->get_array()) {
    std::optional<PublicKey> key = read_key(value);
    if (key) {
      set->keys_.push_back(std::move(*key));
    } else {
      ++set->left_out_;
    }
  }
  return std::shared_ptr<const KeySet>(std::move(set));
}

KeySet::Found KeySet::verify(std::string_view kid, Algorithm algorithm, std::string_view text,
                             std::string_view signature) const {
  bool known = false;
  const PublicKey* fitting = nullptr;
  for (const PublicKey& key : keys_) {
    if (!kid.empty() && key.id() != kid) continue;
    known = true;
    if (!key.fits(algorithm)) continue;
    if (kid.empty() && fitting != nullptr) return Found::no_key;
    fitting = &key;
    if (!kid.empty() && key.verifies(algorithm, text, signature)) return Found::good;
  }
  if (!known) return Found::no_key;
  if (fitting == nullptr) return kid.empty() ? Found::no_key : Found::wrong_key;
  bool good = kid.empty() && fitting->verifies(algorithm, text, signature);
  return good ? Found::good : Found::bad_signature;
}

}  // namespace recloser::auth::jwt
