// The text of a row: what is written comes back, whatever the bytes; what is broken is left out.
#include "ledger/call_facts.h"

#include "ledger/test_support.h"

#include <string>

namespace recloser::ledger {
namespace {

StoredCall through(const CallRecord& record) {
  FactsRoom room;
  write_facts(room, record, {});
  StoredCall call = read_facts(room.text(), {});
  call.outcome = record.outcome;
  return call;
}

TEST(CallFacts, ACompletedCallAsText) {
  CallRecord record(*CallId::parse("01JD3Z8QK6T2V9M4B7XHPW5RNC"), test::SharedClock::start(),
                    test::someone);
  test::fill_completed(record);
  record.outcome = Outcome::completed;
  FactsRoom room;
  write_facts(room, record, {});
  EXPECT_EQ(room.text(),
            R"(["01JD3Z8QK6T2V9M4B7XHPW5RNC",1790000000000000000,null,251234567,"ci","acme",)"
            R"("search","ada","crawler","session-42","4bf92f3577b34da6a3ce929d0e0e4736",)"
            R"("openai","chat","gpt-4o-mini","openai","gpt-4o-mini-2024-07-18","us",200,1234,)"
            R"(1024,null,567,0,"exact",567,0,null,143,"nightly,batch",null,)"
            R"([["openai/gpt-4o-mini",1000000,250000000,200,"completed",null,)"
            R"("req_0123456789abcdef0123456789abcdef",1234,567,448500]],)"
            R"(["catalogue","2026-09-01",448500,0,0,0,31500,76800,0,340200,512000,2600000,)"
            R"(1240,1391]])");
  EXPECT_EQ(through(record), stored(record));
}

TEST(CallFacts, CostsTakeNoMoreRoomThanIsKnownOfThem) {
  CallRecord record(CallId{1, 2}, WallTime{0}, {});
  FactsRoom room;
  write_facts(room, record, {});
  EXPECT_TRUE(room.text().ends_with(",null,[]]")) << room.text();
  record.cost_source = CostSource::unpriced;
  write_facts(room, record, {});
  EXPECT_TRUE(room.text().ends_with(R"(,[],["unpriced",null,null,null]])")) << room.text();
  record.cost_source = CostSource::catalogue;
  record.cost_nano_usd = 100;
  record.list_cost_nano_usd = 99;  // the difference is what stands for "not known" elsewhere
  record.fees_nano_usd = 7;
  write_facts(room, record, {});
  EXPECT_TRUE(room.text().ends_with(R"(,[],["catalogue",null,100,-1,7]])")) << room.text();
  EXPECT_EQ(through(record), stored(record));
  record.set(Text::rare_usage, R"({"service_tier":"flex"})");
  EXPECT_EQ(through(record), stored(record));
  EXPECT_EQ(through(record).rare_usage, R"({"service_tier":"flex"})");
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

void random_costs(Random& random, CallRecord& record) {
  if (random.below(4) == 0) return;
  for (std::int64_t* figure :
       {&record.cost_nano_usd, &record.list_cost_nano_usd, &record.fees_nano_usd,
        &record.overrun_nano_usd, &record.input_cost_nano_usd, &record.cached_cost_nano_usd,
        &record.cache_write_cost_nano_usd, &record.output_cost_nano_usd,
        &record.expected_cost_nano_usd, &record.upper_cost_nano_usd, &record.expected_input_tokens,
        &record.upper_input_tokens}) {
    if (random.below(3) == 0)
      *figure = static_cast<std::int64_t>(random.next() >> random.below(64));
  }
  record.cost_source = static_cast<CostSource>(random.below(cost_source_count));
  if (random.below(2) == 0) record.set(Text::price_version, random_text(random, random.below(24)));
  if (random.below(3) == 0) record.set(Text::rare_usage, random_text(random, random.below(240)));
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
  if (random.below(3) == 0) {
    record.set(Text::route, R"(["least_latency",0,["a/b",12],"e",["c/d","","","region"]])");
  }
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    Attempt* attempt = record.begin_attempt(random_text(random, random.below(30)), {number()});
    record.set_provider_request_id(*attempt, random_text(random, random.below(40)));
    record.set_error_class(*attempt, random_text(random, random.below(9)));
    attempt->ttft_ns = number();
    attempt->input_tokens = number();
    attempt->cost_nano_usd = number();
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
  random_costs(random, record);
  record.outcome = static_cast<Outcome>(random.below(outcome_count));
  record.tokens_source = static_cast<TokensSource>(random.below(tokens_source_count));
  return record;
}

TEST(CallFacts, AnyCallComesBack) {
  Random random(3);
  FactsRoom room;  // the same for all, as the writer has it
  for (int i = 0; i < 5'000; ++i) {
    CallRecord record = random_record(random);
    write_facts(room, record, {});
    StoredCall call = read_facts(room.text(), {});
    call.outcome = record.outcome;
    ASSERT_EQ(call, stored(record)) << room.text();
  }
}

TEST(CallFacts, NumbersAtEveryLength) {
  FactsRoom room;
  auto expect = [&room](std::int64_t number) {
    CallRecord record(CallId{1, 2}, WallTime{number}, {});
    write_facts(room, record, {});
    std::string begin = "[\"" + record.id.str() + "\"," + std::to_string(number) + ",null";
    EXPECT_TRUE(room.text().starts_with(begin)) << room.text() << "\n" << begin;
  };
  for (std::int64_t n = 0; n < 20'000; ++n) expect(n);
  for (std::int64_t power = 1; power <= INT64_MAX / 10; power *= 10) {
    for (std::int64_t n : {power - 1, power, power + 1, power * 9, -power, power * 10 - 7})
      expect(n);
  }
  Random random(5);
  for (int i = 0; i < 20'000; ++i) expect(static_cast<std::int64_t>(random.next() >> (i % 64)));
  expect(INT64_MAX);
  expect(INT64_MIN);
}

// The file may have met another hand.
TEST(CallFacts, BrokenTextIsReadAsFarAsItGoes) {
  Random random(4);
  FactsRoom room;
  for (int i = 0; i < 5'000; ++i) {
    CallRecord record = random_record(random);
    write_facts(room, record, {});
    std::string text(room.text());
    std::size_t at = random.below(text.size());
    if (random.below(2) == 0) {
      text[at] = static_cast<char>(random.next());
    } else {
      text.resize(at);
    }
    StoredCall call = read_facts(text, {});
    if (at > 30) EXPECT_EQ(call.id, record.id);
  }
  for (std::string_view text : {"", "[", "[]", "[[[[", "\"", "[\"", "[\"\\", "[null,", "{}",
                                "[99999999999999999999,99999999999999999999"}) {
    EXPECT_EQ(read_facts(text, {}).attempts, "[]") << text;
  }
}

}  // namespace
}  // namespace recloser::ledger
