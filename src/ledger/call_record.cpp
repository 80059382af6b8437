#include "ledger/call_record.h"

#include "core/check.h"
#include "ledger/crc32c.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace recloser::ledger {
namespace {

constexpr std::string_view cut_marker = "\xe2\x80\xa6";  // "…"
constexpr std::size_t error_class_bytes_max = 64;
constexpr std::size_t opening_numbers_bytes = sizeof(CallId) + sizeof(WallTime);  // they come first

constexpr std::array<std::string_view, outcome_count> outcome_names{
    "open", "completed", "refused", "cut", "client_gone", "provider_failed", "gateway_failed"};
constexpr std::array<std::string_view, tokens_source_count> tokens_source_names{"none", "exact",
                                                                                "estimated"};
constexpr std::array<std::string_view, cost_source_count> cost_source_names{
    "none", "provider", "catalogue", "estimated", "unpriced"};

// The enumerator called so, from `first` on.
template <class Enum, std::size_t count>
std::optional<Enum> named(const std::array<std::string_view, count>& names, std::string_view name,
                          std::size_t first) {
  for (std::size_t i = first; i < count; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// What was stored before is in memory before what is stored after: a killed process leaves a prefix
// of its stores, so keeping the compiler in order is enough.
void publish() { std::atomic_signal_fence(std::memory_order_release); }

std::array<std::string_view, opening_text_count> texts_of(const CallOpening& who) {
  return {who.operation, who.client_dialect, who.key_id, who.org, who.team, who.user, who.agent};
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string_view name_of(Outcome outcome) { return outcome_names[std::size_t(outcome)]; }
std::string_view name_of(TokensSource source) { return tokens_source_names[std::size_t(source)]; }
std::string_view name_of(CostSource source) { return cost_source_names[std::size_t(source)]; }

std::optional<Outcome> outcome_named(std::string_view name) {
  return named<Outcome>(outcome_names, name, 1);
}
std::optional<TokensSource> tokens_source_named(std::string_view name) {
  return named<TokensSource>(tokens_source_names, name, 0);
}
std::optional<CostSource> cost_source_named(std::string_view name) {
  return named<CostSource>(cost_source_names, name, 0);
}

std::string_view CallOpening::too_long() const {
  constexpr std::array<std::string_view, opening_text_count> names{
      "operation", "client_dialect", "key_id", "org", "team", "user", "agent"};
  auto texts = texts_of(*this);
  for (std::size_t i = 0; i < opening_text_count; ++i) {
    if (texts[i].size() > text_bytes_max[i]) return names[i];
  }
  return {};
}

CallRecord::CallRecord(CallId call, WallTime at, const CallOpening& who)
    : id(call), started_at(at) {
  auto opening = texts_of(who);
  for (std::size_t i = 0; i < opening_text_count; ++i) {
    CHECK(opening[i].size() <= text_bytes_max[i], "a name is longer than its limit in limits.h");
    texts_[i] = append(opening[i]);
  }
  opening_ = used_;
  for (std::size_t i = opening_text_count; i < kept_text_count; ++i) promised_ += text_bytes_max[i];
}

bool CallRecord::set(Text which, std::string_view value) {
  auto i = std::size_t(which);
  TextRef& ref = texts_[i];
  if (i < opening_text_count) return text_at(ref) == value;
  bool kept = i < kept_text_count;
  if (kept && value.size() > text_bytes_max[i]) return false;
  if (kept) redeem(i);
  if (text_at(ref) == value) return true;
  if (value.empty()) {
    ref = {};
    return true;
  }
  if (!kept) return append_cut(ref, value, text_bytes_max[i]);
  if (value.size() > free_bytes()) return false;  // only when set again: the first has its room
  TextRef fresh = append(value);
  publish();
  ref = fresh;
  return true;
}

// A kept text is given: what it does not need of its room is everybody's.
void CallRecord::redeem(std::size_t i) {
  auto bit = static_cast<std::uint16_t>(1u << i);
  if ((given_ & bit) != 0) return;
  given_ |= bit;
  promised_ -= text_bytes_max[i];
}

Attempt* CallRecord::begin_attempt(std::string_view target, WallTime at) {
  if (attempt_count_ == attempts_.size()) return nullptr;
  Attempt& attempt = attempts_[attempt_count_];
  attempt = Attempt{};
  attempt.started_at = at;
  append_cut(attempt.target, target, target_bytes_max);
  publish();
  ++attempt_count_;
  return &attempt;
}

Attempt* CallRecord::begin_attempt_again(std::string_view target, WallTime at) {
  Attempt& last = attempts_[attempt_count_ - 1];
  TextRef id_room = last.provider_request_id;
  TextRef standing = last.target;
  last = Attempt{};
  last.target = standing;
  last.started_at = at;
  publish();
  // Calls may do so a hundred times: the room of their ids is used again.
  if (id_room.size != 0 && id_room.at + id_room.size == used_) used_ = id_room.at;
  append_cut(last.target, target, target_bytes_max);
  return &last;
}

void CallRecord::swap_last_attempts() {
  CHECK(attempt_count_ >= 2, "one attempt has no other");
  std::swap(attempts_[attempt_count_ - 1], attempts_[attempt_count_ - 2]);
}

bool CallRecord::set_error_class(Attempt& attempt, std::string_view value) {
  return append_cut(attempt.error_class, value, error_class_bytes_max);
}

bool CallRecord::set_provider_request_id(Attempt& attempt, std::string_view value) {
  return append_cut(attempt.provider_request_id, value, request_id_bytes_max);
}

bool CallRecord::add_decision(const Decision& decision) {
  if (decision_count_ == decisions_.size()) {
    if (decisions_beyond_ < UINT16_MAX) ++decisions_beyond_;
    return false;
  }
  // The rule first: when room is short, it is what must stand there.
  DecisionRefs& refs = decisions_[decision_count_];
  refs = {};
  append_cut(refs.rule, decision.rule, limits::model_name_bytes_max);
  append_cut(refs.phase, decision.phase, kind_name_bytes_max);
  append_cut(refs.action, decision.action, kind_name_bytes_max);
  append_cut(refs.policy, decision.policy, limits::principal_name_bytes_max);
  append_cut(refs.reason, decision.reason, reason_bytes_max);
  publish();
  ++decision_count_;
  return true;
}

Decision CallRecord::decision(std::size_t i) const {
  const DecisionRefs& refs = decisions_[i];
  return {.phase = text_at(refs.phase),
          .policy = text_at(refs.policy),
          .rule = text_at(refs.rule),
          .action = text_at(refs.action),
          .reason = text_at(refs.reason)};
}

bool CallRecord::add_budget(const BudgetLine& line) {
  CHECK(budget_count() < budgets_max, "a call has more budgets than a table lets it have");
  CHECK(line.too_long().empty(), "a text of a budget is longer than its limit");
  if (BudgetPart* last = last_part()) return add_line(last->head, last->room, line);
  if (budgets_.count == 0 && free_bytes() > own_text_bytes_min) {
    std::size_t spare = free_bytes() + budget_room_ - own_text_bytes_min;
    budget_room_ = static_cast<std::uint16_t>(std::min(spare, budget_room_bytes_max));
    publish();
  }
  return add_line(budgets_, budget_room(), line);
}

std::size_t CallRecord::budget_count() const {
  std::size_t count = budgets_.count;
  for (const BudgetPart* part = budgets_.next; part != nullptr; part = part->head.next) {
    count += part->head.count;
  }
  return count;
}

BudgetLine CallRecord::budget(std::size_t i) const {
  const BudgetPart* part = part_of_budget(i);
  return part == nullptr ? line_at(budget_room(), i) : line_at(part->room, i);
}

void CallRecord::set_budget(std::size_t i, const BudgetFigures& figures) {
  BudgetPart* part = part_of_budget(i);
  part == nullptr ? set_figures(budget_room(), i, figures) : set_figures(part->room, i, figures);
}

void CallRecord::set_charged(std::size_t i, std::int64_t charged) {
  BudgetPart* part = part_of_budget(i);
  ledger::set_charged(part == nullptr ? budget_room() : std::span<char>(part->room), i, charged);
}

// Null: it is in the record. Makes of `i` its place there.
BudgetPart* CallRecord::part_of_budget(std::size_t& i) const {
  if (i < budgets_.count) return nullptr;
  i -= budgets_.count;
  BudgetPart* part = budgets_.next;
  for (; part != nullptr && i >= part->head.count; part = part->head.next) i -= part->head.count;
  CHECK(part != nullptr, "the call has no such budget");
  return part;
}

void CallRecord::add_part(BudgetPart& part, std::uint32_t slot) {
  BudgetPart* last = last_part();
  BudgetHead& head = last != nullptr ? last->head : budgets_;
  head.next = &part;
  publish();
  head.next_slot = slot;
}

BudgetPart* CallRecord::last_part() const {
  BudgetPart* last = budgets_.next;
  while (last != nullptr && last->head.next != nullptr) last = last->head.next;
  return last;
}

// The caller made sure that there is room.
TextRef CallRecord::append(std::string_view value) {
  if (value.empty()) return {};
  TextRef ref{used_, static_cast<std::uint16_t>(value.size())};
  std::memcpy(bytes_.data() + used_, value.data(), value.size());
  used_ = static_cast<std::uint16_t>(used_ + value.size());
  return ref;
}

// Points `ref` at `value`, or at as much of it as has room, marked; whether it is whole.
bool CallRecord::append_cut(TextRef& ref, std::string_view value, std::size_t bytes_max) {
  if (text_at(ref) == value) return true;
  if (std::optional<TextRef> standing = standing_already(value)) {
    ref = *standing;
    return true;
  }
  std::size_t room = std::min(bytes_max, free_bytes());
  bool whole = value.size() <= room;
  TextRef fresh;
  if (whole) {
    fresh = append(value);
  } else if (room > cut_marker.size()) {
    std::size_t kept = room - cut_marker.size();
    while (kept > 0 && is_continuation(value[kept])) --kept;  // never within a character
    fresh = {used_, static_cast<std::uint16_t>(kept + cut_marker.size())};
    append(value.substr(0, kept));
    append(cut_marker);
  }
  publish();
  ref = fresh;
  return whole;
}

// The provider and the model that served are mostly the two halves of the last target, a target is
// mostly what was asked for, and attempts often fail alike: those bytes are there.
std::optional<TextRef> CallRecord::standing_already(std::string_view value) const {
  std::array<TextRef, 3> known{texts_[std::size_t(Text::model_requested)], {}, {}};
  if (attempt_count_ > 0) known[1] = attempts_[attempt_count_ - 1].target;
  if (attempt_count_ > 0) known[2] = attempts_[0].error_class;
  for (TextRef ref : known) {
    std::string_view standing = text_at(ref);
    auto size = static_cast<std::uint16_t>(value.size());
    if (standing.starts_with(value)) return TextRef{ref.at, size};
    if (standing.ends_with(value)) {
      return TextRef{static_cast<std::uint16_t>(ref.at + ref.size - size), size};
    }
  }
  return std::nullopt;
}

bool CallRecord::sound() const {
  if (used_ + budget_room_ > text_room_bytes || opening_ > used_ ||
      attempt_count_ > attempts_.size() || decision_count_ > decisions_.size() ||
      std::size_t(outcome) >= outcome_count || std::size_t(tokens_source) >= tokens_source_count ||
      std::size_t(cost_source) >= cost_source_count) {
    return false;
  }
  auto in_range = [this](TextRef ref) { return ref.at + ref.size <= used_; };
  bool all = std::ranges::all_of(texts_, in_range) && ledger::sound(budgets_, budget_room());
  for (const Attempt& a : attempts_) {
    all = all && in_range(a.target) && in_range(a.error_class) && in_range(a.provider_request_id) &&
          std::size_t(a.outcome) < outcome_count;
  }
  for (const DecisionRefs& d : decisions_) {
    all = all && in_range(d.phase) && in_range(d.policy) && in_range(d.rule) &&
          in_range(d.action) && in_range(d.reason);
  }
  return all;
}

std::uint32_t CallRecord::opening_checksum(std::uint32_t before) const {
  std::uint32_t crc = crc32c(this, opening_numbers_bytes, before);
  crc = crc32c(&opening_, sizeof opening_, crc);
  crc = crc32c(texts_.data(), opening_text_count * sizeof(TextRef), crc);
  return crc32c(bytes_.data(), opening_, crc);
}

std::uint32_t CallRecord::checksum(std::uint32_t before) const {
  const auto* begin = reinterpret_cast<const char*>(this);
  auto size = static_cast<std::size_t>(bytes_.data() + used_ - begin);
  std::uint32_t crc = crc32c(begin, size, before);
  if (budgets_.count == 0) return crc;
  return ledger::checksum(budgets_, budget_room(), crc);
}

}  // namespace recloser::ledger
