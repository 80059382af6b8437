// Whose tokens are taken: values that do not go together.
#include "config/rules/rules.h"

#include <map>
#include <string_view>

#include <fmt/format.h>

namespace recloser::config {
namespace {

// A list may be written as the one entry it holds.
const Node& entry_of(const Node& all, std::size_t index) {
  bool list = all.kind == Node::Kind::list && index < all.items.size();
  return list ? all.items[index] : all;
}

void judge_issuer(Reading& in, const Node& node, const TokenIssuer& issuer) {
  const Node* keys_url = node.find("jwksUrl");
  const Node* written_issuer = node.find("issuer");
  if (keys_url == nullptr && written_issuer != nullptr && !issuer.issuer.empty()) {
    Result<KeysUrl> url = KeysUrl::parse(issuer.issuer);
    Reading::Step step(in, "issuer");
    if (!url || !url->query.empty()) {
      in.error(*written_issuer,
               "is no https URL that its keys could be asked of; write jwksUrl too");
    }
  }
  if (!issuer.map.org.empty() || !issuer.fallback.org.empty()) return;
  in.error(node,
           "says nothing of the org; write map: {org: claims.NAME}, or fallback: {org: NAME}");
}

}  // namespace

void judge_identity(Reading& in, const Node& root, const Config& config) {
  const Node* auth = root.find("auth");
  const Node* written_jwt = auth == nullptr ? nullptr : auth->find("jwt");
  if (written_jwt == nullptr) return;
  Reading::Step auth_step(in, "auth");
  Reading::Step jwt_step(in, "jwt");
  if (config.auth.mode == AuthMode::open && !config.auth.jwt.empty()) {
    in.error(*written_jwt,
             "has no meaning in mode open, where everybody may call; write mode: keys");
  }
  bool is_list = written_jwt->kind == Node::Kind::list;
  std::map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < config.auth.jwt.size(); ++i) {
    const TokenIssuer& issuer = config.auth.jwt[i];
    const Node& node = entry_of(*written_jwt, i);
    std::optional<Reading::Step> step;
    if (is_list) step.emplace(in, i);
    judge_issuer(in, node, issuer);
    auto [same, is_new] = known.try_emplace(issuer.issuer, i);
    if (is_new || issuer.issuer.empty()) continue;
    Reading::Step issuer_step(in, "issuer");
    in.error(node, fmt::format("must differ from auth.jwt[{}].issuer", same->second));
  }
}

}  // namespace recloser::config
