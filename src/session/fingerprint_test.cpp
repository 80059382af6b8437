#include "session/fingerprint.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::session {
namespace {

using codec::Operation;

std::optional<Hash128> print_of(std::string_view body, Operation operation = Operation::chat) {
  Fingerprint fingerprint(operation);
  fingerprint.feed(body);
  return fingerprint.value();
}
std::optional<Hash128> anthropic(std::string_view body) {
  return print_of(body, Operation::messages);
}
std::optional<Hash128> responses(std::string_view body) {
  return print_of(body, Operation::responses);
}

constexpr std::string_view turn_1 =
    R"({"model":"m","messages":[{"role":"system","content":"Be brief."},)"
    R"({"role":"user","content":"Say \"hi\" \\ now"}],"stream":true})";

TEST(Fingerprint, StaysWhenTheHistoryGrows) {
  constexpr std::string_view turn_2 =
      R"({"model":"m","messages":[{"role":"system","content":"Be brief."},)"
      R"({"role":"user","content":"Say \"hi\" \\ now"},{"role":"assistant","content":"hi"},)"
      R"({"role":"user","content":"again"}],"stream":true})";
  ASSERT_TRUE(print_of(turn_1));
  EXPECT_EQ(print_of(turn_1), print_of(turn_2));
}

TEST(Fingerprint, DiffersWithTheSystemPromptOrTheFirstQuestion) {
  auto with = [](std::string_view system, std::string_view user) {
    return print_of(std::string(R"({"messages":[{"role":"system","content":")") +
                    std::string(system) + R"("},{"role":"user","content":")" + std::string(user) +
                    R"("}]})");
  };
  EXPECT_EQ(with("a", "b"), with("a", "b"));
  EXPECT_NE(with("a", "b"), with("a", "c"));
  EXPECT_NE(with("a", "b"), with("c", "b"));
  EXPECT_NE(with("a", "b"), with("b", "a"));
  EXPECT_NE(with("ab", ""), with("a", "b"));
}

TEST(Fingerprint, RoleMatters) {
  EXPECT_NE(print_of(R"({"messages":[{"role":"system","content":"a"}]})"),
            print_of(R"({"messages":[{"role":"developer","content":"a"}]})"));
}

TEST(Fingerprint, IsTheSameAtEverySplit) {
  constexpr std::string_view body =
      "{ \"system\" : [ {\"type\":\"text\",\"text\":\"A \\\\\\\" b \\\\\",\"cache_control\": "
      "{\"type\":\"ephemeral\",\"ttl\":\"1h\"} } ] ,\r\n \"max_tokens\": 12, \"messages\" :\t[ "
      "{\"content\": [{\"type\":\"image\",\"source\":{\"data\":\"aGk=\",\"a_name_far_longer_than_"
      "what_can_decide_anything\":[1,-2.5e3,true,null]}}, {\"text\":\"\\u00e4\xc3\xa4\",\"type\":"
      "\"text\"}], \"role\":\"user\"}, {\"role\":\"assistant\",\"content\":\"x\"} ] }";
  std::optional<Hash128> whole = anthropic(body);
  ASSERT_TRUE(whole);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    Fingerprint fingerprint(Operation::messages);
    fingerprint.feed(body.substr(0, cut));
    fingerprint.feed(body.substr(cut));
    ASSERT_EQ(fingerprint.value(), whole) << cut;
  }
  Fingerprint bytewise(Operation::messages);
  for (std::size_t i = 0; i < body.size(); ++i) bytewise.feed(body.substr(i, 1));
  EXPECT_EQ(bytewise.value(), whole);
}

// Long strings are read in blocks: an escaped quote and a backslash at each place of one.
TEST(Fingerprint, EscapesAtEveryPlaceOfALongStringAreSeen) {
  for (std::size_t before = 0; before < 200; ++before) {
    for (std::string_view what : {R"(\")", R"(\\)", R"(\\\")", R"(\"\")"}) {
      std::string body = R"({"messages":[{"role":"user","content":")" + std::string(before, 'a') +
                         std::string(what) + std::string(150, 'b') + R"("}]})";
      Fingerprint bytewise(Operation::chat);
      for (char byte : body) bytewise.feed({&byte, 1});
      ASSERT_TRUE(bytewise.value());
      EXPECT_EQ(print_of(body), bytewise.value()) << before << " " << what;
    }
  }
}

TEST(Fingerprint, WhiteSpaceBetweenTokensDoesNotMatter) {
  EXPECT_EQ(print_of("{\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}]}"),
            print_of("{ \"messages\" :\n[\t{ \"role\" : \"user\" ,\r\n\"content\":\"a b\" } ] }"));
  EXPECT_NE(print_of(R"({"messages":[{"role":"user","content":"a b"}]})"),
            print_of(R"({"messages":[{"role":"user","content":"a  b"}]})"));
}

TEST(Fingerprint, CacheMarksDoNotMatter) {
  std::optional<Hash128> bare =
      anthropic(R"({"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":)"
                R"([{"type":"text","text":"a"},{"type":"tool_result","tool_use_id":"t1"}]}]})");
  ASSERT_TRUE(bare);
  // In last place, in first place, nested, and with a reference of its own.
  EXPECT_EQ(bare, anthropic(R"({"system":[{"type":"text","text":"s","cache_control":{"type":)"
                            R"("ephemeral"}}],"messages":[{"role":"user","content":[{"type":)"
                            R"("text","text":"a"},{"type":"tool_result","tool_use_id":"t1"}]}]})"));
  EXPECT_EQ(bare,
            anthropic(R"({"system":[{"cache_control":{"type":"ephemeral","scope":{"x":[1,{}]}},)"
                      R"("type":"text","text":"s"}],"messages":[{"role":"user","content":[)"
                      R"({"type":"text","text":"a","cache_control":null},{"type":)"
                      R"("tool_result","cache_reference":"t1","tool_use_id":"t1"}]}]})"));
  // What follows the mark is hashed again.
  EXPECT_NE(bare, anthropic(R"({"system":[{"cache_control":{"type":"ephemeral"},)"
                            R"("type":"text","text":"S"}],"messages":[{"role":"user","content":[)"
                            R"({"type":"text","text":"a"},{"type":"tool_result","tool_use_id":)"
                            R"("t1"}]}]})"));
}

TEST(Fingerprint, AStringIsAListOfOneText) {
  EXPECT_EQ(anthropic(R"({"system":"s","messages":[{"role":"user","content":"a"}]})"),
            anthropic(R"({"system":[{"type":"text","text":"s"}],"messages":[{"role":"user",)"
                      R"("content":[{"type":"text","text":"a","cache_control":{}}]}]})"));
  EXPECT_EQ(responses(R"({"input":"a","model":"m"})"),
            responses(R"({"input":[{"role":"user","content":"a"}]})"));
  EXPECT_EQ(
      responses(R"({"input":"a"})"),
      responses(R"({"input":[{"type":"message","role":"user","content":[{"type":"input_text",)"
                R"("text":"a"}]},{"role":"assistant","content":"b"}]})"));
}

TEST(Fingerprint, TextAndStructureAreNotConfused) {
  EXPECT_NE(print_of(R"({"messages":[{"role":"user","content":"a"}]})"),
            print_of(R"({"messages":[{"role":"user","content":[{"type":"a"}]}]})"));
  EXPECT_NE(print_of(R"({"messages":[{"role":"user","content":["a"],"name":"b"}]})"),
            print_of(R"({"messages":[{"role":"user","content":["a","name","b"]}]})"));
  EXPECT_NE(print_of(R"({"messages":[{"role":"user","content":["ab"]}]})"),
            print_of(R"({"messages":[{"role":"user","content":["a","b"]}]})"));
  EXPECT_NE(print_of(R"({"messages":[{"role":"user","content":[1,2]}]})"),
            print_of(R"({"messages":[{"role":"user","content":[12]}]})"));
}

TEST(Fingerprint, TheSystemPromptMayComeLast) {
  EXPECT_EQ(anthropic(R"({"system":"s","messages":[{"role":"user","content":"a"}]})"),
            anthropic(R"({"messages":[{"role":"user","content":"a"}],"system":"s"})"));
  EXPECT_NE(anthropic(R"({"system":"s","messages":[{"role":"user","content":"a"}]})"),
            anthropic(R"({"messages":[{"role":"user","content":"a"}],"system":"t"})"));
}

TEST(Fingerprint, NothingElseOfTheBodyMatters) {
  EXPECT_EQ(print_of(R"({"messages":[{"role":"user","content":"a"}]})"),
            print_of(R"({"tools":[{"role":"user","messages":[1]}],"model":"m","temperature":0.5,)"
                     R"("metadata":{"messages":"x"},"messages":[{"role":"user","content":"a"}],)"
                     R"("stop":["x"]})"));
}

TEST(Fingerprint, IsDoneAsSoonAsItCanBe) {
  Fingerprint chat(Operation::chat);
  chat.feed(R"({"messages":[{"role":"user","content":"a"})");
  EXPECT_FALSE(chat.done());
  chat.feed(",");
  EXPECT_TRUE(chat.done());

  Fingerprint messages(Operation::messages);
  messages.feed(R"({"messages":[{"role":"user","content":"a"},{"role":"assistant"}])");
  EXPECT_FALSE(messages.done());  // a system prompt may follow
  messages.feed(R"(,"system":"s"})");
  EXPECT_TRUE(messages.done());
}

TEST(Fingerprint, WhatStandsBeforeTheMessagesCanBeLeftOut) {
  for (Operation operation : {Operation::chat, Operation::messages, Operation::responses}) {
    std::string body = R"({"system":"s","instructions":"i","user":"u","messages" : )";
    std::size_t at = body.size();
    body += R"([{"role":"system","content":"a"},{"role":"user","content":"b"}],"input":"b"})";
    std::optional<Hash128> expected = print_of(body, operation);
    ASSERT_TRUE(expected);
    for (std::size_t messages_at : {at, std::size_t{0}}) {
      if (operation == Operation::responses) messages_at = body.rfind("\"b\"");
      Fingerprint fingerprint(operation);
      fingerprint.feed_whole(body, messages_at);
      EXPECT_EQ(fingerprint.value(), expected) << messages_at;
    }
  }
  Fingerprint none(Operation::embeddings);
  none.feed_whole(R"({"messages":["a"]})", 12);
  EXPECT_FALSE(none.value());
}

TEST(Fingerprint, ALongRestIsPassedOver) {
  std::string rest;
  for (int i = 0; i < 40; ++i) {
    rest += R"(,{"role":"assistant","content":[{"type":"tool_use","input":{"\\\"]}":"}]\\"}}]})";
  }
  std::string body = R"({"tools":[{"name":"}]","schema":{"a":[[]]}}],"messages":[{"role":"user",)"
                     R"("content":"a"})" +
                     rest + R"(],"metadata":{"user_id":"u"},"system":"s"})";
  std::optional<Hash128> expected =
      anthropic(R"({"system":"s","messages":[{"role":"user","content":"a"}]})");
  ASSERT_EQ(anthropic(body), expected);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    Fingerprint fingerprint(Operation::messages);
    fingerprint.feed(std::string_view(body).substr(0, cut));
    fingerprint.feed(std::string_view(body).substr(cut));
    ASSERT_EQ(fingerprint.value(), expected) << cut;
  }
}

TEST(Fingerprint, WithoutMessagesThereIsNone) {
  EXPECT_FALSE(print_of(R"({"model":"m"})"));
  EXPECT_FALSE(print_of(R"({"messages":[]})"));
  EXPECT_FALSE(anthropic(R"({"system":"s","messages":[]})"));
  EXPECT_FALSE(print_of(R"({"messages":null})") == print_of(R"({"messages":["a"]})"));
  EXPECT_FALSE(print_of(""));
  EXPECT_FALSE(print_of(R"({"input":["a"],"messages":[{"role":"user"}]})", Operation::embeddings));
  EXPECT_TRUE(Fingerprint(Operation::embeddings).done());
}

TEST(Fingerprint, HostileBytesEndSomehow) {
  for (std::string body :
       {std::string(100'000, '['), std::string(100'000, '{'), std::string(100'000, ']'),
        std::string(100'000, '}'), std::string(100'000, ','), std::string(100'001, '"'),
        std::string(100'000, '\\'), "\"" + std::string(100'000, '\\'), std::string(1000, '\0'),
        std::string(R"({"messages":[{"role":"user","content":)") + std::string(300, '['),
        std::string(R"({"messages":]}}{"role":"user"]]]]{{"cache_control":}}}]"])")}) {
    Fingerprint whole(Operation::chat);
    whole.feed(body);
    Fingerprint bytewise(Operation::chat);
    for (char c : body) bytewise.feed(std::string_view(&c, 1));
    EXPECT_EQ(whole.value(), bytewise.value());
  }
}

TEST(Fingerprint, EveryDepthThatIsAcceptedIsRead) {
  auto nested = [](std::size_t deep, std::string_view text) {
    return R"({"messages":[{"role":"user","content":)" + std::string(deep, '[') + '"' +
           std::string(text) + '"' + std::string(deep, ']') + "}]}";
  };
  EXPECT_TRUE(print_of(nested(253, "a")));  // with the three around it: 256
  EXPECT_NE(print_of(nested(253, "a")), print_of(nested(253, "b")));
  EXPECT_FALSE(print_of(nested(254, "a")));
}

}  // namespace
}  // namespace recloser::session
