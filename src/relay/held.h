// Held: what a call holds of its budgets while it runs.
#pragma once

#include "budget/permit.h"
#include "relay/stream_pass.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace recloser::relay {

// Only calls that a budget applies to have one.
class Held final : public OutputGate {
 public:
  Held(budget::Permit permit, bool has_rate) : permit_(std::move(permit)), has_rate_(has_rate) {}

  budget::Permit& permit() { return permit_; }
  const budget::Permit& permit() const { return permit_; }

  // Whether a limit of requests or tokens in a minute is among them.
  bool has_rate() const { return has_rate_; }

  // A slice is taken ahead of the tokens that are to pass.
  std::uint64_t let_through(std::uint64_t tokens) override {
    if (!permit_.is_elastic()) return UINT64_MAX;  // its provider was told what it may have
    while (!exhausted_ && permit_.output_tokens_granted() < tokens) {
      auto more = permit_.extend(tokens - 1 + permit_.slice_tokens());
      if (!more) exhausted_ = std::move(more.error());
      slice_is_new_ = true;
    }
    return permit_.output_tokens_granted();
  }

  void limit_lowered() { limit_lowered_ = true; }
  bool ends_at_our_limit() const override { return limit_lowered_; }

  // What stands in the row of a budget that grows with every token.
  struct Growing {
    std::size_t place = 0;  // among the row's
    budget::Amount per_million_output = 0;
    budget::Amount charged = 0;  // when the budget was told last
  };
  std::vector<Growing>& growing() { return growing_; }
  // Of the answer, then.
  std::int64_t& told_output_tokens() { return told_output_tokens_; }

  // The table's, when the limits were looked at last.
  std::uint64_t& revision() { return revision_; }

  // Whether a slice was taken since it was asked last: what has been used is to be told.
  bool slice_is_new() { return std::exchange(slice_is_new_, false); }

  // Why the stream is to be cut, once it is.
  const std::optional<budget::Exhausted>& exhausted() const { return exhausted_; }
  void exhaust(budget::Exhausted why) { exhausted_ = std::move(why); }

 private:
  budget::Permit permit_;
  std::optional<budget::Exhausted> exhausted_;
  std::vector<Growing> growing_;
  std::int64_t told_output_tokens_ = 0;
  std::uint64_t revision_ = 0;
  bool has_rate_;
  bool limit_lowered_ = false;
  bool slice_is_new_ = false;
};

}  // namespace recloser::relay
