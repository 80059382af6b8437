#include "wire/setting.h"

#include "wire/play.h"
#include "wire/words.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace recloser::wire {
namespace {

std::vector<std::string> items(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    out.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

std::string option(const Step& step, std::string_view name) {
  const std::string* value = find(step.pairs, name);
  return value == nullptr ? std::string() : *value;
}

Result<config::Key> key_of(const Step& step) {
  config::Key key;
  key.id = option(step, "id");
  key.secret = config::Secret(option(step, "secret"));
  key.org = option(step, "org");
  key.team = option(step, "team");
  key.user = option(step, "user");
  key.agent = option(step, "agent");
  key.models = items(option(step, "models"));
  key.labels = items(option(step, "labels"));
  if (const std::string* expires = find(step.pairs, "expires")) {
    Result<WallTime> at = parse_rfc3339(*expires);
    if (!at) return fail(at.error());
    key.expires = *at;
  }
  return key;
}

Result<void> set_timeouts(const Step& step, config::ProviderTimeouts& timeouts) {
  for (const auto& [name, value] : step.pairs) {
    Result<Duration> duration = parse_duration(value);
    if (!duration) return fail(duration.error());
    if (name == "connect") timeouts.connect = *duration;
    if (name == "firstByte") timeouts.first_byte = *duration;
    if (name == "idle") timeouts.idle = *duration;
    if (name == "total") timeouts.total = *duration;
  }
  return {};
}

Result<void> set_provider(const Step& step, config::Provider& provider) {
  for (const auto& [name, value] : step.pairs) {
    if (name == "region") provider.region = value;
    if (name == "dialect") {
      provider.dialect = value == "openai" ? config::Dialect::openai : config::Dialect::anthropic;
    }
    if (name == "baseUrl") {
      Result<config::BaseUrl> url = config::BaseUrl::parse(value);
      if (!url) return fail(url.error());
      provider.base_url = std::move(*url);
    }
    if (name == "apiKey" && value == "client") {
      provider.api_key = {.source = config::ApiKey::Source::client, .secret = {}};
    }
  }
  return {};
}

void set_model(const Step& step, config::Config& config) {
  std::erase_if(config.models, [&](const config::Model& model) { return model.name == step.name; });
  config.models.push_back({.name = step.name, .targets = {{.provider = "p", .model = step.text}}});
}

Result<void> apply(const Step& step, config::Config& config) {
  config::Provider& provider = config.providers.front();
  switch (step.verb) {
    case Verb::config_key: {
      Result<config::Key> key = key_of(step);
      if (!key) return fail(key.error());
      config.keys.push_back(std::move(*key));
      return {};
    }
    case Verb::config_auth:
      config.auth.mode = step.text == "open" ? config::AuthMode::open : config::AuthMode::keys;
      return {};
    case Verb::config_model:
      set_model(step, config);
      return {};
    case Verb::config_timeouts:
      return set_timeouts(step, provider.timeouts);
    case Verb::config_keep_alive:
      config.keep_alive.every = step.duration;
      return {};
    case Verb::config_body_limit:
      config.limits.body.count = static_cast<std::uint64_t>(step.number);
      return {};
    case Verb::config_provider:
      return set_provider(step, provider);
    case Verb::config_connections:
      config.limits.connections = static_cast<std::uint32_t>(step.number);
      return {};
    case Verb::config_provider_header:
      provider.headers.push_back({.name = step.name, .value = config::Secret(step.text)});
      return {};
    case Verb::config_stream_upstream:
      for (config::Model& model : config.models) {
        model.stream_upstream = config::StreamUpstream::always;
      }
      return {};
    case Verb::config_reserved_labels:
      config.reserved_labels = items(step.text);
      return {};
    default:
      return {};
  }
}

}  // namespace

bool says_config(const Scenario& scenario, Verb verb) {
  return std::ranges::any_of(scenario.config, [&](const Step& step) { return step.verb == verb; });
}

Result<void> write_config(const Scenario& scenario, std::uint16_t provider_port,
                          const std::string& authority_file, config::Config& config) {
  config = config::Config();
  config::Provider provider;
  provider.name = "p";
  provider.dialect = config::Dialect::simulated;
  provider.base_url = *config::BaseUrl::parse(fmt::format("http://127.0.0.1:{}", provider_port));
  provider.api_key = {.source = config::ApiKey::Source::configured,
                      .secret = config::Secret(provider_key)};
  if (says_config(scenario, Verb::config_provider_tls)) {
    provider.base_url = *config::BaseUrl::parse(fmt::format("https://127.0.0.1:{}", provider_port));
    provider.tls.ca_path = authority_file;
  }
  provider.retries = 0;
  config.providers.push_back(std::move(provider));
  config.models.push_back({.name = "m", .targets = {{.provider = "p", .model = "m-large"}}});
  config.models.push_back({.name = "same", .targets = {{.provider = "p", .model = "same"}}});
  for (const Step& step : scenario.config) {
    Result<void> applied = apply(step, config);
    if (!applied) {
      return unmet(fmt::format("{}:{}: {}: {}", scenario.file, step.line, step.words,
                               applied.error().message()));
    }
  }
  if (!config.keys.empty()) return {};
  config::Key key;
  key.id = "test";
  key.secret = config::Secret(usual_key);
  key.org = "acme";
  key.team = "search";
  config.keys.push_back(std::move(key));
  return {};
}

namespace {

template <class Name, class Value>
bool read_name(std::string_view text, std::span<const Value> values, Name name, Value& to) {
  auto found = std::ranges::find(values, text, name);
  if (found == values.end()) return false;
  to = *found;
  return true;
}

constexpr std::array units{budget::Unit::usd,          budget::Unit::tokens,
                           budget::Unit::input_tokens, budget::Unit::output_tokens,
                           budget::Unit::requests,     budget::Unit::tool_calls,
                           budget::Unit::seconds};
constexpr std::array reserves{budget::Reserve::clamp, budget::Reserve::upper_bound,
                              budget::Reserve::elastic, budget::Reserve::none};
constexpr std::array key_parts{budget::KeyPart::org,     budget::KeyPart::team,
                               budget::KeyPart::user,    budget::KeyPart::key,
                               budget::KeyPart::session, budget::KeyPart::model};

Result<budget::Budget> budget_of(const Step& step) {
  budget::Budget budget;
  budget.name = option(step, "name");
  auto unknown = [](std::string_view what) { return unmet(fmt::format("unknown {}", what)); };
  auto unit_name = [](budget::Unit unit) { return name_of(unit); };
  auto reserve_name = [](budget::Reserve reserve) { return name_of(reserve); };
  auto part_name = [](budget::KeyPart part) { return name_of(part); };
  if (!read_name(option(step, "unit"), std::span<const budget::Unit>(units), unit_name,
                 budget.unit)) {
    return unknown("unit");
  }
  Result<budget::Amount> limit = budget::parse_amount(budget.unit, option(step, "limit"));
  if (!limit) return fail(limit.error());
  budget.limit = *limit;
  for (const auto& [name, value] : step.pairs) {
    auto number = [&value] { return static_cast<std::uint32_t>(std::stoul(value)); };
    if (name == "reserve" && !read_name(value, std::span<const budget::Reserve>(reserves),
                                        reserve_name, budget.reserve)) {
      return unknown("reserve");
    }
    if (name == "slice") budget.slice_tokens = number();
    if (name == "clampFloor") budget.clamp_floor_tokens = number();
    if (name == "grace") budget.cut.at_sentence = true, budget.cut.grace_tokens = number();
    if (name == "degradeAt") {
      budget.degrade_at_per_million = static_cast<std::uint32_t>(std::stod(value) * 1'000'000);
    }
    if (name == "finish") {
      budget.cut.finish = value == "stop" ? budget::Finish::stop : budget::Finish::content_filter;
    }
    if (name == "note") budget.cut.note = value == "none" ? "" : value;
    if (name != "key") continue;
    for (const std::string& part : items(value)) {
      budget::Budget::Part& added = budget.key.emplace_back();
      if (!read_name(part, std::span<const budget::KeyPart>(key_parts), part_name, added.what)) {
        return unknown("key");
      }
    }
  }
  return budget;
}

}  // namespace

Result<std::vector<std::shared_ptr<const budget::Budget>>> budgets_of(const Scenario& scenario) {
  std::vector<std::shared_ptr<const budget::Budget>> all;
  for (const Step& step : scenario.config) {
    if (step.verb != Verb::config_budget) continue;
    Result<budget::Budget> budget = budget_of(step);
    if (!budget) {
      return unmet(fmt::format("{}:{}: {}: {}", scenario.file, step.line, step.words,
                               budget.error().message()));
    }
    all.push_back(std::make_shared<const budget::Budget>(std::move(*budget)));
  }
  return all;
}

}  // namespace recloser::wire
