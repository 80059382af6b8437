// A request for more of a budget, as it was asked and as an owner answered it.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "ledger/budget_books.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace recloser::ledger {

// Waiting for an answer at one time; one more is refused, so that nobody fills a disk by asking.
inline constexpr std::size_t requests_waiting_max = 1000;
inline constexpr std::uint32_t page_requests_max = 1000;

// An owner's answer, given once.
struct RequestAnswer {
  WallTime at{};
  bool granted = false;
  std::string who;
  std::string reason;  // "": none was given
  // Of what was granted: the adjustment that it became, so much of the budget's unit, until then.
  std::int64_t adjustment = 0;
  std::int64_t amount = 0;
  std::optional<WallTime> until;

  friend bool operator==(const RequestAnswer&, const RequestAnswer&) = default;
};

enum class RequestState : std::uint8_t { waiting, granted, denied, expired };

struct BudgetRequest {
  std::int64_t id = 0;  // given by the store, in their order
  WallTime at{};
  BudgetIdentity budget;
  std::string key;
  std::int64_t amount = 0;  // more limit; no more than that is granted
  Duration lasts{};         // from the answer on; no longer than that
  std::string reason;       // never empty
  std::string who;
  WallTime answer_by{};  // nobody can answer it from then on
  std::optional<RequestAnswer> answer;

  RequestState state(WallTime now) const;
  friend bool operator==(const BudgetRequest&, const BudgetRequest&) = default;
};

// Newest first. What is not set does not narrow.
struct RequestQuery {
  std::uint32_t limit = page_requests_max;
  std::optional<std::int64_t> before;  // older than this one
  std::optional<WallTime> waiting_at;  // those that wait for an answer then
};
struct RequestPage {
  std::vector<BudgetRequest> requests;
  std::optional<std::int64_t> next;  // `before` of the next page, when there is one
};

// What no store takes (Kind::malformed): no budget, no reason, nothing that is asked for.
Result<void> check(const BudgetRequest& request);

// Kind::conflict: so many wait already.
Result<void> check_waiting(std::size_t waiting);

// Kind::not_found: there is none of that id; Kind::conflict: it was answered, or its time is over.
Result<void> check_waits(const std::optional<BudgetRequest>& request, std::int64_t id,
                         WallTime now);

}  // namespace recloser::ledger
