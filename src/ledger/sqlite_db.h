// SQLite as values: a connection and a statement that close themselves, and errors that say what to
// do.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace recloser::ledger {

class Database;

// One prepared statement of one connection. Texts given to bind() must live until reset().
class Statement {
 public:
  void bind(int at, std::string_view text);  // also when empty
  void bind(int at, std::int64_t number);
  void bind_null(int at);
  void bind_blob(int at, const void* bytes, std::size_t size);
  void bind_text_or_null(int at, std::string_view text);  // null when empty
  void bind_or_null(int at, std::optional<std::int64_t> number);

  void bind_named(const char* name, std::string_view text);
  void bind_named(const char* name, std::int64_t number);

  Result<bool> step();  // whether there is a row
  void reset();         // ready for the next use; what was bound stays until bound again
  Result<void> run();   // step() to the end, then reset()

  std::string text(int column) const;  // "" for null
  std::int64_t number(int column) const;
  std::optional<std::int64_t> number_or_null(int column) const;
  std::string_view bytes(int column) const;  // until the next step

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// One connection; one thread at a time.
class Database {
 public:
  // The file is made, readable by its owner only, when it does not exist.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(std::string path, std::unique_ptr<sqlite3, Closer> connection)
      : path_(std::move(path)), connection_(std::move(connection)) {}

  Result<Statement> prepare(std::string_view sql);
  Result<void> execute(const std::string& sql);  // any number of statements
  Result<std::int64_t> query_number(std::string_view sql);
  Result<std::string> query_text(std::string_view sql);

  std::uint64_t changes() const;
  bool in_transaction() const;
  sqlite3* handle() const { return connection_.get(); }
  const std::string& path() const { return path_; }

  // The failure of the last call on this connection.
  Error error(std::string_view doing) const;

 private:
  std::string path_;
  std::unique_ptr<sqlite3, Closer> connection_;
};

// BEGIN IMMEDIATE .. COMMIT; what is not committed is rolled back.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace recloser::ledger
