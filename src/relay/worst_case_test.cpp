#include "relay/worst_case.h"

#include <vector>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using codec::AskedTool;
using codec::ServerTool;

TEST(PriceBound, IsOfWhatTheCallAsksFor) {
  codec::RequestFacts facts;
  facts.tier = codec::ServiceTier::priority;
  facts.inference_geo = "us";
  std::vector<AskedTool> tools{{.kind = ServerTool::web_search, .name = "a", .max_uses = 3},
                               {.kind = ServerTool::web_search, .name = "b", .max_uses = {}},
                               {.kind = ServerTool::code_session, .name = "c", .max_uses = 9},
                               {.kind = ServerTool::tokens, .name = "d", .max_uses = 2}};
  price::Bound bound = price_bound(facts, tools);
  EXPECT_EQ(bound.tier, codec::ServiceTier::priority);
  EXPECT_EQ(bound.geography, "us");
  EXPECT_EQ(bound.web_searches, 4u);
  EXPECT_EQ(bound.code_sessions, 1u);
  EXPECT_EQ(bound.file_searches, 0u);
  EXPECT_TRUE(bound.audio && bound.images && bound.caches_for_1h);
  tools = {{.kind = ServerTool::file_search, .name = "a", .max_uses = UINT64_MAX},
           {.kind = ServerTool::file_search, .name = "b", .max_uses = UINT64_MAX}};
  EXPECT_EQ(price_bound(facts, tools).file_searches, 2'000'000u) << "no sum runs over";
}

TEST(PriceBound, KnowsAToolWithoutALimit) {
  std::vector<AskedTool> tools{{.kind = ServerTool::web_search, .name = "a", .max_uses = 0}};
  EXPECT_EQ(unlimited(tools), nullptr);
  tools.push_back({.kind = ServerTool::tokens, .name = "b", .max_uses = {}});
  EXPECT_EQ(unlimited(tools), &tools[1]);
}

TEST(HiddenReserve, IsOfThoseWhoThink) {
  price::Entry thinks;
  thinks.can = 1u << static_cast<unsigned>(price::Capability::reasoning);
  price::Priced able{.entry = &thinks};
  codec::RequestFacts facts;
  auto reserve = [&](const price::Priced& priced, codec::Family family, std::uint64_t most) {
    return hidden_reserve(facts, priced, family, most);
  };
  constexpr auto openai = codec::Family::openai;
  constexpr auto anthropic = codec::Family::anthropic;
  EXPECT_EQ(reserve(able, openai, 100'000), hidden_reserve_usual);
  EXPECT_EQ(reserve(able, openai, 500), 500u);
  EXPECT_EQ(reserve({}, openai, 100'000), 0u) << "of what nobody knows nothing is known";
  EXPECT_EQ(reserve(able, anthropic, 100'000), 0u) << "it was not asked to";
  facts.thinks = true;
  EXPECT_EQ(reserve({}, anthropic, 100'000), hidden_reserve_usual);
  facts.thinking_tokens = 30'000;
  EXPECT_EQ(reserve({}, anthropic, 100'000), 30'000u);
  facts.thinking_tokens = UINT64_MAX;
  EXPECT_EQ(reserve({}, anthropic, UINT64_MAX), UINT32_MAX);
}

}  // namespace
}  // namespace recloser::relay
