#include "auth/jwt/claims.h"

#include "auth/jwt/json.h"
#include "auth/key_ring.h"
#include "auth/secret.h"
#include "core/limits.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace recloser::auth::jwt {
namespace {

constexpr std::size_t subject_bytes_max = 1024;
constexpr std::size_t hash_digits = 16;
constexpr std::size_t models_max = 256;  // as many as a declared key may have

const boost::json::value* find(const boost::json::object& claims, const config::ClaimPath& path) {
  const boost::json::object* in = &claims;
  const boost::json::value* found = nullptr;
  for (const std::string& name : path.names) {
    if (in == nullptr) return nullptr;
    found = member(*in, name);
    in = found != nullptr ? found->if_object() : nullptr;
  }
  return found;
}

// "" of what is no name.
std::string name_in(const boost::json::value& value) {
  if (value.is_string()) return std::string(view(value.get_string()));
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  return {};
}

// One name, or what stands for it; false where there must be one and is none. A list where a name
// should be is a mistake, and no absence.
bool take_name(const boost::json::object& claims, const config::ClaimPath& path,
               const std::string& fallback, std::string& out) {
  const boost::json::value* found = path.empty() ? nullptr : find(claims, path);
  if (found != nullptr && !found->is_null()) {
    out = name_in(*found);
    if (!out.empty()) return true;
    if (!found->is_string()) return false;
  }
  out = fallback;
  return path.empty() || !out.empty();
}

// A list of names, or one that stands for a list of one.
bool take_names(const boost::json::object& claims, const config::ClaimPath& path,
                std::size_t names_max, std::vector<std::string>& out) {
  if (path.empty()) return true;
  const boost::json::value* found = find(claims, path);
  if (found == nullptr) return false;
  if (!found->is_array()) {
    out.push_back(name_in(*found));
    return !out.back().empty();
  }
  if (found->get_array().size() > names_max) return false;
  for (const boost::json::value& each : found->get_array()) {
    out.push_back(name_in(each));
    if (out.back().empty()) return false;
  }
  return true;
}

// One for each subject of an issuer. A subject may be longer than a name, and may hold what no name
// holds; no key of ours has a colon in its id.
std::string key_id_of(const config::TokenIssuer& issuer, std::string_view subject) {
  KeyHash hash = hash_secret(fmt::format("{}\n{}", issuer.issuer, subject));
  return "jwt:" + hash.hex().substr(0, hash_digits);
}

}  // namespace

std::expected<Principal, Rejection> principal_of(const boost::json::object& claims,
                                                 const config::TokenIssuer& issuer) {
  auto refuse = [](Rejection why) { return std::unexpected(why); };
  std::string_view subject = text_member(claims, "sub");
  if (subject.empty() || subject.size() > subject_bytes_max)
    return refuse(Rejection::token_subject);
  KeyRecord record;
  record.id = key_id_of(issuer, subject);
  const config::ClaimMap& map = issuer.map;
  const config::ClaimFallback& fallback = issuer.fallback;
  if (!take_name(claims, map.org, fallback.org, record.org)) return refuse(Rejection::token_org);
  if (!take_name(claims, map.team, fallback.team, record.team)) {
    return refuse(Rejection::token_team);
  }
  if (!take_name(claims, map.user, {}, record.user)) return refuse(Rejection::token_user);
  if (!take_name(claims, map.agent, fallback.agent, record.agent)) {
    return refuse(Rejection::token_agent);
  }
  if (!take_names(claims, map.labels, limits::labels_max, record.labels)) {
    return refuse(Rejection::token_labels);
  }
  bool models = take_names(claims, map.models, models_max, record.models);
  if (!models || (record.models.empty() && !map.models.empty())) {
    return refuse(Rejection::token_models);
  }
  if (!check_record(record)) return refuse(Rejection::token_names);
  return Principal{.key_id = std::move(record.id),
                   .org = std::move(record.org),
                   .team = std::move(record.team),
                   .user = std::move(record.user),
                   .agent = std::move(record.agent),
                   .plan = {},
                   .labels = std::move(record.labels),
                   .models = ModelPatterns(std::move(record.models))};
}

}  // namespace recloser::auth::jwt
