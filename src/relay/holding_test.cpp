// What calls hold beside the text that is sent and the answer: server tools, thinking.
#include "relay/testing/budgeted_gateway.h"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

using budget::Reserve;
using budget::Unit;

// What one call holds while it runs.
struct HeldByACall : ReservingTest {
  using ReservingTest::ReservingTest;

  budget::Amount held(std::string_view path, std::string_view body) {
    budget::Amount reserved = 0;
    gateway_.provider().script = [&](net::Exchange& exchange, std::string) -> Task<void> {
      reserved = standing(0).reserved;
      return send(exchange, R"({"usage":{"prompt_tokens":7,"completion_tokens":3}})");
    };
    seen_ = gateway_.post(std::string(path), std::string(body));
    EXPECT_EQ(standing(0).reserved, 0);
    return reserved;
  }

  Seen seen_;
};

struct HeldByAnthropic : HeldByACall {
  HeldByAnthropic() : HeldByACall(config::Dialect::anthropic) {}

  budget::Amount search(std::string_view more) {
    return held("/v1/messages",
                fmt::format(R"({{"model":"p/claude-sonnet-4-5","max_tokens":1000,"messages":)"
                            R"([{{"role":"user","content":"so"}}],"tools":[{{"type":)"
                            R"("web_search_20250305","name":"web_search"{}}}]}})",
                            more));
  }
};

// Its searches, and all that its model may read of them.
TEST_F(HeldByAnthropic, AServerToolIsHeldAsOftenAsItMayBeUsed) {
  limit({budget_of("b", Unit::usd, 100'000'000'000, Reserve::upper_bound)});
  budget::Amount once = search(R"(,"max_uses":1)");
  EXPECT_EQ(seen_.status, 200) << seen_.body;
  EXPECT_EQ(search(R"(,"max_uses":4)"), once + 3 * 10'000'000);
  limit({budget_of("i", Unit::input_tokens, 10'000'000, Reserve::upper_bound)});
  EXPECT_GT(search(R"(,"max_uses":1)"), 100'000) << "what its context holds";
}

TEST_F(HeldByAnthropic, AServerToolWithoutALimitIsRefusedByWhatMayNotBeOverspent) {
  for (Reserve reserve : {Reserve::clamp, Reserve::upper_bound, Reserve::elastic, Reserve::none}) {
    limit({budget_of("b", Unit::usd, 100'000'000'000, reserve)});
    std::size_t before = asked();
    search("");
    bool hard = reserve == Reserve::clamp || reserve == Reserve::upper_bound;
    EXPECT_EQ(seen_.status, hard ? 429 : 200) << seen_.body;
    EXPECT_EQ(asked() - before, hard ? 0u : 1u);
    EXPECT_EQ(seen_.body.find("give the tool `max_uses`") != std::string::npos, hard);
  }
}

// Agents count their tokens with all the tools that they have.
TEST_F(HeldByAnthropic, NothingIsHeldOfWhatOnlyCounts) {
  limit({budget_of("b", Unit::usd, 100'000'000'000, Reserve::upper_bound)});
  EXPECT_EQ(held("/v1/messages/count_tokens",
                 R"({"model":"p/claude-sonnet-4-5","messages":[],"tools":[{"type":)"
                 R"("web_search_20250305","name":"web_search"}]})"),
            0);
  EXPECT_EQ(seen_.status, 200) << seen_.body;
}

// Its provider refuses a limit that leaves nothing behind the thinking.
TEST_F(HeldByAnthropic, ClampDoesNotGoBelowTheThinking) {
  limit({budget_of("b", Unit::output_tokens, 2'000, Reserve::clamp)});
  auto thinking = [&](int tokens) {
    held("/v1/messages",
         fmt::format(R"({{"model":"p/claude-sonnet-4-5","max_tokens":5000,"messages":[],)"
                     R"("thinking":{{"type":"enabled","budget_tokens":{}}}}})",
                     tokens));
    return seen_.status;
  };
  EXPECT_EQ(thinking(3'000), 429);
  EXPECT_EQ(thinking(1'500), 200);
  EXPECT_NE(gateway_.provider().bodies.back().find(R"("max_tokens":2000)"), std::string::npos);
}

struct HeldByOpenAi : HeldByACall {
  HeldByOpenAi() : HeldByACall(config::Dialect::openai) {}

  budget::Amount ask_for(std::string_view model, std::string_view more = "") {
    return held("/v1/chat/completions",
                fmt::format(R"({{"model":"p/{}","messages":[{{"role":"user","content":"so"}}]{}}})",
                            model, more));
  }
};

// Agents name a search in every call, whatever their model is.
TEST_F(HeldByOpenAi, AServerToolOfAModelWithoutAContextIsLetBegin) {
  std::string_view body = R"({"model":"p/house-model","stream":true,"input":"so",)"
                          R"("tools":[{"type":"web_search"}]})";
  limit({budget_of("b", Unit::tokens, 10'000, Reserve::elastic)});
  EXPECT_LT(held("/v1/responses", body), 1'000);
  EXPECT_EQ(seen_.status, 200) << seen_.body;
  limit({budget_of("b", Unit::tokens, 10'000, Reserve::clamp)});
  held("/v1/responses", body);
  EXPECT_EQ(seen_.status, 429);
  EXPECT_NE(seen_.body.find("send `max_tool_calls`"), std::string::npos) << seen_.body;
  limit({budget_of("b", Unit::tokens, 10'000, Reserve::elastic)});
  held("/v1/responses", R"({"model":"p/gpt-4o","input":"so","tools":[{"type":"web_search"}]})");
  EXPECT_EQ(seen_.status, 429);
  EXPECT_NE(seen_.body.find("its tool web_search may read as much as"), std::string::npos)
      << seen_.body;
}

TEST_F(HeldByOpenAi, AServerToolWithoutAPriceIsRefusedByABudgetOfMoney) {
  limit({budget_of("b", Unit::usd, 100'000'000'000, Reserve::upper_bound)});
  std::string_view body = R"({"model":"p/gpt-4o","input":"so","max_output_tokens":10,)"
                          R"("max_tool_calls":1,"tools":[{"type":"image_generation"}]})";
  held("/v1/responses", body);
  EXPECT_EQ(seen_.status, 403) << seen_.body;
  EXPECT_NE(seen_.body.find("the server tool image_generation has no price"), std::string::npos)
      << seen_.body;
  EXPECT_EQ(asked(), 0u);
}

// Nobody sees it come: no slice is taken for it.
TEST_F(HeldByOpenAi, HiddenThinkingIsHeldAhead) {
  limit({budget_of("b", Unit::output_tokens, 1'000'000, Reserve::elastic)});
  constexpr budget::Amount slice = 128;
  const std::string stream = R"(,"stream":true)";
  EXPECT_EQ(ask_for("gpt-5", stream), slice + 8'192);
  EXPECT_EQ(ask_for("gpt-5", stream + R"(,"max_completion_tokens":1000)"), slice + 1'000);
  EXPECT_EQ(ask_for("gpt-5", stream + R"(,"reasoning_effort":"none")"), slice);
  EXPECT_EQ(ask_for("gpt-4o", stream), slice);
  limit({budget_of("b", Unit::output_tokens, 8'192 + 12, Reserve::elastic)});
  ask_for("gpt-5", stream);
  EXPECT_EQ(seen_.status, 429) << "twelve are charged already, and one has to be seen";
}

}  // namespace
}  // namespace recloser::relay
