#include "codec/prompt_reader.h"

#include "codec/event.h"

#include <array>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

// Every piece as "part:text", messages as "|".
std::string told(Operation operation, std::string_view bytes,
                 PromptValue what = PromptValue::body) {
  static constexpr std::array<std::string_view, 14> names{
      "|",      "role",   "name",  "text",  "call",  "arguments", "tools",
      "schema", "sealed", "aside", "image", "audio", "file",      "remote"};
  std::string out;
  PromptReader reader(operation, what, bytes);
  while (std::optional<PromptPiece> piece = reader.next()) {
    if (piece->part == PromptPart::message) {
      out += "| ";
      continue;
    }
    out += names[static_cast<std::size_t>(piece->part)];
    out += ':';
    if (piece->escaped) {
      unescape(out, piece->raw);
    } else {
      out += piece->raw;
    }
    out += ' ';
  }
  return out;
}

TEST(PromptReader, Chat) {
  EXPECT_EQ(
      told(Operation::chat,
           R"({"model":"m","messages":[{"role":"system","content":"be\nkind"},)"
           R"({"role":"user","name":"Al","content":[{"type":"text","text":"what?"},)"
           R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}},)"
           R"({"type":"input_audio","input_audio":{"data":"BB","format":"wav"}},)"
           R"({"type":"file","file":{"file_data":"CC"}},{"type":"file","file":{"file_id":"f"}}]},)"
           R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",)"
           R"("function":{"name":"find","arguments":"{\"a\":1}"}}]},)"
           R"({"role":"tool","tool_call_id":"c1","content":"done"}],)"
           R"("tools":[{"type":"function","function":{"name":"find"}}],"temperature":1,)"
           R"("response_format":{"type":"json_schema","json_schema":{"name":"s"}}})"),
      "| role:system text:be\nkind | role:user name:Al text:what? "
      "image:data:image/png;base64,AA audio:BB file:CC remote:f "
      "| role:assistant call:find arguments:{\"a\":1} | role:tool text:done "
      "tools:[{\"type\":\"function\",\"function\":{\"name\":\"find\"}}] "
      "schema:{\"name\":\"s\"} ");
}

TEST(PromptReader, CompletionsAndEmbeddings) {
  EXPECT_EQ(told(Operation::completions, R"({"prompt":["a","b"],"suffix":"c"})"),
            "text:a text:b text:c ");
  EXPECT_EQ(told(Operation::embeddings, R"({"input":"all of it","model":"m"})"), "text:all of it ");
}

TEST(PromptReader, Responses) {
  EXPECT_EQ(told(Operation::responses,
                 R"({"instructions":"short","previous_response_id":"r1","input":[)"
                 R"({"role":"user","content":[{"type":"input_text","text":"hi"},)"
                 R"({"type":"input_image","image_url":"https://a/b.png"}]},)"
                 R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
                 R"({"type":"function_call_output","call_id":"c","output":"7"}],)"
                 R"("tools":[],"text":{"format":{"type":"json_schema","schema":{"x":1}}}})"),
            "| text:short remote:r1 | role:user text:hi image:https://a/b.png | call:f "
            "arguments:{} | text:7 tools:[] schema:{\"x\":1} ");
  EXPECT_EQ(told(Operation::responses, R"({"input":"one"})"), "| text:one ");
}

TEST(PromptReader, Anthropic) {
  EXPECT_EQ(
      told(Operation::messages,
           R"({"system":[{"type":"text","text":"sys"}],"messages":[{"role":"user","content":"q"},)"
           R"({"role":"assistant","content":[{"type":"tool_use","id":"t","name":"get",)"
           R"("input":{"a":{"b":[1]}}}]},{"role":"user","content":[{"type":"tool_result",)"
           R"("tool_use_id":"t","content":[{"type":"text","text":"res"},{"type":"image","source":)"
           R"({"type":"base64","media_type":"image/png","data":"PP"}}]},)"
           R"({"type":"document","source":{"type":"base64","media_type":"application/pdf",)"
           R"("data":"DD"}},{"type":"document","source":{"type":"url","url":"https://x"}}]}]})"),
      "| text:sys | role:user text:q | role:assistant call:get arguments:{\"a\":{\"b\":[1]}} "
      "| role:user text:res image:PP file:DD remote:https://x ");
}

TEST(PromptReader, SealedThinkingIsNoText) {
  EXPECT_EQ(told(Operation::responses,
                 R"({"input":[{"type":"reasoning","id":"r","summary":[{"type":"summary_text",)"
                 R"("text":"in short"}],"encrypted_content":"gAAA"},)"
                 R"({"type":"reasoning","id":"r","summary":[],"encrypted_content":"gBBB"}]})"),
            "| aside:in short sealed:gAAA | sealed:gBBB ");
  EXPECT_EQ(
      told(Operation::messages,
           R"({"messages":[{"role":"assistant","content":[{"type":"thinking",)"
           R"("thinking":"hm","signature":"SS"},{"type":"redacted_thinking","data":"DD"}]}]})"),
      "| role:assistant text:hm aside:SS sealed:DD ");
}

TEST(PromptReader, AValueIsReadAsInTheBodyThatItComesFrom) {
  EXPECT_EQ(told(Operation::chat, R"({"role":"user","content":"hi"})", PromptValue::message),
            "| role:user text:hi ");
  EXPECT_EQ(told(Operation::responses, R"({"type":"function_call","name":"f","arguments":"{}"})",
                 PromptValue::message),
            "| call:f arguments:{} ");
  EXPECT_EQ(told(Operation::messages,
                 R"({"role":"assistant","content":[{"type":"tool_use","input":{"a":[1]}}]})",
                 PromptValue::message),
            "| role:assistant arguments:{\"a\":[1]} ");
  EXPECT_EQ(told(Operation::messages, R"([{"type":"text","text":"s"}])", PromptValue::system),
            "| text:s ");
  EXPECT_EQ(told(Operation::responses, R"("s")", PromptValue::system), "| text:s ");
  EXPECT_EQ(told(Operation::responses, R"("all")", PromptValue::messages), "| text:all ");
  EXPECT_EQ(told(Operation::completions, R"(["a","b"])", PromptValue::messages), "text:a text:b ");
  EXPECT_EQ(told(Operation::embeddings, R"("a")", PromptValue::messages), "text:a ");
  EXPECT_EQ(told(Operation::chat, R"([{"x":1}])", PromptValue::tools), "tools:[{\"x\":1}] ");
}

// So that nothing which a provider may read is counted as nothing.
TEST(PromptReader, ContentOfAnUnknownKindIsToldAsItsJson) {
  EXPECT_EQ(told(Operation::messages,
                 R"({"role":"user","content":[{"type":"new","data":"x y"},)"
                 R"({"type":"text","text":""},{"type":"text","text":"t"}]})",
                 PromptValue::message),
            R"(| role:user text:{"type":"new","data":"x y"} text:t )");
  EXPECT_EQ(told(Operation::responses, R"({"type":"new","steps":["a"]})", PromptValue::message),
            R"(| text:{"type":"new","steps":["a"]} )");
}

// As where a body has two lists of messages: what follows a value is no longer of it.
TEST(PromptReader, AValueThatClosesWhatIsAroundItHarmsNobody) {
  EXPECT_EQ(told(Operation::chat, R"("x"],"tools":[1]})", PromptValue::message), "tools:[1] ");
  EXPECT_EQ(told(Operation::chat, R"(]]]]}}}})", PromptValue::message), "");
  EXPECT_EQ(told(Operation::messages, R"(}}}}]]]])", PromptValue::tools), "");
}

TEST(PromptReader, WhatIsNoJsonEndsIt) {
  EXPECT_EQ(told(Operation::chat, R"({"messages":[{"role":"user"},oops)"), "| role:user ");
  EXPECT_EQ(told(Operation::chat, ""), "");
}

}  // namespace
}  // namespace recloser::codec
