#include "budget/table.h"

#include "budget/entry.h"
#include "budget/grant.h"
#include "budget/permit.h"
#include "budget/scopes.h"
#include "core/check.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace recloser::budget {
namespace {

std::uint64_t identity_of(const Budget& budget) {
  session::FieldHasher hasher;
  hasher.add(budget.name);
  hasher.add(name_of(budget.unit));
  hasher.add(name_of(budget.window.type));
  for (const Budget::Part& part : budget.key) {
    hasher.add(name_of(part.what));
    hasher.add(part.label);
  }
  return hasher.value().low;
}

Amount saturated(Amount sum, Amount more) {
  Amount total = 0;
  if (__builtin_add_overflow(sum, more, &total)) return more > 0 ? INT64_MAX : INT64_MIN;
  return total;
}

}  // namespace

Live::Live(std::shared_ptr<const Budget> document)
    : identity_(identity_of(*document)), kind_(document->kind()), current_(document.get()) {
  documents_.push_back(std::move(document));
}

void Live::replace(std::shared_ptr<const Budget> document) {
  current_.store(document.get(), std::memory_order_release);
  documents_.push_back(std::move(document));
}

AccountKey account_key(const Live& budget, std::string_view text) {
  session::FieldHasher hasher;
  hasher.add(session::Hash128{budget.identity(), 0});
  hasher.add(text);
  return {.hash = hasher.value(), .text = text};
}

struct alignas(64) Table::Shard {
  static constexpr std::size_t places_at_first = 8;

  SpinLock lock;
  std::size_t entries = 0;
  std::vector<std::unique_ptr<Entry>> places;

  std::unique_ptr<Entry>& place_of(const session::Hash128& key) {
    return places[key.low & (places.size() - 1)];
  }
  // By the text too: somebody who tries can make two of one hash.
  Entry* find(const Live& budget, const AccountKey& key) {
    if (places.empty()) return nullptr;
    Entry* entry = place_of(key.hash).get();
    while (entry != nullptr &&
           (entry->key != key.hash || entry->budget != &budget || entry->text != key.text)) {
      entry = entry->next.get();
    }
    return entry;
  }
  void add(std::unique_ptr<Entry> entry) {
    if (entries >= places.size()) grow();
    std::unique_ptr<Entry>& place = place_of(entry->key);
    entry->next = std::move(place);
    place = std::move(entry);
    ++entries;
  }
  void pin_all(std::vector<Pinned>& all) {
    std::lock_guard guard(lock);
    for (const std::unique_ptr<Entry>& place : places) {
      for (Entry* entry = place.get(); entry != nullptr; entry = entry->next.get()) {
        entry->pins.fetch_add(1, std::memory_order_relaxed);
        all.emplace_back(*entry);
      }
    }
  }
  void grow() {
    std::vector<std::unique_ptr<Entry>> old(std::max(places_at_first, 2 * places.size()));
    old.swap(places);
    for (std::unique_ptr<Entry>& place : old) {
      while (place != nullptr) {
        std::unique_ptr<Entry> entry = std::move(place);
        place = std::move(entry->next);
        std::unique_ptr<Entry>& to = place_of(entry->key);
        entry->next = std::move(to);
        to = std::move(entry);
      }
    }
  }
};

Table::Table(const Clock& clock, Watcher* watcher)
    : clock_(clock),
      watcher_(watcher),
      shards_(std::make_unique<Shard[]>(shard_count)),
      scopes_(std::make_shared<const ScopeIndex>(std::span<Live* const>())) {}

// A chain of a million would be destroyed one inside of the other.
Table::~Table() {
  for (std::size_t i = 0; i < shard_count; ++i) {
    for (std::unique_ptr<Entry>& place : shards_[i].places) {
      while (place != nullptr) place = std::move(place->next);
    }
  }
}

std::vector<Live*> Table::configure(std::vector<std::shared_ptr<const Budget>> budgets) {
  Prepared prepared = prepare(std::move(budgets));
  return publish(std::move(prepared));
}

Table::Prepared Table::prepare(std::vector<std::shared_ptr<const Budget>> budgets) {
  std::lock_guard lock(lives_mutex_);
  std::unordered_multimap<std::string_view, Live*> by_name;
  for (const std::unique_ptr<Live>& live : lives_)
    by_name.emplace(live->document().name, live.get());
  Prepared prepared;
  for (std::shared_ptr<const Budget>& budget : budgets) {
    Live* known = nullptr;
    auto [begin, end] = by_name.equal_range(budget->name);
    for (auto at = begin; at != end; ++at) {
      if (budget->continues(at->second->document())) known = at->second;
    }
    if (known == nullptr) {
      lives_.push_back(std::make_unique<Live>(budget));
      known = lives_.back().get();
      prepared.fresh.push_back(known);
    }
    prepared.budgets.emplace_back(known, std::move(budget));
  }
  return prepared;
}

// What stays as it is gets no new document: with ten thousand keys, each change of one of them
// would leave ten thousand behind.
std::vector<Live*> Table::publish(Prepared prepared) {
  std::lock_guard lock(lives_mutex_);
  std::vector<Live*> in_force;
  in_force.reserve(prepared.budgets.size());
  for (auto& [live, budget] : prepared.budgets) {
    if (*budget != live->document()) live->replace(std::move(budget));
    in_force.push_back(live);
  }
  in_force_.publish(std::make_shared<const std::vector<Live*>>(in_force));
  scopes_.publish(std::make_shared<const ScopeIndex>(in_force));
  revision_.fetch_add(1, std::memory_order_relaxed);
  return in_force;
}

Live* Table::find(std::string_view name) const {
  std::shared_ptr<const std::vector<Live*>> in_force = in_force_.current();
  auto found =
      std::ranges::find(*in_force, name, [](const Live* live) { return live->document().name; });
  return found == in_force->end() ? nullptr : *found;
}

Table::Shard& Table::shard_of(const session::Hash128& key) const {
  return shards_[key.high % shard_count];
}

Entry& Table::pin(Live& budget, const AccountKey& key) {
  Shard& shard = shard_of(key.hash);
  std::lock_guard lock(shard.lock);
  Entry* entry = shard.find(budget, key);
  if (entry == nullptr) {
    auto made = std::make_unique<Entry>();
    made->budget = &budget;
    made->key = key.hash;
    made->text = key.text;
    entry = made.get();
    shard.add(std::move(made));
  }
  entry->pins.fetch_add(1, std::memory_order_relaxed);
  return *entry;
}

Now Table::now() const { return {.clock = clock_, .wall = clock_.wall()}; }

Standing Table::standing_of(const Entry& entry) const {
  Balance balance = entry.account.balance();
  return {.budget = entry.budget,
          .key = entry.text,
          .limit = entry.limit(),
          .charged = balance.charged,
          .reserved = balance.reserved,
          .begun = entry.account.begun(),
          .resets = entry.account.ends(),
          .open_calls = entry.account.open_calls()};
}

std::expected<Permit, Exhausted> Table::reserve(const Ask& ask, std::vector<Line>* lines) {
  if (ask.scopes.empty()) {
    if (lines != nullptr) lines->clear();
    Permit all;
    all.output_tokens_max_ = all.output_tokens_granted_ = ask.output_tokens_max;
    return all;
  }
  CHECK(ask.scopes.size() <= scopes_max);
  Permit permit(*this, ask);
  std::expected<void, Exhausted> taken = permit.take(ask, lines);
  if (!taken) return std::unexpected(std::move(taken.error()));
  return permit;
}

Standing Table::adjust(Live& budget, const AccountKey& key, Amount more) {
  Pinned entry(pin(budget, key));
  std::lock_guard lock(entry->lock);
  entry->advance(now());
  entry->added = std::clamp(entry->added + more, -amount_max, amount_max);
  revision_.fetch_add(1, std::memory_order_relaxed);
  return standing_of(*entry);
}

Standing Table::set_charged(Live& budget, const AccountKey& key, Amount charged) {
  Pinned entry(pin(budget, key));
  std::lock_guard lock(entry->lock);
  entry->advance(now());
  entry->account.set_charged(budget.document().window, charged);
  revision_.fetch_add(1, std::memory_order_relaxed);
  return standing_of(*entry);
}

Standing Table::move_charged(Live& budget, const AccountKey& key, Amount change, WallTime begun) {
  Pinned entry(pin(budget, key));
  std::lock_guard lock(entry->lock);
  entry->advance(now());
  if (entry->account.begun() != begun) return standing_of(*entry);
  Amount charged = entry->account.balance().charged + change;
  entry->account.set_charged(budget.document().window, std::max<Amount>(charged, 0));
  revision_.fetch_add(1, std::memory_order_relaxed);
  return standing_of(*entry);
}

void Table::restore(Live& budget, const AccountKey& key, WallTime begun, WallTime last_settled,
                    Amount charged) {
  Pinned entry(pin(budget, key));
  std::lock_guard lock(entry->lock);
  entry->account.restore(budget.document().window, begun, last_settled, charged);
}

Standing Table::standing(Live& budget, const AccountKey& key) {
  Pinned entry(pin(budget, key));
  std::lock_guard lock(entry->lock);
  entry->advance(now());
  return standing_of(*entry);
}

// Shard by shard: no shard's lock is held while accounts are looked at.
template <class Each>
void Table::for_each_entry(const Each& each) const {
  std::vector<Pinned> entries;
  for (std::size_t i = 0; i < shard_count; ++i) {
    shards_[i].pin_all(entries);
    for (Pinned& entry : entries) each(*entry);
    entries.clear();
  }
}

std::vector<Standing> Table::list(const Live* of) const {
  std::vector<Standing> all;
  for_each_entry([&](Entry& entry) {
    if (of != nullptr && entry.budget != of) return;
    std::lock_guard lock(entry.lock);
    entry.advance(now());
    all.push_back(standing_of(entry));
  });
  return all;
}

std::vector<Standing> Table::sums(Unit unit) const {
  std::vector<Standing> sums;
  std::vector<bool> has_account;
  for (const Live* live : *in_force_.current()) {
    if (live->document().unit == unit) sums.push_back({.budget = live, .key = {}, .begun = {}});
  }
  has_account.resize(sums.size());
  std::map<const Live*, std::size_t> places;
  for (std::size_t i = 0; i < sums.size(); ++i) places.emplace(sums[i].budget, i);
  for_each_entry([&](Entry& entry) {
    auto place = places.find(entry.budget);
    if (place == places.end()) return;
    std::lock_guard lock(entry.lock);
    entry.advance(now());
    Balance balance = entry.account.balance();
    Standing& sum = sums[place->second];
    sum.limit = saturated(sum.limit, entry.limit());
    sum.charged = saturated(sum.charged, balance.charged);
    sum.reserved = saturated(sum.reserved, balance.reserved);
    sum.open_calls += entry.account.open_calls();
    has_account[place->second] = true;
  });
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!has_account[i]) sums[i].limit = sums[i].budget->document().limit;
  }
  return sums;
}

void Table::note_crossings(Entry& entry, std::vector<Crossing>& crossings) const {
  const Budget& budget = entry.document();
  Amount charged = entry.account.balance().charged;
  for (std::size_t i = 0; i < budget.thresholds_per_million.size(); ++i) {
    std::uint32_t threshold = budget.thresholds_per_million[i];
    auto bit = static_cast<std::uint16_t>(1u << i);
    bool reached = static_cast<__int128>(charged) * 1'000'000 >=
                   static_cast<__int128>(entry.limit()) * threshold;
    if (!reached) {
      entry.account.told &= static_cast<std::uint16_t>(~bit);  // it may be crossed again
    } else if ((entry.account.told & bit) == 0) {
      entry.account.told |= bit;
      crossings.push_back({.standing = standing_of(entry), .threshold_per_million = threshold});
    }
  }
}

void Table::tell(const std::vector<Crossing>& crossings) const {
  if (watcher_ == nullptr) return;
  for (const Crossing& crossing : crossings) watcher_->crossed(crossing);
}

std::size_t Table::sweep(std::size_t accounts) {
  std::size_t gone = 0;
  Now time = now();
  for (std::size_t looked = 0, shards = 0; looked < accounts && shards < shard_count; ++shards) {
    Shard& shard = shards_[swept_++ % shard_count];
    std::lock_guard lock(shard.lock);
    for (std::unique_ptr<Entry>& place : shard.places) {
      for (std::unique_ptr<Entry>* at = &place; *at != nullptr;) {
        Entry& entry = **at;
        ++looked;
        const Budget& budget = entry.document();
        // The one who unpins last has let go of the lock: what it did is seen after this load.
        bool over = entry.pins.load(std::memory_order_acquire) == 0 && entry.added == 0 &&
                    entry.account.is_over(budget.window, time.of(budget.window) - clock_jump_max);
        if (!over) {
          at = &entry.next;
          continue;
        }
        std::unique_ptr<Entry> dead = std::move(*at);
        *at = std::move(dead->next);
        --shard.entries;
        ++gone;
      }
    }
  }
  return gone;
}

std::size_t Table::size() const {
  std::size_t entries = 0;
  for (std::size_t i = 0; i < shard_count; ++i) {
    std::lock_guard lock(shards_[i].lock);
    entries += shards_[i].entries;
  }
  return entries;
}

}  // namespace recloser::budget
