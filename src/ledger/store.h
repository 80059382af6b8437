// The seam to where rows are kept: SQLite in this version; in memory for tests.
#pragma once

#include "core/result.h"
#include "ledger/budget_books.h"
#include "ledger/budget_request.h"
#include "ledger/call_record.h"
#include "ledger/kept_answer.h"
#include "ledger/stored_call.h"
#include "ledger/usage.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace recloser::ledger {

inline constexpr std::uint32_t page_calls_default = 50;
inline constexpr std::uint32_t page_calls_max = 1000;  // of one answer; a larger limit is lowered

// Which calls, newest first. What is not set does not narrow.
struct CallFilter {
  std::uint32_t limit = page_calls_default;
  std::optional<std::string> session;
  std::optional<std::string> team;
  std::optional<Outcome> outcome;
  std::optional<WallTime> since;  // started then or later
  std::optional<WallTime> until;  // started before then
  std::optional<CallId> before;   // the cursor: older than this call
};

struct CallPage {
  std::vector<StoredCall> calls;
  std::optional<CallId> next;  // the cursor of the next page, when there is one
};

// A virtual key as it is kept: never its secret.
struct KeyRow {
  std::string id;
  std::array<std::uint8_t, 32> secret_hash{};  // SHA-256
  std::string org;
  std::string team;
  std::string user;
  std::string agent;
  std::vector<std::string> models;  // globs; empty = all
  std::vector<std::string> labels;
  std::string plan;
  WallTime created_at{};
  std::optional<WallTime> expires_at;
  std::optional<WallTime> revoked_at;
  bool disabled = false;
  std::string limits;  // what it may take, a JSON object; "": no limit of its own
  std::array<std::uint8_t, 32> old_secret_hash{};  // SHA-256; meaningful with old_until
  std::optional<WallTime> old_until;               // the secret before this one is good until then
};

// An org, a team or a user as it is kept.
struct HolderRow {
  std::string kind;  // "org", "team" or "user"
  std::string org;   // "": of no org, or of any
  std::string name;
  std::string spec;  // a JSON object
  WallTime changed_at{};
};

// A copy of the store that was made.
struct Backup {
  std::string path;
  std::uint64_t bytes = 0;
};

// Any thread may call anything. Calls block (files, locks), so no worker makes one.
class Store {
 public:
  virtual ~Store() = default;

  // All in one transaction; a call that has its row keeps that row. How many were new. With a new
  // row, the balances of its budgets have what it charged: once, however often the call is given.
  virtual Result<std::size_t> insert_calls(std::span<const CallRecord* const> calls) = 0;
  // What was inserted before survives a power loss from here on.
  virtual Result<void> sync() = 0;
  virtual Result<CallPage> calls(const CallFilter& filter) = 0;
  virtual Result<std::optional<StoredCall>> call(CallId id) = 0;
  virtual Result<std::uint64_t> count_calls() = 0;
  // Deletes up to `limit` of the oldest calls begun before `before`. How many it were.
  virtual Result<std::size_t> delete_calls_before(WallTime before, std::size_t limit) = 0;

  // A copy of what is stored, in a new file, while rows go on being stored: what is inserted
  // meanwhile may be in it or not. Kind::conflict when there is such a file.
  virtual Result<Backup> backup(const std::string& to) = 0;

  // Sums of all that the query wants. In pieces, so that no snapshot is long: a call that ends
  // meanwhile may be in it or not.
  virtual Result<Usage> usage(const UsageQuery& query) = 0;

  // All or none; a rating of a call comes beside those that it has. Kind::not_found for a call
  // without a row.
  virtual Result<void> add_ratings(std::span<const CallRating> ratings) = 0;
  virtual Result<std::vector<Rating>> ratings(CallId id) = 0;  // oldest first

  virtual Result<BalancePage> balances(const BalanceQuery& query) = 0;
  // Deletes up to `limit` balances that count no longer than until `before`. How many it were.
  virtual Result<std::size_t> delete_balances_before(WallTime before, std::size_t limit) = 0;
  // Kept for ever; a balance that it moves is moved in the same transaction. Its id.
  virtual Result<std::int64_t> add_adjustment(const Adjustment& adjustment) = 0;
  virtual Result<std::vector<Adjustment>> adjustments() = 0;  // by id

  // Whether the call is to be made; what is known at `now` of its key otherwise.
  virtual Result<ClaimFinding> claim_answer(const AnswerClaim& claim, WallTime now) = 0;
  // Of calls that claimed; nothing, where another has claimed the key since. Forgets what there is
  // no room for.
  virtual Result<void> end_answers(std::span<const EndedAnswer> ended) = 0;
  // Before any call begins, with the rows of all earlier ones stored: claims of a process that has
  // ended. Those of calls that left_nothing() are given back, the others stand until then.
  virtual Result<void> cut_off_answers(WallTime until) = 0;
  // Deletes up to `limit` that are over by then, claims that run never. How many it were.
  virtual Result<std::size_t> delete_answers_until(WallTime until, std::size_t limit) = 0;

  // Its id; kept for ever. Kind::conflict when too many wait.
  virtual Result<std::int64_t> add_request(const BudgetRequest& request) = 0;
  virtual Result<std::optional<BudgetRequest>> request(std::int64_t id) = 0;
  virtual Result<RequestPage> requests(const RequestQuery& query) = 0;
  // Of one that waits at the time of the answer, and never a second time: see check_waits(). What
  // is granted becomes that adjustment, in the same transaction. The adjustment's id, or 0.
  virtual Result<std::int64_t> answer_request(std::int64_t id, const RequestAnswer& answer,
                                              const Adjustment* grant) = 0;

  virtual Result<void> put_switch(const Switch& setting) = 0;
  virtual Result<std::vector<Switch>> switches() = 0;  // by name

  // Kind::conflict when the id or the secret is taken.
  virtual Result<void> put_key(const KeyRow& key) = 0;
  virtual Result<std::vector<KeyRow>> keys() = 0;  // by id; revoked ones too
  // Kind::not_found; a key that is revoked already keeps its first time.
  virtual Result<void> revoke_key(std::string_view id, WallTime at) = 0;
  // All of a key but whose it is, when it was made and whether it was revoked. Kind::not_found;
  // Kind::conflict when another key has the secret.
  virtual Result<void> change_key(const KeyRow& key) = 0;

  virtual Result<void> put_holder(const HolderRow& holder) = 0;  // in place of an earlier one
  virtual Result<std::vector<HolderRow>> holders() = 0;          // by kind, org and name
  // Kind::not_found.
  virtual Result<void> remove_holder(std::string_view kind, std::string_view org,
                                     std::string_view name) = 0;
};

}  // namespace recloser::ledger
