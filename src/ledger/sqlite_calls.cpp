#include "ledger/sqlite_calls.h"

#include "ledger/call_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

// In the order in which insert() binds and stored_row() reads them.
constexpr std::string_view columns =
    "id, started_at_ns, duration_ns, ttft_ns, key_id, org, team, user, agent, session, trace, "
    "client_dialect, operation, model_requested, provider, model_served, region, status, outcome, "
    "input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, "
    "tokens_source, delivered_tokens, overshoot_tokens, upstream_close_ms, overhead_us, labels, "
    "decisions, attempts";
constexpr int column_count = 32;

// Binds one column after the other.
class Binder {
 public:
  explicit Binder(Statement& statement) : statement_(statement) {}
  Binder& operator<<(std::string_view text) {
    statement_.bind_text_or_null(++at_, text);
    return *this;
  }
  Binder& operator<<(std::int64_t number) {
    ++at_;
    number == absent ? statement_.bind_null(at_) : statement_.bind(at_, number);
    return *this;
  }

 private:
  Statement& statement_;
  int at_ = 0;
};

// Most rows have none of it, and NULL takes one byte.
std::string_view unless_empty_list(std::string_view json) {
  return json == "[]" ? std::string_view{} : json;
}

std::string list_or_empty(std::string text) { return text.empty() ? "[]" : text; }

TokensSource tokens_source_named(std::string_view name) {
  if (name == name_of(TokensSource::exact)) return TokensSource::exact;
  if (name == name_of(TokensSource::estimated)) return TokensSource::estimated;
  return TokensSource::none;
}

// What stands there under another name was written by a hand, not by us: gateway_failed at worst.
Outcome outcome_of(std::string_view name) {
  return outcome_named(name).value_or(Outcome::gateway_failed);
}

StoredCall stored_row(const Statement& row) {
  StoredCall call;
  int at = 0;
  call.id = CallId::parse(row.bytes(at++)).value_or(CallId{});
  call.started_at = {row.number(at++)};
  call.duration_ns = row.number_or_null(at++);
  call.ttft_ns = row.number_or_null(at++);
  for (std::string* text :
       {&call.key_id, &call.org, &call.team, &call.user, &call.agent, &call.session, &call.trace,
        &call.client_dialect, &call.operation, &call.model_requested, &call.provider,
        &call.model_served, &call.region}) {
    *text = row.text(at++);
  }
  call.status = row.number_or_null(at++);
  call.outcome = outcome_of(row.bytes(at++));
  for (auto* number : {&call.input_tokens, &call.cached_input_tokens, &call.cache_write_tokens,
                       &call.output_tokens, &call.reasoning_tokens}) {
    *number = row.number_or_null(at++);
  }
  call.tokens_source = tokens_source_named(row.bytes(at++));
  for (auto* number : {&call.delivered_tokens, &call.overshoot_tokens, &call.upstream_close_ms,
                       &call.overhead_us}) {
    *number = row.number_or_null(at++);
  }
  call.labels = list_or_empty(row.text(at++));
  call.decisions = list_or_empty(row.text(at++));
  call.attempts = list_or_empty(row.text(at++));
  return call;
}

// The least id of that moment. An id is never older than its call: ids do not go back when the
// clock does, so no call that started since is missed.
CallId first_id_of(WallTime at) {
  std::int64_t ms = std::max<std::int64_t>(at.ns, 0) / 1'000'000;
  return {static_cast<std::uint64_t>(ms) << 16, 0};
}

std::string page_sql(const CallFilter& filter) {
  std::string sql = fmt::format("SELECT {} FROM calls WHERE true", columns);
  if (filter.before) sql += " AND id < :before";
  if (filter.since) sql += " AND id >= :since_id AND started_at_ns >= :since";
  if (filter.session) sql += " AND session = :session";
  if (filter.team) sql += " AND team = :team";
  // Written out, so that the planner sees whether the index of the unusual outcomes serves.
  if (filter.outcome) sql += fmt::format(" AND outcome = '{}'", name_of(*filter.outcome));
  return sql + " ORDER BY id DESC LIMIT :limit";
}

}  // namespace

Result<CallWriter> CallWriter::prepare(Database& database) {
  std::string marks = "?";
  for (int i = 1; i < column_count; ++i) marks += ", ?";
  Result<Statement> insert =
      database.prepare(fmt::format("INSERT OR IGNORE INTO calls ({}) VALUES ({})", columns, marks));
  if (!insert) return fail(insert.error());
  Result<Statement> remove = database.prepare(
      "DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE id < ? ORDER BY id LIMIT ?)");
  if (!remove) return fail(remove.error());
  return CallWriter(database, std::move(*insert), std::move(*remove));
}

Result<bool> CallWriter::insert(const CallRecord& record) {
  labels_.clear();
  decisions_.clear();
  attempts_.clear();
  append_labels_json(labels_, record.text(Text::labels));
  append_decisions_json(decisions_, record);
  append_attempts_json(attempts_, record);
  CallId::Text id = record.id.text();
  bool counted = record.tokens_source != TokensSource::none;
  Binder row(insert_);
  row << std::string_view(id.data(), id.size()) << record.started_at.ns << record.duration_ns
      << record.ttft_ns;
  for (Text text : {Text::key_id, Text::org, Text::team, Text::user, Text::agent, Text::session,
                    Text::trace, Text::client_dialect, Text::operation, Text::model_requested,
                    Text::provider, Text::model_served, Text::region}) {
    row << record.text(text);
  }
  row << (record.status == 0 ? absent : std::int64_t{record.status}) << name_of(record.outcome)
      << record.input_tokens << record.cached_input_tokens << record.cache_write_tokens
      << record.output_tokens << record.reasoning_tokens
      << (counted ? name_of(record.tokens_source) : std::string_view{}) << record.delivered_tokens
      << record.overshoot_tokens << record.upstream_close_ms << record.overhead_us
      << unless_empty_list(labels_) << unless_empty_list(decisions_)
      << unless_empty_list(attempts_);
  Result<void> done = insert_.run();
  if (!done) return fail(done.error());
  return database_->changes() > 0;
}

Result<std::size_t> CallWriter::delete_before(WallTime before, std::size_t limit) {
  CallId::Text id = first_id_of(before).text();
  remove_.bind(1, std::string_view(id.data(), id.size()));
  remove_.bind(2, static_cast<std::int64_t>(limit));
  Result<void> done = remove_.run();
  if (!done) return fail(done.error());
  return static_cast<std::size_t>(database_->changes());
}

Result<CallReader> CallReader::prepare(Database& database) {
  Result<Statement> find =
      database.prepare(fmt::format("SELECT {} FROM calls WHERE id = ?", columns));
  if (!find) return fail(find.error());
  return CallReader(std::move(*find));
}

Result<std::optional<StoredCall>> CallReader::find(CallId id) {
  CallId::Text text = id.text();
  find_.bind(1, std::string_view(text.data(), text.size()));
  Result<bool> row = find_.step();
  if (!row) return fail(row.error());
  std::optional<StoredCall> call;
  if (*row) call = stored_row(find_);
  find_.reset();  // the snapshot ends here
  return call;
}

Result<CallPage> read_page(Database& database, const CallFilter& filter) {
  Result<Statement> query = database.prepare(page_sql(filter));
  if (!query) return fail(query.error());
  // One row more than asked for tells whether there is a next page.
  std::size_t limit = std::clamp(filter.limit, 1u, page_calls_max);
  std::string before = filter.before ? filter.before->str() : "";
  std::string since = filter.since ? first_id_of(*filter.since).str() : "";
  if (filter.before) query->bind_named(":before", before);
  if (filter.since) query->bind_named(":since_id", since);
  if (filter.since) query->bind_named(":since", filter.since->ns);
  if (filter.session) query->bind_named(":session", *filter.session);
  if (filter.team) query->bind_named(":team", *filter.team);
  query->bind_named(":limit", static_cast<std::int64_t>(limit + 1));
  CallPage page;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    if (page.calls.size() == limit) {
      page.next = page.calls.back().id;
      break;
    }
    page.calls.push_back(stored_row(*query));
  }
  return page;
}

}  // namespace recloser::ledger
