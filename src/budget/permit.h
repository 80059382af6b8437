// Permit: what a call holds of every budget that applies to it, until it settles.
#pragma once

#include "budget/table.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace recloser::budget {

// What a call has of one account, so far or in the end, for its row.
struct Line {
  const Live* budget = nullptr;
  std::string_view key;  // good as long as the permit
  WallTime window_begun;
  std::optional<WallTime> counts_until;  // then what is charged counts nowhere any more
  Amount reserved = 0;                   // the most it held
  Amount charged = 0;
  Amount held = 0;       // and has not used, now
  Amount limit = 0;      // of the account
  Amount remaining = 0;  // of the account, afterwards
  Amount overrun = 0;    // charged beyond the limit by this call
};

// The same, of what answers tell: what is left without what the call itself holds and has not used.
struct Left {
  const Budget* document = nullptr;
  Amount limit = 0;
  Amount remaining = 0;
};

// Move-only. One that dies unsettled charges what was noted last: what a provider has done is paid
// for whatever happens to us. Belongs to one thread at a time.
class [[nodiscard]] Permit {
 public:
  Permit();  // of a call that no budget applies to: all is granted, nothing is counted
  Permit(Permit&& other) noexcept;
  Permit& operator=(Permit&& other) noexcept;
  ~Permit();

  bool counts() const { return count_ != 0; }
  // Whether some account counts in that unit, and holds ahead.
  bool holds(Unit unit) const;

  // Whether tokens are paid for slice by slice.
  bool is_elastic() const;

  // The account of which the least is left, by its share; nothing without one.
  std::optional<Standing> tightest() const;

  // What the answer may have in all: as asked, or less where a budget clamps.
  std::uint64_t output_tokens_max() const { return output_tokens_max_; }

  // What is paid for so far. The relay lets no token pass beyond it.
  std::uint64_t output_tokens_granted() const { return output_tokens_granted_; }

  // And these beyond it, held to the end, for a cut that waits for the end of a sentence.
  std::uint64_t grace_tokens() const { return grace_tokens_; }

  // The account for which the answer may have less than was asked for, if one may: because no more
  // fits, or because of `degradeAt`.
  struct Lowered {
    Standing by;
    bool degraded = false;
  };
  std::optional<Lowered> lowered() const;

  // How many tokens are paid for at a time, where slices are.
  std::uint64_t slice_tokens() const { return slice_tokens_; }

  // Once it is settled, the three that follow grant all and hold nothing: what comes behind the end
  // of an answer is no part of it, and is nobody's to give back.

  // Another slice, so that `wanted` tokens in all are paid for; fewer when the rest of a budget is
  // less. Error: not one more is to be had.
  std::expected<void, Exhausted> extend(std::uint64_t wanted);

  // More of a unit than was known of before: a tool call, a second, input that grew.
  std::expected<void, Exhausted> take_more(Unit unit, Amount more);

  // The same of what is left, if that is less: how much it is. Error: nothing is left.
  std::expected<Amount, Exhausted> take_up_to(Unit unit, Amount most);

  // What the call has used so far, in all. Cheap: nobody else sees it.
  void note(const Use& use) { noted_ = use; }
  // The same for everybody to see, and for thresholds.
  void publish(const Use& use);

  // Whether some account has nothing left, because its limit was lowered or a provider billed more
  // than anybody foresaw: then what runs is to be cut.
  std::optional<Exhausted> over_limit() const;

  // The last word. What was charged by estimates is lowered only by `exact` figures.
  // What it has of each account in the end is written into `lines`, as by lines().
  void settle(const Use& use, bool exact, std::vector<Line>& lines);

  // Replaces what is in `lines`, whose room is used again; in the order in which the scopes were
  // asked for.
  void lines(std::vector<Line>& lines) const;

  // In the same order; `out` has room for all. How many there are.
  std::size_t left(std::span<Left> out) const;

  // The same two, where room is nothing to be careful of.
  std::vector<Line> settle(const Use& use, bool exact);
  std::vector<Line> lines() const;

 private:
  friend class Table;
  static constexpr std::uint8_t no_place = UINT8_MAX;
  struct Hold;
  class Locked;

  Permit(Table& table, const Ask& ask);
  std::span<Hold> holds() const;
  std::expected<void, Exhausted> take(const Ask& ask, std::vector<Line>* lines);
  Exhausted exhausted(const Hold& hold, Amount needed) const;
  void charge(const Use& use, bool exact, std::vector<Line>* settled);
  static void write(Line& line, const Hold& hold, const Now& now);

  Table* table_ = nullptr;
  std::unique_ptr<Hold[]> holds_;  // by the address of their accounts
  std::uint8_t count_ = 0;
  bool open_ = false;
  std::uint64_t output_tokens_max_ = UINT64_MAX;
  std::uint64_t output_tokens_granted_ = UINT64_MAX;
  std::uint64_t slice_tokens_ = UINT64_MAX;
  std::uint32_t grace_tokens_ = 0;
  std::uint32_t hidden_tokens_ = 0;
  std::uint8_t lowered_by_ = no_place;
  bool degraded_ = false;
  Use noted_;
};

}  // namespace recloser::budget
