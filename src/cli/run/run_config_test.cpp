#include "cli/run/run_config.h"

#include "cli/test_process.h"

#include <string>
#include <vector>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

class RunConfigTest : public CliTest {
 protected:
  Result<std::shared_ptr<const config::Config>> make(std::vector<std::string_view> words) {
    words.insert(words.begin(), "run");
    words.push_back("true");
    Result<Invocation> invocation = Invocation::read(words);
    EXPECT_TRUE(invocation) << invocation.error().message();
    Result<Wish> wish = read_wish(*invocation, clock_.wall());
    if (!wish) return fail(wish.error());
    return run_config(*wish, "/state",
                      Process{.environment = environment_,
                              .clock = clock_,
                              .entropy = entropy_,
                              .version = "1.2.3",
                              .program_path = {}});
  }
  std::string fault(std::vector<std::string_view> words) {
    auto config = make(std::move(words));
    EXPECT_FALSE(config);
    return config ? "" : config.error().message();
  }
};

TEST_F(RunConfigTest, TheUsualProvidersWithTheClientsOwnCredentials) {
  std::shared_ptr<const config::Config> config = make({}).value();
  ASSERT_EQ(config->providers.size(), 3u);
  EXPECT_EQ(config->providers[0].base_url.str(), "https://api.openai.com/v1");
  EXPECT_EQ(config->providers[0].name, "api.openai.com");
  EXPECT_EQ(config->providers[1].base_url.str(), "https://chatgpt.com/backend-api/codex");
  EXPECT_EQ(config->providers[1].login_field, "chatgpt-account-id");
  EXPECT_EQ(config->providers[2].base_url.str(), "https://api.anthropic.com");
  for (const config::Provider& provider : config->providers) {
    EXPECT_EQ(provider.api_key.source, config::ApiKey::Source::client);
  }
  EXPECT_TRUE(config->budgets.empty());
}

TEST_F(RunConfigTest, OneGatewayBehindBothVariablesIsTwoProviders) {
  environment_.variables = {{"OPENAI_BASE_URL", "http://127.0.0.1:4000/v1"},
                            {"ANTHROPIC_BASE_URL", "http://127.0.0.1:4000"}};
  std::shared_ptr<const config::Config> config = make({}).value();
  ASSERT_EQ(config->providers.size(), 2u);
  EXPECT_EQ(config->providers[0].name, "127.0.0.1:4000");
  EXPECT_EQ(config->providers[1].name, "anthropic@127.0.0.1:4000");
}

TEST_F(RunConfigTest, NothingOfItIsOpenToOthers) {
  environment_.files["mine.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nlisten: [{address: 0.0.0.0:80}]\n"
      "admin: {address: 0.0.0.0:81, token: a-long-token-of-the-file}\nstate: {directory: theirs}\n"
      "keys: [{id: ci, secret: 01234567890123456789}]\nproviders: {sim: {dialect: simulated}}\n";
  std::shared_ptr<const config::Config> config = make({"--config", "mine.yaml"}).value();
  EXPECT_EQ(config->listen.size(), 1u);
  EXPECT_EQ(config->listen[0].address.str(), "127.0.0.1:0");
  EXPECT_EQ(config->admin.address.str(), "127.0.0.1:0");
  EXPECT_TRUE(config->admin.token.empty());
  EXPECT_EQ(config->state.directory_path, "/state");
  EXPECT_EQ(config->auth.mode, config::AuthMode::open);
  EXPECT_TRUE(config->keys.empty());
  EXPECT_EQ(config->providers[0].name, "sim");
}

TEST_F(RunConfigTest, LimitsAreBudgetsThatCutStreams) {
  std::shared_ptr<const config::Config> config =
      make({"--sim", "--budget", "$2.50", "--tokens", "1000", "--time", "90s"}).value();
  ASSERT_EQ(config->budgets.size(), 3u);
  EXPECT_EQ(config->budgets[0].name, "run");
  EXPECT_EQ(config->budgets[0].limit.count, 2'500'000'000);
  EXPECT_EQ(config->budgets[1].name, "run-tokens");
  EXPECT_EQ(config->budgets[1].limit.count, 1000);
  EXPECT_EQ(config->budgets[2].name, "run-time");
  EXPECT_EQ(config->budgets[2].limit.count, 90'000);
  for (const config::Budget& budget : config->budgets) {
    EXPECT_EQ(budget.reserve, config::Reserve::elastic);
    EXPECT_EQ(budget.window.type, config::WindowType::total);
    EXPECT_TRUE(budget.key.names.empty());
  }
  config = make({"--sim", "--budget", "1", "--per", "session"}).value();
  EXPECT_EQ(config->budgets[0].name, "session");
  EXPECT_EQ(config->budgets[0].key.names, std::vector<std::string>{"session"});
}

TEST_F(RunConfigTest, WhatIsWrongIsNamed) {
  EXPECT_EQ(fault({"--budget", "0"}),
            "--budget must be USD above 0, such as 5 or 0.50; you wrote '0'");
  EXPECT_THAT(fault({"--budget=-5"}), HasSubstr("--budget must be"));
  EXPECT_THAT(fault({"--tokens", "1.5"}), HasSubstr("--tokens must be a whole number above 0"));
  EXPECT_THAT(fault({"--time", "10ms"}), HasSubstr("--time must be a duration of a second"));
  EXPECT_EQ(fault({"--sim", "--config", "a.yaml"}), "--sim and --config cannot both be given");
  environment_.files["wrong.yaml"] = "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\nlisen: 1\n";
  EXPECT_THAT(fault({"--config", "wrong.yaml"}), HasSubstr("wrong.yaml:3:1: "));
}

TEST_F(RunConfigTest, ABudgetOfTheFileMayNotBeTakenForTheRuns) {
  environment_.files["mine.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\npolicies: [b.yaml]\n"
      "providers: {sim: {dialect: simulated}}\n";
  environment_.files["b.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Budget\nmetadata: {name: run}\n"
      "spec: {unit: usd, limit: 1, window: {type: total}}\n";
  EXPECT_TRUE(make({"--config", "mine.yaml"}));
  EXPECT_THAT(fault({"--config", "mine.yaml", "--budget", "1"}),
              HasSubstr("the configuration has a budget run"));
}

}  // namespace
}  // namespace recloser::cli
