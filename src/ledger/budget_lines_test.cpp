// Budgets of a call: in its record, in further slots, through the journal and a crash, and as text.
#include "ledger/budget_lines.h"

#include "ledger/call_facts.h"
#include "ledger/call_json.h"
#include "ledger/journal.h"
#include "ledger/memory_store.h"
#include "ledger/recovery.h"
#include "ledger/test_support.h"
#include "ledger/testing/usual_budgets.h"

#include <cstring>
#include <deque>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using testing::HasSubstr;

CallRecord asked() {
  CallRecord record(CallId{7, 9}, WallTime{1'000}, someone);
  test::fill_asked(record);
  return record;
}

BudgetFigures figures(std::int64_t charged) {
  return {.reserved = charged + 1,
          .charged = charged,
          .remaining = -charged,
          .charged_at = {charged + 5},
          .counts_until = WallTime{charged + 9}};
}

// Texts at their limits, of which no two calls of one budget share any.
struct LongLine {
  explicit LongLine(std::size_t i)
      : name(budget_name_bytes_max, static_cast<char>('A' + i)),
        unit(budget_unit_bytes_max, 'u'),
        kind(budget_kind_bytes_max, static_cast<char>('a' + i % 26)),
        key(budget_key_bytes_max, static_cast<char>('a' + i % 26)) {}
  BudgetLine line(std::int64_t charged) const {
    return {.name = name,
            .unit = unit,
            .kind = kind,
            .key = key,
            .window_begun = {charged},
            .figures = figures(charged)};
  }
  std::string name, unit, kind, key;
};

void expect_same(const BudgetLine& a, const BudgetLine& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.unit, b.unit);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.window_begun, b.window_begun);
  EXPECT_EQ(a.figures.reserved, b.figures.reserved);
  EXPECT_EQ(a.figures.charged, b.figures.charged);
  EXPECT_EQ(a.figures.remaining, b.figures.remaining);
  EXPECT_EQ(a.figures.charged_at, b.figures.charged_at);
  EXPECT_EQ(a.figures.counts_until, b.figures.counts_until);
}

TEST(BudgetLines, FourOfTheUsualLengthStandInTheRecord) {
  CallRecord record = asked();
  test::fill_completed(record);
  auto lines = test::usual_budgets(448'500, WallTime{77});
  for (const BudgetLine& line : lines) EXPECT_TRUE(record.add_budget(line));
  ASSERT_EQ(record.budget_count(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) expect_same(record.budget(i), lines[i]);
  EXPECT_TRUE(record.sound());
  EXPECT_EQ(record.text(Text::session), "session-42");
}

TEST(BudgetLines, WhatNamesLeaveOfTheRoomIsForLinesButForTheTextsOfOurOwn) {
  auto letters = [](std::size_t count) { return std::string(count, 'x'); };
  CallRecord record(CallId{7, 9}, WallTime{1'000}, someone);
  record.set(Text::session, letters(limits::session_id_bytes_max));
  record.set(Text::trace, letters(limits::trace_id_bytes_max));
  record.set(Text::labels, letters(limits::labels_bytes_max));
  record.set(Text::model_requested, letters(limits::model_name_bytes_max));
  std::deque<BudgetPart> parts;
  for (const BudgetLine& line : test::usual_budgets(300, WallTime{50})) {
    test::add_budget(record, parts, line);
  }
  EXPECT_EQ(parts.size(), 1u) << "not all found room beside such names";
  EXPECT_GT(record.budget_head().count, 0u);
  EXPECT_EQ(record.budget_count(), 4u);
  std::string rare = letters(rare_usage_bytes_max);
  EXPECT_TRUE(record.set(Text::rare_usage, rare));
  EXPECT_TRUE(record.set(Text::price_version, letters(price_version_bytes_max)));
  std::string reason = letters(reason_bytes_max);
  EXPECT_TRUE(record.add_decision({.phase = "request",
                                   .policy = "team-limits",
                                   .rule = "budget/acme",
                                   .action = "deny",
                                   .reason = reason}));
  EXPECT_EQ(record.decision(0).reason, reason);
  std::size_t i = 0;
  for (const BudgetLine& line : test::usual_budgets(300, WallTime{50})) {
    expect_same(record.budget(i++), line);
  }
  EXPECT_TRUE(record.sound());
}

TEST(BudgetLines, AsManyAsACallCanHaveAllAtTheirLongest) {
  CallRecord record = asked();
  std::deque<BudgetPart> parts;
  for (std::size_t i = 0; i < budgets_max; ++i) {
    test::add_budget(record, parts, LongLine(i).line(static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(parts.size(), budgets_max);
  ASSERT_EQ(record.budget_count(), budgets_max);
  for (std::size_t i = 0; i < budgets_max; ++i) {
    expect_same(record.budget(i), LongLine(i).line(static_cast<std::int64_t>(i)));
  }
  record.set_budget(31, figures(1'000));
  record.set_budget(0, figures(2'000));
  EXPECT_EQ(record.budget(31).figures.charged, 1'000);
  EXPECT_EQ(record.budget(0).figures.charged, 2'000);
  EXPECT_EQ(record.budget(1).figures.charged, 1);
}

TEST(BudgetLines, ShortOnesFillARoomBeforeTheNextIsTaken) {
  CallRecord record = asked();
  std::deque<BudgetPart> parts;
  constexpr std::int64_t lines = 20;
  for (std::int64_t i = 0; i < lines; ++i) {
    BudgetLine line = test::usual_budgets(i, {i})[i % 4];
    test::add_budget(record, parts, line);
  }
  EXPECT_EQ(parts.size(), 1u);
  EXPECT_GE(record.budget_head().count, 4u);
  for (std::int64_t i = 0; i < lines; ++i) {
    EXPECT_EQ(record.budget(static_cast<std::size_t>(i)).figures.charged, i);
  }
}

TEST(BudgetLines, OnePastALimitIsNamed) {
  LongLine line(1);
  EXPECT_EQ(line.line(1).too_long(), "");
  for (auto [text, name] : {std::pair{&LongLine::name, "name"},
                            {&LongLine::unit, "unit"},
                            {&LongLine::kind, "kind"},
                            {&LongLine::key, "key"}}) {
    LongLine longer = line;
    (longer.*text) += 'x';
    EXPECT_EQ(longer.line(1).too_long(), name);
  }
}

TEST(BudgetLines, TheChecksumSeesWhatTheySay) {
  CallRecord record = asked();
  std::uint32_t none = record.checksum(1);
  for (const BudgetLine& line : test::usual_budgets(5, WallTime{1})) record.add_budget(line);
  std::uint32_t before = record.checksum(1);
  EXPECT_NE(before, none);
  for (std::size_t i = 0; i < 4; ++i) {
    record.set_budget(i, figures(6 + static_cast<std::int64_t>(i)));
    EXPECT_NE(record.checksum(1), before);
    before = record.checksum(1);
  }
}

// With a number for each line, as a store gives them.
StoredCall through_facts(const CallRecord& record) {
  BudgetNames names;
  std::vector<std::string> accounts;
  std::vector<FactsBudget> budgets;
  for (std::size_t i = 0; i < record.budget_count(); ++i) {
    BudgetLine line = record.budget(i);
    auto number = static_cast<std::int64_t>(i + 1);
    names[number] = {std::string(line.name), std::string(line.unit), std::string(line.kind)};
    accounts.push_back(account_in_facts(number, line.key, line.window_begun));
    budgets.push_back({.account = {}, .figures = line.figures});
  }
  for (std::size_t i = 0; i < budgets.size(); ++i) budgets[i].account = accounts[i];
  FactsRoom room;
  write_facts(room, record, budgets);
  return read_facts(room.text(), names);
}

// What a foreign hand wrote is refused, or can be read (AddressSanitizer watches).
TEST(BudgetLines, RandomBytesAreNeverReadOutOfRange) {
  Random random(3);
  int sound = 0;
  for (int round = 0; round < 20'000; ++round) {
    CallRecord record = asked();
    for (const BudgetLine& line : test::usual_budgets(5, WallTime{1})) record.add_budget(line);
    auto* bytes = reinterpret_cast<unsigned char*>(&record);
    constexpr std::size_t from = sizeof(CallRecord) - CallRecord::budget_room_bytes_max;
    for (std::uint64_t n = random.below(8); n > 0; --n) {
      bytes[from + random.below(CallRecord::budget_room_bytes_max)] =
          static_cast<unsigned char>(random.next());
    }
    if (!record.sound()) continue;
    ++sound;
    EXPECT_EQ(through_facts(record).id, record.id);
  }
  EXPECT_GT(sound, 1000);
  EXPECT_LT(sound, 19'000) << "some hit a reference";
}

// ---- as text

TEST(BudgetLines, AreShownInTheUnitOfTheirBudget) {
  CallRecord record = asked();
  BudgetLine usd = test::usual_budgets(448'500, WallTime{77})[1];
  BudgetLine seconds{.name = "run",
                     .unit = "seconds",
                     .kind = "total",
                     .key = {},
                     .window_begun = {},
                     .figures = {.reserved = 0, .charged = 1'250, .remaining = 58'750}};
  BudgetLine tokens{.name = "t\"x",
                    .unit = "tokens",
                    .kind = "total user",
                    .key = "user=a\nb",
                    .window_begun = {},
                    .figures = {.reserved = 100, .charged = 120, .remaining = -20}};
  for (const BudgetLine& line : {usd, seconds, tokens}) record.add_budget(line);
  EXPECT_EQ(stored(record).budgets,
            R"([{"name":"team-day","key":"org=acme,team=search","unit":"usd",)"
            R"("window_begun":"2026-09-21T00:00:00.000Z","reserved_usd":"0.000897000",)"
            R"("charged_usd":"0.000448500","remaining_usd":"1.999551500"},)"
            R"({"name":"run","key":null,"unit":"seconds","window_begun":null,)"
            R"("reserved":0,"charged":1.25,"remaining":58.75},)"
            R"({"name":"t\"x","key":"user=a\nb","unit":"tokens","window_begun":null,)"
            R"("reserved":100,"charged":120,"remaining":-20}])");
  EXPECT_EQ(through_facts(record), stored(record)) << "with no costs before them";
  std::string json;
  append_call_json(json, stored(record));
  EXPECT_THAT(json, HasSubstr(R"("budgets":[{"name":"team-day")"));
}

TEST(BudgetLines, AnyComeBackOutOfARow) {
  Random random(5);
  auto text = [&random](std::size_t most) {
    std::string out(random.below(most + 1), 'x');
    for (char& c : out) c = static_cast<char>(random.below(6) == 0 ? random.next() : 'a');
    return out;
  };
  for (int round = 0; round < 500; ++round) {
    CallRecord record = asked();
    if (random.below(2) == 0) test::fill_completed(record);
    std::deque<BudgetPart> parts;
    for (std::uint64_t n = random.below(budgets_max + 1); n > 0; --n) {
      std::string name = text(budget_name_bytes_max);
      std::string kind = text(budget_kind_bytes_max);
      std::string key = text(random.below(8) == 0 ? budget_key_bytes_max : 40);
      auto number = [&random] { return static_cast<std::int64_t>(random.next()); };
      test::add_budget(
          record, parts,
          {.name = name,
           .unit = random.below(2) == 0 ? "usd" : "tokens",
           .kind = kind,
           .key = key,
           .window_begun = {number() >> 1},
           .figures = {.reserved = number(), .charged = number(), .remaining = number()}});
    }
    ASSERT_EQ(through_facts(record), stored(record));
  }
}

// ---- in the journal

struct BudgetJournalTest : testing::Test {
  std::unique_ptr<Journal> make(JournalOptions options = {}) {
    Result<std::unique_ptr<Journal>> journal = Journal::create(path, options);
    EXPECT_TRUE(journal) << journal.error().message();
    return journal ? std::move(*journal) : nullptr;
  }
  // A call with `count` budgets at their longest, which charge 1, 2, ..
  std::uint32_t begin(Journal& journal, std::size_t count) {
    std::uint32_t slot = *journal.take(CallId{1, ++last_id}, WallTime{5}, someone);
    for (std::size_t i = 0; i < count; ++i) {
      LongLine line(i);
      BudgetLine added = line.line(static_cast<std::int64_t>(i + 1));
      if (!journal.record(slot).add_budget(added)) EXPECT_TRUE(journal.add_part(slot, added));
    }
    return slot;
  }
  void patch(std::size_t offset, const void* bytes, std::size_t size) {
    Result<File> file = open_private(path, O_RDWR);
    ASSERT_TRUE(file);
    ASSERT_EQ(::pwrite(file->get(), bytes, size, static_cast<off_t>(offset)),
              static_cast<ssize_t>(size));
  }
  static std::size_t offset_of(std::uint32_t slot) {
    return journal_head_bytes + slot * slot_bytes;
  }
  std::int64_t balance(std::size_t i, std::int64_t window) {
    LongLine line(i);
    BalanceQuery query{.of = {line.name, line.unit, line.kind}};
    Result<BalancePage> page = store.balances(query);
    EXPECT_TRUE(page);
    for (const Balance& one : page->balances) {
      if (one.place.window_begun.ns == window) return one.charged;
    }
    return 0;
  }

  test::TempDirectory temp;
  std::string path = temp / "calls.journal";
  MemoryStore store;
  std::uint64_t last_id = 0;
};

TEST_F(BudgetJournalTest, ASettledCallIsBookedWholeAndOnce) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t slot = begin(*journal, budgets_max);
  journal->record(slot).outcome = Outcome::completed;
  StoredCall expected = stored(journal->record(slot));
  journal->settle(slot);
  for (int again = 0; again < 2; ++again) {
    Result<Recovery> found = recover_journal(path, store, "9.9");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->settled, 1u);
    EXPECT_EQ(found->damaged, 0u) << found->fault;
    EXPECT_EQ(**store.call(expected.id), expected);
    for (std::size_t i = 0; i < budgets_max; ++i) {
      EXPECT_EQ(balance(i, static_cast<std::int64_t>(i + 1)), static_cast<std::int64_t>(i + 1));
    }
  }
}

TEST_F(BudgetJournalTest, ARunningCallIsBookedWithWhatItHadCharged) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t slot = begin(*journal, 3);
  journal->record(slot).set_budget(2, figures(500));
  Result<Recovery> found = recover_journal(path, store, "9.9");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->open, 1u);
  EXPECT_EQ(found->damaged, 0u) << found->fault;
  EXPECT_EQ(balance(0, 1), 1);
  EXPECT_EQ(balance(2, 3), 500);
}

TEST_F(BudgetJournalTest, SlotsOfPartsAreGivenBack) {
  std::unique_ptr<Journal> journal = make({.slots_initial = 1024, .slots_max = 1024});
  std::vector<std::uint32_t> settled;
  for (int round = 0; round < 200; ++round) {
    std::uint32_t slot = begin(*journal, budgets_max);
    EXPECT_EQ(journal->in_use(), 1u);
    EXPECT_EQ(journal->slots_in_use(), 1 + budgets_max);
    journal->record(slot).outcome = Outcome::completed;
    journal->settle(slot);
    journal->release(slot);
  }
  EXPECT_EQ(journal->slots_in_use(), 0u);
}

TEST_F(BudgetJournalTest, WithoutAFreeSlotALineIsRefusedAndTheOthersStay) {
  std::unique_ptr<Journal> journal = make({.slots_initial = 1024, .slots_max = 1024});
  std::uint32_t slot = begin(*journal, 2);
  while (journal->take(CallId{2, ++last_id}, WallTime{5}, someone)) continue;
  LongLine line(2);
  EXPECT_FALSE(journal->record(slot).add_budget(line.line(3)));
  EXPECT_FALSE(journal->add_part(slot, line.line(3)));
  EXPECT_EQ(journal->record(slot).budget_count(), 2u);
}

// kill -9 between the release of a call and that of its parts: the row is stored, parts of nothing
// are nobody's.
TEST_F(BudgetJournalTest, PartsOfNoCallAreNothing) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t slot = begin(*journal, 4);
  SlotState free = SlotState::free;
  constexpr std::size_t state_at = 8;  // after magic and layout
  patch(offset_of(slot) + state_at, &free, sizeof free);
  Result<Recovery> found = recover_journal(path, store, "9.9");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->settled + found->open + found->damaged, 0u);
  EXPECT_EQ(*store.count_calls(), 0u);
}

// A slot that was taken and not yet referred to when the process died.
TEST_F(BudgetJournalTest, ALineThatWasNotYetPartOfItsCallWasNotReserved) {
  Slot of;
  of.open(4, CallId{1, 1}, WallTime{5}, someone);
  Slot there;
  BudgetPart& part = there.open_part(4);
  LongLine line(1);
  ASSERT_TRUE(add_line(part.head, part.room, line.line(7)));
  EXPECT_EQ(of.record.budget_count(), 0u);
  EXPECT_EQ(examine(of), Found::open);
  EXPECT_EQ(examine(there), Found::part);
  EXPECT_TRUE(part_of(of, there)) << "but it could be: a running call has no checksum";
  there.sequence = 5;
  EXPECT_FALSE(part_of(of, there)) << "another call's";
}

TEST_F(BudgetJournalTest, ADamagedPartIsToldAndTheRestIsBooked) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t slot = begin(*journal, 3);
  const BudgetPart* second = journal->record(slot).budget_head().next->head.next;
  ASSERT_NE(second, nullptr) << "each line is in a slot of its own";
  std::uint32_t third = second->head.next_slot;
  ASSERT_NE(third, no_slot);
  journal->record(slot).outcome = Outcome::completed;
  journal->settle(slot);
  std::int64_t other = 99;
  std::size_t first_number =
      offset_of(third) + (slot_bytes - sizeof(CallRecord)) + sizeof(BudgetHead);
  patch(first_number + 4 * sizeof other, &other, sizeof other);  // charged
  Result<Recovery> found = recover_journal(path, store, "9.9");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->settled, 1u);
  EXPECT_EQ(found->damaged, 1u);
  EXPECT_EQ(std::filesystem::file_size(found->aside), slot_bytes);
  EXPECT_EQ(balance(0, 1), 1);
  EXPECT_EQ(balance(1, 2), 2);
  EXPECT_EQ(balance(2, 3), 0);
}

// A foreign hand made parts refer to each other.
TEST_F(BudgetJournalTest, ACircleOfPartsEnds) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t slot = begin(*journal, 3);
  std::uint32_t first = journal->record(slot).budget_head().next_slot;
  BudgetPart& second = *journal->record(slot).budget_head().next->head.next;
  std::uint32_t third = std::exchange(second.head.next_slot, first);
  Result<Recovery> found = recover_journal(path, store, "9.9");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->open, 1u);
  EXPECT_EQ(found->damaged, 1u);
  second.head.next_slot = third;
}

}  // namespace
}  // namespace recloser::ledger
