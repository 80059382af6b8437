// The record of a call: texts at their limits, what never is cut, what is and says so, checksums.
#include "ledger/call_record.h"

#include "core/ids.h"
#include "ledger/crc32c.h"
#include "ledger/test_support.h"

#include <cstring>
#include <string>

namespace recloser::ledger {
namespace {

using test::someone;

constexpr std::string_view marker = "\xe2\x80\xa6";

CallRecord fresh() { return CallRecord(CallId{7, 9}, WallTime{1'000}, someone); }

std::string letters(std::size_t size, char c = 'x') { return std::string(size, c); }

TEST(Crc32c, KnownValuesByBothForms) {
  EXPECT_EQ(crc32c("123456789", 9), 0xe3069283u);  // the check value of the catalogue
  std::array<unsigned char, 32> zeros{};
  EXPECT_EQ(crc32c(zeros.data(), zeros.size()), 0x8a9136aau);  // RFC 3720, B.4
  Random random(1);
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(crc32c(bytes.data(), bytes.size()), crc32c_by_table(bytes.data(), bytes.size()));
    bytes += static_cast<char>(random.next());
  }
}

TEST(Crc32c, GoesOnWhereItStopped) {
  std::string text = "the quick brown fox";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::uint32_t first = crc32c(text.data(), cut);
    EXPECT_EQ(crc32c(text.data() + cut, text.size() - cut, first),
              crc32c(text.data(), text.size()));
  }
}

TEST(CallRecord, KeepsWhatItIsGiven) {
  CallRecord record = fresh();
  test::fill_completed(record);
  EXPECT_EQ(record.text(Text::operation), "chat");
  EXPECT_EQ(record.text(Text::agent), "crawler");
  EXPECT_EQ(record.text(Text::session), "session-42");
  EXPECT_EQ(record.text(Text::labels), "nightly,batch");
  EXPECT_EQ(record.text(Text::provider), "openai");
  EXPECT_EQ(record.text(Text::model_served), "gpt-4o-mini-2024-07-18");
  ASSERT_EQ(record.attempt_count(), 1u);
  EXPECT_EQ(record.text_at(record.attempt(0).target), "openai/gpt-4o-mini");
  EXPECT_TRUE(record.sound());
}

TEST(CallRecord, EveryKeptTextHasItsRoomAtTheLimitOfAll) {
  std::string name = letters(limits::principal_name_bytes_max, 'n');
  std::string kind = letters(kind_name_bytes_max, 'k');
  CallRecord record(CallId{1, 1}, WallTime{1},
                    {.operation = kind,
                     .client_dialect = kind,
                     .key_id = name,
                     .org = name,
                     .team = name,
                     .user = name,
                     .agent = name});
  // What is not kept comes first and takes all it can get.
  Attempt* attempt = record.begin_attempt(letters(target_bytes_max, 't'), WallTime{2});
  ASSERT_NE(attempt, nullptr);
  EXPECT_FALSE(record.set_provider_request_id(*attempt, letters(request_id_bytes_max, 'r')));
  for (Text text : {Text::rare_usage, Text::labels, Text::price_version, Text::model_requested,
                    Text::trace, Text::session}) {
    std::string longest(text_bytes_max[std::size_t(text)], static_cast<char>('A' + int(text)));
    EXPECT_TRUE(record.set(text, longest));
    EXPECT_EQ(record.text(text), longest);
  }
  EXPECT_EQ(record.text(Text::key_id), name);
  EXPECT_GE(record.text_at(attempt->target).size(), own_text_bytes_min);
  EXPECT_TRUE(record.sound());
}

TEST(CallRecord, AKeptTextOnePastItsLimitIsNotStored) {
  for (Text text : {Text::session, Text::trace, Text::model_requested, Text::labels,
                    Text::price_version, Text::rare_usage}) {
    CallRecord record = fresh();
    EXPECT_FALSE(record.set(text, letters(text_bytes_max[std::size_t(text)] + 1u)));
    EXPECT_EQ(record.text(text), "");
    EXPECT_TRUE(record.set(text, letters(text_bytes_max[std::size_t(text)])));
  }
}

TEST(CallRecord, AnOpeningOnePastItsLimitIsNamed) {
  CallOpening who = someone;
  EXPECT_EQ(who.too_long(), "");
  std::string name = letters(limits::principal_name_bytes_max + 1);
  who.team = name;
  EXPECT_EQ(who.too_long(), "team");
}

TEST(CallRecord, OpeningTextsStay) {
  CallRecord record = fresh();
  EXPECT_TRUE(record.set(Text::team, "search"));
  EXPECT_FALSE(record.set(Text::team, "other"));
  EXPECT_EQ(record.text(Text::team), "search");
}

TEST(CallRecord, ATextCanBeSetAgainAndTakenBack) {
  CallRecord record = fresh();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(record.set(Text::session, "one"));
    EXPECT_TRUE(record.set(Text::session, "two"));
    EXPECT_EQ(record.text(Text::session), "two");
    EXPECT_TRUE(record.set(Text::session, ""));
    EXPECT_EQ(record.text(Text::session), "");
  }
  // Setting again for ever runs out of room one day: then the old value stays, whole.
  bool whole = true;
  std::string last;
  for (int i = 0; whole && i < 1000; ++i) {
    std::string value = "a-longer-session-name-" + std::to_string(i);
    whole = record.set(Text::session, value);
    if (whole) last = value;
  }
  EXPECT_FALSE(whole);
  EXPECT_EQ(record.text(Text::session), last);
  EXPECT_TRUE(record.set(Text::labels, letters(limits::labels_bytes_max)));
}

TEST(CallRecord, OtherTextsAreCutBetweenCharactersAndSaySo) {
  CallRecord record = fresh();
  std::string umlauts;
  while (umlauts.size() < 400) umlauts += "\xc3\xa4";
  EXPECT_FALSE(record.set(Text::model_served, umlauts));
  std::string_view kept = record.text(Text::model_served);
  EXPECT_TRUE(kept.ends_with(marker));
  EXPECT_LE(kept.size(), text_bytes_max[std::size_t(Text::model_served)]);
  kept.remove_suffix(marker.size());
  EXPECT_EQ(kept.size() % 2, 0u) << "cut within a character";
}

TEST(CallRecord, BytesThatStandThereAreNotStoredTwice) {
  CallRecord record = fresh();
  record.set(Text::model_requested, "openai/gpt-4o");
  record.begin_attempt("openai/gpt-4o", WallTime{2});
  record.set(Text::provider, "openai");
  record.set(Text::model_served, "gpt-4o");
  EXPECT_EQ(record.text(Text::provider), "openai");
  EXPECT_EQ(record.text(Text::model_served), "gpt-4o");
  EXPECT_EQ(record.text(Text::provider).data(), record.text(Text::model_requested).data());
}

TEST(CallRecord, AttemptsAndDecisionsAtTheirLimitsAndOnePast) {
  CallRecord record = fresh();
  for (std::size_t i = 0; i < limits::attempts_max; ++i) {
    EXPECT_NE(record.begin_attempt("a/" + std::to_string(i), WallTime{2}), nullptr);
  }
  EXPECT_EQ(record.begin_attempt("a/b", WallTime{2}), nullptr);
  EXPECT_EQ(record.attempt_count(), limits::attempts_max);
  for (std::size_t i = 0; i < decisions_max; ++i) {
    EXPECT_TRUE(record.add_decision({.phase = "request",
                                     .policy = {},
                                     .rule = "rule-" + std::to_string(i),
                                     .action = "deny",
                                     .reason = "no"}));
  }
  EXPECT_FALSE(record.add_decision(
      {.phase = "request", .policy = {}, .rule = "late", .action = "deny", .reason = "no"}));
  EXPECT_EQ(record.decision_count(), decisions_max);
  EXPECT_EQ(record.decisions_beyond(), 1u);
  EXPECT_EQ(record.decision(3).rule, "rule-3");
}

TEST(CallRecord, AnAttemptThatIsMadeAgainTakesNoMoreRoom) {
  CallRecord record = fresh();
  record.set_error_class(*record.begin_attempt("a/b", WallTime{2}), "loading");
  record.begin_attempt("a/b", WallTime{3});
  for (int i = 0; i < 1000; ++i) {
    Attempt* again = record.begin_attempt_again("a/b", WallTime{4 + i});
    EXPECT_EQ(again->outcome, Outcome::open);
    EXPECT_TRUE(record.text_at(again->error_class).empty());
    again->outcome = Outcome::provider_failed;
    EXPECT_TRUE(record.set_provider_request_id(*again, letters(64, 'r'))) << i;
    EXPECT_TRUE(record.set_error_class(*again, "loading")) << i;
  }
  EXPECT_EQ(record.attempt_count(), 2u);
  EXPECT_EQ(record.text_at(record.attempt(0).error_class), "loading");
  Attempt* last = record.begin_attempt_again("c/d", WallTime{9});
  EXPECT_TRUE(record.set_provider_request_id(*last, letters(64, 's')));
  EXPECT_EQ(record.text_at(last->target), "c/d");
  EXPECT_EQ(last->started_at, WallTime{9});
  EXPECT_TRUE(record.sound());
}

TEST(CallRecord, AHostileClientCannotPushTheRuleOutOfTheRow) {
  CallRecord record = fresh();
  record.set(Text::session, letters(limits::session_id_bytes_max));
  record.set(Text::trace, letters(limits::trace_id_bytes_max));
  record.set(Text::labels, letters(limits::labels_bytes_max));
  record.set(Text::model_requested, letters(limits::model_name_bytes_max));
  record.begin_attempt("openai/gpt-4o-mini", WallTime{2});
  record.set_provider_request_id(*record.last_attempt(), letters(64, 'r'));
  EXPECT_TRUE(record.add_decision({.phase = "request",
                                   .policy = "team-limits",
                                   .rule = "budget/acme",
                                   .action = "deny",
                                   .reason = "the budget is spent"}));
  EXPECT_EQ(record.decision(0).rule, "budget/acme");
  EXPECT_EQ(record.decision(0).reason, "the budget is spent");
}

TEST(CallRecord, ChecksumsSeeEveryByteThatCounts) {
  CallRecord record = fresh();
  test::fill_completed(record);
  std::uint32_t whole = record.checksum(1);
  std::uint32_t opening = record.opening_checksum(1);
  EXPECT_NE(whole, record.checksum(2));
  std::size_t seen = 0;
  for (std::size_t i = 0; i < sizeof record; ++i) {
    CallRecord changed = record;
    reinterpret_cast<char*>(&changed)[i] ^= 1;
    if (!changed.sound()) continue;  // refused before the checksum is asked
    if (changed.checksum(1) == whole) continue;
    ++seen;
  }
  EXPECT_GT(seen, 350u);
  record.output_tokens = 568;
  EXPECT_NE(record.checksum(1), whole);
  EXPECT_EQ(record.opening_checksum(1), opening);
}

TEST(CallRecord, RandomBytesAreNeverReadOutOfRange) {
  Random random(3);
  int sound = 0;
  for (int round = 0; round < 20'000; ++round) {
    CallRecord record = fresh();
    test::fill_completed(record);
    auto* bytes = reinterpret_cast<unsigned char*>(&record);
    for (std::uint64_t n = random.below(8); n > 0; --n) {
      bytes[random.below(sizeof record)] = static_cast<unsigned char>(random.next());
    }
    if (!record.sound()) continue;
    ++sound;  // then everything may be read (AddressSanitizer watches)
    for (std::size_t i = 0; i < text_count; ++i) {
      EXPECT_LE(record.text(static_cast<Text>(i)).size(), CallRecord::text_room_bytes);
    }
    for (std::size_t i = 0; i < record.decision_count(); ++i) (void)record.decision(i);
  }
  EXPECT_GT(sound, 1000);
}

TEST(Names, OfSources) {
  for (unsigned i = 0; i < tokens_source_count; ++i) {
    auto source = static_cast<TokensSource>(i);
    EXPECT_EQ(tokens_source_named(name_of(source)), source);
  }
  for (unsigned i = 0; i < cost_source_count; ++i) {
    auto source = static_cast<CostSource>(i);
    EXPECT_EQ(cost_source_named(name_of(source)), source);
  }
  EXPECT_FALSE(cost_source_named(""));
}

TEST(Names, OfOutcomes) {
  for (unsigned i = 1; i < outcome_count; ++i) {
    auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(outcome_named(name_of(outcome)), outcome);
  }
  EXPECT_FALSE(outcome_named("open"));
  EXPECT_FALSE(outcome_named("Completed"));
}

}  // namespace
}  // namespace recloser::ledger
