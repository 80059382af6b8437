#include "ledger/sqlite_calls.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <sqlite3.h>

namespace recloser::ledger {
namespace {

constexpr int columns_bound = 3;
constexpr std::size_t session_keys_at_once = 10'000;

// How far ids may be ahead of the clock, which they are when it was set back: a call beyond that is
// missed by a question that ends before its id.
constexpr Duration id_ahead_max = 7 * 24h;

// Ids of our making stay far below: their time would have to be past the year 4000.
constexpr std::uint64_t home_key_max = std::uint64_t{1} << 62;

std::int64_t home_key(CallId id) {
  return static_cast<std::int64_t>(std::min(id.high, home_key_max));
}

bool is_of(std::string_view facts, CallId id) {
  CallId::Text text = id.text();
  constexpr std::string_view before = "[\"";
  return facts.starts_with(before) &&
         facts.substr(before.size()).starts_with(std::string_view(text.data(), text.size()));
}

std::string insert_sql(std::size_t rows) {
  std::string sql = "INSERT OR IGNORE INTO call_rows (key, not_completed, facts) VALUES (?, ?, ?)";
  for (std::size_t i = 1; i < rows; ++i) sql += ", (?, ?, ?)";
  return sql;
}

// Rows that may be wanted: taking a row's facts apart costs more than to look for a text in them.
std::string page_sql(const CallFilter& filter) {
  std::string sql = "SELECT not_completed, facts FROM call_rows WHERE key >= :first AND key < :end";
  if (filter.team) sql += " AND instr(facts, :team) > 0";
  if (filter.outcome == Outcome::completed) sql += " AND not_completed IS NULL";
  if (filter.outcome && filter.outcome != Outcome::completed)
    sql += " AND not_completed = :outcome";
  return sql + " ORDER BY key DESC";
}

bool is_wanted(const StoredCall& call, const CallFilter& filter) {
  return (!filter.session || call.session == *filter.session) &&
         (!filter.team || call.team == *filter.team) &&
         (!filter.outcome || call.outcome == *filter.outcome) &&
         (!filter.since || call.started_at >= *filter.since) &&
         (!filter.until || call.started_at < *filter.until);
}

// Whether the page is full. One row more than asked for tells that there is a next page.
bool add_to(CallPage& page, StoredCall call, std::size_t limit) {
  if (page.calls.size() == limit) {
    page.next = page.calls.back().id;
    return true;
  }
  page.calls.push_back(std::move(call));
  return false;
}

}  // namespace

std::int64_t first_key_of(WallTime at) {
  std::int64_t ms = std::max<std::int64_t>(at.ns, 0) / 1'000'000;
  return home_key({static_cast<std::uint64_t>(ms) << 16, 0});
}

KeyRange keys_between(std::optional<WallTime> since, std::optional<WallTime> until) {
  KeyRange range;
  if (since) range.first = first_key_of(*since);
  if (until && until->ns < INT64_MAX - id_ahead_max.count()) {
    range.end = first_key_of(*until + id_ahead_max);
  }
  return range;
}

Outcome outcome_of(std::string_view not_completed) {
  if (not_completed.empty()) return Outcome::completed;
  return outcome_named(not_completed).value_or(Outcome::gateway_failed);
}

Result<RowFinder> RowFinder::prepare(Database& database) {
  Result<Statement> row =
      database.prepare("SELECT not_completed, facts FROM call_rows WHERE key = ?");
  if (!row) return fail(row.error());
  return RowFinder(std::move(*row));
}

Result<bool> RowFinder::go_to(std::int64_t key) {
  row_.reset();
  key_ = key;
  row_.bind(1, key);
  return row_.step();
}

Result<bool> RowFinder::seek(CallId id) {
  for (std::int64_t key = home_key(id);; ++key) {
    Result<bool> taken = go_to(key);
    if (!taken || !*taken || is_of(row_.bytes(1), id)) return taken;
  }
}

Result<CallWriter> CallWriter::prepare(Database& database) {
  Result<Statement> one = database.prepare(insert_sql(1));
  if (!one) return fail(one.error());
  Result<Statement> group = database.prepare(insert_sql(group_rows));
  if (!group) return fail(group.error());
  Result<Statement> remove = database.prepare(
      "DELETE FROM call_rows WHERE key IN "
      "(SELECT key FROM call_rows WHERE key < ? ORDER BY key LIMIT ?)");
  if (!remove) return fail(remove.error());
  Result<RowFinder> finder = RowFinder::prepare(database);
  if (!finder) return fail(finder.error());
  Result<SessionWriter> sessions = SessionWriter::prepare(database);
  if (!sessions) return fail(sessions.error());
  Result<AccountWriter> accounts = AccountWriter::prepare(database);
  if (!accounts) return fail(accounts.error());
  return CallWriter(database, std::move(*one), std::move(*group), std::move(*remove),
                    std::move(*finder), std::move(*sessions), std::move(*accounts));
}

Result<std::size_t> CallWriter::insert(std::span<const CallRecord* const> calls) {
  std::size_t fresh = 0;
  sessions_.clear();
  accounts_.begin();
  while (!calls.empty()) {
    Group group = calls.first(calls.size() < group_rows ? 1 : group_rows);
    calls = calls.subspan(group.size());
    Result<std::size_t> inserted = insert_group(group);
    if (!inserted) return inserted;
    fresh += *inserted;
  }
  Result<void> listed = sessions_.store();
  if (listed) listed = accounts_.store();
  if (!listed) return fail(listed.error());
  return fresh;
}

void CallWriter::bind(Statement& insert, std::size_t nth, std::int64_t key,
                      const CallRecord& record, std::string_view facts) {
  int at = static_cast<int>(nth) * columns_bound;
  bool completed = record.outcome == Outcome::completed;
  insert.bind(at + 1, key);
  insert.bind_text_or_null(at + 2, completed ? std::string_view{} : name_of(record.outcome));
  insert.bind(at + 3, facts);
}

// All at once, which nearly always finds every key free.
Result<std::size_t> CallWriter::insert_group(Group group) {
  Statement& insert = group.size() == 1 ? one_ : group_;
  bool charges = false;
  for (std::size_t i = 0; i < group.size(); ++i) {
    Result<void> found = accounts_.find(*group[i], accounts_of_[i]);
    if (!found) return fail(found.error());
    charges = charges || !accounts_of_[i].empty();
    write_facts(facts_[i], *group[i], accounts_of_[i].facts());
    bind(insert, i, home_key(group[i]->id), *group[i], facts_[i].text());
  }
  Result<void> done = run_insert(insert, charges);
  if (!done) return fail(done.error());
  std::size_t fresh = database_->changes();
  bool all_new = fresh == group.size();
  std::size_t in_order = 0;  // of those that were new, how many have been seen
  for (std::size_t i = 0; i < group.size(); ++i) {
    std::int64_t key = home_key(group[i]->id);
    bool is_new = all_new;
    if (!all_new) {
      is_new = in_order < inserted_.size() && inserted_[in_order] == key;
      if (is_new) ++in_order;
      Result<bool> beside = insert_beside(*group[i], facts_[i].text());
      if (!beside) return fail(beside.error());
      if (*beside) ++fresh;
      is_new = is_new || *beside;
      key = finder_.key();
    }
    sessions_.add(group[i]->text(Text::session), key);
    if (is_new) accounts_.charge(accounts_of_[i]);
  }
  return fresh;
}

// With the keys of the rows that were new, when they must be known: SQLite says only how many.
Result<void> CallWriter::run_insert(Statement& insert, bool note_keys) {
  inserted_.clear();
  if (!note_keys) return insert.run();
  auto note = [](void* keys, int, const char*, const char*, sqlite3_int64 key) {
    static_cast<std::vector<std::int64_t>*>(keys)->push_back(key);
  };
  sqlite3_update_hook(database_->handle(), note, &inserted_);
  Result<void> done = insert.run();
  sqlite3_update_hook(database_->handle(), nullptr, nullptr);
  return done;
}

// For a call whose key was taken: by itself (a replay after a crash), or by another call.
Result<bool> CallWriter::insert_beside(const CallRecord& record, std::string_view facts) {
  Result<bool> there = finder_.seek(record.id);
  finder_.reset();
  if (!there) return there;
  if (*there) return false;
  bind(one_, 0, finder_.key(), record, facts);
  Result<void> done = one_.run();
  if (!done) return fail(done.error());
  return true;
}

Result<std::size_t> CallWriter::delete_before(WallTime before, std::size_t limit) {
  std::int64_t end = first_key_of(before);
  remove_.bind(1, end);
  remove_.bind(2, static_cast<std::int64_t>(limit));
  Result<void> done = remove_.run();
  if (!done) return fail(done.error());
  auto removed = static_cast<std::size_t>(database_->changes());
  Result<void> unlisted = sessions_.delete_below(end, limit);
  if (!unlisted) return fail(unlisted.error());
  return removed;
}

Result<CallReader> CallReader::prepare(Database& database) {
  Result<RowFinder> finder = RowFinder::prepare(database);
  if (!finder) return fail(finder.error());
  Result<BudgetNamer> namer = BudgetNamer::prepare(database);
  if (!namer) return fail(namer.error());
  return CallReader(database, std::move(*finder), std::move(*namer));
}

// Of the columns not_completed and facts, in that order. What the numbers in the row stand for was
// committed with it or before.
Result<StoredCall> CallReader::stored_row(const Statement& row) {
  Result<void> named = namer_.catch_up();
  if (!named) return fail(named.error());
  StoredCall call = read_facts(row.bytes(1), namer_.names());
  call.outcome = outcome_of(row.bytes(0));
  return call;
}

Result<std::optional<StoredCall>> CallReader::find(CallId id) {
  Result<bool> there = finder_.seek(id);
  if (!there) return fail(there.error());
  std::optional<Result<StoredCall>> call;
  if (*there) call = stored_row(finder_.row());
  finder_.reset();  // the snapshot ends here
  if (!call) return std::nullopt;
  if (!*call) return fail(call->error());
  return std::move(**call);
}

Result<CallPage> CallReader::page(const CallFilter& filter) {
  std::size_t limit = std::clamp(filter.limit, 1u, page_calls_max);
  Result<KeyRange> range = range_of(filter);
  if (!range) return fail(range.error());
  if (filter.session) return page_of_session(filter, *range, limit);
  Result<Statement> query = database_->prepare(page_sql(filter));
  if (!query) return fail(query.error());
  query->bind_named(":first", range->first);
  query->bind_named(":end", range->end);
  std::string team = as_in_facts(filter.team.value_or(""));
  if (filter.team) query->bind_named(":team", team);
  bool by_index = filter.outcome && filter.outcome != Outcome::completed;
  if (by_index) query->bind_named(":outcome", name_of(*filter.outcome));
  CallPage page;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return page;
    Result<StoredCall> call = stored_row(*query);
    if (!call) return fail(call.error());
    if (is_wanted(*call, filter) && add_to(page, std::move(*call), limit)) return page;
  }
}

Result<KeyRange> CallReader::range_of(const CallFilter& filter) {
  KeyRange range = keys_between(filter.since, filter.until);
  if (!filter.before) return range;
  Result<bool> there = finder_.seek(*filter.before);
  finder_.reset();
  if (!there) return fail(there.error());
  range.end = std::min(range.end, *there ? finder_.key() : home_key(*filter.before));
  return range;
}

Result<CallPage> CallReader::page_of_session(const CallFilter& filter, KeyRange range,
                                             std::size_t limit) {
  CallPage page;
  for (;;) {
    Result<std::vector<std::int64_t>> keys =
        keys_of_session(*database_, *filter.session, range, session_keys_at_once);
    if (!keys) return fail(keys.error());
    for (std::int64_t key : *keys) {
      Result<bool> there = finder_.go_to(key);
      if (!there) return fail(there.error());
      if (!*there) continue;  // deleted since
      Result<StoredCall> call = stored_row(finder_.row());
      finder_.reset();
      if (!call) return fail(call.error());
      if (is_wanted(*call, filter) && add_to(page, std::move(*call), limit)) return page;
    }
    if (keys->size() < session_keys_at_once) return page;
    range.end = keys->back();
  }
}

}  // namespace recloser::ledger
