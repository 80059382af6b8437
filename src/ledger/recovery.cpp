#include "ledger/recovery.h"

#include "ledger/files.h"
#include "ledger/slot.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

constexpr std::size_t slots_at_a_time = 512;

// Reads up to `size` bytes; fewer at the end of the file.
Result<std::size_t> read_at(const File& file, const std::string& path, void* to, std::size_t size,
                            std::size_t offset) {
  std::size_t done = 0;
  while (done < size) {
    ssize_t got = ::pread(file.get(), static_cast<char*>(to) + done, size - done,
                          static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("read the journal", path, errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

// Bytes that were not understood, kept for a person: appended to one file per recovery.
class Aside {
 public:
  explicit Aside(const std::string& journal_path) : path_(unused_name(journal_path + ".damaged")) {}

  Result<void> keep(const void* bytes, std::size_t size) {
    if (!file_.is_open()) {
      Result<File> file = open_private(path_, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
      if (!file) return fail(file.error());
      file_ = std::move(*file);
    }
    const char* at = static_cast<const char*>(bytes);
    while (size > 0) {
      ssize_t written = ::write(file_.get(), at, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return fail(system_error("write", path_, errno));
      at += written;
      size -= static_cast<std::size_t>(written);
    }
    return {};
  }

  // The whole file goes aside instead.
  Result<void> keep_whole(const std::string& journal_path) {
    if (std::rename(journal_path.c_str(), path_.c_str()) != 0) {
      return fail(system_error("move aside", journal_path, errno));
    }
    whole_ = true;
    return sync_directory_of(path_);
  }

  Result<void> finish() {
    if (!file_.is_open()) return {};
    if (::fsync(file_.get()) != 0) return fail(system_error("sync", path_, errno));
    return sync_directory_of(path_);
  }

  bool used() const { return whole_ || file_.is_open(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  File file_;
  bool whole_ = false;
};

bool all_zero(const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  return std::all_of(at, at + size, [](char c) { return c == 0; });
}

// A call that was running when the process died.
void close_open_call(CallRecord& record) {
  record.outcome = Outcome::gateway_failed;
  record.tokens_source = TokensSource::estimated;
  for (std::size_t i = 0; i < record.budget_count(); ++i) {
    BudgetLine line = record.budget(i);
    std::int64_t known = std::max<std::int64_t>(record.cost_nano_usd, 0);
    if (line.unit != "usd" || line.figures.charged <= known) continue;
    // Its budgets were told ahead of what the row had been priced with.
    record.cost_nano_usd = line.figures.charged;
    if (record.input_tokens == absent) record.input_tokens = record.expected_input_tokens;
  }
  if (record.cost_nano_usd != absent) record.cost_source = CostSource::estimated;
}

class Reader {
 public:
  Reader(const std::string& path, const File& file, Store& store)
      : path_(path), file_(file), store_(store), aside_(path) {}

  Result<void> read_all(std::string_view program_version) {
    Result<void> head = read_head(program_version);
    if (!head || nothing_left_) return head;
    std::vector<Slot> slots(slots_at_a_time);
    for (std::size_t offset = journal_head_bytes;;) {
      Result<std::size_t> got = read_at(file_, path_, static_cast<void*>(slots.data()),
                                        slots.size() * slot_bytes, offset);
      if (!got) return fail(got.error());
      Result<void> done = take(slots, *got);
      if (!done) return done;
      offset += *got;
      if (*got == slots.size() * slot_bytes) continue;
      look_at_the_end(offset);
      return {};
    }
  }

  // Once all that was understood is safe in the store.
  Result<void> finish() { return keep_whole_ ? aside_.keep_whole(path_) : aside_.finish(); }

  Recovery report() && {
    if (aside_.used()) found_.aside = aside_.path();
    return std::move(found_);
  }

 private:
  Result<void> read_head(std::string_view program_version) {
    alignas(JournalHead) std::array<char, journal_head_bytes> page{};
    Result<std::size_t> got = read_at(file_, path_, page.data(), page.size(), 0);
    if (!got) return fail(got.error());
    JournalHead head;
    std::memcpy(static_cast<void*>(&head), page.data(), sizeof head);
    if (*got < page.size() || !head.sound()) {
      // The slots behind it prove themselves, so they are looked at all the same.
      damaged_as_a_whole(fault_of_head(page, *got));
      return {};
    }
    segments_ = head.segments;
    if (head.layout == journal_layout) return {};
    nothing_left_ = head.clean == JournalHead::clean_mark;
    if (nothing_left_) return {};
    head.written_by.back() = '\0';
    return fail(Side::operator_, Kind::unsupported,
                fmt::format("the journal {} holds calls that Recloser {} left there (layout {}); "
                            "this is Recloser {} (layout {}), which cannot read them. Start "
                            "Recloser {} once and stop it cleanly, then start this one; or move "
                            "the file away and lose those calls",
                            path_, head.written_by.data(), head.layout, program_version,
                            journal_layout, head.written_by.data()));
  }

  static std::string fault_of_head(std::span<const char> page, std::size_t bytes) {
    if (bytes == 0) return "the file is empty";
    if (bytes < page.size()) return fmt::format("the file ends after {} bytes, in its head", bytes);
    if (all_zero(page.data(), page.size())) return "its head is nothing but zeros";
    return "its head is not one of Recloser's, or was changed";
  }

  void look_at_the_end(std::size_t bytes) {
    if (bytes >= journal_head_bytes + segments_ * segment_bytes) return;
    damaged_as_a_whole(fmt::format("the file ends after {} of its {} slots",
                                   (bytes - journal_head_bytes) / slot_bytes,
                                   std::size_t{segments_} * segment_slots));
  }

  void damaged_as_a_whole(std::string fault) {
    keep_whole_ = true;
    ++found_.damaged;
    found_.fault = std::move(fault);
  }

  // Of `slots`, the first `bytes`.
  Result<void> take(std::vector<Slot>& slots, std::size_t bytes) {
    std::size_t whole = bytes / slot_bytes;
    std::vector<const CallRecord*> calls;
    for (Slot& slot : std::span(slots).first(whole)) {
      Result<void> done = sort(slot, calls);
      if (!done) return done;
    }
    if (std::size_t rest = bytes % slot_bytes; rest > 0) {
      const void* tail = &slots[whole];
      if (!all_zero(tail, rest)) {
        Result<void> kept = set_aside(tail, rest);
        if (!kept) return kept;
      }
    }
    if (calls.empty()) return {};
    Result<std::size_t> stored = store_.insert_calls(calls);
    parts_.clear();
    if (!stored) return fail(stored.error());
    found_.new_rows += *stored;
    return {};
  }

  Result<void> sort(Slot& slot, std::vector<const CallRecord*>& calls) {
    switch (examine(slot)) {
      case Found::free:
      case Found::part:  // read with its call; of no call, its row is stored or it never counted
        return {};
      case Found::damaged:
        return set_aside(&slot, slot_bytes);
      case Found::open:
        ++found_.open;
        break;
      case Found::settled:
        ++found_.settled;
        break;
    }
    Result<void> linked = link_parts(slot);
    if (!linked) return linked;
    if (slot.state.load(std::memory_order_relaxed) == SlotState::open) close_open_call(slot.record);
    calls.push_back(&slot.record);
    return {};
  }

  // The lines of a call that lie in other slots, back behind its record.
  Result<void> link_parts(Slot& slot) {
    std::uint32_t next = slot.record.budget_head().next_slot;
    slot.record.unlink_parts();
    while (next != no_slot) {
      Slot there;
      Result<std::size_t> got = read_at(file_, path_, static_cast<void*>(&there), slot_bytes,
                                        journal_head_bytes + std::size_t{next} * slot_bytes);
      if (!got) return fail(got.error());
      std::optional<BudgetPart> part;
      if (*got == slot_bytes) part = part_of(slot, there);
      if (!part || slot.record.budget_count() + part->head.count > budgets_max) {
        return set_aside(static_cast<const void*>(&there), *got);
      }
      next = part->head.next_slot;
      part->head.next = nullptr;
      slot.record.add_part(parts_.emplace_back(*part), no_slot);
    }
    return {};
  }

  Result<void> set_aside(const void* bytes, std::size_t size) {
    ++found_.damaged;
    if (found_.fault.empty()) found_.fault = "slots do not hold what was written to them";
    if (keep_whole_) return {};
    return aside_.keep(bytes, size);
  }

  const std::string& path_;
  const File& file_;
  Store& store_;
  std::deque<BudgetPart> parts_;  // of the calls in hand
  Aside aside_;
  Recovery found_;
  bool nothing_left_ = false;   // of another layout, and clean
  bool keep_whole_ = false;     // its head or its end is not as it was made
  std::uint32_t segments_ = 0;  // that the head speaks of
};

}  // namespace

Result<Recovery> recover_journal(const std::string& path, Store& store,
                                 std::string_view program_version) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return Recovery{};
  Result<File> file = open_private(path, O_RDONLY);
  if (!file) return fail(file.error());
  Reader reader(path, *file, store);
  Result<void> done = reader.read_all(program_version);
  if (done) done = store.sync();
  if (done) done = reader.finish();
  if (!done) return fail(done.error().while_doing("recover the calls of the last run"));
  return std::move(reader).report();
}

}  // namespace recloser::ledger
