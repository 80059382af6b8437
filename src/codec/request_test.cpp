#include "codec/request.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

Result<RequestFacts> read(Operation operation, std::string_view body) {
  RequestReader reader(operation);
  if (Result<void> fed = reader.feed(body); !fed) return fail(fed.error());
  return reader.finish();
}

std::string refusal(Operation operation, std::string_view body) {
  Result<RequestFacts> facts = read(operation, body);
  std::string whole = facts ? "accepted" : facts.error().message();
  RequestReader bytes(operation);
  for (char byte : body) {
    if (!bytes.feed(std::string_view(&byte, 1))) break;
  }
  Result<RequestFacts> again = bytes.finish();
  EXPECT_EQ(again ? "accepted" : again.error().message(), whole) << "byte by byte";
  return whole;
}

std::string edited(const BodyEdits& edits, std::string_view body) {
  std::array<std::string_view, BodyEdits::pieces_max> room;
  std::string out;
  for (std::string_view piece : edits.pieces(body, room)) out += piece;
  EXPECT_EQ(out.size(), edits.size_after(body.size()));
  return out;
}

// The body as it goes to the provider when usage is asked for; "-" when nothing must change.
std::string asking(std::string_view body, Operation operation = Operation::chat) {
  Result<RequestFacts> facts = read(operation, body);
  if (!facts) return facts.error().message();
  if (!must_ask_for_usage(operation, *facts, facts->streams())) return "-";
  BodyEdits edits;
  ask_for_usage(edits, *facts);
  std::string changed = edited(edits, body);
  Result<RequestFacts> after = read(operation, changed);
  EXPECT_TRUE(after && after->wants_usage()) << changed;
  return changed;
}

TEST(Request, ReadsWhatAChatRequestIsActedOnBy) {
  std::string_view body =
      R"({"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"},{"role":"x"}],)"
      R"("tools":[{"type":"function"}],"max_tokens":7,"max_completion_tokens":12,"n":3,)"
      R"("user":"u-1","prompt_cache_key":"k","metadata":{"session_id":"s\u002d1","x":"y"},)"
      R"("response_format":{"type":"json_schema","json_schema":{"type":"no"}}})";
  Result<RequestFacts> facts = read(Operation::chat, body);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->model, "gpt-4o");
  EXPECT_EQ(facts->model_value, (Span{9, 17}));
  EXPECT_TRUE(facts->streams());
  EXPECT_EQ(facts->messages, 2u);
  EXPECT_EQ(facts->messages_at, body.find('['));
  EXPECT_TRUE(facts->has_tools());
  EXPECT_EQ(facts->max_tokens, 12u);
  EXPECT_EQ(body.substr(facts->max_tokens_value.begin, 2), "12");
  EXPECT_EQ(facts->n, 3u);
  EXPECT_EQ(facts->prompt_cache_key, "k");
  EXPECT_EQ(facts->metadata_session_id, "s-1");
  EXPECT_TRUE(facts->structured_output);
  EXPECT_EQ(facts->body, (Span{0, body.size()}));
}

TEST(Request, MaxCompletionTokensHoldsWhereverItStands) {
  auto limit = [](std::string_view body) { return read(Operation::chat, body)->max_tokens; };
  EXPECT_EQ(limit(R"({"model":"m","max_completion_tokens":12,"max_tokens":7})"), 12u);
  EXPECT_EQ(limit(R"({"model":"m","max_tokens":7,"max_completion_tokens":12})"), 12u);
  EXPECT_EQ(limit(R"({"model":"m","max_tokens":7})"), 7u);
  EXPECT_EQ(limit(R"({"model":"m","max_tokens":-7})"), 0u);
  EXPECT_EQ(limit(R"({"model":"m","max_tokens":7.5})"), 0u);
}

TEST(Request, ReadsAResponsesRequest) {
  Result<RequestFacts> facts = read(
      Operation::responses,
      R"({"input":[{"role":"user"},{"type":"x"},"text"],"model":"gpt-5","max_output_tokens":9,)"
      R"("previous_response_id":"resp_1","conversation":{"id":"conv_1"},"stream":false,)"
      R"("text":{"format":{"type":"json_object"}}})");
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->messages, 3u);
  EXPECT_EQ(facts->max_tokens, 9u);
  EXPECT_EQ(facts->previous_response_id, "resp_1");
  EXPECT_EQ(facts->conversation, "conv_1");
  EXPECT_EQ(facts->stream, Said::no);
  EXPECT_TRUE(facts->structured_output);
  EXPECT_EQ(read(Operation::responses, R"({"model":"m","conversation":"c2"})")->conversation, "c2");
}

TEST(Request, FindsTheSessionInClaudeCodesUserId) {
  auto session = [](std::string_view user_id) {
    std::string body = R"({"model":"c","metadata":{"user_id":)" + std::string(user_id) + "}}";
    return read(Operation::messages, body)->metadata_user_session;
  };
  EXPECT_EQ(session(R"("user_0f_account_12_session_9c-3")"), "9c-3");
  EXPECT_EQ(session(R"("{\"device_id\":\"d\",\"session_id\":\"9c-4\"}")"), "9c-4");
  EXPECT_EQ(session(R"("somebody")"), "");
  EXPECT_EQ(session(R"(null)"), "");
  EXPECT_EQ(session("\"user_session_" + std::string(128, 's') + "\""), std::string(128, 's'));
  EXPECT_EQ(session("\"user_session_" + std::string(129, 's') + "\""), "");
}

// The body that asks for the same as a stream; "-" when it cannot be asked for so.
std::string streaming(std::string_view body, Operation operation = Operation::chat) {
  Result<RequestFacts> facts = read(operation, body);
  if (!facts) return facts.error().message();
  if (!may_ask_for_stream(operation, *facts)) return "-";
  BodyEdits edits;
  ask_for_stream(edits, *facts);
  if (must_ask_for_usage(operation, *facts, true)) ask_for_usage(edits, *facts);
  std::string changed = edited(edits, body);
  Result<RequestFacts> after = read(operation, changed);
  EXPECT_TRUE(after && after->streams()) << changed;
  return changed;
}

TEST(Request, AWholeAnswerIsAskedForAsAStream) {
  EXPECT_EQ(streaming(R"({"model":"m"})"),
            R"({"stream":true,"model":"m","stream_options":{"include_usage":true}})");
  EXPECT_EQ(streaming(R"( {"stream": false , "model":"m","stream_options":null})"),
            R"( {"stream": true , "model":"m","stream_options":{"include_usage":true}})");
  EXPECT_EQ(streaming(R"({"model":"m","stream":null})", Operation::messages),
            R"({"model":"m","stream":true})");
  EXPECT_EQ(streaming(R"({"model":"m"})", Operation::responses), R"({"stream":true,"model":"m"})");
  EXPECT_EQ(streaming(R"({"model":"m","best_of":1})", Operation::completions),
            R"({"stream":true,"model":"m","best_of":1,"stream_options":{"include_usage":true}})");
}

TEST(Request, WhatWouldBeAnotherAnswerIsNotAskedForAsAStream) {
  EXPECT_EQ(streaming(R"({"model":"m","stream":true})"), "-");
  EXPECT_EQ(streaming(R"({"model":"m","stream":"false"})"), "-") << "for the provider to judge";
  EXPECT_EQ(streaming(R"({"model":"m","stream":0})"), "-");
  EXPECT_EQ(streaming(R"({"model":"m","best_of":2})", Operation::completions), "-");
  EXPECT_EQ(streaming(R"({"model":"m","audio":{"format":"wav"}})"), "-");
  EXPECT_EQ(streaming(R"({"model":"m","background":true})", Operation::responses), "-");
  EXPECT_NE(streaming(R"({"model":"m","background":false})", Operation::responses), "-");
  EXPECT_EQ(streaming(R"({"model":"m"})", Operation::embeddings), "-");
}

TEST(Request, ATokenListIsNoListOfMessages) {
  std::string body = R"({"model":"e","input":[1)";
  for (int i = 0; i < 5000; ++i) body += ",1";
  EXPECT_EQ(refusal(Operation::embeddings, body + "]}"), "accepted");
}

TEST(Request, EveryRefusalIsASentenceOfItsOwn) {
  constexpr Operation chat = Operation::chat;
  EXPECT_EQ(refusal(chat, ""),
            "The request has no body. Send one JSON object with at least a \"model\".");
  EXPECT_EQ(refusal(chat, "[1]"), "The request body must be a JSON object.");
  EXPECT_EQ(refusal(chat, "\"x\""), "The request body must be a JSON object.");
  EXPECT_EQ(refusal(chat, "null"), "The request body must be a JSON object.");
  EXPECT_EQ(refusal(chat, "{}"),
            "The request names no model. Add a member \"model\" with the name of the model to "
            "call.");
  EXPECT_EQ(refusal(chat, R"({"model":""})"), refusal(chat, "{}"));
  EXPECT_EQ(refusal(chat, R"({"model":7})"), "The member \"model\" must be a string.");
  EXPECT_EQ(refusal(chat, R"({"model":{}})"), "The member \"model\" must be a string.");
  EXPECT_EQ(refusal(chat, R"({"model":"m",)"),
            "The request body is not valid JSON: at byte 13: it ends before its value does. Send "
            "one JSON object.");
  EXPECT_EQ(refusal(chat, R"({"model":"m"} {})"),
            "The request body is not valid JSON: at byte 14: something follows after the end of "
            "the value. Send one JSON object.");
  EXPECT_EQ(refusal(Operation::moderations, "{}"), "accepted");
}

TEST(Request, AMemberThatDecidesMayStandOnce) {
  std::string_view twice =
      "A member that decides how the call is handled stands twice in the request body; the second "
      "value is at byte 21. Send it once.";
  EXPECT_EQ(refusal(Operation::chat, R"({"model":"a","model":"b"})"), twice);
  EXPECT_EQ(refusal(Operation::chat, R"({"mod\u0065l":"a","model":"b"})").substr(0, 20),
            twice.substr(0, 20));
  EXPECT_NE(refusal(Operation::chat, R"({"model":"a","stream":true,"stream":false})"), "accepted");
  EXPECT_NE(
      refusal(Operation::chat,
              R"({"model":"a","stream_options":{"include_usage":true,"include_usage":false}})"),
      "accepted");
  EXPECT_EQ(refusal(Operation::chat, R"({"model":"a","x":1,"x":2})"), "accepted");
  EXPECT_EQ(refusal(Operation::chat, R"({"model":"a","tools":[],"functions":[]})"), "accepted");
}

TEST(Request, GivesOneVerdictHoweverTheBodyIsCut) {
  // The second model is both a second one and no JSON: the bytes that come first do not decide.
  EXPECT_EQ(refusal(Operation::chat, "{\"model\":\"m\",\"model\":\"n\x13\"}"),
            "The request body is not valid JSON: at byte 23: a string holds a control character, "
            "write it as \\u00XX. Send one JSON object.");
}

TEST(Request, HoldsItsLimitsAtThemAndOnePast) {
  auto with_model = [](std::size_t bytes) {
    return R"({"model":")" + std::string(bytes, 'm') + R"("})";
  };
  EXPECT_EQ(refusal(Operation::chat, with_model(limits::model_name_bytes_max)), "accepted");
  EXPECT_EQ(refusal(Operation::chat, with_model(limits::model_name_bytes_max + 1)),
            "The model name is longer than 256 bytes.");
  EXPECT_EQ(refusal(Operation::chat, with_model(100'000)),
            "The model name is longer than 256 bytes.");
  std::string escaped = R"({"model":")";
  for (std::size_t i = 0; i < limits::model_name_bytes_max; ++i) escaped += "\\u006d";
  EXPECT_EQ(refusal(Operation::chat, escaped + "\"}"), "accepted");

  auto with = [](std::string_view member, std::size_t elements) {
    std::string body = R"({"model":"m",")" + std::string(member) + R"(":[{})";
    for (std::size_t i = 1; i < elements; ++i) body += ",{}";
    return body + "]}";
  };
  EXPECT_EQ(refusal(Operation::chat, with("messages", limits::messages_max)), "accepted");
  EXPECT_EQ(refusal(Operation::chat, with("messages", limits::messages_max + 1)),
            "The request has more than 4096 messages. Send fewer, or shorten the history.");
  EXPECT_EQ(refusal(Operation::messages, with("tools", limits::tools_max)), "accepted");
  EXPECT_EQ(refusal(Operation::messages, with("tools", limits::tools_max + 1)),
            "The request has more than 512 tools. Send fewer.");
}

TEST(Request, TheAnswersLimitIsSetWhereItStandsOrAsAMember) {
  for (auto [operation, name, body, limited] : std::initializer_list<
           std::tuple<Operation, std::string_view, std::string_view, std::string_view>>{
           {Operation::chat, "max_tokens", R"({"model":"m","max_tokens":900,"messages":[]})",
            R"({"model":"m","max_tokens":256,"messages":[]})"},
           {Operation::chat, "max_tokens",
            R"({"model":"m","max_tokens":9,"max_completion_tokens": 900 ,"messages":[]})",
            R"({"model":"m","max_tokens":9,"max_completion_tokens": 256 ,"messages":[]})"},
           {Operation::chat, "max_completion_tokens", R"( {"model":"m","messages":[]})",
            R"( {"max_completion_tokens":256,"model":"m","messages":[]})"},
           {Operation::chat, "max_tokens", R"({"model":"m","max_tokens":null,"messages":[]})",
            R"({"model":"m","max_tokens":256,"messages":[]})"},
           {Operation::responses, "max_output_tokens",
            R"({"model":"m","input":"x","max_output_tokens":1e3})",
            R"({"model":"m","input":"x","max_output_tokens":256})"},
       }) {
    RequestReader reader(operation);
    ASSERT_TRUE(reader.feed(body));
    Result<RequestFacts> facts = reader.finish();
    ASSERT_TRUE(facts) << body;
    BodyEdits edits;
    limit_output(edits, *facts, name, 256);
    std::array<std::string_view, BodyEdits::pieces_max> room;
    std::string out;
    for (std::string_view piece : edits.pieces(body, room)) out += piece;
    EXPECT_EQ(out, limited);
  }
}

TEST(Request, AsksForUsageWhateverStandsThere) {
  EXPECT_EQ(asking(R"({"model":"m","stream":true})"),
            R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(asking(R"({"model":"m","stream":true,"stream_options":{}, "x":1})"),
            R"({"model":"m","stream":true,"stream_options":{"include_usage":true}, "x":1})");
  EXPECT_EQ(asking(R"({"stream_options":{ },"model":"m","stream":true})"),
            R"({"stream_options":{"include_usage":true},"model":"m","stream":true})");
  EXPECT_EQ(asking(R"({"stream_options":null,"model":"m","stream":true})"),
            R"({"stream_options":{"include_usage":true},"model":"m","stream":true})");
  EXPECT_EQ(asking(R"({"stream_options":{"include_obfuscation":false},"model":"m","stream":true})"),
            R"({"stream_options":{"include_usage":true,"include_obfuscation":false},"model":"m",)"
            R"("stream":true})");
  EXPECT_EQ(asking(R"({"stream_options":{"include_usage":false},"model":"m","stream":true})"),
            R"({"stream_options":{"include_usage":true},"model":"m","stream":true})");
  EXPECT_EQ(asking(R"({"stream_options":{"include_usage": null },"model":"m","stream":true})"),
            R"({"stream_options":{"include_usage": true },"model":"m","stream":true})");
}

TEST(Request, DoesNotAskWhereNothingIsToBeGained) {
  EXPECT_EQ(asking(R"({"model":"m"})"), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":false})"), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":"true"})"), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})"), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":true,"stream_options":{"include_usage":1}})"), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":true,"stream_options":"x"})"), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":true})", Operation::messages), "-");
  EXPECT_EQ(asking(R"({"model":"m","stream":true})", Operation::responses), "-");
}

TEST(Request, ReplacesTheModelAndAsksInOneGo) {
  std::string_view body = R"({"stream":true, "model" : "fast" ,"x":"model"})";
  Result<RequestFacts> facts = read(Operation::chat, body);
  BodyEdits edits;
  ask_for_usage(edits, *facts);
  replace_model(edits, *facts, "gpt \"4\"");
  EXPECT_EQ(edited(edits, body), R"({"stream":true, "model" : "gpt \"4\"" ,"x":"model",)"
                                 R"("stream_options":{"include_usage":true}})");
}

TEST(BodyEdits, WithoutEditsTheBodyIsTheOnlyPiece) {
  BodyEdits edits;
  std::array<std::string_view, BodyEdits::pieces_max> room;
  std::string_view body = "abc";
  ASSERT_EQ(edits.pieces(body, room).size(), 1u);
  EXPECT_EQ(room[0].data(), body.data());
  EXPECT_EQ(edits.size_after(3), 3u);
}

TEST(BodyEdits, KeepsTheOrderOfOffsetsNotOfCalls) {
  BodyEdits edits;
  edits.replace({4, 6}, "");
  edits.insert(0, "<");
  edits.insert(6, ">");
  edits.replace({1, 2}, "BB");
  EXPECT_EQ(edited(edits, "abcdef"), "<aBBcd>");
}

TEST(RequestReader, WhatMakesACallDearer) {
  auto read = [](Operation operation, std::string_view body) {
    RequestFacts facts;
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {  // each gives the same
      RequestReader reader(operation);
      EXPECT_TRUE(reader.feed(body.substr(0, cut)));
      EXPECT_TRUE(reader.feed(body.substr(cut)));
      facts = *reader.finish();
      if (cut == 0) continue;
      EXPECT_EQ(facts.other_tools, operation != Operation::chat) << cut;
    }
    return facts;
  };
  RequestFacts chat = read(Operation::chat, R"({"model":"m","service_tier":"priority",)"
                                            R"("reasoning_effort":"none","tools":[)"
                                            R"({"type":"function"},{"type":"custom"}]})");
  EXPECT_EQ(chat.tier, ServiceTier::priority);
  EXPECT_TRUE(chat.thinks_not);
  RequestFacts messages =
      read(Operation::messages, R"({"model":"m","speed":"fast","service_tier":"auto",)"
                                R"("inference_geo":"us","thinking":{"type":"enabled",)"
                                R"("budget_tokens":2048},"tools":[{"type":"web_search_1"}]})");
  EXPECT_EQ(messages.tier, ServiceTier::fast);
  EXPECT_EQ(messages.inference_geo, "us");
  EXPECT_TRUE(messages.thinks);
  EXPECT_EQ(messages.thinking_tokens, 2048u);
  RequestFacts responses = read(
      Operation::responses,
      R"({"model":"m","max_tool_calls":3,"reasoning":{"effort":"low"},"tools":[{"type":"mcp"}]})");
  EXPECT_EQ(responses.max_tool_calls, 3u);
  EXPECT_FALSE(responses.thinks_not);
  EXPECT_EQ(responses.tier, ServiceTier::standard);
}

TEST(RequestReader, WhereWhatTheModelReadsLies) {
  auto value = [](const std::string& body, Span span) {
    return body.substr(span.begin, span.size());
  };
  std::string chat = R"({"tools":[{"a":[1]}],"messages":[{"content":"hi"}],"model":"m"})";
  std::string messages = R"({"system":"be","messages":[{}],"model":"m","tools":[]})";
  std::string responses = R"({"input":"q\"","model":"m","instructions":["x"]})";
  std::string completion = R"({"prompt":["a","b"],"model":"m"})";
  for (std::size_t cut = 0; cut < 20; ++cut) {
    auto read = [cut](Operation operation, std::string_view body) {
      RequestReader reader(operation);
      EXPECT_TRUE(reader.feed(body.substr(0, cut)));
      EXPECT_TRUE(reader.feed(body.substr(cut)));
      return *reader.finish();
    };
    RequestFacts facts = read(Operation::chat, chat);
    EXPECT_EQ(value(chat, facts.messages_value), R"([{"content":"hi"}])");
    EXPECT_EQ(value(chat, facts.tools_value), R"([{"a":[1]}])");
    EXPECT_TRUE(facts.system_value.empty());
    facts = read(Operation::messages, messages);
    EXPECT_EQ(value(messages, facts.system_value), R"("be")");
    EXPECT_EQ(value(messages, facts.messages_value), "[{}]");
    EXPECT_EQ(value(messages, facts.tools_value), "[]");
    facts = read(Operation::responses, responses);
    EXPECT_EQ(value(responses, facts.messages_value), R"("q\"")");
    EXPECT_EQ(value(responses, facts.system_value), R"(["x"])");
    facts = read(Operation::completions, completion);
    EXPECT_EQ(value(completion, facts.messages_value), R"(["a","b"])");
  }
}

// The messages by where they stand, however the body is cut and whatever is between them.
TEST(Request, TellsWhereEachMessageStands) {
  const std::vector<std::string_view> messages{
      R"({"role":"user","content":"a ], b"})", "[1,[2]]", R"("x,]")", "17", "{ }", "null", "[]"};
  for (std::string_view between : {",", " ,", "\n\t, \r\n"}) {
    std::string body = R"({"messages" : [ )";
    for (std::string_view message : messages) body.append(message).append(between);
    body.resize(body.size() - between.size());
    body += R"( ] ,"model":"m"})";
    for (std::size_t piece : {1u, 3u, 1000u}) {
      RequestReader reader(Operation::chat);
      std::vector<std::uint64_t> begins;
      reader.note_messages(begins);
      for (std::string_view rest = body; !rest.empty();) {
        ASSERT_TRUE(reader.feed(rest.substr(0, piece)));
        rest.remove_prefix(std::min(rest.size(), piece));
      }
      ASSERT_TRUE(reader.end());
      ASSERT_EQ(begins.size(), messages.size());
      begins.push_back(reader.facts().messages_value.end);
      for (std::size_t i = 0; i < messages.size(); ++i) {
        Span span = message_span(body, begins[i], begins[i + 1]);
        EXPECT_EQ(std::string_view(body).substr(span.begin, span.size()), messages[i]) << body;
      }
    }
  }
}

TEST(Request, AMessageThatLiesNowhereIsEmpty) {
  EXPECT_TRUE(message_span("abc", 2, 1).empty());
  EXPECT_TRUE(message_span("abc", 3, 9).empty());
  EXPECT_TRUE(message_span("", 0, 0).empty());
  EXPECT_EQ(message_span("  ]", 0, 3), (Span{0, 0}));
}

}  // namespace
}  // namespace recloser::codec
