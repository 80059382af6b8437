#include "codec/answer_note.h"

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

std::string noted(Operation operation, std::string body) {
  bool added = append_answer_note(body, operation, "[a \"note\"]");
  return added ? body : "none";
}

TEST(AnswerNote, StandsBehindTheTextOfEachChoiceThatWasEnded) {
  EXPECT_EQ(noted(Operation::chat,
                  R"({"choices":[{"index":0,"message":{"role":"assistant","content":"so é\n"},)"
                  R"("finish_reason":"length"},{"finish_reason":"stop","message":{"content":"b"}},)"
                  R"({"finish_reason":"length","message":{"content":""}}],"usage":{}})"),
            R"({"choices":[{"index":0,"message":{"role":"assistant","content":)"
            R"("so é\n\n\n[a \"note\"]"},)"
            R"("finish_reason":"length"},{"finish_reason":"stop","message":{"content":"b"}},)"
            R"({"finish_reason":"length","message":{"content":"[a \"note\"]"}}],"usage":{}})");
  EXPECT_EQ(noted(Operation::completions, R"({"choices":[{"text":"x","finish_reason":"length"}]})"),
            R"({"choices":[{"text":"x\n\n[a \"note\"]","finish_reason":"length"}]})");
}

TEST(AnswerNote, StandsBehindTheLastTextOfOtherAnswers) {
  EXPECT_EQ(noted(Operation::messages,
                  R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],)"
                  R"("stop_reason":"max_tokens"})"),
            R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b\n\n[a \"note\"]"}],)"
            R"("stop_reason":"max_tokens"})");
  EXPECT_EQ(
      noted(Operation::responses,
            R"({"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]})"),
      R"({"output":[{"type":"message","content":[{"type":"output_text",)"
      R"("text":"a\n\n[a \"note\"]"}]}]})");
}

TEST(AnswerNote, WithoutATextNothingIsChanged) {
  EXPECT_EQ(noted(Operation::chat,
                  R"({"choices":[{"message":{"content":null},"finish_reason":"length"}]})"),
            "none");
  EXPECT_EQ(
      noted(Operation::chat, R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})"),
      "none");
  EXPECT_EQ(noted(Operation::messages, R"({"content":[{"type":"text","text":"a"})"), "none");
  EXPECT_EQ(noted(Operation::messages, "<html>"), "none");
  EXPECT_EQ(noted(Operation::messages, ""), "none");
}

}  // namespace
}  // namespace recloser::codec
