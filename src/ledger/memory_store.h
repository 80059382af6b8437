// A store in memory: what the SQLite store is compared with, and what tests of other rooms use.
#pragma once

#include "ledger/kept_answer.h"
#include "ledger/store.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace recloser::ledger {

class MemoryStore final : public Store {
 public:
  Result<std::size_t> insert_calls(std::span<const CallRecord* const> calls) override;
  Result<void> sync() override;
  Result<CallPage> calls(const CallFilter& filter) override;
  Result<std::optional<StoredCall>> call(CallId id) override;
  Result<std::uint64_t> count_calls() override;
  Result<std::size_t> delete_calls_before(WallTime before, std::size_t limit) override;
  Result<Backup> backup(const std::string& to) override;  // Kind::unsupported
  Result<Usage> usage(const UsageQuery& query) override;
  Result<void> add_ratings(std::span<const CallRating> ratings) override;
  Result<std::vector<Rating>> ratings(CallId id) override;
  Result<BalancePage> balances(const BalanceQuery& query) override;
  Result<std::size_t> delete_balances_before(WallTime before, std::size_t limit) override;
  Result<std::int64_t> add_adjustment(const Adjustment& adjustment) override;
  Result<std::vector<Adjustment>> adjustments() override;
  Result<ClaimFinding> claim_answer(const AnswerClaim& claim, WallTime now) override;
  Result<void> end_answers(std::span<const EndedAnswer> ended) override;  // without a bound
  Result<void> cut_off_answers(WallTime until) override;
  Result<std::size_t> delete_answers_until(WallTime until, std::size_t limit) override;
  Result<std::int64_t> add_request(const BudgetRequest& request) override;
  Result<std::optional<BudgetRequest>> request(std::int64_t id) override;
  Result<RequestPage> requests(const RequestQuery& query) override;
  Result<std::int64_t> answer_request(std::int64_t id, const RequestAnswer& answer,
                                      const Adjustment* grant) override;
  Result<void> put_switch(const Switch& setting) override;
  Result<std::vector<Switch>> switches() override;
  Result<void> put_key(const KeyRow& key) override;
  Result<std::vector<KeyRow>> keys() override;
  Result<void> revoke_key(std::string_view id, WallTime at) override;
  Result<void> change_key(const KeyRow& key) override;
  Result<void> put_holder(const HolderRow& holder) override;
  Result<std::vector<HolderRow>> holders() override;
  Result<void> remove_holder(std::string_view kind, std::string_view org,
                             std::string_view name) override;

  std::size_t count_answers() const;  // with claims

  // From here on every write fails so; nothing = they succeed again.
  void fail_writes_with(std::optional<Error> error);
  // Of answers alone.
  void fail_answers_with(std::optional<Error> error);

  // What a process that was killed now would leave behind.
  using Balances = std::map<std::pair<BudgetIdentity, BalancePlace>, Balance>;
  std::map<CallId, StoredCall> copy_of_calls() const;
  void put_calls(std::map<CallId, StoredCall> calls);
  struct Claimed {
    AnswerHash request{};
    CallId call;
    std::optional<WallTime> until;  // nothing: it runs
    ClaimFinding finding;
  };
  using Claims = std::map<std::pair<AnswerHash, AnswerHash>, Claimed>;  // by owner and key
  struct Books {
    std::map<CallId, StoredCall> calls;
    Balances balances;
    Claims claims;
  };
  Books copy_of_books() const;
  void put_books(Books books);

 private:
  std::int64_t keep(const Adjustment& adjustment);
  std::optional<BudgetRequest> find_request(std::int64_t id) const;
  void move_balance(const BudgetIdentity& of, const Balance& change);

  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  std::optional<Error> answers_failure_;
  std::map<CallId, StoredCall> calls_;
  std::map<CallId, std::vector<Rating>> ratings_;
  Balances balances_;
  std::vector<Adjustment> adjustments_;
  std::vector<BudgetRequest> requests_;
  Claims claims_;
  std::map<std::string, Switch, std::less<>> switches_;
  std::map<std::string, KeyRow, std::less<>> keys_;
  std::map<std::tuple<std::string, std::string, std::string>, HolderRow> holders_;
};

}  // namespace recloser::ledger
