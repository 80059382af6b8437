#include "budget/permit.h"

#include "budget/entry.h"
#include "budget/grant.h"
#include "core/check.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace recloser::budget {

// Of one account, by one call.
struct Permit::Hold {
  Entry* entry = nullptr;
  Account::Number window = 0;
  WallTime window_begun;
  std::optional<WallTime> window_ends;  // calendar
  Demand demand;
  Amount most = 0;      // reserved in all, charged or not
  Amount reserved = 0;  // of it: not charged yet
  Amount charged = 0;
  Amount overrun = 0;
  Amount level = 0;        // rate: what the account had with all of this
  std::uint8_t place = 0;  // among the scopes as they were asked for
  Unit unit = Unit::usd;
  Reserve reserve = Reserve::clamp;

  const Window& span() const { return entry->document().window; }
  Balance balance() const { return entry->account.balance_of(span(), window); }
  Amount free() const {
    Balance now = balance();
    return entry->limit() - now.charged - now.reserved;
  }
  void take(Amount more) {
    entry->account.reserve(span(), window, more);
    reserved += more;
    most += more;
  }
  // Brings what is charged to `all`.
  void charge_up_to(Amount all) {
    Amount more = all - charged;
    Amount released = std::clamp<Amount>(more, 0, reserved);
    entry->account.charge(span(), window, more, released);
    reserved -= released;
    charged = all;
    Amount unforeseen = more - released;
    if (unforeseen > 0 && reserve != Reserve::none) {
      overrun += std::clamp<Amount>(-free(), 0, unforeseen);
    }
  }
  // What is charged in the end where `used` is less. A rate gives back only what has not drained
  // away meanwhile: else the same room would be had twice. What others had charged before this
  // drains first.
  Amount kept(Amount used, WallTime now) const {
    const Window& rate = span();
    if (rate.type != WindowType::rate || used >= charged) return used;
    __extension__ using Wide = __int128;
    Amount unused = charged - used;
    Wide drained =
        static_cast<Wide>((now - window_begun).count()) * rate.drain / rate.duration.count();
    Wide lost = std::clamp<Wide>(drained - (level - unused), 0, unused);
    return used + static_cast<Amount>(lost);
  }
  void release() {
    entry->account.charge(span(), window, 0, reserved);
    reserved = 0;
  }
};

// The locks of all accounts of a call, in the order of their addresses.
class Permit::Locked {
 public:
  explicit Locked(std::span<Hold> holds) : holds_(holds) {
    for (Hold& hold : holds_) hold.entry->lock.lock();
  }
  ~Locked() {
    for (Hold& hold : holds_) hold.entry->lock.unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  std::span<Hold> holds_;
};

// Sorted before there are holds, which are larger.
Permit::Permit(Table& table, const Ask& ask)
    : table_(&table), holds_(std::make_unique<Hold[]>(ask.scopes.size())) {
  struct Found {
    Entry* entry;
    std::size_t place;
  };
  std::array<Found, Table::scopes_max> found;
  for (std::size_t place = 0; place < ask.scopes.size(); ++place) {
    const Ask::Scope& scope = ask.scopes[place];
    found[place] = {.entry = &table.pin(*scope.budget, scope.key), .place = place};
  }
  std::span<Found> all = std::span(found).first(ask.scopes.size());
  std::ranges::sort(all, std::less<>(), &Found::entry);
  for (const Found& each : all) {
    const Ask::Scope& scope = ask.scopes[each.place];
    const Budget& budget = scope.budget->document();
    Hold& hold = holds_[count_++];
    hold.entry = each.entry;
    hold.demand = scope.demand;
    hold.unit = budget.unit;
    bool whole = ask.whole && budget.reserve == Reserve::elastic;
    hold.reserve = whole ? Reserve::clamp : budget.reserve;
    hold.place = static_cast<std::uint8_t>(each.place);
  }
}

Permit::Permit() = default;
Permit::Permit(Permit&& other) noexcept
    : table_(other.table_),
      holds_(std::move(other.holds_)),
      count_(std::exchange(other.count_, 0)),
      open_(std::exchange(other.open_, false)),
      output_tokens_max_(other.output_tokens_max_),
      output_tokens_granted_(other.output_tokens_granted_),
      slice_tokens_(other.slice_tokens_),
      grace_tokens_(other.grace_tokens_),
      hidden_tokens_(other.hidden_tokens_),
      lowered_by_(other.lowered_by_),
      degraded_(other.degraded_),
      noted_(other.noted_) {}

std::span<Permit::Hold> Permit::holds() const { return {holds_.get(), count_}; }

// All or nothing.
std::expected<void, Exhausted> Permit::take(const Ask& ask, std::vector<Line>* lines) {
  std::array<Room, Table::scopes_max> rooms;
  slice_tokens_ = ask.slice_tokens;
  std::uint32_t grace = 0;
  Now now = table_->now();
  Locked locked(holds());
  for (Hold& hold : holds()) {
    hold.entry->advance(now);
    hold.window = hold.entry->account.number();
    hold.window_begun = hold.entry->account.begun();
    hold.window_ends = hold.entry->account.ends();
    const Budget& budget = hold.entry->document();
    if (hold.reserve == Reserve::elastic && budget.slice_tokens != 0) {
      slice_tokens_ = std::min<std::uint64_t>(slice_tokens_, budget.slice_tokens);
    }
    if (hold.reserve == Reserve::elastic && budget.cut.at_sentence) {
      grace = std::max(grace, budget.cut.grace_tokens);
    }
    // Member by member, here and in write(): as a whole it is made elsewhere and copied with its
    // holes, by loads that overlap the stores before them, which the processor must wait for.
    Room& room = rooms[hold.place];
    room.reserve = hold.reserve;
    room.demand = hold.demand;
    room.free = hold.free();
    room.clamp_floor_tokens = budget.clamp_floor_tokens;
    room.most_tokens =
        degraded_tokens(budget, hold.entry->limit(), hold.balance().charged, ask.output_tokens_max);
  }
  std::expected<Grant, Shortage> given =
      grant(std::span(rooms).first(count_), {.output_tokens_max = ask.output_tokens_max,
                                             .output_tokens_least = ask.output_tokens_least,
                                             .slice_tokens = slice_tokens_,
                                             .grace_tokens = grace,
                                             .hidden_tokens = ask.hidden_tokens});
  if (!given) {
    auto hold = std::ranges::find(holds(), given.error().room, &Hold::place);
    return std::unexpected(exhausted(*hold, given.error().needed));
  }
  output_tokens_max_ = given->output_tokens_max;
  output_tokens_granted_ = given->output_tokens;
  grace_tokens_ = static_cast<std::uint32_t>(given->grace_tokens);
  hidden_tokens_ = ask.hidden_tokens;
  degraded_ = given->degraded;
  if (given->lowered_by != Grant::no_room)
    lowered_by_ = static_cast<std::uint8_t>(given->lowered_by);
  if (lines != nullptr) lines->resize(count_);
  for (Hold& hold : holds()) {
    hold.entry->account.open_call();
    hold.take(held(rooms[hold.place], *given, ask.hidden_tokens));
    open_ = true;
    // A request is made the moment it is let in; and what drains does so from now on.
    bool at_once = hold.unit == Unit::requests || hold.span().type == WindowType::rate;
    if (at_once) {
      hold.charge_up_to(hold.most);
      hold.level = hold.balance().charged;
    }
    if (lines != nullptr) write((*lines)[hold.place], hold, now);
  }
  return {};
}

Exhausted Permit::exhausted(const Hold& hold, Amount needed) const {
  return {.standing = table_->standing_of(*hold.entry), .needed = needed};
}

std::expected<void, Exhausted> Permit::extend(std::uint64_t wanted) {
  if (wanted <= output_tokens_granted_) return {};
  if (!open_) {
    output_tokens_granted_ = wanted;
    return {};
  }
  // The grace, and what nobody sees, go ahead of it all.
  std::uint64_t ahead = std::uint64_t{grace_tokens_} + hidden_tokens_;
  std::uint64_t held = output_tokens_granted_ + ahead;
  wanted += std::min(ahead, UINT64_MAX - wanted);
  Locked locked(holds());
  for (const Hold& hold : holds()) {
    if (hold.reserve != Reserve::elastic) continue;
    Amount now = hold.demand.with(held);
    Amount free = std::max<Amount>(hold.free(), 0);
    std::uint64_t affordable = hold.demand.affordable(now + std::min(free, amount_max)).value_or(0);
    if (affordable <= held) {
      return std::unexpected(exhausted(hold, hold.demand.with(held + 1) - now));
    }
    wanted = std::min(wanted, affordable);
  }
  for (Hold& hold : holds()) {
    if (hold.reserve != Reserve::elastic) continue;
    hold.take(hold.demand.with(wanted) - hold.demand.with(held));
  }
  output_tokens_granted_ = wanted - ahead;
  return {};
}

std::expected<void, Exhausted> Permit::take_more(Unit unit, Amount more) {
  if (!open_) return {};
  Locked locked(holds());
  for (const Hold& hold : holds()) {
    if (hold.unit != unit || hold.reserve == Reserve::none) continue;
    if (hold.free() < more) return std::unexpected(exhausted(hold, more));
  }
  for (Hold& hold : holds()) {
    if (hold.unit == unit && hold.reserve != Reserve::none) hold.take(more);
  }
  return {};
}

std::expected<Amount, Exhausted> Permit::take_up_to(Unit unit, Amount most) {
  if (!open_) return most;
  Locked locked(holds());
  auto concerned = [unit](const Hold& hold) {
    return hold.unit == unit && hold.reserve != Reserve::none;
  };
  for (const Hold& hold : holds()) {
    if (!concerned(hold)) continue;
    if (hold.free() <= 0) return std::unexpected(exhausted(hold, 1));
    most = std::min(most, hold.free());
  }
  for (Hold& hold : holds()) {
    if (concerned(hold)) hold.take(most);
  }
  return most;
}

bool Permit::holds(Unit unit) const {
  return std::ranges::any_of(holds(), [unit](const Hold& hold) {
    return hold.unit == unit && hold.reserve != Reserve::none;
  });
}

bool Permit::is_elastic() const {
  return std::ranges::any_of(holds(),
                             [](const Hold& hold) { return hold.reserve == Reserve::elastic; });
}

std::optional<Standing> Permit::tightest() const {
  Locked locked(holds());
  const Hold* least = nullptr;
  auto share_is_less = [](const Hold& a, const Hold& b) {
    return static_cast<__int128>(a.free()) * b.entry->limit() <
           static_cast<__int128>(b.free()) * a.entry->limit();
  };
  for (const Hold& hold : holds()) {
    if (least == nullptr || share_is_less(hold, *least)) least = &hold;
  }
  if (least == nullptr) return std::nullopt;
  return table_->standing_of(*least->entry);
}

std::optional<Permit::Lowered> Permit::lowered() const {
  auto hold = std::ranges::find(holds(), lowered_by_, &Hold::place);
  if (hold == holds().end()) return std::nullopt;
  Locked locked(holds());
  return Lowered{.by = table_->standing_of(*hold->entry), .degraded = degraded_};
}

void Permit::publish(const Use& use) {
  noted_ = use;
  if (open_) charge(use, false, nullptr);
}

std::optional<Exhausted> Permit::over_limit() const {
  Locked locked(holds());
  for (const Hold& hold : holds()) {
    // A rate drains: what is beyond it is so for a moment.
    if (hold.reserve == Reserve::none || hold.span().type == WindowType::rate) continue;
    Amount left = hold.entry->limit() - hold.balance().charged;
    if (left < 0 || (left == 0 && hold.reserved > 0)) return exhausted(hold, 0);
  }
  return std::nullopt;
}

void Permit::settle(const Use& use, bool exact, std::vector<Line>& lines) {
  if (!std::exchange(open_, false)) return lines.assign(count_, {});
  lines.resize(count_);
  charge(use, exact, &lines);
}

std::vector<Line> Permit::settle(const Use& use, bool exact) {
  std::vector<Line> all;
  settle(use, exact, all);
  return all;
}

// For good, when `settled` is there.
void Permit::charge(const Use& use, bool exact, std::vector<Line>* settled) {
  std::vector<Crossing> crossings;
  Now now = table_->now();
  {
    Locked locked(holds());
    for (Hold& hold : holds()) {
      Amount used = use.of(hold.unit);
      Amount all = exact ? hold.kept(used, now.of(hold.span())) : std::max(used, hold.charged);
      hold.charge_up_to(all);
      table_->note_crossings(*hold.entry, crossings);
      if (settled == nullptr) continue;
      hold.release();
      write((*settled)[hold.place], hold, now);
      hold.entry->account.close_call(hold.span(), hold.window, now.of(hold.span()));
    }
  }
  table_->tell(crossings);
}

void Permit::lines(std::vector<Line>& lines) const {
  lines.resize(count_);
  if (count_ == 0) return;
  Now now = table_->now();
  Locked locked(holds());
  for (const Hold& hold : holds()) write(lines[hold.place], hold, now);
}

std::size_t Permit::left(std::span<Left> out) const {
  Locked locked(holds());
  for (const Hold& hold : holds()) {
    Left& left = out[hold.place];
    left.document = &hold.entry->document();
    left.limit = left.document->limit + hold.entry->added;
    left.remaining = hold.free() + hold.reserved;
  }
  return count_;
}

std::vector<Line> Permit::lines() const {
  std::vector<Line> all;
  lines(all);
  return all;
}

void Permit::write(Line& line, const Hold& hold, const Now& now) {
  line.budget = hold.entry->budget;
  line.key = hold.entry->text;
  line.window_begun = hold.window_begun;
  if (hold.window_ends) {
    line.counts_until.emplace(*hold.window_ends);
  } else {
    line.counts_until = counts_until(hold.span(), hold.window_begun, now.of(hold.span()));
  }
  line.reserved = hold.most;
  line.charged = hold.charged;
  line.held = hold.reserved;
  line.limit = hold.entry->limit();
  line.remaining = hold.free();
  line.overrun = hold.overrun;
}

Permit& Permit::operator=(Permit&& other) noexcept {
  std::swap(table_, other.table_);
  std::swap(holds_, other.holds_);
  std::swap(count_, other.count_);
  std::swap(open_, other.open_);
  std::swap(output_tokens_max_, other.output_tokens_max_);
  std::swap(output_tokens_granted_, other.output_tokens_granted_);
  std::swap(slice_tokens_, other.slice_tokens_);
  std::swap(grace_tokens_, other.grace_tokens_);
  std::swap(hidden_tokens_, other.hidden_tokens_);
  std::swap(lowered_by_, other.lowered_by_);
  std::swap(degraded_, other.degraded_);
  std::swap(noted_, other.noted_);
  return *this;
}

Permit::~Permit() {
  if (open_) settle(noted_, false);
  for (Hold& hold : holds()) hold.entry->pins.fetch_sub(1, std::memory_order_release);
}

}  // namespace recloser::budget
