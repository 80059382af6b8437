#include "route/resolve.h"

#include "core/nearest_names.h"

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::route {
namespace {

using codec::Family;
using codec::Refusal;
using config::Dialect;

config::Provider provider(std::string name, Dialect dialect) {
  config::Provider out;
  out.name = std::move(name);
  out.dialect = dialect;
  return out;
}

config::Model model(std::string name, std::vector<config::Target> targets,
                    std::vector<std::string> fallback = {}) {
  config::Model out;
  out.name = std::move(name);
  out.targets = std::move(targets);
  out.fallback = std::move(fallback);
  return out;
}

// openai (0) and local (1) speak OpenAI, anthropic (2) its own, sim (3) both.
config::Config four_providers() {
  config::Config config;
  config.providers = {provider("openai", Dialect::openai), provider("local", Dialect::openai),
                      provider("anthropic", Dialect::anthropic),
                      provider("sim", Dialect::simulated)};
  config.models = {model("chat-default", {{.provider = "openai", .model = "gpt-4o-mini"}}),
                   model("gpt-4o", {{.provider = "local", .model = "gpt-4o"}}),
                   model("big", {{.provider = "anthropic", .model = "claude-opus"}}),
                   model("local/odd", {{.provider = "openai", .model = "odd"}})};
  return config;
}

ModelLists all_known() {
  return ModelLists({std::vector<std::string>{"gpt-4o-mini", "gpt-4o", "o4", "shared"},
                     std::vector<std::string>{"llama", "shared"},
                     std::vector<std::string>{"claude-haiku", "claude-opus"}, std::nullopt});
}

class Resolve : public testing::Test {
 protected:
  // "provider:model", of several with "stage.order" before each; or "!code message".
  std::string of(std::string_view asked, Family family = Family::openai) {
    return told(resolver_.resolve(asked, family, lists_));
  }
  static std::string told(const std::expected<Resolved, Unresolved>& found) {
    if (!found) {
      return fmt::format("!{} {}", codec::name_of(found.error().refusal), found.error().message);
    }
    std::span<const Target> targets = found->targets();
    if (targets.size() == 1) {
      return fmt::format("{}:{}", targets.front().provider, targets.front().model);
    }
    std::string out;
    for (const Target& target : targets) {
      out += fmt::format("{}{}.{} {}:{}", out.empty() ? "" : ", ", target.stage, target.order,
                         target.provider, target.model);
    }
    return out;
  }
  std::string names(Family family) {
    std::string out;
    for (const Listed& listed : resolver_.list(family, lists_)) {
      out += fmt::format("{}:{} ", listed.provider, listed.name);
    }
    return out;
  }

  config::Config config_ = four_providers();
  Resolver resolver_{config_};
  ModelLists lists_ = all_known();
};

TEST_F(Resolve, AnEntryComesFirst) {
  EXPECT_EQ(of("chat-default"), "0:gpt-4o-mini");
  EXPECT_EQ(of("gpt-4o"), "1:gpt-4o");  // although openai lists it
  EXPECT_EQ(of("local/odd"), "0:odd");  // although `local` is a provider
  EXPECT_EQ(of("big", Family::anthropic), "2:claude-opus");
}

// Each place once, the lower stage and order first, however they are written.
TEST_F(Resolve, AnEntryLeadsToAllItsTargetsAndThoseOfItsFallbacks) {
  config_.models.push_back(model("many",
                                 {{.provider = "local", .model = "b", .weight = 4, .order = 2},
                                  {.provider = "openai", .model = "a", .weight = 3}},
                                 {"big", "many-more", "sim/sim-t5"}));
  config_.models.push_back(
      model("many-more", {{.provider = "local", .model = "b"}, {.provider = "local", .model = "c"}},
            {"gpt-4o"}));
  config_.models.back().targets[1].lacks.add(config::Ability::tools);
  Resolver resolver(config_);
  std::expected<Resolved, Unresolved> found = resolver.resolve("many", Family::openai, lists_);
  EXPECT_EQ(told(found), "0.1 0:a, 0.2 1:b, 1.1 2:claude-opus, 2.1 1:c, 3.1 3:sim-t5");
  std::span<const Target> targets = found->targets();
  EXPECT_EQ(targets[0].weight, 3u);
  EXPECT_EQ(targets[1].weight, 4u);
  EXPECT_TRUE(targets[3].lacks.has(config::Ability::tools));
  EXPECT_TRUE(targets[1].lacks.empty());
  EXPECT_EQ(found->model().name, "many");
  Resolved copy = *found;
  EXPECT_EQ(copy.targets().data(), targets.data());
}

// Those of a model that is asked for are all listed, each with its reason.
TEST_F(Resolve, AFallbackKeepsToItsRegions) {
  config_.providers[0].region = "us";
  config_.providers[1].region = "eu";
  config_.models.push_back(model("any", {{.provider = "openai", .model = "a"}}, {"home"}));
  config_.models.push_back(
      model("home", {{.provider = "openai", .model = "b"}, {.provider = "local", .model = "c"}}));
  config_.models.back().regions = {"eu"};
  Resolver resolver(config_);
  EXPECT_EQ(told(resolver.resolve("any", Family::openai, lists_)), "0.1 0:a, 1.1 1:c");
  EXPECT_EQ(told(resolver.resolve("home", Family::openai, lists_)), "0.1 0:b, 0.1 1:c");
}

TEST_F(Resolve, AnEntryIsThereForWhomeverAnyOfItsTargetsServes) {
  config_.models.push_back(model("mixed", {{.provider = "anthropic", .model = "x"},
                                           {.provider = "openai", .model = "y", .order = 2}}));
  Resolver resolver(config_);
  ModelLists none;
  EXPECT_EQ(told(resolver.resolve("mixed", Family::openai, none)), "0.1 2:x, 0.2 0:y");
  auto provider_of = [&](Family family) {
    for (const Listed& listed : resolver.list(family, none)) {
      if (listed.name == "mixed") return static_cast<int>(listed.provider);
    }
    return -1;
  };
  EXPECT_EQ(provider_of(Family::openai), 0);
  EXPECT_EQ(provider_of(Family::anthropic), 2);
}

TEST_F(Resolve, AsManyPlacesAsThereMayBe) {
  std::vector<config::Target> some;
  std::vector<config::Target> others;
  std::vector<config::Target> rest;
  for (std::size_t i = 0; i < config::targets_max; ++i) {
    some.push_back({.provider = "openai", .model = fmt::format("a{}", i)});
    others.push_back({.provider = "openai", .model = fmt::format("b{}", i)});
    rest.push_back({.provider = "openai", .model = fmt::format("c{}", i)});
  }
  config_.models = {model("most", some, {"others"}), model("too-many", some, {"others", "rest"}),
                    model("others", others), model("rest", rest)};
  Resolver resolver(config_);
  auto count = [&](std::string_view name) {
    return resolver.resolve(name, Family::openai, lists_)->targets().size();
  };
  EXPECT_EQ(count("most"), candidates_max);
  EXPECT_EQ(count("too-many"), candidates_max);
  EXPECT_EQ(count("rest"), config::targets_max);
}

TEST_F(Resolve, ThenAProviderByName) {
  EXPECT_EQ(of("openai/gpt-4o"), "0:gpt-4o");
  EXPECT_EQ(of("local/never-listed"), "1:never-listed");  // the provider may say no itself
  EXPECT_EQ(of("local/meta/llama-3"), "1:meta/llama-3");
  EXPECT_EQ(of("sim/anything"), "3:anything");
}

TEST_F(Resolve, ThenTheOneThatListsIt) {
  EXPECT_EQ(of("gpt-4o-mini"), "0:gpt-4o-mini");
  EXPECT_EQ(of("llama"), "1:llama");
  EXPECT_EQ(of("claude-haiku", Family::anthropic), "2:claude-haiku");
}

TEST_F(Resolve, TheSimulatedProviderAnswersToItsNamesInBothFamilies) {
  for (Family family : {Family::openai, Family::anthropic}) {
    EXPECT_EQ(of("sim-fast", family), "3:sim-fast");
    EXPECT_EQ(of("sim-t400-d5", family), "3:sim-t400-d5");
    EXPECT_EQ(of("sim", family), "3:sim");
  }
  EXPECT_EQ(of("simple").front(), '!');
}

TEST_F(Resolve, SaysWhetherANameIsMoreThanTheClientsWord) {
  auto known = [this](std::string_view asked) {
    return resolver_.resolve(asked, Family::openai, lists_)->targets().front().known;
  };
  for (const char* name :
       {"chat-default", "openai/gpt-4o", "gpt-4o-mini", "sim-fast", "sim/sim-fast"}) {
    EXPECT_TRUE(known(name)) << name;
  }
  for (const char* name : {"openai/bogus-1", "local/never-listed", "sim-t400-d5", "sim/anything"}) {
    EXPECT_FALSE(known(name)) << name;
  }
}

TEST_F(Resolve, ListedBySeveralIsToBeDecidedByTheClient) {
  EXPECT_EQ(of("shared"),
            "!model_not_found Model \"shared\" is listed by several providers (openai, local). Ask "
            "for one of them, as \"openai/shared\", or give the name a `models` entry.");
}

TEST_F(Resolve, TheOtherFamilyNeedsTranslation) {
  std::string told =
      "!invalid_request Model \"{}\" is served by provider {}, which speaks {}; calling it through "
      "{} needs translation, which is not supported in this version. Call it through {}.";
  EXPECT_EQ(of("big"), fmt::format(fmt::runtime(told), "big", "anthropic", "the Anthropic API",
                                   "the OpenAI API", "the Anthropic API"));
  EXPECT_EQ(of("openai/gpt-4o", Family::anthropic),
            fmt::format(fmt::runtime(told), "openai/gpt-4o", "openai", "the OpenAI API",
                        "the Anthropic API", "the OpenAI API"));
  EXPECT_TRUE(
      of("claude-haiku").starts_with("!invalid_request Model \"claude-haiku\" is served by"));
}

TEST_F(Resolve, UnknownSuggestsTheNearest) {
  EXPECT_EQ(
      of("gpt-4o-mni"),
      "!model_not_found Model \"gpt-4o-mni\" is not known here. Did you mean gpt-4o, "
      "gpt-4o-mini? GET /v1/models lists the models there are; provider/model asks a provider "
      "directly.");
  EXPECT_EQ(of("zzzzzzzzzz"),
            "!model_not_found Model \"zzzzzzzzzz\" is not known here. GET /v1/models lists the "
            "models there are; provider/model asks a provider directly.");
}

TEST_F(Resolve, SuggestsOnlyWhatTheCallerMayKnow) {
  NameFilter none{.context = nullptr,
                  .allows = [](const void*, std::string_view) { return false; }};
  auto found = resolver_.resolve("gpt-4o-mni", Family::openai, lists_, none);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message.find("Did you mean"), std::string::npos);
}

TEST_F(Resolve, HostileNamesAreShortAndHarmless) {
  std::string told = of("\n\x01" + std::string(10'000, 'x') + "/");
  EXPECT_EQ(told.front(), '!');
  EXPECT_LT(told.size(), 300u);
  EXPECT_EQ(told.find('\n'), std::string::npos);
  EXPECT_EQ(of("").front(), '!');
  EXPECT_EQ(of("/").front(), '!');
  EXPECT_EQ(of("openai/").front(), '!');
}

TEST_F(Resolve, OneUnknownListMayHaveIt) {
  lists_ = ModelLists({std::vector<std::string>{"gpt-4o"}, std::nullopt, std::nullopt});
  EXPECT_EQ(of("anything"), "1:anything");
  EXPECT_EQ(of("anything", Family::anthropic), "2:anything");
}

TEST_F(Resolve, ListedWinsOverMayHave) {
  lists_ = ModelLists({std::vector<std::string>{"o4"}, std::nullopt});
  EXPECT_EQ(of("o4"), "0:o4");
  EXPECT_EQ(of("sim-fast"), "3:sim-fast");
}

TEST_F(Resolve, SeveralUnknownListsAreNamed) {
  lists_ = ModelLists();
  EXPECT_EQ(of("o4"),
            "!model_not_found Model \"o4\" is not known here. It could be one of several providers "
            "that have not listed their models (openai, local). Ask for one of them, as "
            "\"openai/o4\", or give the name a `models` entry.");
  EXPECT_TRUE(of("chat-defalt").contains("Did you mean chat-default?")) << of("chat-defalt");
}

TEST_F(Resolve, ListedByTheOtherFamilyWinsOverMayHave) {
  lists_ = ModelLists(
      {std::vector<std::string>{}, std::nullopt, std::vector<std::string>{"claude-haiku"}});
  EXPECT_TRUE(of("claude-haiku").starts_with("!invalid_request"));
}

TEST_F(Resolve, WithoutAModelTheOnlyProviderAnswers) {
  EXPECT_TRUE(
      told(resolver_.resolve_without_model(Family::openai)).starts_with("!invalid_request"));
  config::Config one;
  one.providers = {provider("openai", Dialect::openai)};
  Resolver resolver(one);
  EXPECT_EQ(told(resolver.resolve_without_model(Family::openai)), "0:");
  EXPECT_TRUE(told(resolver.resolve_without_model(Family::anthropic))
                  .starts_with("!model_not_found No provider that speaks the Anthropic API"));
}

TEST_F(Resolve, TheListIsWhatResolves) {
  EXPECT_EQ(names(Family::openai),
            "0:chat-default 1:gpt-4o 0:local/odd 0:gpt-4o-mini 1:llama 0:o4 0:openai/shared "
            "1:local/shared 3:sim-fast 3:sim-long 3:sim-smart ");
  EXPECT_EQ(names(Family::anthropic),
            "2:big 2:claude-haiku 2:claude-opus 3:sim-fast 3:sim-long 3:sim-smart ");
  for (Family family : {Family::openai, Family::anthropic}) {
    for (const Listed& listed : resolver_.list(family, lists_)) {
      auto found = resolver_.resolve(listed.name, family, lists_);
      ASSERT_TRUE(found) << listed.name;
      EXPECT_EQ(found->targets().front().provider, listed.provider) << listed.name;
    }
  }
}

TEST(ModelLists, UnknownIsNotEmpty) {
  ModelLists lists({std::vector<std::string>{"b", "a", "b"}, std::nullopt, {{}}});
  EXPECT_TRUE(lists.known(0));
  EXPECT_FALSE(lists.known(1));
  EXPECT_TRUE(lists.known(2));
  EXPECT_FALSE(lists.known(3));
  EXPECT_TRUE(lists.has(0, "a"));
  EXPECT_FALSE(lists.has(0, "c"));
  EXPECT_FALSE(lists.has(1, "a"));
  EXPECT_EQ(lists.models(0).size(), 2u);
  EXPECT_TRUE(lists.models(9).empty());
}

TEST(NearestNames, NearestFirstAndAtMostThree) {
  NearestNames nearest("gpt-4");
  for (std::string_view name : {"claude", "gpt-5", "gpt-4o", "gpt-44", "gpt-4-turbo", "gpt-9"}) {
    nearest.offer(name);
  }
  EXPECT_EQ(nearest.human(), "gpt-4o, gpt-44, gpt-4-turbo");  // they continue it; gpt-5 differs
}

TEST(NearestNames, WorkIsBounded) {
  NearestNames nearest(std::string_view("0123456789012345678901234567890123456789"));
  std::string far = "9876543210987654321098765432109876543210";
  for (int i = 0; i < 1000; ++i) nearest.offer(far);
  nearest.offer("0123456789012345678901234567890123456788");  // near, but too late
  EXPECT_EQ(nearest.human(), "");
  std::string longer = far + far;
  NearestNames long_name(longer);
  long_name.offer(longer);
  EXPECT_EQ(long_name.human(), "");
}

}  // namespace
}  // namespace recloser::route
