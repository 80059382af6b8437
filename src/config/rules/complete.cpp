// What is filled in when the file leaves it out.
#include "config/rules/rules.h"
#include "core/check.h"

#include <fmt/format.h>

namespace recloser::config {
namespace {

struct KnownVariable {
  std::string_view name;
  std::string_view provider;
  Dialect dialect;
  std::string_view base_url;
};
constexpr KnownVariable known_variables[] = {
    {"OPENAI_API_KEY", "openai", Dialect::openai, "https://api.openai.com/v1"},
    {"ANTHROPIC_API_KEY", "anthropic", Dialect::anthropic, "https://api.anthropic.com"},
};

// Variables of providers that this version cannot reach by itself; whoever set one should hear
// that it has no effect.
constexpr std::string_view later_variables[] = {
    "GEMINI_API_KEY",    "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT",
    "AWS_ACCESS_KEY_ID", "AWS_PROFILE",          "AWS_BEARER_TOKEN_BEDROCK",
    "MISTRAL_API_KEY",   "GROQ_API_KEY",         "DEEPSEEK_API_KEY",
};

constexpr std::string_view simulated_models[] = {"sim-fast", "sim-smart", "sim-long"};

bool is_set(const Environment& environment, std::string_view name) {
  std::optional<std::string> value = environment.variable(name);
  return value && !value->empty();
}

bool is_usable_key(std::string_view text) {
  for (char c : text) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return text.size() <= 4096;
}

// One provider made from its variable, with the defaults of a written one.
void add_known(Reading& in, const KnownVariable& known, Config& config) {
  std::string key = in.environment().variable(known.name).value_or("");
  if (!is_usable_key(key)) {
    in.findings().error({}, fmt::format("the environment variable {} is no key: it must be at most "
                                        "4096 characters of printable ASCII without spaces",
                                        known.name));
    return;
  }
  Result<BaseUrl> url = BaseUrl::parse(known.base_url);
  CHECK(url.has_value(), "the built-in URLs are good");
  Provider& provider = config.providers.emplace_back();
  provider.name = known.provider;
  provider.dialect = known.dialect;
  provider.base_url = std::move(*url);
  provider.api_key = {.source = ApiKey::Source::configured, .secret = Secret(key)};
  wipe(key);
  in.findings().notice(
      fmt::format("provider {} is configured from {}", known.provider, known.name));
}

void add_from_environment(Reading& in, Config& config) {
  for (const KnownVariable& known : known_variables) {
    if (is_set(in.environment(), known.name)) add_known(in, known, config);
  }
  for (std::string_view name : later_variables) {
    if (!is_set(in.environment(), name)) continue;
    in.findings().notice(fmt::format(
        "the environment variable {} is set, but its provider is not configured by itself: that "
        "is not supported in this version",
        name));
  }
  if (!config.providers.empty() || in.findings().failed()) return;
  Provider& sim = config.providers.emplace_back();
  sim.name = "sim";
  sim.dialect = Dialect::simulated;
  in.findings().notice(
      "no provider is configured, so the simulated provider answers; set OPENAI_API_KEY or "
      "ANTHROPIC_API_KEY, or write providers");
}

void add_simulated_models(Config& config) {
  for (const Provider& provider : config.providers) {
    if (provider.dialect != Dialect::simulated) continue;
    for (std::string_view name : simulated_models) {
      if (config.find_model(name) != nullptr) continue;
      Target target{.provider = provider.name, .model = std::string(name)};
      config.models.push_back({.name = std::string(name), .targets = {std::move(target)}});
    }
    return;
  }
}

}  // namespace

void complete(Reading& in, const Node& root, Config& config) {
  if (root.find("providers") == nullptr) add_from_environment(in, config);
  add_simulated_models(config);
}

}  // namespace recloser::config
