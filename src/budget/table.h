// Table: every account of the process, and the one step in which a call takes what it needs of all
// that apply to it, or of none.
#pragma once

#include "budget/account.h"
#include "budget/budget.h"
#include "core/published.h"
#include "core/time.h"
#include "session/hash128.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::budget {

class ScopeIndex;

class Table;
class Permit;
struct Line;   // what a call has of an account
struct Entry;  // one account with its lock

// A budget in force: its document may be replaced by a newer one while calls run under it.
class Live {
 public:
  explicit Live(std::shared_ptr<const Budget> document);

  const Budget& document() const { return *current_.load(std::memory_order_acquire); }
  std::uint64_t identity() const { return identity_; }  // the same for whatever it continues()
  const std::string& kind() const { return kind_; }     // its document's; the same, too

 private:
  friend class Table;
  void replace(std::shared_ptr<const Budget> document);

  std::uint64_t identity_;
  std::string kind_;
  std::atomic<const Budget*> current_;
  std::vector<std::shared_ptr<const Budget>> documents_;  // all that it had; somebody may read one
};

// Under which account of a budget a call falls.
struct AccountKey {
  session::Hash128 hash;  // of the budget's identity and of the text
  std::string_view text;  // "org=acme,team=search"; "" where a budget has one account
};
AccountKey account_key(const Live& budget, std::string_view text);

// How an account stands.
struct Standing {
  const Live* budget = nullptr;
  std::string key;
  Amount limit = 0;  // with what an owner has added
  Amount charged = 0;
  Amount reserved = 0;
  WallTime begun;                  // its window
  std::optional<WallTime> resets;  // when more is to be had, if the clock alone says so
  std::uint32_t open_calls = 0;

  Amount remaining() const { return limit - charged - reserved; }
};

// Why a call was not let in, or not let on.
struct Exhausted {
  Standing standing;  // of the first account that had too little
  Amount needed = 0;  // of it, at the least
};

// Read once for all accounts of a step.
struct Now {
  const Clock& clock;
  WallTime wall;

  // Rates are counted by the steady clock: a jump of the wall clock is no reason to let a minute's
  // calls in at once.
  WallTime of(const Window& window) const {
    return window.type == WindowType::rate ? WallTime{clock.now().ns + 1} : wall;
  }
};

// A call that would run.
struct Ask {
  struct Scope {
    Live* budget = nullptr;
    AccountKey key;
    Demand demand;
  };
  std::span<const Scope> scopes;
  std::uint64_t output_tokens_max = 0;    // what its answer may have
  std::uint64_t output_tokens_least = 0;  // a lower limit would be refused by its provider
  std::uint64_t slice_tokens = 0;         // of an elastic budget that names none
  std::uint32_t hidden_tokens = 0;        // elastic: held beside the slices to the end
  bool whole = false;  // nothing can stop it on its way: elastic budgets hold all of it ahead
};

// A threshold that an account has reached, told once in a window.
struct Crossing {
  Standing standing;
  std::uint32_t threshold_per_million = 0;
};

// Who is told. Called by whichever thread charges, with no lock held; must not block.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void crossed(const Crossing& crossing) = 0;
};

// Shared by all workers. Accounts are found by their key in shards with a lock each; an account
// has a lock of its own, and a call takes those of all its scopes in the order of their addresses,
// looks, and then takes from all. No I/O, nothing that waits, inside.
class Table {
 public:
  static constexpr std::size_t scopes_max = 32;  // of one call
  // What is over is forgotten only when it would be over after such a jump back, too: a window
  // whose account is forgotten begins with nothing charged.
  static constexpr Duration clock_jump_max = 24h;

  Table(const Clock& clock, Watcher* watcher);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // The budgets that hold from now on, in the same order. What one that goes on has charged stays.
  // A Live is good as long as the table is.
  std::vector<Live*> configure(std::vector<std::shared_ptr<const Budget>> budgets);
  // The same in two steps, for what is done between: the store's memory of those that are `fresh`
  // is restored before a call meets them. One thread does so at a time.
  struct Prepared {
    std::vector<Live*> fresh;
    std::vector<std::pair<Live*, std::shared_ptr<const Budget>>> budgets;
  };
  Prepared prepare(std::vector<std::shared_ptr<const Budget>> budgets);
  std::vector<Live*> publish(Prepared prepared);
  const Published<std::vector<Live*>>& in_force() const { return in_force_; }
  // The same, as calls look for theirs.
  const Published<ScopeIndex>& scopes() const { return scopes_; }
  Live* find(std::string_view name) const;  // nullptr: none of that name is in force

  // What it has of each account is written into `lines`, as by Permit::lines().
  std::expected<Permit, Exhausted> reserve(const Ask& ask, std::vector<Line>* lines = nullptr);

  // Limits are state: who runs looks again when this number has changed.
  std::uint64_t revision() const { return revision_.load(std::memory_order_relaxed); }

  // An owner's decision about one account, which is recorded elsewhere: more limit (or less), or
  // another figure for what is charged.
  Standing adjust(Live& budget, const AccountKey& key, Amount more);
  Standing set_charged(Live& budget, const AccountKey& key, Amount charged);
  // The same by a difference: what calls charged since it was reckoned stays. Only of the window
  // that `begun` then; in another one nothing is moved.
  Standing move_charged(Live& budget, const AccountKey& key, Amount change, WallTime begun);

  // Before the first call: what the store remembers.
  void restore(Live& budget, const AccountKey& key, WallTime begun, WallTime last_settled,
               Amount charged);

  Standing standing(Live& budget, const AccountKey& key);
  std::vector<Standing> list(const Live* of = nullptr) const;  // nullptr: of every budget
  // Of each budget in force that counts in `unit`, in their order: what its accounts come to. One
  // that has none yet stands there with its limit.
  std::vector<Standing> sums(Unit unit) const;

  // Looks at some accounts, going on where it stopped, and forgets those of which nothing is left.
  // How many those were.
  std::size_t sweep(std::size_t accounts);
  std::size_t size() const;

 private:
  friend class Permit;
  struct Shard;
  static constexpr std::size_t shard_count = 256;

  Shard& shard_of(const session::Hash128& key) const;
  Entry& pin(Live& budget, const AccountKey& key);
  template <class Each>
  void for_each_entry(const Each& each) const;
  Now now() const;
  Standing standing_of(const Entry& entry) const;
  void note_crossings(Entry& entry, std::vector<Crossing>& crossings) const;
  void tell(const std::vector<Crossing>& crossings) const;

  const Clock& clock_;
  Watcher* watcher_;
  const std::unique_ptr<Shard[]> shards_;
  mutable std::mutex lives_mutex_;
  std::vector<std::unique_ptr<Live>> lives_;  // never one less
  Published<std::vector<Live*>> in_force_{std::make_shared<const std::vector<Live*>>()};
  Published<ScopeIndex> scopes_;
  std::atomic<std::size_t> swept_ = 0;  // shards
  std::atomic<std::uint64_t> revision_{1};
};

}  // namespace recloser::budget
