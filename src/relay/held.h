// Held: what a call holds of its budgets while it runs.
#pragma once

#include "budget/permit.h"
#include "ledger/call_record.h"
#include "net/timer.h"
#include "relay/stream_pass.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace recloser::relay {

class Relay;
struct Call;

// What of the lines a row has: limits of the moment leave nothing behind. `each` gets the number
// of the line among these.
template <class Each>
void for_each_booked(std::span<const budget::Line> lines, Each each) {
  std::size_t number = 0;
  for (const budget::Line& line : lines) {
    if (line.budget->document().leaves_a_balance()) each(number++, line);
  }
}

// The time that a call is let run, taken ahead of it: fires when all of it has passed.
struct CallClock final : net::Timer {
  CallClock(Fire fire, Relay& r, Call& c) : Timer(fire), relay(r), call(c) {}
  Relay& relay;
  Call& call;
  budget::Amount taken_ms = 0;
};

// Only calls that a budget applies to have one.
class Held final : public OutputGate {
 public:
  Held(budget::Permit permit, Instant since, bool has_rate)
      : permit_(std::move(permit)), since_(since), has_rate_(has_rate) {}

  budget::Permit& permit() { return permit_; }
  const budget::Permit& permit() const { return permit_; }

  // Whether a limit of requests or tokens in a minute is among them.
  bool has_rate() const { return has_rate_; }
  Instant since() const { return since_; }  // its time counts from here on
  // Where a budget counts time.
  std::unique_ptr<CallClock>& clock() { return clock_; }

  // A slice is taken ahead of the tokens that are to pass.
  std::uint64_t let_through(std::uint64_t tokens) override {
    if (!permit_.is_elastic()) return UINT64_MAX;  // its provider was told what it may have
    while (!exhausted_ && permit_.output_tokens_granted() < tokens) {
      auto more = permit_.extend(tokens - 1 + permit_.slice_tokens());
      if (!more) exhausted_ = std::move(more.error());
      slice_is_new_ = true;
    }
    std::uint64_t granted = permit_.output_tokens_granted();
    if (!exhausted_ || granted >= tokens) return granted;
    in_grace_ = exhausted_->standing.budget->document().cut.at_sentence;
    return granted + permit_.grace_tokens();
  }
  bool may_end_at_sentence() const override { return permit_.grace_tokens() > 0; }
  bool in_grace() const override { return in_grace_; }

  bool let_call_begin() override {
    auto taken = permit_.take_more(budget::Unit::tool_calls, 1);
    if (!taken) {
      exhausted_ = std::move(taken.error());
      return false;
    }
    ++tool_calls_;
    return true;
  }
  // That were let begin.
  std::uint32_t tool_calls() const { return tool_calls_; }

  void limit_lowered() { limit_lowered_ = true; }
  bool ends_at_our_limit() const override { return limit_lowered_; }

  // Where the line of the i-th budget stands in the row, and what earlier attempts left in it: as
  // they come, unless this is not the first attempt.
  struct Booked {
    std::size_t place = 0;
    budget::Amount before = 0;
  };
  Booked booked(std::size_t i) const { return booked_.empty() ? Booked{.place = i} : booked_[i]; }
  void book(Booked line) { booked_.push_back(line); }
  // Another attempt that ran beside this one was settled in `places`: what they show is before it.
  void come_after(const ledger::CallRecord& row, std::span<const budget::Line> lines,
                  std::span<const std::size_t> places);

  // What stands in the row of a budget that grows with every token.
  struct Growing {
    std::size_t place = 0;  // among the row's
    budget::Amount per_million_output = 0;
    budget::Amount charged = 0;  // when the budget was told last
  };
  std::vector<Growing>& growing() { return growing_; }
  // Of the answer, then.
  std::int64_t& told_output_tokens() { return told_output_tokens_; }

  // What its client is told with the head of the answer: "" for nothing.
  const std::string& warning() const { return warning_; }
  void warn(std::string text) { warning_ = std::move(text); }

  // The table's, when the limits were looked at last.
  std::uint64_t& revision() { return revision_; }

  // Whether a slice was taken since it was asked last: what has been used is to be told.
  bool slice_is_new() { return std::exchange(slice_is_new_, false); }

  // Why the stream is to be cut, once it is.
  const std::optional<budget::Exhausted>& exhausted() const { return exhausted_; }
  // Nothing more may come of it, not even what was granted.
  void end(budget::Exhausted why) {
    exhausted_ = std::move(why);
    ended_ = true;
  }
  bool ended() const { return ended_; }

 private:
  budget::Permit permit_;
  Instant since_;
  std::unique_ptr<CallClock> clock_;
  std::optional<budget::Exhausted> exhausted_;
  std::vector<Booked> booked_;
  std::vector<Growing> growing_;
  std::int64_t told_output_tokens_ = 0;
  std::uint64_t revision_ = 0;
  bool has_rate_;
  bool limit_lowered_ = false;
  bool slice_is_new_ = false;
  bool ended_ = false;
  bool in_grace_ = false;
  std::uint32_t tool_calls_ = 0;
  std::string warning_;
};

inline void Held::come_after(const ledger::CallRecord& row, std::span<const budget::Line> lines,
                             std::span<const std::size_t> places) {
  std::vector<Booked> fresh;
  for_each_booked(lines, [&](std::size_t number, const budget::Line&) {
    Booked line = booked(number);
    bool shared =
        std::ranges::find(places, line.place) != places.end() && line.place < row.budget_count();
    if (shared) line.before = row.budget(line.place).figures.charged;
    fresh.push_back(line);
  });
  booked_ = std::move(fresh);
}

}  // namespace recloser::relay
