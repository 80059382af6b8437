#include "ledger/sqlite_accounts.h"

#include "ledger/sqlite_budgets.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace recloser::ledger {
namespace {

// Beyond it all are forgotten, and those that are still charged are looked up again.
constexpr std::size_t accounts_remembered_max = 4096;

// The texts of a line of a record lie behind each other, in this order.
std::uint64_t text_sizes_of(const BudgetLine& line) {
  return std::uint64_t{line.name.size()} | std::uint64_t{line.unit.size()} << 16 |
         std::uint64_t{line.kind.size()} << 32 | std::uint64_t{line.key.size()} << 48;
}
std::string_view texts_of(const BudgetLine& line) {
  return {line.name.data(),
          line.name.size() + line.unit.size() + line.kind.size() + line.key.size()};
}

bool is_of(const WrittenAccount& account, const BudgetLine& line) {
  return account.change.place.window_begun == line.window_begun &&
         account.text_sizes == text_sizes_of(line) && account.texts == texts_of(line);
}

template <class Number>
void append_bytes(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::optional<WallTime> later(std::optional<WallTime> a, std::optional<WallTime> b) {
  if (!a || !b) return std::nullopt;  // one of them: never
  return std::max(*a, *b);
}

void bind_identity(Statement& statement, const BudgetIdentity& of) {
  statement.bind(1, of.name);
  statement.bind(2, of.unit);
  statement.bind(3, of.kind);
}

}  // namespace

Result<BudgetNumbers> BudgetNumbers::prepare(Database& database) {
  Result<Statement> find =
      database.prepare("SELECT number FROM budgets WHERE budget = ? AND unit = ? AND kind = ?");
  if (!find) return fail(find.error());
  Result<Statement> insert = database.prepare(
      "INSERT INTO budgets (budget, unit, kind) VALUES (?, ?, ?) RETURNING number");
  if (!insert) return fail(insert.error());
  return BudgetNumbers(std::move(*find), std::move(*insert));
}

Result<std::int64_t> BudgetNumbers::of(const BudgetIdentity& budget) {
  auto known = known_.find(budget);
  if (known != known_.end()) return known->second;
  for (Statement* statement : {&find_, &insert_}) {
    bind_identity(*statement, budget);
    Result<bool> row = statement->step();
    if (!row) return fail(row.error());
    std::int64_t number = *row ? statement->number(0) : 0;
    statement->reset();
    if (!*row) continue;
    known_.emplace(budget, number);
    return number;
  }
  return fail(Side::gateway, Kind::malformed, "the store gave a budget no number");
}

Result<BudgetNamer> BudgetNamer::prepare(Database& database) {
  Result<Statement> newer = database.prepare(
      "SELECT number, budget, unit, kind FROM budgets WHERE number > ? ORDER BY number");
  if (!newer) return fail(newer.error());
  return BudgetNamer(std::move(*newer));
}

Result<void> BudgetNamer::catch_up() {
  newer_.bind(1, newest_);
  for (;;) {
    Result<bool> row = newer_.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    newest_ = newer_.number(0);
    names_[newest_] = {newer_.text(1), newer_.text(2), newer_.text(3)};
  }
  newer_.reset();
  return {};
}

Result<AccountWriter> AccountWriter::prepare(Database& database) {
  Result<BudgetNumbers> numbers = BudgetNumbers::prepare(database);
  if (!numbers) return fail(numbers.error());
  Result<Statement> move = prepare_move(database);
  if (!move) return fail(move.error());
  return AccountWriter(std::move(*numbers), std::move(*move));
}

void AccountWriter::begin() {
  bool stands = std::exchange(is_committed_, false);
  if (!stands || numbers_.size() > accounts_remembered_max) numbers_.forget();
  if (!stands || accounts_.size() > accounts_remembered_max) {
    accounts_.clear();
    latest_ = {};
  } else {
    for (WrittenAccount* account : changed_) account->changed = false;
  }
  changed_.clear();
}

// Most calls have the accounts of the call before them.
Result<void> AccountWriter::find(const CallRecord& record, RowAccounts& out) {
  out.accounts_.clear();
  out.facts_.clear();
  std::size_t count = record.budget_count();
  for (std::size_t i = 0; i < count; ++i) {
    BudgetLine line = record.budget(i);
    WrittenAccount*& latest = latest_[std::min(i, latest_.size() - 1)];
    if (latest == nullptr || !is_of(*latest, line)) {
      Result<WrittenAccount*> account = account_of(line);
      if (!account) return fail(account.error());
      latest = *account;
    }
    out.accounts_.push_back(latest);
    out.facts_.push_back({.account = latest->in_facts, .figures = line.figures});
  }
  return {};
}

Result<WrittenAccount*> AccountWriter::account_of(const BudgetLine& line) {
  place_.clear();
  append_bytes(place_, line.window_begun.ns);
  append_bytes(place_, text_sizes_of(line));
  place_ += texts_of(line);
  auto known = accounts_.find(place_);
  if (known != accounts_.end()) return &known->second;
  BudgetIdentity of{std::string(line.name), std::string(line.unit), std::string(line.kind)};
  Result<std::int64_t> number = numbers_.of(of);
  if (!number) return fail(number.error());
  WrittenAccount& account = accounts_[place_];
  account.text_sizes = text_sizes_of(line);
  account.texts = texts_of(line);
  account.in_facts = account_in_facts(*number, line.key, line.window_begun);
  account.of = std::move(of);
  account.change.place = {std::string(line.key), line.window_begun};
  return &account;
}

void AccountWriter::charge(const RowAccounts& row) {
  for (std::size_t i = 0; i < row.facts_.size(); ++i) {
    const BudgetFigures& figures = row.facts_[i].figures;
    if (figures.charged == 0) continue;  // nothing to remember
    WrittenAccount& account = *row.accounts_[i];
    Balance& change = account.change;
    if (!std::exchange(account.changed, true)) {
      changed_.push_back(&account);
      change.charged = figures.charged;
      change.last_settled = figures.charged_at;
      change.counts_until = figures.counts_until;
      continue;
    }
    change.charged = added(change.charged, figures.charged);
    change.last_settled = std::max(change.last_settled, figures.charged_at);
    change.counts_until = later(change.counts_until, figures.counts_until);
  }
}

Result<void> AccountWriter::store() {
  for (const WrittenAccount* account : changed_) {
    Result<void> moved = move_balance(move_, account->of, account->change);
    if (!moved) return moved;
  }
  return {};
}

}  // namespace recloser::ledger
