// The memory-mapped file in which every call lives from its first moment until its row is stored.
#pragma once

#include "core/result.h"
#include "ledger/files.h"
#include "ledger/slot.h"
#include "ledger/slot_stack.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::ledger {

struct JournalOptions {
  std::uint32_t slots_initial = 4 * segment_slots;  // rounded up to segments of 1,024
  std::uint32_t slots_max = 128 * segment_slots;    // open calls and rows that wait, together
  std::string program_version = "0";                // stands in the file's head
};

// Taking a slot, settling and releasing it are lock-free and make no system call. Free slots are
// reused last in, first out, so that few pages are in use and those stay warm.
class Journal {
 public:
  // A fresh journal at `path`; what was there is replaced in one step, so recover first.
  static Result<std::unique_ptr<Journal>> create(const std::string& path,
                                                 const JournalOptions& options);
  class Made;  // only create() can make one
  Journal(const Made& made, std::string path, File file, std::uint32_t slots_max);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // The slot of a call that begins, or nothing when none is free: then grow().
  std::optional<std::uint32_t> take(CallId id, WallTime at, const CallOpening& who);
  CallRecord& record(std::uint32_t slot) { return slots_.at(slot).record; }

  // Another slot for lines that found no room in the record, and `line` in it. False when none is
  // free: then grow().
  bool add_part(std::uint32_t slot, const BudgetLine& line);

  // The call has ended: from here on its row is certain. The slot waits for the writer.
  void settle(std::uint32_t slot);
  // The writer's: all slots that were settled, oldest first, appended to `out`.
  void take_settled(std::vector<std::uint32_t>& out);
  bool none_settled() const { return settled_.empty(); }
  // The writer's: the row is in the store.
  void release(std::uint32_t slot);

  // One segment more. Kind::full at slots_max or when the disk is full. Any thread; waits for
  // another thread's growing.
  Result<void> grow();
  // Everything written so far survives a power loss. Slow: never on a worker.
  Result<void> sync();
  // Says in the file whether every row is in the store; before the last close.
  void mark_clean(bool clean);

  std::uint32_t capacity() const { return capacity_.load(std::memory_order_relaxed); }
  std::uint32_t capacity_max() const { return slots_max_; }
  // How many calls have a slot; exact when nobody is taking or releasing.
  std::uint32_t in_use() const;
  // How many slots are not free.
  std::uint32_t slots_in_use() const { return in_use() + parts_.load(std::memory_order_relaxed); }

 private:
  Result<void> write_head(std::string_view program_version);
  std::optional<std::uint32_t> take_slot();
  std::optional<std::uint32_t> take_unused();

  const std::string path_;
  const File file_;
  const std::uint32_t slots_max_;
  std::mutex growing_;
  JournalHead* head_ = nullptr;
  SlotTable slots_;
  SlotStack free_;
  SlotStack settled_;
  std::atomic<std::uint32_t> capacity_{0};
  std::atomic<std::uint32_t> unused_from_{0};  // slots never used lie from here to the capacity
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  alignas(64) std::atomic<std::uint64_t> released_{0};
  std::atomic<std::uint32_t> parts_{0};  // rare
};

}  // namespace recloser::ledger
