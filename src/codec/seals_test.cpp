// What a provider has sealed in a conversation, left out for another one.
#include "codec/seals.h"

#include <array>
#include <string>
#include <string_view>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

struct Sent {
  bool changed = false;
  std::string body;
};

Sent sent_on(Operation operation, std::string_view body) {
  RequestReader reader(operation);
  EXPECT_TRUE(reader.feed(body));
  EXPECT_TRUE(reader.end());
  BodyEdits edits;
  Sent out;
  out.changed = take_out_seals(edits, operation, body, reader.facts());
  std::array<std::string_view, BodyEdits::pieces_max> room;
  for (std::string_view piece : edits.pieces(body, room)) out.body.append(piece);
  EXPECT_EQ(out.body.size(), edits.size_after(body.size()));
  EXPECT_EQ(out.changed, !edits.empty());
  boost::system::error_code fault;
  boost::json::parse(out.body, fault);
  EXPECT_FALSE(fault) << out.body;
  return out;
}

std::string without(Operation operation, std::string_view body) {
  Sent out = sent_on(operation, body);
  EXPECT_TRUE(out.changed) << body;
  return out.body;
}

void stays(Operation operation, std::string_view body) {
  Sent out = sent_on(operation, body);
  EXPECT_FALSE(out.changed) << out.body;
  EXPECT_EQ(out.body, body);
}

TEST(Seals, BlocksOfThinkingGoWhole) {
  EXPECT_EQ(
      without(
          Operation::messages,
          R"({"model":"m", "messages" : [ {"role":"user","content":"hi"} , {"role":"assistant",)"
          R"("content":[ {"type":"thinking","thinking":"a ] } \" b","signature":"s"} , )"
          R"({"type":"redacted_thinking","data":"x"} ,{"type":"text","text":"Yes."} ]},)"
          R"({"content":[{"type":"text","text":"So."},{"signature":"s","type":"thinking"}, )"
          R"({"type":"text","text":"No."}],"role":"assistant"}, {"role":"user",)"
          R"("content":"go"}],"max_tokens":9})"),
      R"({"model":"m", "messages" : [ {"role":"user","content":"hi"} , {"role":"assistant",)"
      R"("content":[ {"type":"text","text":"Yes."} ]},)"
      R"({"content":[{"type":"text","text":"So."}, )"
      R"({"type":"text","text":"No."}],"role":"assistant"}, {"role":"user",)"
      R"("content":"go"}],"max_tokens":9})");
}

TEST(Seals, AMessageOfNothingElseGoesToo) {
  constexpr std::string_view thought =
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},)"
      R"({"type":"redacted_thinking","data":"x"}]})";
  auto body = [](std::string_view messages) {
    return R"({"model":"m","max_tokens":9,"messages":[)" + std::string(messages) + "]}";
  };
  std::string one = R"({"role":"user","content":"a"})";
  std::string two = R"({"role":"user","content":[{"type":"thinking","thinking":"not his"}]})";
  std::string seal(thought);
  EXPECT_EQ(without(Operation::messages, body(one + "," + seal + "," + two)),
            body(one + "," + two));
  EXPECT_EQ(without(Operation::messages, body(seal + "," + seal + ", " + one)), body(one));
  EXPECT_EQ(without(Operation::messages, body(one + "," + seal + "," + seal)), body(one));
  EXPECT_EQ(without(Operation::messages, body(seal)), body(""));
  stays(Operation::messages, body(one + "," + two));
  stays(Operation::messages, body(R"({"role":"assistant","content":"thinking"})"));
  stays(Operation::messages, body(R"({"role":"assistant","content":[]})"));
}

TEST(Seals, AModelWithABudgetOfThinkingDoesNotThinkAmongItsTools) {
  auto body = [](std::string_view thinking, std::string_view call, std::string_view result) {
    return R"({"model":"m","max_tokens":9,"thinking":)" + std::string(thinking) +
           R"(,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[)" +
           std::string(call) + R"({"type":"tool_use","id":"t","name":"n","input":{}}]},)" +
           R"({"role":"user","content":[)" + std::string(result) + "]}]}";
  };
  constexpr std::string_view thought = R"({"type":"thinking","thinking":"t","signature":"s"},)";
  constexpr std::string_view result = R"({"type":"tool_result","tool_use_id":"t","content":"9"})";
  constexpr std::string_view text = R"({"type":"text","text":"go on"})";
  constexpr std::string_view enabled = R"({"type":"enabled","budget_tokens":1024})";
  EXPECT_EQ(without(Operation::messages, body(enabled, thought, result)),
            body(R"({"type":"disabled"})", "", result));
  EXPECT_EQ(without(Operation::messages, body(enabled, thought, text)), body(enabled, "", text));
  constexpr std::string_view adaptive = R"({"type":"adaptive"})";
  EXPECT_EQ(without(Operation::messages, body(adaptive, thought, result)),
            body(adaptive, "", result));
  stays(Operation::messages, body(enabled, "", result));
}

TEST(Seals, ItemsOfReasoningGoWhereNobodyElseReadsThem) {
  EXPECT_EQ(
      without(Operation::responses,
              R"({"model":"m","input":[{"role":"user","content":"a"},{"type":"reasoning","id":"r",)"
              R"("summary":[],"encrypted_content":"gAAA"},{"type":"reasoning","id":"s","summary":)"
              R"([]},{"type":"function_call","id":"f","call_id":"c","name":"n","arguments":"{}"},)"
              R"({"type":"reasoning","id":"o","summary":[],"content":[{"type":"reasoning_text",)"
              R"("text":"open"}]},{"type":"compaction","encrypted_content":"all of it"}]})"),
      R"({"model":"m","input":[{"role":"user","content":"a"},)"
      R"({"type":"function_call","id":"f","call_id":"c","name":"n","arguments":"{}"},)"
      R"({"type":"reasoning","id":"o","summary":[],"content":[{"type":"reasoning_text",)"
      R"("text":"open"}]},{"type":"compaction","encrypted_content":"all of it"}]})");
  EXPECT_EQ(without(Operation::responses,
                    R"({"model":"m","input":[{"type":"reasoning","encrypted_content":"gAAA",)"
                    R"("content":[{"type":"reasoning_text","text":"open too"}]},)"
                    R"({"role":"user","content":"a"}]})"),
            R"({"model":"m","input":[{"role":"user","content":"a"}]})");
  stays(Operation::responses, R"({"model":"m","input":"reasoning"})");
  stays(Operation::responses,
        R"({"model":"m","input":[{"type":"reasoning","encrypted_content":null,)"
        R"("content":[{"type":"reasoning_text","text":"t"}]}]})");
}

TEST(Seals, MembersOfChatGoThatAreOfOneProvider) {
  EXPECT_EQ(
      without(Operation::chat,
              R"({"model":"m","messages":[{"role":"user","content":"a","extra_content":1},)"
              R"({"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}],)"
              R"("role":"assistant","content":null,"tool_calls":[{"extra_content":{"google":)"
              R"({"thought_signature":"s"}},"id":"c","function":{"name":"n","arguments":"{}"},)"
              R"("provider_specific_fields":{}}],"thinking_blocks":[]},)"
              R"({"role":"tool","tool_call_id":"c","content":"9"}]})"),
      R"({"model":"m","messages":[{"role":"user","content":"a","extra_content":1},)"
      R"({"role":"assistant","content":null,"tool_calls":[{)"
      R"("id":"c","function":{"name":"n","arguments":"{}"})"
      R"(}]},)"
      R"({"role":"tool","tool_call_id":"c","content":"9"}]})");
  stays(Operation::chat,
        R"({"model":"m","messages":[{"role":"assistant","content":"a","reasoning_content":"t"}]})");
}

TEST(Seals, OtherCallsHaveNone) {
  stays(Operation::completions, R"({"model":"m","prompt":[{"type":"reasoning"}]})");
  stays(Operation::embeddings, R"({"model":"m","input":[{"type":"reasoning"}]})");
}

TEST(Seals, AreRefusedInTheWordsOfEachProvider) {
  for (std::string_view body :
       {R"({"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0)"
        R"(: Invalid `signature` in `thinking` block"}})",
        R"({"error":{"message":"messages.3.content.0: Invalid signature in thinking block"}})",
        R"({"error":{"message":"messages.1.content.0.thinking.signature: Field required"}})",
        R"({"error":{"message":"Invalid `data` in `redacted_thinking` block"}})",
        R"({"error":{"code":400,"message":"Thought signature is not valid.","status":"x"}})",
        R"({"error":{"code":null,"message":"The Encrypted Content of item rs_1 is unreadable"}})",
        R"({"error":{"message":"","code":"invalid_encrypted_content"}})"}) {
    EXPECT_TRUE(refuses_seals(body)) << body;
  }
  for (std::string_view body :
       {"", R"({"error":{"message":"max_tokens is too large"}})",
        R"({"error":{"message":"Function call is missing a thought_signature"}})"}) {
    EXPECT_FALSE(refuses_seals(body)) << body;
  }
}

}  // namespace
}  // namespace recloser::codec
