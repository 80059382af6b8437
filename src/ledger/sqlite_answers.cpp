#include "ledger/sqlite_answers.h"

#include "ledger/crc32c.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace recloser::ledger {
namespace {

// After it is full so much is left free, so that not every answer looks for room.
constexpr std::uint64_t freed_part = 16;

constexpr std::string_view kept_answer = "answer";
constexpr std::string_view kept_too_large = "too_large";
constexpr std::string_view kept_cut_off = "cut_off";

std::string_view name_of(EndedAnswer::Keep keep) {
  return keep == EndedAnswer::Keep::answer ? kept_answer : kept_too_large;
}

std::string_view bytes_of(const AnswerHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

void bind_hash(Statement& statement, int at, const AnswerHash& hash) {
  statement.bind_blob(at, hash.data(), hash.size());
}

std::string_view body_of(const EndedAnswer& ended) {
  return ended.body ? std::string_view(*ended.body) : std::string_view();
}

// Of what is told again: a disk that lies is not passed on to a client.
std::int64_t checksum_of(std::string_view call, std::string_view outcome, std::int64_t status,
                         std::string_view fields, std::string_view body) {
  std::uint32_t sum = crc32c(&status, sizeof status);
  for (std::string_view text : {call, outcome, fields, body}) {
    std::uint64_t size = text.size();
    sum = crc32c(&size, sizeof size, sum);
    sum = crc32c(text.data(), text.size(), sum);
  }
  return sum;
}

// Nothing, when it does not prove itself. Columns as claim() asks for them.
std::optional<StoredAnswer> answer_in(const Statement& row) {
  std::string call_text = row.text(3);
  std::string outcome_text = row.text(4);
  std::optional<CallId> call = CallId::parse(call_text);
  std::optional<Outcome> outcome = outcome_named(outcome_text);
  std::int64_t status = row.number(5);
  StoredAnswer answer{.call = call.value_or(CallId{}),
                      .outcome = outcome.value_or(Outcome::open),
                      .status = static_cast<std::uint16_t>(status),
                      .fields = std::string(row.bytes(6)),
                      .body = std::string(row.bytes(8))};
  std::int64_t sum = checksum_of(call_text, outcome_text, status, answer.fields, answer.body);
  if (!call || !outcome || sum != row.number(7)) return std::nullopt;
  return answer;
}

ClaimFinding finding_of(const Statement& row, const AnswerClaim& claim, WallTime now) {
  using State = ClaimFinding::State;
  std::string kept = row.text(0);
  if (kept.empty() || row.number(1) <= now.ns) return {};
  std::string_view request = row.bytes(2);
  ClaimFinding damaged;
  damaged.was_damaged = true;
  if (request.size() != claim.request.size()) return damaged;
  ClaimFinding finding;
  finding.state = State::conflicts;
  if (request != bytes_of(claim.request)) return finding;
  finding.state = kept == kept_cut_off ? State::cut_off : State::too_large;
  if (kept == kept_cut_off || kept == kept_too_large) return finding;
  std::optional<StoredAnswer> answer = answer_in(row);
  if (kept != kept_answer || !answer) return damaged;
  finding.state = State::answered;
  finding.answer = std::move(*answer);
  return finding;
}

}  // namespace

Result<ClaimFinding> AnswerWriter::claim(const AnswerClaim& claim, WallTime now) {
  Result<Statement> query = database_->prepare(
      "SELECT kept, until_ns, request, call, outcome, status, fields, checksum, body "
      "FROM kept_answers WHERE owner = ? AND key = ?");
  if (!query) return fail(query.error());
  bind_hash(*query, 1, claim.owner);
  bind_hash(*query, 2, claim.key);
  Result<bool> known = query->step();
  if (!known) return fail(known.error());
  ClaimFinding finding;
  if (*known) finding = finding_of(*query, claim, now);
  query->reset();
  if (finding.state != ClaimFinding::State::claimed) return finding;
  Result<Statement> insert = database_->prepare(
      "INSERT OR REPLACE INTO kept_answers (owner, key, request, call, bytes) "
      "VALUES (?, ?, ?, ?, ?)");
  if (!insert) return fail(insert.error());
  std::string call = claim.call.str();
  bind_hash(*insert, 1, claim.owner);
  bind_hash(*insert, 2, claim.key);
  bind_hash(*insert, 3, claim.request);
  insert->bind(4, call);
  insert->bind(5, static_cast<std::int64_t>(kept_answer_overhead_bytes));
  Result<void> done = insert->run();
  if (!done) return fail(done.error());
  return finding;
}

// Where another call has taken the key over since, its claim stays.
Result<void> AnswerWriter::end(std::span<const EndedAnswer> all) {
  for (const EndedAnswer& ended : all) {
    if (ended.keep != EndedAnswer::Keep::nothing) {
      Result<void> kept = keep(ended);
      if (!kept) return kept;
      continue;
    }
    Result<Statement> remove = database_->prepare(
        "DELETE FROM kept_answers WHERE owner = ? AND key = ? AND call = ? AND kept IS NULL");
    if (!remove) return fail(remove.error());
    std::string call = ended.claim.call.str();
    bind_hash(*remove, 1, ended.claim.owner);
    bind_hash(*remove, 2, ended.claim.key);
    remove->bind(3, call);
    Result<void> done = remove->run();
    if (!done) return done;
  }
  return make_room();
}

Result<void> AnswerWriter::keep(const EndedAnswer& ended) {
  Result<Statement> update = database_->prepare(
      "UPDATE kept_answers SET kept = ?, until_ns = ?, bytes = ?, outcome = ?, status = ?, "
      "fields = ?, checksum = ?, body = ? "
      "WHERE owner = ? AND key = ? AND call = ? AND kept IS NULL");
  if (!update) return fail(update.error());
  bool whole = ended.keep == EndedAnswer::Keep::answer;
  std::string_view fields = whole ? std::string_view(ended.fields) : std::string_view();
  std::string_view body = whole ? body_of(ended) : std::string_view();
  std::uint64_t bytes = kept_answer_overhead_bytes + fields.size() + body.size();
  std::string call = ended.claim.call.str();
  std::string_view outcome = name_of(ended.outcome);
  update->bind(1, name_of(ended.keep));
  update->bind(2, ended.until.ns);
  update->bind(3, static_cast<std::int64_t>(bytes));
  update->bind(4, outcome);
  update->bind(5, std::int64_t{ended.status});
  update->bind_blob(6, fields.data(), fields.size());
  update->bind(7, checksum_of(call, outcome, ended.status, fields, body));
  update->bind_blob(8, body.data(), body.size());
  bind_hash(*update, 9, ended.claim.owner);
  bind_hash(*update, 10, ended.claim.key);
  update->bind(11, call);
  if (bytes_) *bytes_ += bytes;
  return update->run();
}

// What is deleted is not taken off the count, which so is only ever too high: before anything is
// forgotten for it, it is made anew.
Result<void> AnswerWriter::make_room() {
  if (bytes_ && *bytes_ <= bytes_max_) return {};
  Result<std::int64_t> counted =
      database_->query_number("SELECT sum(bytes) FROM kept_answers WHERE until_ns IS NOT NULL");
  if (!counted) return fail(counted.error());
  bytes_ = static_cast<std::uint64_t>(*counted);
  if (*bytes_ <= bytes_max_) return {};
  Result<Statement> oldest = database_->prepare(
      "SELECT until_ns, number, bytes FROM kept_answers WHERE until_ns IS NOT NULL "
      "ORDER BY until_ns, number");
  if (!oldest) return fail(oldest.error());
  std::uint64_t wanted = bytes_max_ - bytes_max_ / freed_part;
  std::vector<std::int64_t> forgotten;
  while (*bytes_ > wanted) {
    Result<bool> row = oldest->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    forgotten.push_back(oldest->number(1));
    *bytes_ -= std::min(*bytes_, static_cast<std::uint64_t>(oldest->number(2)));
  }
  oldest->reset();
  for (std::int64_t number : forgotten) {
    Result<void> done = release(number);
    if (!done) return done;
  }
  return {};
}

Result<std::size_t> AnswerWriter::remove_until(WallTime until, std::size_t limit) {
  Result<Statement> remove = database_->prepare(
      "DELETE FROM kept_answers WHERE number IN (SELECT number FROM kept_answers "
      "WHERE until_ns <= ? ORDER BY until_ns LIMIT ?)");
  if (!remove) return fail(remove.error());
  remove->bind(1, until.ns);
  remove->bind(2, static_cast<std::int64_t>(limit));
  Result<void> done = remove->run();
  if (!done) return fail(done.error());
  return database_->changes();
}

Result<std::vector<AnswerWriter::Running>> AnswerWriter::running() {
  Result<Statement> query =
      database_->prepare("SELECT number, call FROM kept_answers WHERE until_ns IS NULL");
  if (!query) return fail(query.error());
  std::vector<Running> all;
  for (;;) {
    Result<bool> row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return all;
    all.push_back({.number = query->number(0), .call = CallId::parse(query->text(1))});
  }
}

Result<void> AnswerWriter::cut_off(std::int64_t number, WallTime until) {
  Result<Statement> update =
      database_->prepare("UPDATE kept_answers SET kept = ?, until_ns = ? WHERE number = ?");
  if (!update) return fail(update.error());
  update->bind(1, kept_cut_off);
  update->bind(2, until.ns);
  update->bind(3, number);
  return update->run();
}

Result<void> AnswerWriter::release(std::int64_t number) {
  Result<Statement> remove = database_->prepare("DELETE FROM kept_answers WHERE number = ?");
  if (!remove) return fail(remove.error());
  remove->bind(1, number);
  return remove->run();
}

}  // namespace recloser::ledger
