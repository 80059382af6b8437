#include "ledger/sqlite_sessions.h"

#include "ledger/crc32c.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

namespace recloser::ledger {
namespace {

static_assert(std::endian::native == std::endian::little, "entries lie in the file as in memory");

constexpr std::size_t entry_bytes = sizeof(std::int64_t) + sizeof(std::uint32_t);

std::uint32_t checksum_of(std::string_view session) {
  return crc32c(session.data(), session.size());
}

// Keeps the newest keys, each once.
class NewestKeys {
 public:
  explicit NewestKeys(std::size_t most) : most_(most) {}

  void add(std::int64_t key) {
    keys_.push_back(key);
    if (keys_.size() >= 2 * most_) cut();
  }
  std::vector<std::int64_t> take() && {
    cut();
    return std::move(keys_);
  }

 private:
  void cut() {
    std::ranges::sort(keys_, std::greater());
    auto repeated = std::ranges::unique(keys_);
    keys_.erase(repeated.begin(), repeated.end());
    if (keys_.size() > most_) keys_.resize(most_);
  }

  const std::size_t most_;
  std::vector<std::int64_t> keys_;
};

// All keys, then all checksums: what is compared with each other lies together.
template <class Found>
void search(std::string_view entries, std::uint32_t wanted, Found found) {
  std::size_t count = entries.size() / entry_bytes;
  const char* keys = entries.data();
  const char* checksums = keys + count * sizeof(std::int64_t);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t checksum = 0;
    std::memcpy(&checksum, checksums + i * sizeof checksum, sizeof checksum);
    if (checksum != wanted) continue;
    std::int64_t key = 0;
    std::memcpy(&key, keys + i * sizeof key, sizeof key);
    found(key);
  }
}

}  // namespace

Result<SessionWriter> SessionWriter::prepare(Database& database) {
  Result<Statement> insert =
      database.prepare("INSERT INTO call_sessions (newest_key, entries) VALUES (?, ?)");
  if (!insert) return fail(insert.error());
  // Batches are numbered in the order in which they came, so the oldest lists are looked at.
  Result<Statement> remove = database.prepare(
      "DELETE FROM call_sessions WHERE newest_key < ?1 AND batch IN "
      "(SELECT batch FROM call_sessions ORDER BY batch LIMIT ?2)");
  if (!remove) return fail(remove.error());
  return SessionWriter(std::move(*insert), std::move(*remove));
}

void SessionWriter::clear() {
  keys_.clear();
  checksums_.clear();
}

void SessionWriter::add(std::string_view session, std::int64_t key) {
  if (session.empty()) return;
  keys_.push_back(key);
  checksums_.push_back(checksum_of(session));
}

Result<void> SessionWriter::store() {
  if (keys_.empty()) return {};
  entries_.clear();
  entries_.append(reinterpret_cast<const char*>(keys_.data()), keys_.size() * sizeof keys_[0]);
  entries_.append(reinterpret_cast<const char*>(checksums_.data()),
                  checksums_.size() * sizeof checksums_[0]);
  insert_.bind(1, *std::ranges::max_element(keys_));
  insert_.bind_blob(2, entries_.data(), entries_.size());
  return insert_.run();
}

Result<void> SessionWriter::delete_below(std::int64_t key, std::size_t limit) {
  remove_.bind(1, key);
  remove_.bind(2, static_cast<std::int64_t>(limit));
  return remove_.run();
}

Result<std::vector<std::int64_t>> keys_of_session(Database& database, std::string_view session,
                                                  KeyRange range, std::size_t most) {
  Result<Statement> lists =
      database.prepare("SELECT entries FROM call_sessions WHERE newest_key >= ?");
  if (!lists) return fail(lists.error());
  lists->bind(1, range.first);
  std::uint32_t wanted = checksum_of(session);
  NewestKeys newest(most);
  for (;;) {
    Result<bool> row = lists->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    search(lists->bytes(0), wanted, [&](std::int64_t key) {
      if (key >= range.first && key < range.end) newest.add(key);
    });
  }
  return std::move(newest).take();
}

}  // namespace recloser::ledger
