#include "session/identity.h"

#include "session/attribution.h"
#include "session/response_chain.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::session {
namespace {

constexpr Hash128 ann{.high = 1, .low = 2};
constexpr Hash128 eve{.high = 1, .low = 3};

class Identity : public testing::Test {
 protected:
  Session of(const Headers& headers, const BodyHints& body = {}, const Hash128& principal = ann) {
    Result<Session> session = identify(headers, body, principal, chain_);
    EXPECT_TRUE(session) << (session ? "" : session.error().message());
    return session ? *session : Session{};
  }

  ResponseChain chain_{64};
};

TEST_F(Identity, TheFirstThatIsPresentCounts) {
  chain_.remember(ann, "resp_1", "chained");
  Headers headers{.recloser_session = "1",
                  .claude_code_session = "2",
                  .thread_id = "3",
                  .session_id = "4",
                  .x_session_id = "5",
                  .session_affinity = "tie",
                  .baggage = "session.id=10"};
  BodyHints body{.conversation = "6",
                 .previous_response_id = "resp_1",
                 .metadata_session_id = "8",
                 .metadata_user_session = "9",
                 .prompt_cache_key = "tie",
                 .fingerprint = Hash128{.high = 5, .low = 6}};
  auto expect = [&](Source source, std::string_view id) {
    Session session = of(headers, body);
    EXPECT_EQ(session.source, source) << name_of(session.source);
    EXPECT_EQ(session.id(), id);
  };
  expect(Source::recloser_header, "1");
  headers.recloser_session = {};
  expect(Source::claude_code_header, "2");
  headers.claude_code_session = {};
  expect(Source::thread_id_header, "3");
  headers.thread_id = {};
  expect(Source::session_id_header, "4");
  headers.session_id = {};
  expect(Source::x_session_id_header, "5");
  headers.x_session_id = {};
  expect(Source::conversation, "6");
  body.conversation = {};
  expect(Source::response_chain, "chained");
  body.previous_response_id = {};
  expect(Source::metadata_session_id, "8");
  body.metadata_session_id = {};
  expect(Source::claude_code_user_id, "9");
  body.metadata_user_session = {};
  expect(Source::baggage, "10");
  headers.baggage = {};
  Session last = of(headers, body);
  EXPECT_EQ(last.source, Source::fingerprint);
  EXPECT_TRUE(last.id().starts_with("fp-"));
  EXPECT_EQ(last.id().size(), 29u);
  body.fingerprint.reset();
  expect(Source::none, "");
}

TEST_F(Identity, TheSameIdOfAnotherPrincipalIsAnotherSession) {
  Headers headers{.recloser_session = "s1"};
  EXPECT_EQ(of(headers).key, of(headers).key);
  EXPECT_NE(of(headers, {}, ann).key, of(headers, {}, eve).key);
  EXPECT_EQ(of(headers, {}, eve).id(), "s1");  // people read what they sent
}

TEST_F(Identity, TheSameIdFromAnotherHeaderIsTheSameSession) {
  EXPECT_EQ(of({.recloser_session = "s1"}).key, of({.thread_id = "s1"}).key);
  EXPECT_NE(of({.recloser_session = "s1"}).key, of({.recloser_session = "s2"}).key);
}

TEST_F(Identity, AFingerprintTellsNothingToAnotherPrincipal) {
  BodyHints body{.fingerprint = Hash128{.high = 5, .low = 6}};
  EXPECT_EQ(of({}, body).id(), of({}, body).id());
  EXPECT_NE(of({}, body, ann).id(), of({}, body, eve).id());
}

TEST_F(Identity, CacheKeyAndAffinityBreakTiesOnly) {
  BodyHints body{.fingerprint = Hash128{.high = 5, .low = 6}};
  std::string plain(of({}, body).id());
  std::string affine(of({.session_affinity = "a"}, body).id());
  body.prompt_cache_key = "a";
  std::string keyed(of({}, body).id());
  EXPECT_NE(plain, affine);
  EXPECT_NE(plain, keyed);
  EXPECT_NE(affine, keyed);
  EXPECT_EQ(of({.session_affinity = "a"}, {.prompt_cache_key = "a"}).source, Source::none);
  EXPECT_EQ(of({.recloser_session = "s", .session_affinity = "a"}, body).key,
            of({.recloser_session = "s"}).key);
}

TEST_F(Identity, OurOwnHeaderIsJudged) {
  std::string longest(limits::session_id_bytes_max, 's');
  EXPECT_EQ(of({.recloser_session = longest}).id(), longest);
  longest += 's';
  Result<Session> refused = identify({.recloser_session = longest}, {}, ann, chain_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().side(), Side::client);
  EXPECT_EQ(
      refused.error().message(),
      "x-recloser-session has 129 characters and at most 128 are accepted; use a shorter one");
  EXPECT_FALSE(identify({.recloser_session = "a\x01"}, {}, ann, chain_));
}

TEST_F(Identity, WhatAgentsSendIsNeverRefused) {
  std::string long_id(300, 's');
  Session session = of({.session_id = long_id});
  EXPECT_TRUE(session.id().starts_with("h-"));
  EXPECT_EQ(session.source, Source::session_id_header);
  EXPECT_EQ(session.key, of({.session_id = long_id}).key);
  long_id.back() = 't';
  EXPECT_NE(session.key, of({.session_id = long_id}).key);
  std::string odd("a\0\xff\n\"", 5);
  EXPECT_TRUE(of({}, {.metadata_session_id = odd}).id().starts_with("h-"));
}

TEST_F(Identity, AChainOfResponsesIsOneSession) {
  // The first call is known by its beginning; each answer is remembered under its session.
  Session first = of({}, {.fingerprint = Hash128{.high = 5, .low = 6}});
  chain_.remember(ann, "resp_1", first.id());
  Session second = of({}, {.previous_response_id = "resp_1"});
  EXPECT_EQ(second.id(), first.id());
  EXPECT_EQ(second.key, first.key);
  chain_.remember(ann, "resp_2", second.id());
  EXPECT_EQ(of({}, {.previous_response_id = "resp_2"}).key, first.key);
}

TEST_F(Identity, AnUnknownResponseBeginsASessionThatItsFollowersJoin) {
  Session begun = of({}, {.previous_response_id = "resp_old"});
  EXPECT_EQ(begun.id(), "resp-resp_old");
  chain_.remember(ann, "resp_new", begun.id());
  EXPECT_EQ(of({}, {.previous_response_id = "resp_new"}).key, begun.key);
}

TEST_F(Identity, NobodyJoinsByNamingTheResponseOfAnother) {
  chain_.remember(ann, "resp_1", "session-of-ann");
  EXPECT_EQ(of({}, {.previous_response_id = "resp_1"}, eve).id(), "resp-resp_1");
}

TEST(ResponseChain, ForgetsTheOldestWhenItIsFull) {
  ResponseChain chain(64);
  for (int i = 0; i < 10'000; ++i) chain.remember(ann, std::to_string(i), "s" + std::to_string(i));
  EXPECT_EQ(chain.find(ann, "9999"), "s9999");
  int known = 0;
  for (int i = 0; i < 10'000; ++i) known += chain.find(ann, std::to_string(i)).empty() ? 0 : 1;
  EXPECT_GE(known, 32);
  EXPECT_LE(known, 64);
}

TEST(ResponseChain, TheLastWordCounts) {
  ResponseChain chain(64);
  chain.remember(ann, "r", "a");
  chain.remember(ann, "r", "b");
  EXPECT_EQ(chain.find(ann, "r"), "b");
  chain.remember(ann, "r", "");
  chain.remember(ann, "", "c");
  EXPECT_EQ(chain.find(ann, "r"), "b");
  EXPECT_EQ(chain.find(ann, ""), "");
}

TEST(Headers, AreFoundInAnyCaseAndTheFirstCounts) {
  Headers headers;
  headers.see("X-Recloser-Session", " a ");
  headers.see("x-recloser-session", "b");
  headers.see("X-Claude-Code-Session-Id", "c");
  headers.see("Thread-Id", "d");
  headers.see("session-id", "e");
  headers.see("x-session-id", "f");
  headers.see("x-session-affinity", "g");
  headers.see("Baggage", "session.id=stranger");
  headers.baggage_trusted = true;
  headers.see("Baggage", "h");
  headers.see("x-session", "no");
  EXPECT_EQ(headers.recloser_session, "a");
  EXPECT_EQ(headers.claude_code_session, "c");
  EXPECT_EQ(headers.thread_id, "d");
  EXPECT_EQ(headers.session_id, "e");
  EXPECT_EQ(headers.x_session_id, "f");
  EXPECT_EQ(headers.session_affinity, "g");
  EXPECT_EQ(headers.baggage, "h");
}

TEST(Baggage, NamesTheSession) {
  EXPECT_EQ(session_in_baggage("session.id=abc"), "abc");
  EXPECT_EQ(session_in_baggage("user.id=u , session.id = abc ; p=1,x=y"), "abc");
  EXPECT_EQ(session_in_baggage("gen_ai.conversation.id=c,session.id=s"), "s");
  EXPECT_EQ(session_in_baggage("a=b,gen_ai.conversation.id=c"), "c");
  EXPECT_EQ(session_in_baggage("session.id"), "");
  EXPECT_EQ(session_in_baggage("xsession.id=1,session.ide=2"), "");
  EXPECT_EQ(session_in_baggage(",,;=;,="), "");
}

}  // namespace
}  // namespace recloser::session
