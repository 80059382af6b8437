#include "relay/providers.h"

#include "core/check.h"
#include "net/tls.h"

#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

bool forbidden(std::span<const std::uint8_t> address) {
  return config::is_forbidden_address(address, false);
}
bool forbidden_but_link_local(std::span<const std::uint8_t> address) {
  return config::is_forbidden_address(address, true);
}

Result<net::DialTarget> dial_target(const config::Provider& provider) {
  net::DialTarget target;
  target.host = provider.base_url.host;
  target.port = provider.base_url.port;
  target.connect_timeout = provider.timeouts.connect;
  target.is_forbidden = provider.allow_link_local ? forbidden_but_link_local : forbidden;
  if (!provider.base_url.tls) return target;
  const config::ProviderTls& tls = provider.tls;
  target.tls_name = tls.server_name.empty() ? target.host : tls.server_name;
  Result<std::shared_ptr<const net::TlsContext>> context =
      net::TlsContext::for_providers({.ca_file = tls.ca_path, .insecure = tls.insecure});
  if (!context) {
    return fail(context.error().while_doing(fmt::format("providers.{}.tls", provider.name)));
  }
  target.tls = std::move(*context);
  return target;
}

// Anthropic's routes carry their /v1 themselves; a base URL that has it too means the same.
std::string without_version(std::string_view path) {
  if (path.ends_with("/v1")) path.remove_suffix(3);
  return std::string(path);
}

void set_credentials(Provider& provider, const config::ApiKey& key) {
  if (key.source != config::ApiKey::Source::configured) return;
  provider.openai_credential = fmt::format("authorization: Bearer {}\r\n", key.secret.reveal());
  provider.anthropic_credential = fmt::format("x-api-key: {}\r\n", key.secret.reveal());
}

void point_at_simulated(Provider& provider, std::uint16_t port) {
  provider.dial = {.host = "127.0.0.1", .port = port, .tls = nullptr, .tls_name = {}};
  provider.host_field = fmt::format("127.0.0.1:{}", port);
  provider.openai_base = "/v1";
}

}  // namespace

bool Provider::speaks(codec::Family family) const {
  switch (config->dialect) {
    case config::Dialect::openai:
      return family == codec::Family::openai;
    case config::Dialect::anthropic:
      return family == codec::Family::anthropic;
    case config::Dialect::simulated:
      return true;
  }
  return false;
}

Result<std::shared_ptr<const Providers>> Providers::make(
    std::shared_ptr<const config::Config> config, std::optional<std::uint16_t> simulated_port) {
  auto providers = std::make_shared<Providers>();
  providers->config_ = std::move(config);
  for (const config::Provider& configured : providers->config_->providers) {
    Provider provider;
    provider.config = &configured;
    set_credentials(provider, configured.api_key);
    for (const config::Header& header : configured.headers) {
      provider.extra_fields += fmt::format("{}: {}\r\n", header.name, header.value.reveal());
    }
    if (configured.dialect == config::Dialect::simulated && configured.base_url.empty()) {
      CHECK(simulated_port.has_value(), "a simulated provider without a simulator");
      point_at_simulated(provider, *simulated_port);
    } else {
      Result<net::DialTarget> target = dial_target(configured);
      if (!target) return fail(target.error());
      provider.dial = std::move(*target);
      provider.host_field = configured.base_url.host_field();
      provider.openai_base = configured.base_url.path;
      provider.anthropic_base = without_version(configured.base_url.path);
    }
    provider.index = providers->all_.size();
    providers->all_.push_back(std::move(provider));
  }
  return std::shared_ptr<const Providers>(std::move(providers));
}

}  // namespace recloser::relay
