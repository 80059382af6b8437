#include "ledger/sqlite_db.h"

#include "core/check.h"
#include "ledger/files.h"

#include <cerrno>
#include <fcntl.h>
#include <system_error>

#include <fmt/format.h>
#include <sqlite3.h>

namespace recloser::ledger {
namespace {

struct Meaning {
  Kind kind;
  std::string_view advice;
};

bool is_disk_full(int number) { return number == ENOSPC || number == EDQUOT || number == EFBIG; }

Meaning meaning_of(int code, int system_number) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Kind::full, "free space on its disk; no call is admitted until it can be booked"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Kind::unavailable,
              "another program holds the store locked (an sqlite3 shell, a backup): let it finish "
              "or end it"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Kind::malformed,
              "the file is damaged or not a store of Recloser: restore a backup, or move it away "
              "to begin with an empty ledger"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {Kind::io,
              "give this user the right to read and write the file and its directory, or set "
              "state.directory to a place where it may"};
    case SQLITE_IOERR:
      if (is_disk_full(system_number)) return meaning_of(SQLITE_FULL, 0);
      return {Kind::io, "look at the disk and its mount"};
    case SQLITE_CONSTRAINT:
      return {Kind::conflict, "it is there already"};
    default:
      return {Kind::io, "this should not happen: please report it"};
  }
}

// The number of the system call that made an I/O error: SQLite's own note of it is lost when
// another call came between, so the files are asked too.
int system_number_of(sqlite3* connection) {
  int number = sqlite3_system_errno(connection);
  if (number != 0) return number;
  sqlite3_file* log = nullptr;
  void* to_log = static_cast<void*>(&log);
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, to_log);
  if (log != nullptr && log->pMethods != nullptr) {
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  }
  if (number == 0) sqlite3_file_control(connection, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

// A statement that is misused is a mistake of ours.
void bound(int code) { CHECK(code == SQLITE_OK, "a value could not be bound to a statement"); }

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Database::Closer::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

void Statement::bind(int at, std::string_view text) {
  // A view of nothing has no address, which SQLite would take for null.
  const char* data = text.data() == nullptr ? "" : text.data();
  bound(
      sqlite3_bind_text(statement_.get(), at, data, static_cast<int>(text.size()), SQLITE_STATIC));
}

void Statement::bind(int at, std::int64_t number) {
  bound(sqlite3_bind_int64(statement_.get(), at, number));
}

void Statement::bind_null(int at) { bound(sqlite3_bind_null(statement_.get(), at)); }

void Statement::bind_blob(int at, const void* bytes, std::size_t size) {
  bound(sqlite3_bind_blob(statement_.get(), at, bytes, static_cast<int>(size), SQLITE_STATIC));
}

void Statement::bind_text_or_null(int at, std::string_view text) {
  text.empty() ? bind_null(at) : bind(at, text);
}

void Statement::bind_or_null(int at, std::optional<std::int64_t> number) {
  number ? bind(at, *number) : bind_null(at);
}

void Statement::bind_named(const char* name, std::string_view text) {
  bind(sqlite3_bind_parameter_index(statement_.get(), name), text);
}

void Statement::bind_named(const char* name, std::int64_t number) {
  bind(sqlite3_bind_parameter_index(statement_.get(), name), number);
}

Result<bool> Statement::step() {
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = database_->error("use");
  sqlite3_reset(statement_.get());
  return fail(std::move(error));
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

Result<void> Statement::run() {
  for (;;) {
    Result<bool> row = step();
    if (!row) return fail(row.error());
    if (!*row) break;
  }
  reset();
  return {};
}

std::string Statement::text(int column) const { return std::string(bytes(column)); }

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::number_or_null(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return number(column);
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  if (data == nullptr) return {};
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return {static_cast<const char*>(data), size};
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  // SQLite would make it readable by all; its side files take the rights of this one.
  Result<File> file = open_private(path, O_RDWR | O_CREAT);
  if (!file) return fail(file.error());
  sqlite3* raw = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  auto database = std::make_unique<Database>(path, std::unique_ptr<sqlite3, Closer>(raw));
  CHECK(raw != nullptr, "no memory for a connection to the store");
  sqlite3_extended_result_codes(raw, 1);
  if (code != SQLITE_OK) return fail(database->error("open"));
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(error("prepare a statement of"));
  return Statement(*this, statement);
}

Result<void> Database::execute(const std::string& sql) {
  int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error("use"));
  return {};
}

Result<std::int64_t> Database::query_number(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  Result<bool> row = statement->step();
  if (!row) return fail(row.error());
  return *row ? statement->number(0) : 0;
}

Result<std::string> Database::query_text(std::string_view sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  Result<bool> row = statement->step();
  if (!row) return fail(row.error());
  return *row ? statement->text(0) : std::string();
}

std::uint64_t Database::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(connection_.get()));
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

Error Database::error(std::string_view doing) const {
  int code = sqlite3_extended_errcode(connection_.get());
  std::string cause = sqlite3_errmsg(connection_.get());
  bool from_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  int number = from_system ? system_number_of(connection_.get()) : 0;
  Meaning meaning = meaning_of(code, number);
  if (from_system && number != 0) {
    cause += fmt::format(" ({})", std::generic_category().message(number));
  }
  return Error(Side::operator_, meaning.kind,
               fmt::format("cannot {} the store {}: {}; {}", doing, path_, cause, meaning.advice));
}

Result<Transaction> Transaction::begin(Database& database) {
  Result<void> begun = database.execute("BEGIN IMMEDIATE");
  if (!begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(other.database_) {
  other.database_ = nullptr;
}

Transaction::~Transaction() {
  // SQLite has rolled back by itself after some failures.
  if (database_ == nullptr || !database_->in_transaction()) return;
  // A rollback cannot fail in a way that leaves anything behind: the next begin would say so.
  Result<void> undone = database_->execute("ROLLBACK");
  (void)undone;
}

Result<void> Transaction::commit() {
  Result<void> done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace recloser::ledger
