#include "cli/run/run_config.h"

#include "cli/run/base_urls.h"
#include "config/load.h"
#include "core/check.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

// Codex under a ChatGPT login says so with this field, and calls another address.
constexpr std::string_view chatgpt_field = "chatgpt-account-id";
constexpr std::string_view chatgpt_url = "https://chatgpt.com/backend-api/codex";

struct UsualProvider {
  Api api;
  config::Dialect dialect;
  std::string_view base_url;
};
constexpr UsualProvider usual_providers[] = {
    {Api::openai, config::Dialect::openai, "https://api.openai.com/v1"},
    {Api::anthropic, config::Dialect::anthropic, "https://api.anthropic.com"},
};

constexpr Duration drain_time =
    2s;  // its clients have ended by then, but for what they left behind

// Called by where it is: no part before the '/' in a model's name is taken for it ("openai/..", as
// routers of models spell it).
std::string name_of(const config::Config& config, const config::BaseUrl& url,
                    config::Dialect dialect) {
  std::string name = url.host_field();
  if (config.find_provider(name) == nullptr) return name;
  return fmt::format("{}@{}", config::name_of(dialect), name);
}

void add_provider(config::Config& config, config::Dialect dialect, config::BaseUrl url,
                  std::string_view login_field = {}) {
  config::Provider provider;
  provider.name = name_of(config, url, dialect);
  provider.dialect = dialect;
  provider.base_url = std::move(url);
  provider.api_key.source = config::ApiKey::Source::client;
  provider.login_field = login_field;
  config.providers.push_back(std::move(provider));
}

config::BaseUrl built_in(std::string_view text) {
  Result<config::BaseUrl> url = config::BaseUrl::parse(text);
  CHECK(url.has_value(), "the built-in URLs are good");
  return std::move(*url);
}

Result<void> add_usual_providers(config::Config& config, const config::Environment& environment) {
  for (const UsualProvider& usual : usual_providers) {
    Result<std::optional<config::BaseUrl>> before = upstream_of(usual.api, environment);
    if (!before) return fail(before.error());
    bool moved = before->has_value();
    add_provider(config, usual.dialect, moved ? std::move(**before) : built_in(usual.base_url));
    // Whoever is there before us, a run around this one for example, tells logins apart itself.
    if (usual.api == Api::openai && !moved) {
      add_provider(config, usual.dialect, built_in(chatgpt_url), chatgpt_field);
    }
  }
  return {};
}

void add_simulated(config::Config& config) {
  config::Provider& provider = config.providers.emplace_back();
  provider.name = "sim";
  provider.dialect = config::Dialect::simulated;
}

Result<config::Config> config_of_file(const std::string& file, const Process& process) {
  config::Checked checked = config::load_file(file, process.environment);
  if (checked.config) return *checked.config;
  std::string report = checked.report(file);
  while (report.ends_with('\n')) report.pop_back();
  return fail(Side::operator_, Kind::malformed, std::move(report));
}

// All that is of the run, whatever a file says.
void make_private(config::Config& config, const std::string& state_directory) {
  config::ListenAddress any_port{.ip = config::IpAddress::v4(127, 0, 0, 1), .port = 0};
  config.listen = {config::Listen{.address = any_port}};
  config.admin = config::Admin{.address = any_port, .token = {}};
  config.state = config::State{.directory_path = state_directory};
  config.workers.count = 1;
  config.auth.mode = config::AuthMode::open;
  config.keys.clear();
  config.drain = drain_time;
}

Result<void> add_limit(config::Config& config, Each each, config::BudgetUnit unit,
                       budget::Unit counted, const std::optional<budget::Amount>& limit) {
  if (!limit) return {};
  config::Budget budget;
  budget.name = limit_name(each, counted);
  budget.unit = unit;
  budget.limit = {.text = budget::number_of(counted, *limit), .count = *limit};
  if (each != Each::run) budget.key.names = {std::string(name_of(each))};
  budget.window.type = config::WindowType::total;
  budget.reserve = config::Reserve::elastic;
  if (std::ranges::find(config.budgets, budget.name, &config::Budget::name) !=
      config.budgets.end()) {
    return fail(Side::operator_, Kind::conflict,
                fmt::format("the configuration has a budget {}, as the limit of this run is "
                            "called; give its document another name",
                            budget.name));
  }
  config.budgets.push_back(std::move(budget));
  return {};
}

}  // namespace

std::string limit_name(Each each, budget::Unit unit) {
  std::string name(name_of(each));
  if (unit == budget::Unit::tokens) name += "-tokens";
  if (unit == budget::Unit::seconds) name += "-time";
  return name;
}

Result<std::shared_ptr<const config::Config>> run_config(const Wish& wish,
                                                         const std::string& state_directory,
                                                         const Process& process) {
  config::Config config;
  if (!wish.config_path.empty()) {
    Result<config::Config> of_file = config_of_file(wish.config_path, process);
    if (!of_file) return fail(of_file.error());
    config = std::move(*of_file);
  } else if (wish.simulated) {
    add_simulated(config);
  } else {
    Result<void> added = add_usual_providers(config, process.environment);
    if (!added) return fail(added.error());
  }
  make_private(config, state_directory);
  for (auto [unit, counted, limit] :
       {std::tuple(config::BudgetUnit::usd, budget::Unit::usd, wish.nano_usd),
        std::tuple(config::BudgetUnit::tokens, budget::Unit::tokens, wish.tokens),
        std::tuple(config::BudgetUnit::seconds, budget::Unit::seconds, wish.milliseconds)}) {
    Result<void> added = add_limit(config, wish.each, unit, counted, limit);
    if (!added) return fail(added.error());
  }
  return std::make_shared<const config::Config>(std::move(config));
}

}  // namespace recloser::cli
