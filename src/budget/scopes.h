// Scopes: which budgets apply to a call, and under which account of each it falls.
#pragma once

#include "budget/budget.h"
#include "budget/table.h"
#include "core/result.h"

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::budget {

// What is known of a call when it asks; "" where it has none.
struct CallFacts {
  std::string_view org;
  std::string_view team;
  std::string_view user;
  std::string_view agent;
  std::string_view key;
  std::string_view session;
  std::string_view trace;
  std::string_view model;
  std::string_view provider;
  std::string_view target;
  std::string_view call;  // its id
  std::span<const std::string_view> labels;

  // Of any part but a label.
  std::string_view of(KeyPart part) const;
};

// A scope for each of `budgets` that applies, in their order; what it demands is left to the
// caller. Both buffers are written anew, and `texts` holds what AccountKey::text points at: the
// scopes are good as long as nobody changes it. Buffers that are used again make this free of
// allocations.
//
// Calls without an org (a team, a user, ..) share one account: nobody escapes a limit by leaving a
// name out. A trace and a label are no such names: a call without them is not counted there.
void find_scopes(std::span<Live* const> budgets, const CallFacts& facts,
                 std::vector<Ask::Scope>& scopes, std::string& texts);

// The keys of the call before: most calls have the same, whose hashes need not be made again.
// Belongs to one thread.
class KeyMemory {
 public:
  // As account_key(), of the n-th scope of a call.
  AccountKey key(const Live& budget, std::string_view text, std::size_t place);

 private:
  struct Known {
    const Live* budget = nullptr;
    std::string text;
    session::Hash128 hash;
  };
  std::array<Known, Table::scopes_max> known_;
};

// The same budgets, sorted by the key, user, team or org that alone they apply to: a call does not
// look at those of ten thousand others. Made anew whenever a table is configured; shared by all
// workers then.
class ScopeIndex {
 public:
  explicit ScopeIndex(std::span<Live* const> budgets);

  bool empty() const { return empty_; }

  // As find_scopes(), but those of the call's org, team, user and key come last.
  void find(const CallFacts& facts, std::vector<Ask::Scope>& scopes, std::string& texts,
            KeyMemory& memory) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  using ByValue = std::unordered_map<std::string, std::vector<Live*>, Hash, std::equal_to<>>;
  static constexpr std::array indexed{KeyPart::key, KeyPart::user, KeyPart::team, KeyPart::org};

  bool empty_;
  std::vector<Live*> of_all_;
  std::array<ByValue, indexed.size()> by_value_;
};

// The text of an account key, as `recloser budget adjust --key` and a store spell it: parts as
// "org=acme,team=search" or "label:beta"; "-" for the value that is missing. What could be read in
// two ways is written as %2C.
void append_key(std::string& text, const Budget& budget, const CallFacts& facts);

// A text that a person wrote, its parts in any order, as append_key() spells it. Error (malformed):
// a part that the budget has not, one that is missing or comes twice.
Result<std::string> read_key(const Budget& budget, std::string_view text);

}  // namespace recloser::budget
