#include "cli/run/base_urls.h"

#include "config/testing/fake_environment.h"

#include <array>
#include <string>

#include <gmock/gmock.h>

namespace recloser::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(BaseUrls, WhatWasSetBeforeIsWhereCallsGo) {
  config::FakeEnvironment environment;
  EXPECT_FALSE(upstream_of(Api::openai, environment).value());
  environment.variables = {{"OPENAI_API_BASE", "https://second.example/v1"},
                           {"OPENAI_BASE_URL", ""},
                           {"ANTHROPIC_BASE_URL", "https://models.example/claude///"}};
  EXPECT_EQ(upstream_of(Api::openai, environment).value()->str(), "https://second.example/v1");
  EXPECT_EQ(upstream_of(Api::anthropic, environment).value()->str(),
            "https://models.example/claude");
  environment.variables["OPENAI_BASE_URL"] = "https://first.example/v1";
  EXPECT_EQ(upstream_of(Api::openai, environment).value()->str(), "https://first.example/v1");
}

TEST(BaseUrls, AWrongOneIsToldWithoutItsValue) {
  config::FakeEnvironment environment;
  environment.variables["ANTHROPIC_BASE_URL"] = "https://me:hidden@models.example";
  std::string message = upstream_of(Api::anthropic, environment).error().message();
  EXPECT_THAT(message, HasSubstr("the environment variable ANTHROPIC_BASE_URL says where the "
                                 "Anthropic API is, and must"));
  EXPECT_THAT(message, Not(HasSubstr("hidden")));
}

TEST(BaseUrls, EveryServedClientIsPointedAtTheGatewayPastProxies) {
  std::array<const char*, 5> inherited{"OPENAI_BASE_URL=https://before.example",
                                       "OPENAI_BASE_URLS=other", "no_proxy=corp.example",
                                       "OLLAMA_HOST=10.0.0.1", nullptr};
  ProgramVariables variables(inherited.data());
  point_at(variables, "127.0.0.1:4000");
  EXPECT_THAT(variables.lines(), ElementsAre("OPENAI_BASE_URLS=other", "OLLAMA_HOST=10.0.0.1",
                                             "OPENAI_BASE_URL=http://127.0.0.1:4000/v1",
                                             "OPENAI_API_BASE=http://127.0.0.1:4000/v1",
                                             "ANTHROPIC_BASE_URL=http://127.0.0.1:4000",
                                             "NO_PROXY=127.0.0.1,localhost,::1",
                                             "no_proxy=corp.example,127.0.0.1,localhost,::1"));
}

TEST(BaseUrls, AStandInKeyIsForThoseWhoHaveNone) {
  std::array<const char*, 2> inherited{"OPENAI_API_KEY=mine", nullptr};
  ProgramVariables variables(inherited.data());
  set_stand_in_key(variables, Api::openai);
  set_stand_in_key(variables, Api::anthropic);
  EXPECT_EQ(variables.value("OPENAI_API_KEY"), "mine");
  EXPECT_EQ(variables.value("ANTHROPIC_API_KEY"), "recloser-needs-no-key");
}

TEST(BaseUrls, OnlyCodexIsToldByAnOption) {
  EXPECT_THAT(with_overrides({"/usr/bin/codex", "exec"}, "127.0.0.1:4000"),
              ElementsAre("/usr/bin/codex", "-c", "openai_base_url=\"http://127.0.0.1:4000/v1\"",
                          "-c", "features.enable_request_compression=false", "exec"));
  EXPECT_THAT(with_overrides({"codex-like"}, "127.0.0.1:4000"), ElementsAre("codex-like"));
}

}  // namespace
}  // namespace recloser::cli
