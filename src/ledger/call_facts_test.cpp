// The text of a row: what is written comes back, whatever the bytes; what is broken is left out.
#include "ledger/call_facts.h"

#include "ledger/test_support.h"

#include <string>

namespace recloser::ledger {
namespace {

StoredCall through(const CallRecord& record) {
  FactsRoom room;
  write_facts(room, record);
  StoredCall call = read_facts(room.text());
  call.outcome = record.outcome;
  return call;
}

TEST(CallFacts, ACompletedCallAsText) {
  CallRecord record(*CallId::parse("01JD3Z8QK6T2V9M4B7XHPW5RNC"), test::SharedClock::start(),
                    test::someone);
  test::fill_completed(record);
  record.outcome = Outcome::completed;
  FactsRoom room;
  write_facts(room, record);
  EXPECT_EQ(room.text(),
            R"(["01JD3Z8QK6T2V9M4B7XHPW5RNC",1790000000000000000,null,251234567,"ci","acme",)"
            R"("search","ada","crawler","session-42","4bf92f3577b34da6a3ce929d0e0e4736",)"
            R"("openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,)"
            R"(1024,null,567,0,"exact",567,0,null,143,"nightly,batch",null,)"
            R"([["openai/gpt-4o-mini",1000000,250000000,200,"completed",null,)"
            R"("req_0123456789abcdef0123456789abcdef",1234,567]]])");
  EXPECT_EQ(through(record), stored(record));
}

TEST(CallFacts, ACallOfWhichNothingIsKnown) {
  CallRecord record(CallId{}, WallTime{absent}, {});
  EXPECT_EQ(through(record), stored(record));
}

// A text of the bytes that matter to JSON, of every length around the words that are looked at.
std::string random_text(Random& random, std::size_t size) {
  using namespace std::string_view_literals;
  constexpr std::string_view bytes = "\"\\\0\x01\n\x1f\x20[],{}:nul\x7f\x80\xc3\xa9\xff"sv;
  bool hostile = random.below(3) == 0;
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += hostile ? bytes[random.below(bytes.size())] : static_cast<char>('a' + i % 26);
  }
  if (size > 0 && random.below(3) == 0)
    text[random.below(size)] = bytes[random.below(bytes.size())];
  return text;
}

CallRecord random_record(Random& random) {
  auto number = [&random] {
    std::uint64_t bits = random.next() >> random.below(64);
    return random.below(3) == 0 ? absent : static_cast<std::int64_t>(bits);
  };
  std::string user = random_text(random, random.below(20));
  CallOpening who = test::someone;
  who.user = user;
  CallRecord record(CallId{random.next(), random.next()}, WallTime{number()}, who);
  for (Text text : {Text::session, Text::model_requested, Text::model_served, Text::region}) {
    record.set(text, random_text(random, random.below(40)));
  }
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    Attempt* attempt = record.begin_attempt(random_text(random, random.below(30)), {number()});
    record.set_provider_request_id(*attempt, random_text(random, random.below(40)));
    record.set_error_class(*attempt, random_text(random, random.below(9)));
    attempt->ttft_ns = number();
    attempt->input_tokens = number();
    attempt->status = static_cast<std::uint16_t>(random.below(600));
    attempt->outcome = static_cast<Outcome>(random.below(outcome_count));
  }
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    record.add_decision({.phase = "request",
                         .policy = {},
                         .rule = random_text(random, random.below(20)),
                         .action = "deny",
                         .reason = random_text(random, random.below(60))});
  }
  record.input_tokens = number();
  record.overhead_us = number();
  record.outcome = static_cast<Outcome>(random.below(outcome_count));
  record.tokens_source = static_cast<TokensSource>(random.below(tokens_source_count));
  return record;
}

TEST(CallFacts, AnyCallComesBack) {
  Random random(3);
  FactsRoom room;  // the same for all, as the writer has it
  for (int i = 0; i < 5'000; ++i) {
    CallRecord record = random_record(random);
    write_facts(room, record);
    StoredCall call = read_facts(room.text());
    call.outcome = record.outcome;
    ASSERT_EQ(call, stored(record)) << room.text();
  }
}

// The file may have met another hand.
TEST(CallFacts, BrokenTextIsReadAsFarAsItGoes) {
  Random random(4);
  FactsRoom room;
  for (int i = 0; i < 5'000; ++i) {
    CallRecord record = random_record(random);
    write_facts(room, record);
    std::string text(room.text());
    std::size_t at = random.below(text.size());
    if (random.below(2) == 0) {
      text[at] = static_cast<char>(random.next());
    } else {
      text.resize(at);
    }
    StoredCall call = read_facts(text);
    if (at > 30) EXPECT_EQ(call.id, record.id);
  }
  for (std::string_view text : {"", "[", "[]", "[[[[", "\"", "[\"", "[\"\\", "[null,", "{}",
                                "[99999999999999999999,99999999999999999999"}) {
    EXPECT_EQ(read_facts(text).attempts, "[]") << text;
  }
}

}  // namespace
}  // namespace recloser::ledger
