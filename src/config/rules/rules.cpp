#include "config/rules/rules.h"

#include "core/ascii.h"

#include <algorithm>
#include <initializer_list>
#include <map>

#include <fmt/format.h>

namespace recloser::config {
namespace {

// The node at the end of the path, or the last one on the way that exists.
const Node& node_at(const Node& root, std::initializer_list<std::string_view> path) {
  const Node* at = &root;
  for (std::string_view name : path) {
    const Node* next = at->find(name);
    if (next == nullptr) break;
    at = next;
  }
  return *at;
}

// Entry `index` of the list or map `name`; the place of the whole when it is not there.
const Node& entry_at(const Node& root, std::string_view name, std::size_t index) {
  const Node& all = node_at(root, {name});
  return index < all.items.size() ? all.items[index] : all;
}

void judge_open_mode(Reading& in, const Node& root, const Config& config) {
  if (config.auth.mode != AuthMode::open) return;
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const ListenAddress& address = config.listen[i].address;
    if (address.ip.is_loopback()) continue;
    in.findings().error(
        node_at(root, {"auth", "mode"}).place,
        fmt::format("auth.mode cannot be open while listen[{}].address is {}, where other "
                    "machines can call without a key; write keys, or listen on 127.0.0.1",
                    i, address.str()));
  }
}

void judge_addresses(Reading& in, const Node& root, const Config& config) {
  std::map<std::string, std::string> taken;
  auto take = [&](const ListenAddress& address, const Node& node, std::string field) {
    if (address.port == 0) return;
    auto [earlier, is_new] = taken.try_emplace(address.str(), field);
    if (is_new) return;
    in.findings().error(node.place, fmt::format("{} is {}, which {} already has", field,
                                                address.str(), earlier->second));
  };
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const Node& entry = entry_at(root, "listen", i);
    take(config.listen[i].address, node_at(entry, {"address"}),
         fmt::format("listen[{}].address", i));
  }
  const Node& admin = node_at(root, {"admin", "address"});
  take(config.admin.address, admin, "admin.address");
  if (!config.admin.address.ip.is_loopback()) {
    in.findings().warning(admin.place,
                          fmt::format("admin.address {} can be reached from other machines, and "
                                      "its token travels in the clear",
                                      config.admin.address.str()));
  }
}

// Fields that mean nothing for the provider built into the process.
void judge_simulated(Reading& in, const Node& node) {
  for (std::string_view name : {"baseUrl", "tls", "headers", "allowLinkLocal"}) {
    const Node* field = node.find(name);
    if (field == nullptr) continue;
    Reading::Step step(in, name);
    in.error(*field,
             "has no meaning for the simulated provider, which is built in; for a "
             "`recloser sim` elsewhere write dialect: openai or anthropic");
  }
}

void judge_base_url(Reading& in, const Node& node, const Provider& provider) {
  const Node* written_url = node.find("baseUrl");
  Reading::Step step(in, "baseUrl");
  if (written_url == nullptr) {
    in.error(node, "is required here; write baseUrl: https://api.openai.com/v1, or where it is");
    return;
  }
  const BaseUrl& url = provider.base_url;
  if (url.empty()) return;  // told already
  if (url.ip && is_forbidden_address(url.ip->bytes(), provider.allow_link_local)) {
    in.error(*written_url,
             fmt::format("cannot be {}: link-local, cloud metadata, unspecified and multicast "
                         "addresses are refused; write another, or allowLinkLocal: true",
                         url.ip->str()));
  }
  bool this_machine = (url.ip && url.ip->is_loopback()) || url.host == "localhost";
  bool has_key = provider.api_key.source != ApiKey::Source::none;
  if (!url.tls && has_key && !this_machine) {
    in.warning(*written_url, "is http, so the key and all prompts travel in the clear");
  }
}

void judge_tls(Reading& in, const Node& node, const Provider& provider) {
  const Node* tls = node.find("tls");
  if (tls == nullptr || provider.base_url.empty()) return;
  Reading::Step step(in, "tls");
  if (!provider.base_url.tls) in.error(*tls, "has no meaning for an http provider; remove it");
  if (provider.tls.insecure) {
    in.warning(*tls, "is insecure: the provider's certificate is not verified");
  }
  if (provider.tls.insecure && !provider.tls.ca_path.empty()) {
    in.error(*tls, "cannot have both ca and insecure: nothing would be verified");
  }
}

void judge_key_field(Reading& in, const Node& node, const Provider& provider) {
  if (provider.api_key.source == ApiKey::Source::none) return;
  std::string_view field = provider.dialect == Dialect::anthropic ? "x-api-key" : "authorization";
  for (const Header& header : provider.headers) {
    if (!ascii::equal_ignoring_case(header.name, field)) continue;
    Reading::Step step(in, "headers");
    in.error(
        node_at(node, {"headers"}),
        fmt::format("cannot set {}, which carries the apiKey; remove one of the two", header.name));
  }
}

void judge_probe(Reading& in, const Node& node, const Provider& provider) {
  if (!provider.probe || provider.probe->path.empty()) return;  // which is told already
  const ProviderProbe& probe = *provider.probe;
  Reading::Step step(in, "probe");
  if (!probe.path.starts_with('/') || probe.path.contains('#')) {
    Reading::Step field(in, "path");
    in.error(node_at(node, {"probe", "path"}),
             "must be a path at the host of baseUrl, such as /health");
  }
  if (probe.timeout > probe.every) {
    Reading::Step field(in, "timeout");
    in.error(node_at(node, {"probe", "timeout"}),
             "must be at most as long as probe.every, so that no two overlap");
  }
}

void judge_providers(Reading& in, const Node& root, const Config& config) {
  const Node* written_providers = root.find("providers");
  if (written_providers == nullptr || written_providers->kind != Node::Kind::map) return;
  Reading::Step all(in, "providers");
  for (std::size_t i = 0; i < config.providers.size(); ++i) {
    const Provider& provider = config.providers[i];
    const Node& node = entry_at(root, "providers", i);
    if (node.kind != Node::Kind::map) continue;
    Reading::Step one(in, provider.name);
    judge_probe(in, node, provider);
    if (provider.dialect == Dialect::simulated) {
      judge_simulated(in, node);
    } else {
      judge_base_url(in, node, provider);
      judge_tls(in, node, provider);
      judge_key_field(in, node, provider);
    }
  }
}

void judge_labels(Reading& in, const Node& node, const Key& key) {
  std::size_t bytes = 0;
  for (const std::string& label : key.labels) bytes += label.size() + (bytes > 0 ? 1 : 0);
  if (bytes <= limits::labels_bytes_max) return;
  Reading::Step step(in, "labels");
  in.error(node_at(node, {"labels"}),
           fmt::format("must be at most {} bytes together, with commas; you wrote {}",
                       limits::labels_bytes_max, bytes));
}

void judge_keys(Reading& in, const Node& root, const Config& config) {
  std::map<std::string_view, std::size_t> ids;
  std::map<std::string_view, std::size_t> secrets;
  Reading::Step all(in, "keys");
  for (std::size_t i = 0; i < config.keys.size(); ++i) {
    const Key& key = config.keys[i];
    const Node& node = entry_at(root, "keys", i);
    Reading::Step one(in, i);
    auto [same_id, new_id] = ids.try_emplace(key.id, i);
    if (!new_id && !key.id.empty()) {
      Reading::Step step(in, "id");
      in.error(node_at(node, {"id"}), fmt::format("must differ from keys[{}].id", same_id->second));
    }
    auto [same_secret, new_secret] = secrets.try_emplace(key.secret.reveal(), i);
    if (!new_secret && !key.secret.empty()) {
      Reading::Step step(in, "secret");
      in.error(node_at(node, {"secret"}),
               fmt::format("must differ from keys[{}].secret", same_secret->second));
    }
    judge_labels(in, node, key);
  }
}

void judge_limits(Reading& in, const Node& root, const Config& config) {
  if (config.limits.body <= config.limits.buffered) return;
  in.findings().error(
      node_at(root, {"limits"}).place,
      fmt::format("limits.body must be at most limits.bufferedBytes; they are {} and {} bytes",
                  config.limits.body.count, config.limits.buffered.count));
}

// A URL with a credential in it is in no message.
void judge_channels(Reading& in, const Node& root, const Config& config) {
  Reading::Step all(in, "channels");
  for (std::size_t i = 0; i < config.channels.size(); ++i) {
    const Webhook& webhook = config.channels[i].webhook;
    if (webhook.url.empty()) continue;  // which is told already
    Reading::Step one(in, config.channels[i].name);
    Reading::Step field(in, "webhook.url");
    const Node& node = node_at(entry_at(root, "channels", i), {"webhook", "url"});
    if (!BaseUrl::parse(webhook.url.reveal())) {
      in.error(node, "must be an http or https URL without a query, a user or a fragment");
    }
  }
}

}  // namespace

void judge(Reading& in, const Node& root, const Config& config) {
  judge_open_mode(in, root, config);
  judge_addresses(in, root, config);
  judge_providers(in, root, config);
  judge_models(in, root, config);
  judge_keys(in, root, config);
  judge_limits(in, root, config);
  judge_channels(in, root, config);
  judge_identity(in, root, config);
}

}  // namespace recloser::config
