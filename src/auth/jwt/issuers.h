// Whose tokens are taken, with the keys that are known of each: shared by all workers and by
// whoever fetches keys.
#pragma once

#include "auth/jwt/key_set.h"
#include "config/config.h"
#include "core/published.h"
#include "core/time.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace recloser::auth::jwt {

// The key sets of one moment, in the order of the configuration; null while none was fetched.
struct KnownKeys {
  std::vector<std::shared_ptr<const KeySet>> of;
};

class Issuers {
 public:
  explicit Issuers(std::shared_ptr<const config::Config> config);

  const std::vector<config::TokenIssuer>& all() const { return config_->auth.jwt; }
  const Published<KnownKeys>& keys() const { return keys_; }

  // By whoever fetches, one thread. The same document again changes nothing, so that what was
  // verified stays so.
  void fetched(std::size_t issuer, std::shared_ptr<const KeySet> keys, WallTime now);
  void failed(std::size_t issuer);

  // Whether each was asked for its keys once, whatever came of it: before, tokens are refused that
  // are good. Any thread.
  bool asked() const { return unasked_.load(std::memory_order_relaxed) == 0; }

  // A token names a key that is not known: its issuer may have new ones. Any thread.
  void wish_for_keys(std::size_t issuer) { wishes_[issuer].store(true, std::memory_order_relaxed); }
  // Whether that was so since the last look.
  bool take_wish(std::size_t issuer) {
    return wishes_[issuer].exchange(false, std::memory_order_relaxed);
  }

  // For metrics.
  struct Status {
    std::string issuer;
    std::size_t keys = 0;
    std::uint64_t fetches = 0;
    std::uint64_t failures = 0;
    std::optional<WallTime> fetched_at;
  };
  std::vector<Status> status() const;

 private:
  void count(Status& status, std::uint64_t& counter);

  std::shared_ptr<const config::Config> config_;
  Published<KnownKeys> keys_;
  std::vector<std::atomic<bool>> wishes_;
  std::atomic<std::size_t> unasked_;
  mutable std::mutex mutex_;
  std::vector<Status> status_;  // guarded by mutex_
};

}  // namespace recloser::auth::jwt
