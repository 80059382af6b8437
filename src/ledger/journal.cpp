#include "ledger/journal.h"

#include "core/check.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

constexpr std::uint32_t segments_for(std::uint32_t slots) {
  return std::clamp((slots + segment_slots - 1) / segment_slots, 1u, SlotTable::segments_max);
}

}  // namespace

class Journal::Made {};

Journal::Journal(const Made&, std::string path, File file, std::uint32_t slots_max)
    : path_(std::move(path)), file_(std::move(file)), slots_max_(slots_max) {}

Result<std::unique_ptr<Journal>> Journal::create(const std::string& path,
                                                 const JournalOptions& options) {
  std::string fresh = path + ".new";
  Result<File> file = open_private(fresh, O_RDWR | O_CREAT | O_TRUNC);
  if (!file) return fail(file.error());
  std::uint32_t segments_max = segments_for(options.slots_max);
  auto journal =
      std::make_unique<Journal>(Made{}, path, std::move(*file), segments_max * segment_slots);
  Result<void> done = journal->write_head(options.program_version);
  std::uint32_t segments = std::min(segments_for(options.slots_initial), segments_max);
  for (std::uint32_t i = 0; done && i < segments; ++i) done = journal->grow();
  if (done) done = journal->sync();
  if (done && std::rename(fresh.c_str(), path.c_str()) != 0) {
    done = fail(system_error("replace the journal", path, errno));
  }
  if (done) done = sync_directory_of(path);
  if (!done) {
    ::unlink(fresh.c_str());
    return fail(done.error().while_doing("make the journal of calls"));
  }
  return journal;
}

Journal::~Journal() {
  for (std::uint32_t i = 0; i < SlotTable::segments_max; ++i) {
    if (Slot* segment = slots_.segment(i)) ::munmap(segment, segment_bytes);
  }
  if (head_ != nullptr) ::munmap(head_, journal_head_bytes);
}

std::optional<std::uint32_t> Journal::take(CallId id, WallTime at, const CallOpening& who) {
  std::optional<std::uint32_t> slot = take_slot();
  if (!slot) return std::nullopt;
  std::uint64_t number = taken_.fetch_add(1, std::memory_order_relaxed);
  slots_.at(*slot).open(number, id, at, who);
  return slot;
}

std::optional<std::uint32_t> Journal::take_slot() {
  std::optional<std::uint32_t> slot = free_.pop(slots_);
  return slot ? slot : take_unused();
}

std::optional<std::uint32_t> Journal::take_unused() {
  std::uint32_t slot = unused_from_.load(std::memory_order_relaxed);
  while (slot < capacity_.load(std::memory_order_acquire)) {
    if (unused_from_.compare_exchange_weak(slot, slot + 1, std::memory_order_relaxed)) return slot;
  }
  return std::nullopt;
}

bool Journal::add_part(std::uint32_t slot, const BudgetLine& line) {
  std::optional<std::uint32_t> taken = take_slot();
  if (!taken) return false;
  parts_.fetch_add(1, std::memory_order_relaxed);
  BudgetPart& part = slots_.at(*taken).open_part(slots_.at(slot).sequence);
  bool added = add_line(part.head, part.room, line);
  CHECK(added, "an empty part has room for the longest line");
  slots_.at(slot).record.add_part(part, *taken);
  return true;
}

void Journal::settle(std::uint32_t slot) {
  std::uint32_t part = slots_.at(slot).record.budget_head().next_slot;
  for (; part != no_slot; part = slots_.at(part).part().head.next_slot) {
    slots_.at(part).settle_part();
  }
  slots_.at(slot).settle();
  settled_.push(slots_, slot);
}

void Journal::take_settled(std::vector<std::uint32_t>& out) { settled_.take_all(slots_, out); }

void Journal::release(std::uint32_t slot) {
  std::uint32_t part = slots_.at(slot).record.budget_head().next_slot;
  // Before its parts: what refers to nothing is never read.
  slots_.at(slot).release();
  released_.fetch_add(1, std::memory_order_relaxed);
  free_.push(slots_, slot);
  while (part != no_slot) [[unlikely]] {
    std::uint32_t following = slots_.at(part).part().head.next_slot;
    slots_.at(part).release();
    parts_.fetch_sub(1, std::memory_order_relaxed);
    free_.push(slots_, part);
    part = following;
  }
}

std::uint32_t Journal::in_use() const {
  std::uint64_t released = released_.load(std::memory_order_relaxed);
  return static_cast<std::uint32_t>(taken_.load(std::memory_order_relaxed) - released);
}

Result<void> Journal::grow() {
  std::lock_guard lock(growing_);
  std::uint32_t segment = capacity() / segment_slots;
  if (capacity() >= slots_max_) {
    return fail(Side::gateway, Kind::full,
                fmt::format("all {} slots of the journal are in use: so many calls are open or "
                            "wait for the store",
                            slots_max_));
  }
  auto at = static_cast<off_t>(journal_head_bytes + segment * segment_bytes);
  // Blocks are reserved here, so that no store to a slot can meet a full disk.
  int error = ::posix_fallocate(file_.get(), at, static_cast<off_t>(segment_bytes));
  if (error != 0) return fail(system_error("grow the journal", path_, error));
  void* bytes = ::mmap(nullptr, segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), at);
  if (bytes == MAP_FAILED) return fail(system_error("map the journal", path_, errno));
  slots_.add(segment, static_cast<Slot*>(bytes));
  head_->segments.store(segment + 1, std::memory_order_release);
  capacity_.fetch_add(segment_slots, std::memory_order_release);
  return {};
}

Result<void> Journal::write_head(std::string_view program_version) {
  int error = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(journal_head_bytes));
  if (error != 0) return fail(system_error("write the journal", path_, error));
  void* bytes =
      ::mmap(nullptr, journal_head_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
  if (bytes == MAP_FAILED) return fail(system_error("map the journal", path_, errno));
  head_ = std::construct_at(static_cast<JournalHead*>(bytes));
  head_->magic = JournalHead::magic_bytes;
  head_->layout = journal_layout;
  std::size_t size = std::min(program_version.size(), head_->written_by.size() - 1);
  std::memcpy(head_->written_by.data(), program_version.data(), size);
  head_->crc = head_->checksum();
  return {};
}

Result<void> Journal::sync() {
  if (::fdatasync(file_.get()) != 0) return fail(system_error("sync the journal", path_, errno));
  return {};
}

void Journal::mark_clean(bool clean) {
  head_->clean.store(clean ? JournalHead::clean_mark : 0, std::memory_order_release);
}

}  // namespace recloser::ledger
