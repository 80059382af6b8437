#include "ledger/memory_store.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

namespace recloser::ledger {

namespace {

// Of a list such as ["a","b"], whose strings hold no comma; none is one without a name.
std::set<std::string> labels_of(std::string_view list) {
  std::set<std::string> labels;
  std::string label;
  bool inside = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '\\') {
      label += list[++i];
    } else if (list[i] == '"') {
      if (inside) labels.insert(std::exchange(label, {}));
      inside = !inside;
    } else if (inside) {
      label += list[i];
    }
  }
  if (labels.empty()) labels.insert("");
  return labels;
}

std::string value_of(Dim dim, const StoredCall& call) {
  switch (dim) {
    case Dim::org:
      return call.org;
    case Dim::team:
      return call.team;
    case Dim::user:
      return call.user;
    case Dim::key:
      return call.key_id;
    case Dim::agent:
      return call.agent;
    case Dim::session:
      return call.session;
    case Dim::model:
      return call.model_served.empty() ? call.model_requested : call.model_served;
    case Dim::provider:
      return call.provider;
    case Dim::label:
      return {};
    case Dim::outcome:
      return std::string(name_of(call.outcome));
    case Dim::day:
      return rfc3339(call.started_at).substr(0, 10);
    case Dim::month:
      return rfc3339(call.started_at).substr(0, 7);
  }
  return {};
}

UsageFigures figures_of(const StoredCall& call) {
  return {.outcome = call.outcome,
          .cost_source = call.cost_source,
          .input_tokens = call.input_tokens,
          .cached_input_tokens = call.cached_input_tokens,
          .cache_write_tokens = call.cache_write_tokens,
          .output_tokens = call.output_tokens,
          .reasoning_tokens = call.reasoning_tokens,
          .cost = call.cost_nano_usd,
          .list_cost = call.list_cost_nano_usd,
          .fees = call.fees_nano_usd,
          .overrun = call.overrun_nano_usd};
}

bool is_wanted(const StoredCall& call, const std::set<std::string>& labels,
               const UsageQuery& query) {
  bool wanted = (!query.since || call.started_at >= *query.since) &&
                (!query.until || call.started_at < *query.until);
  for (std::size_t i = 0; i < dim_count; ++i) {
    if (!query.only[i]) continue;
    auto dim = static_cast<Dim>(i);
    wanted = wanted && (dim == Dim::label ? labels.contains(*query.only[i])
                                          : value_of(dim, call) == *query.only[i]);
  }
  return wanted;
}

}  // namespace

Result<std::size_t> MemoryStore::insert_calls(std::span<const CallRecord* const> calls) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  std::size_t fresh = 0;
  for (const CallRecord* record : calls) {
    if (!calls_.try_emplace(record->id, stored(*record)).second) continue;
    ++fresh;
    for (std::size_t i = 0; i < record->budget_count(); ++i) {
      BudgetLine line = record->budget(i);
      if (line.figures.charged == 0) continue;
      move_balance({std::string(line.name), std::string(line.unit), std::string(line.kind)},
                   {.place = {std::string(line.key), line.window_begun},
                    .charged = line.figures.charged,
                    .last_settled = line.figures.charged_at,
                    .counts_until = line.figures.counts_until});
    }
  }
  return fresh;
}

Result<void> MemoryStore::sync() {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  return {};
}

Result<CallPage> MemoryStore::calls(const CallFilter& filter) {
  std::lock_guard lock(mutex_);
  std::size_t limit = std::clamp(filter.limit, 1u, page_calls_max);
  CallPage page;
  for (const auto& [id, call] : std::views::reverse(calls_)) {
    bool wanted = (!filter.before || id < *filter.before) &&
                  (!filter.since || call.started_at >= *filter.since) &&
                  (!filter.until || call.started_at < *filter.until) &&
                  (!filter.session || call.session == *filter.session) &&
                  (!filter.team || call.team == *filter.team) &&
                  (!filter.outcome || call.outcome == *filter.outcome);
    if (!wanted) continue;
    if (page.calls.size() == limit) {
      page.next = page.calls.back().id;
      break;
    }
    page.calls.push_back(call);
  }
  return page;
}

Result<std::optional<StoredCall>> MemoryStore::call(CallId id) {
  std::lock_guard lock(mutex_);
  auto found = calls_.find(id);
  if (found == calls_.end()) return std::nullopt;
  return found->second;
}

Result<std::uint64_t> MemoryStore::count_calls() {
  std::lock_guard lock(mutex_);
  return calls_.size();
}

Result<std::size_t> MemoryStore::delete_calls_before(WallTime before, std::size_t limit) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  std::size_t deleted = 0;
  auto is_old = [&](const auto& entry) {
    auto id_ms = static_cast<std::int64_t>(entry.first.high >> 16);
    return id_ms < before.ns / 1'000'000;
  };
  while (deleted < limit && !calls_.empty() && is_old(*calls_.begin())) {
    ratings_.erase(calls_.begin()->first);
    calls_.erase(calls_.begin());
    ++deleted;
  }
  return deleted;
}

Result<Backup> MemoryStore::backup(const std::string& to) {
  return fail(Side::operator_, Kind::unsupported, "a store in memory has no backup in " + to);
}

Result<Usage> MemoryStore::usage(const UsageQuery& query) {
  std::lock_guard lock(mutex_);
  std::map<std::vector<std::string>, UsageSums> groups;
  Usage usage;
  for (const auto& [id, call] : calls_) {
    std::set<std::string> labels = labels_of(call.labels);
    if (!is_wanted(call, labels, query)) continue;
    UsageFigures figures = figures_of(call);
    auto rated = ratings_.find(id);
    if (query.latest_rating && rated != ratings_.end()) {
      figures.cost = rated->second.back().cost_nano_usd;
      figures.list_cost = rated->second.back().list_cost_nano_usd;
    }
    add(usage.total, figures);
    std::set<std::vector<std::string>> keys;  // a call counts once in a group
    for (const std::string& label : labels) {
      std::vector<std::string> key;
      for (Dim dim : query.by) key.push_back(dim == Dim::label ? label : value_of(dim, call));
      keys.insert(std::move(key));
    }
    for (const std::vector<std::string>& key : keys) add(groups[key], figures);
  }
  for (auto& [key, sums] : groups) usage.rows.push_back({.of = key, .sums = sums});
  return usage;
}

Result<void> MemoryStore::add_ratings(std::span<const CallRating> ratings) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  for (const CallRating& one : ratings) {
    if (!calls_.contains(one.call)) {
      return fail(Side::client, Kind::not_found,
                  "there is no call '" + one.call.str() + "' to rate");
    }
  }
  for (const CallRating& one : ratings) ratings_[one.call].push_back(one.rating);
  return {};
}

Result<std::vector<Rating>> MemoryStore::ratings(CallId id) {
  std::lock_guard lock(mutex_);
  auto found = ratings_.find(id);
  if (found == ratings_.end()) return std::vector<Rating>{};
  return found->second;
}

void MemoryStore::move_balance(const BudgetIdentity& of, const Balance& change) {
  auto [found, fresh] = balances_.try_emplace({of, change.place}, change);
  if (fresh) return;
  Balance& balance = found->second;
  balance.charged = added(balance.charged, change.charged);
  balance.last_settled = std::max(balance.last_settled, change.last_settled);
  if (!change.counts_until) balance.counts_until.reset();
  if (balance.counts_until) {
    balance.counts_until = std::max(*balance.counts_until, *change.counts_until);
  }
}

Result<BalancePage> MemoryStore::balances(const BalanceQuery& query) {
  std::lock_guard lock(mutex_);
  std::size_t limit = std::clamp(query.limit, 1u, page_balances_max);
  BalancePage page;
  for (const auto& [at, balance] : balances_) {
    bool wanted = at.first == query.of && (!query.after || at.second > *query.after) &&
                  std::max(balance.place.window_begun, balance.last_settled) >= query.since;
    if (!wanted) continue;
    if (page.balances.size() == limit) {
      page.next = page.balances.back().place;
      break;
    }
    page.balances.push_back(balance);
  }
  return page;
}

Result<std::size_t> MemoryStore::delete_balances_before(WallTime before, std::size_t limit) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  std::vector<std::pair<WallTime, Balances::iterator>> ended;
  for (auto at = balances_.begin(); at != balances_.end(); ++at) {
    std::optional<WallTime> until = at->second.counts_until;
    if (until && *until < before) ended.emplace_back(*until, at);
  }
  std::ranges::sort(ended, {}, [](const auto& entry) { return entry.first; });
  if (ended.size() > limit) ended.resize(limit);
  for (const auto& [until, at] : ended) balances_.erase(at);
  return ended.size();
}

Result<std::int64_t> MemoryStore::add_adjustment(const Adjustment& adjustment) {
  Result<void> sane = check(adjustment);
  if (!sane) return fail(sane.error());
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  return keep(adjustment);
}

// Under the lock.
std::int64_t MemoryStore::keep(const Adjustment& adjustment) {
  adjustments_.push_back(adjustment);
  adjustments_.back().id = static_cast<std::int64_t>(adjustments_.size());
  if (adjustment.charged_change != 0) {
    move_balance(adjustment.budget, {.place = {adjustment.key, adjustment.window_begun},
                                     .charged = adjustment.charged_change,
                                     .last_settled = adjustment.at,
                                     .counts_until = adjustment.counts_until});
  }
  return adjustments_.back().id;
}

Result<std::vector<Adjustment>> MemoryStore::adjustments() {
  std::lock_guard lock(mutex_);
  return adjustments_;
}

Result<ClaimFinding> MemoryStore::claim_answer(const AnswerClaim& claim, WallTime now) {
  std::lock_guard lock(mutex_);
  if (failure_ || answers_failure_) return fail(failure_ ? *failure_ : *answers_failure_);
  auto [at, fresh] = claims_.try_emplace({claim.owner, claim.key});
  Claimed& known = at->second;
  if (!fresh && known.until && *known.until > now) {
    ClaimFinding conflict;
    conflict.state = ClaimFinding::State::conflicts;
    return known.request == claim.request ? known.finding : conflict;
  }
  known = {.request = claim.request, .call = claim.call, .until = {}, .finding = {}};
  return ClaimFinding{};
}

Result<void> MemoryStore::end_answers(std::span<const EndedAnswer> ended) {
  std::lock_guard lock(mutex_);
  if (failure_ || answers_failure_) return fail(failure_ ? *failure_ : *answers_failure_);
  for (const EndedAnswer& one : ended) {
    auto at = claims_.find({one.claim.owner, one.claim.key});
    bool its_own = at != claims_.end() && !at->second.until && at->second.call == one.claim.call;
    if (!its_own) continue;
    if (one.keep == EndedAnswer::Keep::nothing) {
      claims_.erase(at);
      continue;
    }
    at->second.until = one.until;
    ClaimFinding& finding = at->second.finding;
    finding.state = ClaimFinding::State::too_large;
    if (one.keep != EndedAnswer::Keep::answer) continue;
    finding.state = ClaimFinding::State::answered;
    finding.answer = {.call = one.claim.call,
                      .outcome = one.outcome,
                      .status = one.status,
                      .fields = one.fields,
                      .body = one.body ? *one.body : std::string()};
  }
  return {};
}

Result<void> MemoryStore::cut_off_answers(WallTime until) {
  std::lock_guard lock(mutex_);
  if (failure_ || answers_failure_) return fail(failure_ ? *failure_ : *answers_failure_);
  std::erase_if(claims_, [&](const auto& claim) {
    auto row = calls_.find(claim.second.call);
    return !claim.second.until && row != calls_.end() && left_nothing(row->second);
  });
  for (auto& [of, claim] : claims_) {
    if (claim.until) continue;
    claim.until = until;
    claim.finding.state = ClaimFinding::State::cut_off;
  }
  return {};
}

Result<std::size_t> MemoryStore::delete_answers_until(WallTime until, std::size_t limit) {
  std::lock_guard lock(mutex_);
  if (failure_ || answers_failure_) return fail(failure_ ? *failure_ : *answers_failure_);
  return std::erase_if(claims_, [&](const auto& claim) {
    bool over = limit > 0 && claim.second.until && *claim.second.until <= until;
    if (over) --limit;
    return over;
  });
}

std::size_t MemoryStore::count_answers() const {
  std::lock_guard lock(mutex_);
  return claims_.size();
}

Result<std::int64_t> MemoryStore::add_request(const BudgetRequest& request) {
  Result<void> sane = check(request);
  if (!sane) return fail(sane.error());
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  auto waiting = std::ranges::count_if(requests_, [&](const BudgetRequest& other) {
    return other.state(request.at) == RequestState::waiting;
  });
  Result<void> room = check_waiting(static_cast<std::size_t>(waiting));
  if (!room) return fail(room.error());
  requests_.push_back(request);
  requests_.back().id = static_cast<std::int64_t>(requests_.size());
  return requests_.back().id;
}

// Under the lock.
std::optional<BudgetRequest> MemoryStore::find_request(std::int64_t id) const {
  if (id < 1 || id > static_cast<std::int64_t>(requests_.size())) return std::nullopt;
  return requests_[static_cast<std::size_t>(id - 1)];
}

Result<std::optional<BudgetRequest>> MemoryStore::request(std::int64_t id) {
  std::lock_guard lock(mutex_);
  return find_request(id);
}

Result<RequestPage> MemoryStore::requests(const RequestQuery& query) {
  std::lock_guard lock(mutex_);
  std::size_t limit = std::clamp(query.limit, 1u, page_requests_max);
  RequestPage page;
  for (const BudgetRequest& request : requests_ | std::views::reverse) {
    if (query.before && request.id >= *query.before) continue;
    bool waits = !query.waiting_at || request.state(*query.waiting_at) == RequestState::waiting;
    if (!waits) continue;
    if (page.requests.size() == limit) {
      page.next = page.requests.back().id;
      break;
    }
    page.requests.push_back(request);
  }
  return page;
}

Result<std::int64_t> MemoryStore::answer_request(std::int64_t id, const RequestAnswer& answer,
                                                 const Adjustment* grant) {
  Result<void> sane = grant == nullptr ? Result<void>() : check(*grant);
  if (!sane) return fail(sane.error());
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  Result<void> waits = check_waits(find_request(id), id, answer.at);
  if (!waits) return fail(waits.error());
  RequestAnswer kept = answer;
  kept.adjustment = grant == nullptr ? 0 : keep(*grant);
  requests_[static_cast<std::size_t>(id - 1)].answer = kept;
  return kept.adjustment;
}

Result<void> MemoryStore::put_switch(const Switch& setting) {
  Result<void> sane = check(setting);
  if (!sane) return sane;
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  switches_[setting.name] = setting;
  return {};
}

Result<std::vector<Switch>> MemoryStore::switches() {
  std::lock_guard lock(mutex_);
  auto rows = switches_ | std::views::values;
  return std::vector<Switch>(rows.begin(), rows.end());
}

Result<void> MemoryStore::put_key(const KeyRow& key) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  bool taken = std::ranges::any_of(keys_ | std::views::values, [&](const KeyRow& other) {
    return other.id == key.id || other.secret_hash == key.secret_hash;
  });
  if (taken) {
    return fail(
        Side::client, Kind::conflict,
        "there is a key '" + key.id + "' already, or one with the same secret; choose another id");
  }
  keys_.emplace(key.id, key);
  return {};
}

Result<std::vector<KeyRow>> MemoryStore::keys() {
  std::lock_guard lock(mutex_);
  auto rows = keys_ | std::views::values;
  return std::vector<KeyRow>(rows.begin(), rows.end());
}

Result<void> MemoryStore::revoke_key(std::string_view id, WallTime at) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  auto found = keys_.find(id);
  if (found == keys_.end()) {
    return fail(Side::client, Kind::not_found, "there is no stored key '" + std::string(id) + "'");
  }
  if (!found->second.revoked_at) found->second.revoked_at = at;
  return {};
}

Result<void> MemoryStore::change_key(const KeyRow& key) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  auto found = keys_.find(key.id);
  if (found == keys_.end()) {
    return fail(Side::client, Kind::not_found, "there is no stored key '" + key.id + "'");
  }
  for (const KeyRow& other : keys_ | std::views::values) {
    if (other.id == key.id || other.secret_hash != key.secret_hash) continue;
    return fail(Side::client, Kind::conflict, "another key has this secret");
  }
  KeyRow& row = found->second;
  row.secret_hash = key.secret_hash;
  row.models = key.models;
  row.labels = key.labels;
  row.expires_at = key.expires_at;
  row.disabled = key.disabled;
  row.limits = key.limits;
  row.old_secret_hash = key.old_secret_hash;
  row.old_until = key.old_until;
  return {};
}

Result<void> MemoryStore::put_holder(const HolderRow& holder) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  holders_.insert_or_assign({holder.kind, holder.org, holder.name}, holder);
  return {};
}

Result<std::vector<HolderRow>> MemoryStore::holders() {
  std::lock_guard lock(mutex_);
  auto rows = holders_ | std::views::values;
  return std::vector<HolderRow>(rows.begin(), rows.end());
}

Result<void> MemoryStore::remove_holder(std::string_view kind, std::string_view org,
                                        std::string_view name) {
  std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  if (holders_.erase({std::string(kind), std::string(org), std::string(name)}) > 0) return {};
  return fail(Side::client, Kind::not_found, "there is no such stored holder");
}

void MemoryStore::fail_answers_with(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  answers_failure_ = std::move(error);
}

void MemoryStore::fail_writes_with(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

MemoryStore::Books MemoryStore::copy_of_books() const {
  std::lock_guard lock(mutex_);
  return {.calls = calls_, .balances = balances_, .claims = claims_};
}

void MemoryStore::put_books(Books books) {
  std::lock_guard lock(mutex_);
  calls_ = std::move(books.calls);
  balances_ = std::move(books.balances);
  claims_ = std::move(books.claims);
}

std::map<CallId, StoredCall> MemoryStore::copy_of_calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

void MemoryStore::put_calls(std::map<CallId, StoredCall> calls) {
  std::lock_guard lock(mutex_);
  calls_ = std::move(calls);
}

}  // namespace recloser::ledger
