// The journal: slots taken, settled, released; limits; several threads; and every state that a
// killed process, a lost page or a foreign hand can leave behind.
#include "ledger/journal.h"

#include "ledger/memory_store.h"
#include "ledger/recovery.h"
#include "ledger/test_support.h"
#include "ledger/testing/full_disk.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

namespace recloser::ledger {
namespace {

using test::someone;
using testing::HasSubstr;

struct Fixture : testing::Test {
  std::unique_ptr<Journal> make(JournalOptions options = {}) {
    Result<std::unique_ptr<Journal>> journal = Journal::create(path, options);
    EXPECT_TRUE(journal) << journal.error().message();
    return journal ? std::move(*journal) : nullptr;
  }

  CallId next_id() { return CallId{1, ++last_id}; }

  std::uint32_t begin(Journal& journal) {
    std::optional<std::uint32_t> slot = journal.take(next_id(), WallTime{5}, someone);
    EXPECT_TRUE(slot);
    return slot.value_or(0);
  }

  std::uint32_t settle(Journal& journal) {
    std::uint32_t slot = begin(journal);
    journal.record(slot).outcome = Outcome::completed;
    journal.settle(slot);
    return slot;
  }

  // Changes bytes of the file as a lost page or a foreign hand would.
  void patch(std::size_t offset, std::string_view bytes) {
    Result<File> file = open_private(path, O_RDWR);
    ASSERT_TRUE(file);
    ASSERT_EQ(::pwrite(file->get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
              static_cast<ssize_t>(bytes.size()));
  }
  std::size_t offset_of(std::uint32_t slot) const { return journal_head_bytes + slot * slot_bytes; }

  Result<Recovery> recover() { return recover_journal(path, store, "9.9"); }

  test::TempDirectory temp;
  std::string path = temp / "calls.journal";
  MemoryStore store;
  std::uint64_t last_id = 0;
};

using JournalTest = Fixture;
using RecoveryTest = Fixture;

TEST_F(JournalTest, IsPrivateAndReusesTheLastFreedSlotFirst) {
  std::unique_ptr<Journal> journal = make();
  EXPECT_EQ(test::rights_of(path), 0600u);
  std::uint32_t a = settle(*journal);
  std::uint32_t b = settle(*journal);
  EXPECT_NE(a, b);
  std::vector<std::uint32_t> settled;
  journal->take_settled(settled);
  EXPECT_EQ(settled, (std::vector<std::uint32_t>{a, b})) << "oldest first";
  EXPECT_EQ(journal->in_use(), 2u);
  journal->release(a);
  journal->release(b);
  EXPECT_EQ(journal->in_use(), 0u);
  EXPECT_EQ(begin(*journal), b);
  EXPECT_EQ(begin(*journal), a);
}

TEST_F(JournalTest, AtItsCapacityAndOnePast) {
  std::unique_ptr<Journal> journal = make({.slots_initial = 1, .slots_max = 2048});
  ASSERT_EQ(journal->capacity(), 1024u);
  for (int i = 0; i < 1024; ++i) begin(*journal);
  EXPECT_FALSE(journal->take(next_id(), WallTime{5}, someone));
  ASSERT_TRUE(journal->grow());
  EXPECT_EQ(journal->capacity(), 2048u);
  for (int i = 0; i < 1024; ++i) begin(*journal);
  EXPECT_FALSE(journal->take(next_id(), WallTime{5}, someone));
  Result<void> grown = journal->grow();
  ASSERT_FALSE(grown);
  EXPECT_EQ(grown.error().kind(), Kind::full);
  EXPECT_THAT(grown.error().message(), HasSubstr("all 2048 slots"));
}

TEST_F(JournalTest, ThreadsNeverShareASlotAndTheWriterMissesNone) {
  constexpr int workers = 3;
  constexpr std::uint64_t each = 5'000;
  std::unique_ptr<Journal> journal = make({.slots_initial = 1024, .slots_max = 1024});
  std::atomic<int> running{workers};
  std::vector<std::thread> threads;
  for (std::uint64_t w = 0; w < workers; ++w) {
    threads.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < each;) {
        std::optional<std::uint32_t> slot = journal->take(CallId{w, i}, WallTime{5}, someone);
        if (!slot) {
          std::this_thread::yield();
          continue;
        }
        journal->record(*slot).input_tokens = static_cast<std::int64_t>(i);
        journal->settle(*slot);
        ++i;
      }
      running.fetch_sub(1);
    });
  }
  std::vector<std::uint64_t> next(workers, 0);
  std::vector<std::uint32_t> settled;
  std::uint64_t seen = 0;
  while (running.load() > 0 || seen < workers * each) {
    settled.clear();
    journal->take_settled(settled);
    for (std::uint32_t slot : settled) {
      const CallRecord& record = journal->record(slot);
      ASSERT_EQ(record.id.low, next[record.id.high]++) << "in the order of its worker";
      ASSERT_EQ(record.input_tokens, static_cast<std::int64_t>(record.id.low));
      journal->release(slot);
      ++seen;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, workers * each);
  EXPECT_EQ(journal->in_use(), 0u);
}

TEST_F(JournalTest, ADirectoryThatIsMissingSaysSo) {
  Result<std::unique_ptr<Journal>> journal = Journal::create(temp / "no/calls.journal", {});
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message(), HasSubstr("No such file or directory"));
}

TEST_F(JournalTest, AFullDiskRefusesGrowthAndLeavesTheSlotsThereAre) {
  std::unique_ptr<Journal> journal = make({.slots_initial = 1024, .slots_max = 4096});
  std::optional<test::FullDisk> full(journal_head_bytes + segment_bytes);  // as large as it is
  Result<void> grown = journal->grow();
  Result<std::unique_ptr<Journal>> another = Journal::create(temp / "other.journal", {});
  full.reset();
  ASSERT_FALSE(grown);
  EXPECT_EQ(grown.error().kind(), Kind::full);
  EXPECT_THAT(grown.error().message(), HasSubstr("free some space"));
  ASSERT_FALSE(another) << "a start needs its first slots";
  EXPECT_FALSE(std::filesystem::exists(temp / "other.journal.new")) << "nothing is left behind";
  EXPECT_EQ(journal->capacity(), 1024u);
  settle(*journal);
  EXPECT_TRUE(journal->grow()) << "and back";
}

TEST_F(RecoveryTest, NoFileIsNothingToDo) {
  Result<Recovery> found = recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->settled + found->open + found->damaged, 0u);
}

TEST_F(RecoveryTest, SettledStaysAsItWasOpenBecomesGatewayFailedFreeIsNothing) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t done = begin(*journal);
  test::fill_completed(journal->record(done));
  journal->record(done).outcome = Outcome::completed;
  journal->record(done).duration_ns = 77;
  StoredCall expected = stored(journal->record(done));
  journal->settle(done);
  std::uint32_t running = begin(*journal);
  journal->record(running).set(Text::session, "s");
  journal->record(running).delivered_tokens = 12;
  journal->record(running).begin_attempt("openai/x", WallTime{6});
  CallId running_id = journal->record(running).id;
  journal->release(settle(*journal));
  Result<Recovery> found = recover();  // the file is as a kill would leave it
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->settled, 1u);
  EXPECT_EQ(found->open, 1u);
  EXPECT_EQ(found->damaged, 0u);
  EXPECT_EQ(found->new_rows, 2u);
  EXPECT_EQ(*store.count_calls(), 2u);
  EXPECT_EQ(**store.call(expected.id), expected);
  StoredCall seen = **store.call(running_id);
  EXPECT_EQ(seen.outcome, Outcome::gateway_failed);
  EXPECT_EQ(seen.tokens_source, TokensSource::estimated);
  EXPECT_EQ(seen.session, "s");
  EXPECT_EQ(seen.delivered_tokens, 12);
  EXPECT_THAT(seen.attempts, HasSubstr("openai/x"));

  Result<Recovery> again = recover();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->new_rows, 0u) << "running it twice adds nothing";
  EXPECT_EQ(**store.call(expected.id), expected);
}

// kill -9 between any two stores of begin and settle, as the bytes that are then in the file.
TEST_F(RecoveryTest, EveryPrefixOfTheStoresIsSound) {
  Slot slot;
  std::vector<std::pair<std::string, Found>> seen;
  auto look = [&](const char* name) { seen.emplace_back(name, examine(slot)); };
  look("fresh");
  slot.open(1, CallId{1, 1}, WallTime{5}, someone);
  slot.state = SlotState::free;
  look("content written, not opened");
  slot.state = SlotState::open;
  look("opened");
  slot.record.set(Text::session, "s");
  slot.record.outcome = Outcome::completed;
  slot.record.duration_ns = 5;
  look("updated");
  slot.settle();
  slot.state = SlotState::open;
  look("checksum written, not settled");
  slot.state = SlotState::settled;
  look("settled");
  slot.release();
  look("released");
  std::vector<std::pair<std::string, Found>> expected{
      {"fresh", Found::free},
      {"content written, not opened", Found::free},
      {"opened", Found::open},
      {"updated", Found::open},
      {"checksum written, not settled", Found::open},
      {"settled", Found::settled},
      {"released", Found::free}};
  EXPECT_EQ(seen, expected);
}

TEST_F(RecoveryTest, AnyChangedByteOfASettledSlotIsNoticed) {
  Slot slot;
  slot.open(1, CallId{1, 1}, WallTime{5}, someone);
  test::fill_completed(slot.record);
  slot.record.outcome = Outcome::completed;
  slot.settle();
  ASSERT_EQ(examine(slot), Found::settled);
  auto* bytes = reinterpret_cast<unsigned char*>(&slot);
  std::size_t next_at = 12;  // SlotState 4 after magic and layout; the list link means nothing
  std::size_t unused_from = 0;
  for (std::size_t i = 0; i < slot_bytes; ++i) {
    bytes[i] ^= 0x10;
    Found found = examine(slot);
    bytes[i] ^= 0x10;
    if (i >= next_at && i < next_at + 4) {
      EXPECT_EQ(found, Found::settled) << i;
    } else if (found == Found::settled) {
      if (unused_from == 0) unused_from = i;
    } else {
      EXPECT_EQ(unused_from, 0u) << "a hole before byte " << i;
    }
  }
  EXPECT_GT(unused_from, 32u + 408u) << "only the unused end may change unseen";
}

TEST_F(RecoveryTest, DamagedSlotsAreKeptAsideAndTheOthersBooked) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t good = settle(*journal);
  std::uint32_t torn = settle(*journal);
  CallId good_id = journal->record(good).id;
  journal.reset();
  patch(offset_of(torn) + (slot_bytes - sizeof(CallRecord)) + 24, "XXXX");
  patch(offset_of(500), "garbage that is no slot");
  Result<Recovery> found = recover();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->settled, 1u);
  EXPECT_EQ(found->damaged, 2u);
  EXPECT_TRUE(*store.call(good_id));
  EXPECT_EQ(*store.count_calls(), 1u);
  EXPECT_EQ(std::filesystem::file_size(found->aside), 2 * slot_bytes);
  EXPECT_EQ(test::rights_of(found->aside), 0600u);
}

TEST_F(RecoveryTest, AForeignFileIsKeptWhole) {
  std::string text = "this is a letter to my aunt";
  test::write_file(path, text);
  Result<Recovery> found = recover();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_GE(found->damaged, 1u);
  EXPECT_EQ(std::filesystem::file_size(found->aside), text.size());
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_NE(make(), nullptr);
}

TEST_F(RecoveryTest, ADamagedHeadDoesNotCostTheSlotsBehindIt) {
  std::unique_ptr<Journal> journal = make();
  CallId id = journal->record(settle(*journal)).id;
  journal.reset();
  patch(0, "????");
  Result<Recovery> found = recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->settled, 1u);
  EXPECT_EQ(found->damaged, 1u);
  EXPECT_TRUE(*store.call(id));
  EXPECT_TRUE(std::filesystem::exists(found->aside));
}

TEST_F(RecoveryTest, ATruncatedFileGivesWhatIsWhole) {
  std::unique_ptr<Journal> journal = make();
  std::uint32_t first = settle(*journal);
  settle(*journal);
  journal.reset();
  ASSERT_EQ(first, 0u);
  std::filesystem::resize_file(path, offset_of(1) + 100);
  Result<Recovery> found = recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->settled, 1u);
  EXPECT_EQ(found->damaged, 2u) << "half a slot, and the end";
  EXPECT_EQ(found->fault, "the file ends after 1 of its 4096 slots");
  EXPECT_EQ(std::filesystem::file_size(found->aside), offset_of(1) + 100) << "kept whole";
}

// Cut in front of the first call: nothing in what is left hints at it but the length.
TEST_F(RecoveryTest, AFileCutWithinItsHeadOrItsSlotsIsDamage) {
  for (auto [size, fault] :
       {std::pair<std::size_t, const char*>{0, "the file is empty"},
        {100, "the file ends after 100 bytes, in its head"},
        {journal_head_bytes - 1, "the file ends after 4095 bytes, in its head"},
        {journal_head_bytes, "the file ends after 0 of its 4096 slots"},
        {offset_of(3 * segment_slots), "the file ends after 3072 of its 4096 slots"},
        {offset_of(4 * segment_slots) - 1, "the file ends after 4095 of its 4096 slots"}}) {
    begin(*make());
    std::filesystem::resize_file(path, size);
    Result<Recovery> found = recover();
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->fault, fault);
    EXPECT_EQ(found->damaged, 1u) << fault;
    EXPECT_EQ(found->open, size > offset_of(0) ? 1u : 0u) << fault;
    EXPECT_EQ(std::filesystem::file_size(found->aside), size);
    EXPECT_FALSE(std::filesystem::exists(path)) << "it is the one that was set aside";
  }
}

// A kill between the growing and the note of it.
TEST_F(RecoveryTest, AFileLongerThanItSaysIsAsGoodAsAnother) {
  begin(*make());
  std::filesystem::resize_file(path, offset_of(5 * segment_slots) + 7);
  Result<Recovery> found = recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->open, 1u);
  EXPECT_EQ(found->damaged, 0u) << found->fault;
}

TEST_F(RecoveryTest, AGrownFileIsWholeAtItsNewLength) {
  std::unique_ptr<Journal> journal = make();
  ASSERT_TRUE(journal->grow());
  begin(*journal);
  EXPECT_EQ(recover()->damaged, 0u);
  std::filesystem::resize_file(path, offset_of(4 * segment_slots));
  EXPECT_EQ(recover()->fault, "the file ends after 4096 of its 5120 slots");
}

// A journal is made under another name and gets its own when all of it is on the disk, so that no
// crash leaves a head of zeros; one that leaves the other file behind leaves nothing to recover.
TEST_F(RecoveryTest, AHeadOfZerosIsDamageAndAnUnfinishedFileIsNot) {
  test::write_file(path + ".new", std::string(journal_head_bytes, '\0'));
  EXPECT_EQ(recover()->damaged, 0u);
  CallId id;
  {
    std::unique_ptr<Journal> journal = make();
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
    id = journal->record(settle(*journal)).id;
  }
  patch(0, std::string(journal_head_bytes, '\0'));
  Result<Recovery> found = recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->fault, "its head is nothing but zeros");
  EXPECT_TRUE(*store.call(id)) << "the slots behind it prove themselves";
  EXPECT_TRUE(std::filesystem::exists(found->aside));
}

TEST_F(RecoveryTest, AHeadWhoseChecksumIsWrongIsDamage) {
  begin(*make());
  patch(offsetof(JournalHead, written_by), "9");
  Result<Recovery> found = recover();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->open, 1u);
  EXPECT_EQ(found->fault, "its head is not one of Recloser's, or was changed");
}

void make_other_layout(const std::string& path, bool clean) {
  JournalHead head;
  head.magic = JournalHead::magic_bytes;
  head.layout = journal_layout + 1;
  std::memcpy(head.written_by.data(), "7.1.0", 5);
  head.crc = head.checksum();
  head.clean = clean ? JournalHead::clean_mark : 0;
  std::string page(journal_head_bytes, '\0');
  std::memcpy(page.data(), &head, sizeof head);
  test::write_file(path, page + std::string(slot_bytes, 'q'));
}

TEST_F(RecoveryTest, AnotherLayoutWithCallsIsRefusedWithTheWayBack) {
  make_other_layout(path, false);
  Result<Recovery> found = recover();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind(), Kind::unsupported);
  EXPECT_THAT(found.error().message(), HasSubstr("Start Recloser 7.1.0 once and stop it cleanly"));
  EXPECT_EQ(std::filesystem::file_size(path), journal_head_bytes + slot_bytes) << "left as it was";
}

TEST_F(RecoveryTest, AnotherLayoutThatWasStoppedCleanlyHoldsNothing) {
  make_other_layout(path, true);
  Result<Recovery> found = recover();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->damaged, 0u);
}

TEST_F(RecoveryTest, AStoreThatRefusesStopsTheStartAndLosesNothing) {
  std::unique_ptr<Journal> journal = make();
  settle(*journal);
  store.fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
  Result<Recovery> found = recover();
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("recover the calls of the last run"));
  store.fail_writes_with(std::nullopt);
  EXPECT_EQ(recover()->new_rows, 1u);
}

}  // namespace
}  // namespace recloser::ledger
