#include "auth/jwt/issuers.h"

#include <utility>

namespace recloser::auth::jwt {
namespace {

std::shared_ptr<const KnownKeys> no_keys(std::size_t issuers) {
  auto keys = std::make_shared<KnownKeys>();
  keys->of.resize(issuers);
  return keys;
}

}  // namespace

Issuers::Issuers(std::shared_ptr<const config::Config> config)
    : config_(std::move(config)),
      keys_(no_keys(all().size())),
      wishes_(all().size()),
      unasked_(all().size()) {
  for (const config::TokenIssuer& issuer : all()) status_.push_back({.issuer = issuer.issuer});
}

void Issuers::fetched(std::size_t issuer, std::shared_ptr<const KeySet> keys, WallTime now) {
  {
    std::lock_guard lock(mutex_);
    Status& status = status_[issuer];
    count(status, status.fetches);
    status.keys = keys->size();
    status.fetched_at = now;
  }
  std::shared_ptr<const KnownKeys> known = keys_.current();
  const std::shared_ptr<const KeySet>& old = known->of[issuer];
  if (old && old->document_hash() == keys->document_hash()) return;
  auto next = std::make_shared<KnownKeys>(*known);
  next->of[issuer] = std::move(keys);
  keys_.publish(std::move(next));
}

void Issuers::failed(std::size_t issuer) {
  std::lock_guard lock(mutex_);
  count(status_[issuer], status_[issuer].failures);
}

void Issuers::count(Status& status, std::uint64_t& counter) {
  bool first = status.fetches + status.failures == 0;
  ++counter;
  if (first) unasked_.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<Issuers::Status> Issuers::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace recloser::auth::jwt
