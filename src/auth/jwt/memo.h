// Remembers tokens that were verified, so that only the first call with one pays for it.
#pragma once

#include "auth/key_ring.h"
#include "auth/secret.h"
#include "core/time.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace recloser::auth::jwt {

// Whose a good token is.
struct Known {
  Principal principal;
  Place place;                          // among those who may keep it out
  std::shared_ptr<const KeyRing> keys;  // which has them
};

// One per worker. Found by the SHA-256 of the whole token, signature included: of two tokens that
// share a part, neither is ever taken for the other. Only good ones come in here, so that nobody
// without one can push others out.
class Memo {
 public:
  static constexpr std::size_t places = 1024;
  static constexpr std::size_t entries_of_a_place = 4;

  // Null when it is not known, or has expired. Good until the next call.
  const std::shared_ptr<const Known>* find(const KeyHash& hash, WallTime now) const;
  // In a full place the one goes that expires first.
  void keep(const KeyHash& hash, std::shared_ptr<const Known> known, WallTime until);
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    KeyHash hash;
    std::shared_ptr<const Known> known;  // null: free
    WallTime until{};
  };
  static std::size_t first_of(const KeyHash& hash);

  std::vector<Entry> entries_;  // none before the first token
};

}  // namespace recloser::auth::jwt
