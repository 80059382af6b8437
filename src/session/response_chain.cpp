#include "session/response_chain.h"

#include "core/check.h"

#include <algorithm>
#include <bit>

namespace recloser::session {

// Four responses may stand in each place of a shard; the oldest of the four gives way.
struct ResponseChain::Shard {
  struct Entry {
    Hash128 response;
    std::uint64_t stamp = 0;  // 0: free
    std::string session_id;
  };
  static constexpr std::size_t ways = 4;
  using Place = std::array<Entry, ways>;

  mutable std::mutex mutex;
  std::vector<Place> places;
  std::uint64_t newest_stamp = 0;

  Place& place_of(const Hash128& response) { return places[response.low & (places.size() - 1)]; }
};

ResponseChain::ResponseChain(std::size_t responses_max)
    : shards_(std::make_unique<std::array<Shard, shard_count>>()) {
  std::size_t per_shard = (responses_max + shard_count - 1) / shard_count;
  std::size_t places = std::bit_ceil((per_shard + Shard::ways - 1) / Shard::ways);
  for (Shard& shard : *shards_) shard.places.resize(places);
}

ResponseChain::~ResponseChain() = default;

Hash128 ResponseChain::key_of(const Hash128& principal, std::string_view response_id) {
  FieldHasher hasher;
  hasher.add(principal);
  hasher.add(response_id);
  return hasher.value();
}

void ResponseChain::remember(const Hash128& principal, std::string_view response_id,
                             std::string_view session_id) {
  if (response_id.empty() || session_id.empty()) return;
  Hash128 key = key_of(principal, response_id);
  Shard& shard = (*shards_)[key.high % shard_count];
  std::lock_guard lock(shard.mutex);
  Shard::Place& place = shard.place_of(key);
  auto entry = std::ranges::find_if(
      place, [&](const Shard::Entry& e) { return e.stamp != 0 && e.response == key; });
  if (entry == place.end()) entry = std::ranges::min_element(place, {}, &Shard::Entry::stamp);
  entry->response = key;
  entry->stamp = ++shard.newest_stamp;
  entry->session_id = session_id;
}

std::string ResponseChain::find(const Hash128& principal, std::string_view response_id) const {
  if (response_id.empty()) return {};
  Hash128 key = key_of(principal, response_id);
  Shard& shard = (*shards_)[key.high % shard_count];
  std::lock_guard lock(shard.mutex);
  for (const Shard::Entry& entry : shard.place_of(key)) {
    if (entry.stamp != 0 && entry.response == key) return entry.session_id;
  }
  return {};
}

}  // namespace recloser::session
