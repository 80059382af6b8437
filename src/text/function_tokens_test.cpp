#include "text/function_tokens.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::text {
namespace {

void tell_weather(FunctionTokens& tools) {
  tools.function("get_current_weather", "Get the current weather in a given location");
  tools.property("location", "string", "The city and state, e.g. San Francisco, CA");
  tools.property("unit", "string", "");
  tools.value("celsius");
  tools.value("fahrenheit");
}

// A recorded call: gpt-3.5-turbo, and of its 85 tokens 67 were the definition.
TEST(FunctionTokens, AreAsOpenAiCountsThem) {
  EncodingScratch scratch;
  std::uint64_t around = prompt_overhead("gpt-3.5-turbo", PromptForm::chat).tools.about;
  FunctionTokens encoded(token_family("gpt-3.5-turbo"), &scratch);
  tell_weather(encoded);
  EXPECT_NEAR(static_cast<double>(encoded.tokens().about + around), 67, 4);
  FunctionTokens weighed(token_family("gpt-3.5-turbo"), nullptr);
  tell_weather(weighed);
  EXPECT_NEAR(static_cast<double>(weighed.tokens().about + around), 67, 12);
}

TEST(FunctionTokens, AFullStopAtTheEndIsNotShown) {
  EncodingScratch scratch;
  for (EncodingScratch* encoded : {&scratch, static_cast<EncodingScratch*>(nullptr)}) {
    FunctionTokens with(token_family("gpt-4o"), encoded);
    FunctionTokens without(token_family("gpt-4o"), encoded);
    with.function("now", "Tells the time.");
    without.function("now", "Tells the time");
    EXPECT_EQ(with.tokens(), without.tokens());
    without.more(R"({"$ref": "#/x"})");
    EXPECT_GT(without.tokens().about, with.tokens().about);
  }
}

TEST(FunctionTokens, AreBoundedByTheirJson) {
  FunctionTokens none(token_family("gpt-4o"), nullptr);
  EXPECT_EQ(none.tokens(), TokenRange());
  none.tool("{}");
  EXPECT_GT(none.tokens().max, 8u) << "whatever it is declared as";
  FunctionTokens tools(token_family("gpt-4o"), nullptr);
  tools.function("f", "");
  std::uint64_t max = tools.tokens().max;
  EXPECT_EQ(max, tools.tokens().about + 8);
  std::string json = "{\"name\":\"f\",\"x\":\"" + std::string(1000, '#') + "\"}";
  tools.tool(json);
  EXPECT_GT(tools.tokens().max, max + 10);
}

TEST(FunctionTokens, ValuesOfAnotherFunctionSaveNothing) {
  FunctionTokens tools(token_family("gpt-4o"), nullptr);
  tools.function("f", "");
  tools.property("a", "", "");
  std::uint64_t before = tools.tokens().about;
  tools.function("f", "");
  std::uint64_t each = tools.tokens().about - before;
  tools.value("a value");
  FunctionTokens one(token_family("gpt-4o"), nullptr);
  one.function("f", "");
  one.value("a value");
  EXPECT_NEAR(static_cast<double>(tools.tokens().about - before - each),
              static_cast<double>(one.tokens().about - each), 1);
}

}  // namespace
}  // namespace recloser::text
