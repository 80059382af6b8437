// Answers that outlive a process: both stores, the ledger that fills them, and hostile disks.
#include "ledger/kept_answer.h"

#include "ledger/ledger.h"
#include "ledger/memory_store.h"
#include "ledger/sqlite_db.h"
#include "ledger/sqlite_store.h"
#include "ledger/test_support.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using ::testing::HasSubstr;
using ::testing::Not;
using Keep = EndedAnswer::Keep;
using State = ClaimFinding::State;

constexpr std::string_view fields = "content-type: application/json\r\n";
constexpr Duration day = 24h;

AnswerHash hash(std::uint8_t of) {
  AnswerHash bytes{};
  bytes.fill(of);
  return bytes;
}

struct KeptAnswerTest : testing::Test {
  AnswerClaim claim(std::uint8_t key = 1, std::uint8_t request = 1, std::uint8_t owner = 1) {
    return {.owner = hash(owner), .key = hash(key), .request = hash(request), .call = next_id()};
  }
  CallId next_id() { return ids.next(clock.wall()); }
  EndedAnswer answered(const AnswerClaim& claim, std::string body = "it is so") {
    return {.claim = claim,
            .keep = Keep::answer,
            .outcome = Outcome::completed,
            .status = 200,
            .fields = std::string(fields),
            .body = std::make_shared<const std::string>(std::move(body)),
            .until = clock.wall() + day};
  }
  std::unique_ptr<Store> open(SqliteOptions options = {}) {
    options.busy_timeout = 10ms;
    Result<std::unique_ptr<Store>> store = open_sqlite_store(path, options, clock);
    EXPECT_TRUE(store) << store.error().message();
    return store ? std::move(*store) : nullptr;
  }
  std::unique_ptr<Database> raw() { return std::move(*Database::open(path)); }
  ClaimFinding find(Store& store, const AnswerClaim& claim) {
    Result<ClaimFinding> found = store.claim_answer(claim, clock.wall());
    EXPECT_TRUE(found) << found.error().message();
    return found ? std::move(*found) : ClaimFinding{};
  }
  void end(Store& store, const EndedAnswer& ended) {
    Result<void> done = store.end_answers(std::span(&ended, 1));
    EXPECT_TRUE(done) << done.error().message();
  }
  // One that claims and is answered.
  AnswerClaim keep(Store& store, std::uint8_t key, std::string body = "it is so") {
    AnswerClaim made = claim(key);
    EXPECT_EQ(find(store, made).state, State::claimed);
    end(store, answered(made, std::move(body)));
    return made;
  }

  test::TempDirectory temp;
  std::string path = temp / "recloser.db";
  test::SharedClock clock;
  test::TestLog log{clock};
  CallIdMaker ids{1};
};

// ---- what every store does

struct EachStoreTest : KeptAnswerTest, testing::WithParamInterface<bool> {
  void SetUp() override {
    if (GetParam()) {
      store = open();
    } else {
      store = std::make_unique<MemoryStore>();
    }
  }
  std::unique_ptr<Store> store;
};
INSTANTIATE_TEST_SUITE_P(Stores, EachStoreTest, testing::Bool(),
                         [](const auto& store) { return store.param ? "Sqlite" : "Memory"; });

TEST_P(EachStoreTest, AnAnswerComesBackAsItWas) {
  AnswerClaim first = claim();
  ASSERT_EQ(find(*store, first).state, State::claimed);
  std::string body("a\0b\xff", 4);
  EndedAnswer ended = answered(first, body);
  ended.outcome = Outcome::cut;
  end(*store, ended);
  for (int time = 0; time < 2; ++time) {
    ClaimFinding found = find(*store, claim());
    ASSERT_EQ(found.state, State::answered);
    EXPECT_FALSE(found.was_damaged);
    EXPECT_EQ(found.answer.call, first.call);
    EXPECT_EQ(found.answer.outcome, Outcome::cut);
    EXPECT_EQ(found.answer.status, 200);
    EXPECT_EQ(found.answer.fields, fields);
    EXPECT_EQ(found.answer.body, body);
  }
}

TEST_P(EachStoreTest, AKeyBelongsToItsOwnerAndToItsRequest) {
  keep(*store, 1);
  EXPECT_EQ(find(*store, claim(1, 2)).state, State::conflicts);
  EXPECT_EQ(find(*store, claim(1, 1, 2)).state, State::claimed);
  EXPECT_EQ(find(*store, claim(2, 1)).state, State::claimed);
  EXPECT_EQ(find(*store, claim(1, 1)).state, State::answered);
}

TEST_P(EachStoreTest, ItIsOverAtItsTime) {
  keep(*store, 1);
  clock.advance(day - 1ns);
  EXPECT_EQ(find(*store, claim()).state, State::answered);
  EXPECT_EQ(*store->delete_answers_until(clock.wall(), 10), 0u);
  clock.advance(1ns);
  AnswerClaim again = claim(1, 2);
  EXPECT_EQ(find(*store, again).state, State::claimed) << "with another request, too";
  EXPECT_EQ(*store->delete_answers_until(clock.wall(), 10), 0u) << "it runs";
  end(*store, answered(again));
  EXPECT_EQ(find(*store, claim(1, 2)).answer.call, again.call);
}

TEST_P(EachStoreTest, WhatIsOverGoesInPieces) {
  for (std::uint8_t key = 1; key <= 5; ++key) keep(*store, key);
  AnswerClaim runs = claim(6);
  ASSERT_EQ(find(*store, runs).state, State::claimed);
  clock.advance(day);
  EXPECT_EQ(*store->delete_answers_until(clock.wall(), 3), 3u);
  EXPECT_EQ(*store->delete_answers_until(clock.wall(), 3), 2u);
  EXPECT_EQ(*store->delete_answers_until(WallTime{INT64_MAX}, 3), 0u);
}

TEST_P(EachStoreTest, ACallThatLeavesNothingGivesItsKeyBack) {
  AnswerClaim first = claim();
  ASSERT_EQ(find(*store, first).state, State::claimed);
  EndedAnswer nothing;
  nothing.claim = first;
  end(*store, nothing);
  ASSERT_TRUE(store->cut_off_answers(clock.wall() + day));
  EXPECT_EQ(find(*store, claim(1, 2)).state, State::claimed);
}

TEST_P(EachStoreTest, OneThatWasTooLargeIsRemembered) {
  AnswerClaim first = claim();
  ASSERT_EQ(find(*store, first).state, State::claimed);
  EndedAnswer ended = answered(first);
  ended.keep = Keep::that_it_was_too_large;
  end(*store, ended);
  EXPECT_EQ(find(*store, claim()).state, State::too_large);
  EXPECT_EQ(find(*store, claim(1, 2)).state, State::conflicts);
}

// The first has failed, and its end is stored behind the claim of the second.
TEST_P(EachStoreTest, AnEndThatComesLateLeavesTheNextClaimAlone) {
  AnswerClaim first = claim();
  AnswerClaim second = claim(1, 2);
  ASSERT_EQ(find(*store, first).state, State::claimed);
  ASSERT_EQ(find(*store, second).state, State::claimed);
  EndedAnswer nothing;
  nothing.claim = first;
  end(*store, nothing);
  end(*store, answered(first));
  end(*store, answered(second, "of the second"));
  EXPECT_EQ(find(*store, claim(1, 2)).answer.body, "of the second");
  end(*store, answered(second, "twice"));
  EXPECT_EQ(find(*store, claim(1, 2)).answer.body, "of the second");
}

TEST_P(EachStoreTest, WhatRanWhenTheProcessEndedIsKnownByItsRow) {
  struct Case {
    std::uint8_t key;
    Outcome outcome;
    bool attempt;
    State wanted;
  };
  std::vector<Case> cases{{1, Outcome::gateway_failed, true, State::cut_off},
                          {2, Outcome::gateway_failed, false, State::claimed},
                          {3, Outcome::provider_failed, true, State::claimed},
                          {4, Outcome::refused, false, State::claimed},
                          {5, Outcome::completed, true, State::cut_off},
                          {6, Outcome::cut, true, State::cut_off},
                          {7, Outcome::client_gone, true, State::cut_off}};
  for (const Case& one : cases) {
    AnswerClaim made = claim(one.key);
    ASSERT_EQ(find(*store, made).state, State::claimed);
    CallRecord row(made.call, clock.wall(), someone);
    if (one.attempt) row.begin_attempt("p/m", clock.wall());
    row.outcome = one.outcome;
    const CallRecord* rows = &row;
    ASSERT_TRUE(store->insert_calls(std::span(&rows, 1)));
  }
  AnswerClaim without_row = claim(8);
  ASSERT_EQ(find(*store, without_row).state, State::claimed);
  AnswerClaim whole = keep(*store, 9);
  ASSERT_TRUE(store->cut_off_answers(clock.wall() + day));
  ASSERT_TRUE(store->cut_off_answers(clock.wall() + 2 * day)) << "the second start";
  EXPECT_EQ(find(*store, claim(8)).state, State::cut_off);
  EXPECT_EQ(find(*store, claim(9)).answer.call, whole.call);
  for (const Case& one : cases) {
    EXPECT_EQ(find(*store, claim(one.key)).state, one.wanted) << int{one.key};
  }
  EXPECT_EQ(find(*store, claim(1, 2)).state, State::conflicts);
  clock.advance(day);
  EXPECT_EQ(find(*store, claim(8)).state, State::claimed) << "its time is over";
}

// ---- on a disk

TEST_F(KeptAnswerTest, AnotherProcessFindsThem) {
  std::string body(100'000, 'x');
  AnswerClaim first = keep(*open(), 1, body);
  ClaimFinding found = find(*open(), claim());
  EXPECT_EQ(found.state, State::answered);
  EXPECT_EQ(found.answer.call, first.call);
  EXPECT_EQ(found.answer.body, body);
  EXPECT_EQ(test::rights_of(path), 0600u);
}

TEST_F(KeptAnswerTest, BeyondTheirRoomTheOldestAreForgotten) {
  constexpr std::uint64_t each = kept_answer_overhead_bytes + fields.size() + 1000;
  std::unique_ptr<Store> store = open({.answers_bytes_max = 20 * each});
  for (std::uint8_t key = 1; key <= 20; ++key) {
    keep(*store, key, std::string(1000, 'x'));
    clock.advance(1s);
  }
  EXPECT_EQ(find(*store, claim(1)).state, State::answered) << "all have room";
  keep(*store, 21, std::string(1000, 'x'));
  EXPECT_LE(*raw()->query_number("SELECT sum(bytes) FROM kept_answers"),
            static_cast<std::int64_t>(20 * each));
  EXPECT_EQ(*raw()->query_number("SELECT count(*) FROM kept_answers"), 18);
  for (std::uint8_t key = 4; key <= 21; ++key) {
    EXPECT_EQ(find(*store, claim(key)).state, State::answered) << int{key};
  }
  EXPECT_EQ(find(*store, claim(3)).state, State::claimed);
}

TEST_F(KeptAnswerTest, TheRoomIsCountedAnewAfterAStart) {
  constexpr std::uint64_t each = kept_answer_overhead_bytes + fields.size() + 1000;
  SqliteOptions options{.answers_bytes_max = 10 * each};
  for (std::uint8_t key = 1; key <= 30; ++key) {
    keep(*open(options), key, std::string(1000, 'x'));
    ASSERT_LE(*raw()->query_number("SELECT count(*) FROM kept_answers"), 10);
  }
}

TEST_F(KeptAnswerTest, WhatIsDamagedCountsAsNothing) {
  for (const char* harm :
       {"body = x'00'", "body = NULL", "fields = x'41'", "status = 404", "outcome = 'cut'",
        "outcome = 'nonsense'", "call = 'nonsense'", "checksum = 0", "checksum = NULL",
        "kept = 'nonsense'", "request = x'01'", "kept = 'too_large', request = x''"}) {
    std::unique_ptr<Store> store = open();
    keep(*store, 1);
    ASSERT_TRUE(raw()->execute(std::string("UPDATE kept_answers SET ") + harm));
    ClaimFinding found = find(*store, claim());
    EXPECT_EQ(found.state, State::claimed) << harm;
    EXPECT_TRUE(found.was_damaged) << harm;
    ASSERT_TRUE(raw()->execute("DELETE FROM kept_answers"));
  }
}

TEST_F(KeptAnswerTest, AClaimWhoseCallIsDamagedIsCutOff) {
  std::unique_ptr<Store> store = open();
  ASSERT_EQ(find(*store, claim()).state, State::claimed);
  ASSERT_TRUE(raw()->execute("UPDATE kept_answers SET call = 'nonsense'"));
  ASSERT_TRUE(store->cut_off_answers(clock.wall() + day));
  EXPECT_EQ(find(*store, claim()).state, State::cut_off);
}

TEST_F(KeptAnswerTest, WhatIsDeletedIsOverwritten) {
  std::string secret = "nobody is to find this again";
  {
    std::unique_ptr<Store> store = open();
    keep(*store, 1, secret);
    EXPECT_EQ(*store->delete_answers_until(WallTime{INT64_MAX}, 10), 1u);
  }
  std::ifstream file(path, std::ios::binary);  // the log has gone into it with the last connection
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(bytes, HasSubstr("kept_answers"));
  EXPECT_THAT(bytes, Not(HasSubstr(secret)));
}

// ---- through a ledger

struct LedgerOfAnswersTest : KeptAnswerTest {
  std::unique_ptr<Ledger> start(Duration ttl = day, SqliteOptions options = {}) {
    LedgerOptions books{.directory = temp.path()};
    books.retain_check_every = 1s;
    books.answers_ttl = ttl;
    Result<std::unique_ptr<Ledger>> ledger = Ledger::open(books, open(options), clock, log.log);
    EXPECT_TRUE(ledger) << ledger.error().message();
    return ledger ? std::move(*ledger) : nullptr;
  }
  OpenCall begin(Ledger& ledger) {
    Result<OpenCall> call = ledger.begin(next_id(), clock.now(), clock.wall(), someone);
    EXPECT_TRUE(call);
    return std::move(*call);
  }
  AnswerClaim claim_of(const OpenCall& call, std::uint8_t key = 1) {
    AnswerClaim made = claim(key);
    made.call = call.id();
    return made;
  }
  State state_of(Ledger& ledger, std::uint8_t key = 1) {
    Result<ClaimFinding> found = ledger.claim_answer(claim(key));
    EXPECT_TRUE(found);
    return found ? found->state : State::claimed;
  }
  // A call from its claim to its answer.
  void make(Ledger& ledger, std::uint8_t key = 1) {
    OpenCall call = begin(ledger);
    AnswerClaim made = claim_of(call, key);
    Result<ClaimFinding> found = ledger.claim_answer(made);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->state, State::claimed);
    call.record().begin_attempt("p/m", clock.wall());
    call.settle(Outcome::completed, clock.now());
    ledger.end_answer(answered(made));
  }
};

TEST_F(LedgerOfAnswersTest, AnAnswerOutlivesTwoRestarts) {
  make(*start());
  for (int restart = 0; restart < 2; ++restart) {
    std::unique_ptr<Ledger> ledger = start();
    EXPECT_EQ(state_of(*ledger), State::answered);
    EXPECT_EQ(*ledger->store().count_calls(), 1u);
  }
  clock.advance(day);
  EXPECT_EQ(state_of(*start()), State::claimed);
}

TEST_F(LedgerOfAnswersTest, AnAnswerIsThereOnceItsRowIs) {
  std::unique_ptr<Ledger> ledger = start();
  make(*ledger);
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(*raw()->query_text("SELECT kept FROM kept_answers"), "answer");
  EXPECT_EQ(*raw()->query_number("SELECT count(*) FROM call_rows"), 1);
}

// As after kill -9: the journal and the database are copied while the call runs.
TEST_F(LedgerOfAnswersTest, ACallThatWasKilledIsCutOff) {
  test::TempDirectory killed;
  {
    std::unique_ptr<Ledger> ledger = start();
    OpenCall asked = begin(*ledger);
    OpenCall never_asked = begin(*ledger);
    ASSERT_TRUE(ledger->claim_answer(claim_of(asked, 1)));
    ASSERT_TRUE(ledger->claim_answer(claim_of(never_asked, 2)));
    asked.record().begin_attempt("p/m", clock.wall());
    std::filesystem::copy(temp.path(), killed.path());
  }
  std::filesystem::remove_all(temp.path());
  std::filesystem::copy(killed.path(), temp.path());
  for (int starts = 0; starts < 2; ++starts) {
    std::unique_ptr<Ledger> ledger = start();
    EXPECT_EQ(state_of(*ledger, 1), State::cut_off);
    EXPECT_EQ(*ledger->store().count_calls(), 2u);
  }
  EXPECT_EQ(state_of(*start(), 2), State::claimed) << "no provider was asked";
  clock.advance(day);
  EXPECT_EQ(state_of(*start(), 1), State::claimed);
}

TEST_F(LedgerOfAnswersTest, WhatIsOverIsDeletedInTime) {
  std::unique_ptr<Ledger> ledger = start();
  make(*ledger);
  ASSERT_TRUE(ledger->flush());
  clock.advance(2s);
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(*raw()->query_number("SELECT count(*) FROM kept_answers"), 1);
  clock.advance(day);
  ASSERT_TRUE(ledger->flush());  // the housekeeping comes behind it
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(*raw()->query_number("SELECT count(*) FROM kept_answers"), 0);
}

TEST_F(LedgerOfAnswersTest, WithoutADiskNothingStays) {
  make(*start());
  std::unique_ptr<Ledger> ledger = start(Duration::zero());
  EXPECT_FALSE(ledger->keeps_answers());
  ASSERT_TRUE(ledger->flush());
  ASSERT_TRUE(ledger->flush());
  EXPECT_EQ(*raw()->query_number("SELECT count(*) FROM kept_answers"), 0);
}

TEST_F(LedgerOfAnswersTest, ADiskThatIsFullOfAnswersTakesRows) {
  std::unique_ptr<Ledger> ledger = start(day, {.pages_max = 80});
  for (std::uint8_t key = 1; key <= 3; ++key) {
    OpenCall call = begin(*ledger);
    AnswerClaim made = claim_of(call, key);
    ASSERT_TRUE(ledger->claim_answer(made));
    call.settle(Outcome::completed, clock.now());
    ledger->end_answer(answered(made, std::string(1u << 20, 'x')));
    ASSERT_TRUE(ledger->flush());
  }
  EXPECT_TRUE(ledger->admitting());
  EXPECT_EQ(*ledger->store().count_calls(), 3u);
  std::string told = log.text();
  std::size_t first = told.find("cannot be kept on the disk");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(told.find("cannot be kept on the disk", first + 1), std::string::npos) << "said once";
  EXPECT_THAT(told, Not(HasSubstr("xxxx")));
}

TEST_F(LedgerOfAnswersTest, WhatIsDamagedIsSaidWithoutItsText) {
  std::unique_ptr<Ledger> ledger = start();
  make(*ledger);
  ASSERT_TRUE(ledger->flush());
  ASSERT_TRUE(ledger->flush());  // nothing of the writer's is under way any more
  ASSERT_TRUE(raw()->execute("UPDATE kept_answers SET status = 500"));
  EXPECT_EQ(state_of(*ledger), State::claimed);
  EXPECT_THAT(log.text(), HasSubstr("is damaged"));
  EXPECT_THAT(log.text(), Not(HasSubstr("it is so")));
}

}  // namespace
}  // namespace recloser::ledger
