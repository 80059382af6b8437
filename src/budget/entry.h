// Entry: one account of the table, with its lock, its key, and what an owner has added.
#pragma once

#include "budget/account.h"
#include "budget/table.h"
#include "core/spin_lock.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace recloser::budget {

// A million of them live at once: keep it small.
struct Entry {
  SpinLock lock;                       // of all that follows but `pins`, `budget` and the key
  std::atomic<std::uint32_t> pins{0};  // who points at it; raised under the shard's lock only
  Live* budget = nullptr;
  session::Hash128 key;
  std::string text;
  Account account;
  Amount added = 0;             // to the limit of the document
  std::unique_ptr<Entry> next;  // in its place of the shard; under the shard's lock

  const Budget& document() const { return budget->document(); }
  Amount limit() const { return document().limit + added; }
  void advance(const Now& now) {
    const Window& window = document().window;
    account.advance(window, now.of(window));
  }
};

// Lets go of an entry that Table::pin() gave.
class Pinned {
 public:
  explicit Pinned(Entry& entry) : entry_(&entry) {}
  Pinned(Pinned&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  Pinned& operator=(Pinned&&) = delete;
  ~Pinned() {
    if (entry_ != nullptr) entry_->pins.fetch_sub(1, std::memory_order_release);
  }
  Entry& operator*() const { return *entry_; }
  Entry* operator->() const { return entry_; }

 private:
  Entry* entry_;
};

}  // namespace recloser::budget
