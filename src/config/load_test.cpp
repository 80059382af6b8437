// What comes of whole files: defaults, every field, the environment, paths, the summary.
#include "config/load.h"

#include "config/testing/text.h"

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

TEST(Load, TheSmallestFileGivesTheDefaults) {
  FakeEnvironment environment;
  Checked checked = check_text(test_head, "recloser.yaml", environment);
  ASSERT_TRUE(checked.config) << checked.report("f");
  const Config& config = *checked.config;
  ASSERT_EQ(config.listen.size(), 1u);
  EXPECT_EQ(config.listen[0].address.str(), "127.0.0.1:8787");
  EXPECT_FALSE(config.listen[0].tls);
  EXPECT_EQ(config.listen[0].timeouts.header, 10s);
  EXPECT_EQ(config.listen[0].timeouts.body, 60s);
  EXPECT_EQ(config.listen[0].timeouts.idle, 75s);
  EXPECT_EQ(config.listen[0].timeouts.write, 60s);
  EXPECT_EQ(config.admin.address.str(), "127.0.0.1:8788");
  EXPECT_TRUE(config.admin.token.empty());
  EXPECT_EQ(config.state.directory_path, "state");
  EXPECT_EQ(config.state.database_path(), "state/recloser.db");
  EXPECT_TRUE(config.workers.automatic());
  EXPECT_EQ(config.auth.mode, AuthMode::keys);
  EXPECT_EQ(config.drain, 30s);
  EXPECT_EQ(config.keep_alive.every, 15s);
  EXPECT_EQ(config.limits.connections, 65'536u);
  EXPECT_EQ(config.limits.buffered, Bytes{1u << 30});
  EXPECT_EQ(config.limits.body, Bytes{32u << 20});
  EXPECT_EQ(config.ledger.retain, 400 * 24h);
  EXPECT_EQ(config.logging.level, LogLevel::info);
  EXPECT_EQ(config.logging.format, LogFormat::text);
  EXPECT_TRUE(config.keys.empty());
  EXPECT_TRUE(config.reserved_labels.empty());
}

constexpr std::string_view every_field = R"(apiVersion: recloser.dev/v1alpha1
kind: Gateway
listen:
  - address: 0.0.0.0:443
    tls: {cert: tls/c.pem, key: /etc/k.pem}
    timeouts: {header: 1s, body: 2s, idle: 3s, write: 4s}
  - address: "[::1]:8080"
admin: {address: 127.0.0.1:9, token: admin-token-0123456789}
state: {directory: ../data, store: sqlite:book.db, coordination: none}
workers: 7
auth: {mode: keys}
providers:
  main:
    dialect: openai
    baseUrl: https://api.example.com/v1
    apiKey: "${MAIN_KEY}"
    region: eu-1
    headers: {OpenAI-Organization: org-1, X-Note: "two words"}
    timeouts: {connect: 1s, firstByte: 2s, firstToken: 2500ms, idle: 3s, total: 4s}
    limits: {concurrency: 12}
    retries: 2
    prefill: final_message
    probe: {path: /health, status: 204, every: 20s, timeout: 2s, healthy: 3, unhealthy: 4}
    tls: {ca: ca.pem, serverName: inner.example}
  claude: {dialect: anthropic, baseUrl: https://api.anthropic.com, apiKey: client}
  meta: {dialect: openai, baseUrl: http://169.254.1.1, allowLinkLocal: true}
models:
  fast:
    targets:
      - {provider: main, model: gpt-4o-mini, weight: 3, order: 2, lacks: [vision, schema]}
      - {provider: meta, model: llama}
    fallback: [claude/claude-haiku]
    balance: least_latency
    sticky: false
    regions: [eu-1]
    attempts: 2
    deadline: 20s
    streamUpstream: never
    interrupted: continue
  late:
    targets: [{provider: main, model: gpt-4o}, {provider: meta, model: llama}]
    hedge: true
keys:
  - id: ci
    secret: file:///run/ci
    org: acme
    team: search
    user: Ada Lovelace
    agent: indexer
    models: ["gpt-4o*", fast]
    labels: [nightly, ci]
    expires: 2027-01-01
logging: {level: debug, format: json}
drain: 5s
keepAlive: {every: 20s, commitAfter: off}
limits: {connections: 10, bufferedBytes: 64MiB, body: 1MiB}
ledger: {retain: 30d}
prices: {overrides: ["prices/*.yaml", /etc/p.yaml], unpriced: refuse}
reservedLabels: [production]
channels: {finops: {webhook: {url: "https://h/T0/B1", secret: 0123456789abcdef0123, retries: 3}, minSeverity: warning}}
)";

std::shared_ptr<const Config> full_config() {
  FakeEnvironment environment;
  environment.variables["MAIN_KEY"] = "sk-1";
  environment.files["/run/ci"] = "0123456789abcdefghij\n";
  Checked checked = check_text(every_field, "/etc/recloser/recloser.yaml", environment);
  EXPECT_EQ(checked.report("f"), "");
  return checked.config;
}

TEST(EveryField, OfTheGatewayItselfArrives) {
  std::shared_ptr<const Config> full = full_config();
  ASSERT_TRUE(full);
  const Config& config = *full;
  EXPECT_EQ(config.listen[0].tls->cert_path, "/etc/recloser/tls/c.pem");
  EXPECT_EQ(config.listen[0].tls->key_path, "/etc/k.pem");
  EXPECT_EQ(config.listen[0].timeouts.header, 1s);
  EXPECT_EQ(config.listen[0].timeouts.body, 2s);
  EXPECT_EQ(config.listen[0].timeouts.idle, 3s);
  EXPECT_EQ(config.listen[0].timeouts.write, 4s);
  EXPECT_EQ(config.listen[1].address.str(), "[::1]:8080");
  EXPECT_EQ(config.admin.token.reveal(), "admin-token-0123456789");
  EXPECT_EQ(config.state.database_path(), "/etc/data/book.db");
  EXPECT_EQ(config.workers.count, 7u);
  EXPECT_EQ(config.logging.level, LogLevel::debug);
  EXPECT_EQ(config.logging.format, LogFormat::json);
  EXPECT_EQ(config.drain, 5s);
  EXPECT_EQ(config.keep_alive.every, 20s);
  EXPECT_EQ(config.limits.connections, 10u);
  EXPECT_EQ(config.limits.buffered, Bytes{64u << 20});
  EXPECT_EQ(config.limits.body, Bytes{1u << 20});
  EXPECT_EQ(config.ledger.retain, 30 * 24h);
  EXPECT_EQ(config.prices.overrides,
            (std::vector<std::string>{"/etc/recloser/prices/*.yaml", "/etc/p.yaml"}));
  EXPECT_EQ(config.prices.unpriced, Unpriced::refuse);
  EXPECT_EQ(config.reserved_labels, std::vector<std::string>{"production"});
  ASSERT_EQ(config.channels.size(), 1u);
  EXPECT_EQ(config.channels[0].name, "finops");
  EXPECT_EQ(config.channels[0].webhook.url.reveal(), "https://h/T0/B1");
  EXPECT_EQ(config.channels[0].webhook.secret.reveal(), "0123456789abcdef0123");
  EXPECT_EQ(config.channels[0].webhook.retries, 3u);
  EXPECT_EQ(config.channels[0].min_severity, AlertSeverity::warning);
}

TEST(EveryField, OfProvidersArrives) {
  std::shared_ptr<const Config> full = full_config();
  ASSERT_TRUE(full);
  const Config& config = *full;
  const Provider* main = config.find_provider("main");
  ASSERT_NE(main, nullptr);
  EXPECT_EQ(main->base_url.str(), "https://api.example.com/v1");
  EXPECT_EQ(main->api_key.source, ApiKey::Source::configured);
  EXPECT_EQ(main->api_key.secret.reveal(), "sk-1");
  EXPECT_EQ(main->region, "eu-1");
  ASSERT_EQ(main->headers.size(), 2u);
  EXPECT_EQ(main->headers[1].name, "X-Note");
  EXPECT_EQ(main->headers[1].value.reveal(), "two words");
  EXPECT_EQ(main->timeouts.connect, 1s);
  EXPECT_EQ(main->timeouts.first_byte, 2s);
  EXPECT_EQ(main->timeouts.first_token, 2500ms);
  EXPECT_EQ(main->timeouts.idle, 3s);
  EXPECT_EQ(main->limits.concurrency, 12u);
  EXPECT_EQ(main->retries, 2u);
  EXPECT_EQ(main->probe->path, "/health");
  EXPECT_EQ(main->probe->status, 204u);
  EXPECT_EQ(main->probe->every, 20s);
  EXPECT_EQ(main->probe->timeout, 2s);
  EXPECT_EQ(main->probe->healthy, 3u);
  EXPECT_EQ(main->probe->unhealthy, 4u);
  EXPECT_FALSE(config.find_provider("claude")->probe);
  EXPECT_EQ(main->timeouts.total, 4s);
  EXPECT_EQ(main->tls.ca_path, "/etc/recloser/ca.pem");
  EXPECT_EQ(main->tls.server_name, "inner.example");
  EXPECT_EQ(config.find_provider("claude")->dialect, Dialect::anthropic);
  EXPECT_EQ(config.find_provider("claude")->api_key.source, ApiKey::Source::client);
  EXPECT_TRUE(config.find_provider("meta")->allow_link_local);
  EXPECT_EQ(config.find_provider("meta")->api_key.source, ApiKey::Source::none);
}

TEST(EveryField, OfModelsAndKeysArrives) {
  std::shared_ptr<const Config> full = full_config();
  ASSERT_TRUE(full);
  const Config& config = *full;
  ASSERT_EQ(config.models.size(), 2u);
  EXPECT_EQ(config.find_model("fast")->targets[0].provider, "main");
  EXPECT_EQ(config.find_model("fast")->targets[0].model, "gpt-4o-mini");
  const Model& fast = *config.find_model("fast");
  EXPECT_EQ(fast.targets[0].weight, 3u);
  EXPECT_EQ(fast.targets[0].order, 2u);
  EXPECT_FALSE(fast.targets[0].lacks.has(Ability::tools));
  EXPECT_TRUE(fast.targets[0].lacks.has(Ability::vision));
  EXPECT_TRUE(fast.targets[0].lacks.has(Ability::schema));
  EXPECT_EQ(fast.targets[1].weight, 1u);
  EXPECT_EQ(fast.fallback, std::vector<std::string>{"claude/claude-haiku"});
  EXPECT_EQ(fast.balance, Balance::least_latency);
  EXPECT_FALSE(fast.sticky);
  EXPECT_EQ(fast.regions, std::vector<std::string>{"eu-1"});
  EXPECT_EQ(fast.attempts, 2u);
  EXPECT_EQ(fast.deadline, 20s);
  EXPECT_EQ(fast.stream_upstream, StreamUpstream::never);
  EXPECT_EQ(fast.interrupted, Interrupted::go_on);
  EXPECT_FALSE(fast.hedge);
  EXPECT_TRUE(config.models.at(1).hedge);
  const Key& key = config.keys.at(0);
  EXPECT_EQ(key.secret.reveal(), "0123456789abcdefghij");
  EXPECT_EQ(key.id + key.org + key.team + key.user + key.agent, "ciacmesearchAda Lovelaceindexer");
  EXPECT_EQ(key.models, (std::vector<std::string>{"gpt-4o*", "fast"}));
  EXPECT_EQ(key.labels, (std::vector<std::string>{"nightly", "ci"}));
  EXPECT_EQ(rfc3339(key.expires.value()), "2027-01-01T00:00:00.000Z");
}

TEST(Load, SecretFilesLoseTheNewlineAtTheirEndOnly) {
  FakeEnvironment environment;
  auto key_from = [&](std::string content) {
    environment.files["/k"] = std::move(content);
    auto config = config_of(with_provider("keys: [{id: k, secret: file:///k}]\n"), environment);
    return config ? std::string(config->keys[0].secret.reveal()) : "";
  };
  EXPECT_EQ(key_from("01234567890123456789"), "01234567890123456789");
  EXPECT_EQ(key_from("01234567890123456789\n"), "01234567890123456789");
  EXPECT_EQ(key_from("01234567890123456789\r\n"), "01234567890123456789");
  EXPECT_EQ(key_from("01234567890123456789\n\n"), "");
  EXPECT_EQ(key_from("0123456789\n0123456789"), "");
  EXPECT_EQ(key_from(std::string(4096, 'k') + "\r\n").size(), 4096u);
  EXPECT_EQ(key_from(std::string(4097, 'k')), "");
}

TEST(Load, AFileThatIsNotThereIsTold) {
  FakeEnvironment environment;
  Checked checked = load_file("none.yaml", environment);
  EXPECT_FALSE(checked.config);
  EXPECT_EQ(checked.report("none.yaml"),
            "none.yaml: the configuration cannot be read: No such file or directory\n");
  environment.files["good.yaml"] = with_provider("");
  EXPECT_TRUE(load_file("good.yaml", environment).config);
}

TEST(Load, TheQuickstartIsGood) {
  FakeEnvironment nothing_set;
  ProcessEnvironment machine(nullptr);
  Result<std::string> text = machine.file("config/quickstart.yaml", 1u << 20);
  ASSERT_TRUE(text) << text.error().message();
  Checked checked = check_text(*text, "config/quickstart.yaml", nothing_set);
  ASSERT_TRUE(checked.config) << checked.report("quickstart");
  EXPECT_EQ(checked.config->state.directory_path, "state");
  EXPECT_EQ(checked.config->listen[0].address.port, 8787);
  EXPECT_EQ(checked.config->providers.at(0).dialect, Dialect::simulated);
  // What it shows in comments is good as well.
  std::string uncommented;
  for (std::size_t at = 0; at < text->size();) {
    std::size_t end = text->find('\n', at) + 1;
    std::string line = text->substr(at, end - at);
    bool field = line.starts_with("#   ") || line.starts_with("# providers:") ||
                 line.starts_with("# models:") || line.starts_with("# keys:");
    uncommented += field ? line.substr(2) : line;
    at = end;
  }
  FakeEnvironment set;
  set.variables = {{"OPENAI_API_KEY", "sk-1"}, {"CI_KEY", "01234567890123456789"}};
  set.files["/run/secrets/anthropic"] = "sk-ant-1\n";
  Checked shown = check_text(uncommented, "config/quickstart.yaml", set);
  ASSERT_TRUE(shown.config) << shown.report("quickstart");
  EXPECT_EQ(shown.config->providers.size(), 4u);
  EXPECT_EQ(shown.config->keys.size(), 1u);
}

TEST(Environment, WithoutProvidersThoseWithAKeyAreConfigured) {
  FakeEnvironment environment;
  environment.variables = {{"OPENAI_API_KEY", "sk-1"}, {"ANTHROPIC_API_KEY", "sk-2"}};
  Checked checked = check_text(test_head, "recloser.yaml", environment);
  ASSERT_TRUE(checked.config);
  ASSERT_EQ(checked.config->providers.size(), 2u);
  EXPECT_EQ(checked.config->providers[0].base_url.str(), "https://api.openai.com/v1");
  EXPECT_EQ(checked.config->providers[0].api_key.secret.reveal(), "sk-1");
  EXPECT_EQ(checked.config->providers[1].dialect, Dialect::anthropic);
  EXPECT_EQ(checked.config->providers[1].base_url.str(), "https://api.anthropic.com");
  EXPECT_TRUE(checked.config->models.empty());
  EXPECT_EQ(checked.report("recloser.yaml"),
            "recloser.yaml: notice: provider openai is configured from OPENAI_API_KEY\n"
            "recloser.yaml: notice: provider anthropic is configured from ANTHROPIC_API_KEY\n");
}

TEST(Environment, WithoutAnyKeyTheSimulatedProviderAnswers) {
  FakeEnvironment environment;
  environment.variables = {{"OPENAI_API_KEY", ""}};
  std::shared_ptr<const Config> config = config_of(test_head, environment);
  ASSERT_TRUE(config);
  ASSERT_EQ(config->providers.size(), 1u);
  EXPECT_EQ(config->providers[0].name, "sim");
  EXPECT_EQ(config->providers[0].dialect, Dialect::simulated);
  for (const char* name : {"sim-fast", "sim-smart", "sim-long"}) {
    const Model* model = config->find_model(name);
    ASSERT_NE(model, nullptr) << name;
    EXPECT_EQ(model->targets.at(0).provider, "sim");
    EXPECT_EQ(model->targets.at(0).model, name);
  }
}

TEST(Environment, ModelsOfTheFileGoBeforeThoseOfTheSimulatedProvider) {
  FakeEnvironment environment;
  std::shared_ptr<const Config> config =
      config_of(with_head("providers: {s: {dialect: simulated}}\n"
                          "models: {sim-fast: {targets: [{provider: s, model: sim-t400}]}}\n"),
                environment);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->models.size(), 3u);
  EXPECT_EQ(config->find_model("sim-fast")->targets[0].model, "sim-t400");
  EXPECT_EQ(config->find_model("sim-long")->targets[0].provider, "s");
}

TEST(Environment, VariablesOfOtherProvidersAreToldToHaveNoEffect) {
  FakeEnvironment environment;
  environment.variables = {{"GROQ_API_KEY", "gsk"}, {"OPENAI_API_KEY", "sk"}};
  EXPECT_EQ(report_of(test_head, environment),
            "recloser.yaml: notice: provider openai is configured from OPENAI_API_KEY\n"
            "recloser.yaml: notice: the environment variable GROQ_API_KEY is set, but its provider "
            "is not configured by itself: that is not supported in this version\n");
  // A file with providers does not look at the environment by itself.
  EXPECT_EQ(report_of(with_provider(""), environment), "");
}

TEST(Environment, AKeyThatIsNoneIsAnError) {
  FakeEnvironment environment;
  environment.variables = {{"OPENAI_API_KEY", "sk-1\n"}};
  EXPECT_EQ(report_of(test_head, environment),
            "recloser.yaml: the environment variable OPENAI_API_KEY is no key: it must be at most "
            "4096 characters of printable ASCII without spaces\n");
}

TEST(Summary, ShowsWhatIsInEffectAndNoSecret) {
  FakeEnvironment environment;
  environment.variables["K"] = "sk-private";
  std::shared_ptr<const Config> config = config_of(
      with_head("listen: [{address: 127.0.0.1:1}]\n"
                "providers: {p: {dialect: openai, baseUrl: https://x.example, apiKey: \"${K}\",\n"
                "  headers: {X-Auth: private-too}}}\n"
                "keys: [{id: k, secret: private-0123456789-xyz, models: [a, b]}]\n"
                "admin: {token: private-0123456789-abc}\n"),
      environment);
  ASSERT_TRUE(config);
  std::string text = summary(*config);
  EXPECT_EQ(text.find("private"), std::string::npos) << text;
  EXPECT_TRUE(
      text.starts_with("listen:\n"
                       "  - address: 127.0.0.1:1\n"
                       "    timeouts:\n"
                       "      header: 10s\n"))
      << text;
  for (const char* part :
       {"\n  token: [secret]\n", "\n    apiKey: [secret]\n", "\n    headers: {X-Auth: [secret]}\n",
        "\n  - id: k\n    secret: [secret]\n    models: [a, b]\n", "\nworkers: auto\n",
        "\n      firstByte: 2m\n", "\n  bufferedBytes: 1GiB\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << text;
  }
  EXPECT_EQ(text.find("models:\n"), std::string::npos) << "what is empty is left out";
}

}  // namespace
}  // namespace recloser::config
