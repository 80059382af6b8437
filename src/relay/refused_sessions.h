// Which sessions do not listen to a refusal: they are told so in another form.
#pragma once

#include "codec/client_family.h"
#include "core/time.h"
#include "session/hash128.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace recloser::relay {

// Shared by the workers: whoever tries again may come to another one. A bounded memory; one that is
// forgotten is told once more in the usual form.
class RefusedSessions {
 public:
  explicit RefusedSessions(std::size_t sessions_max = 4096);  // some 200 KB

  // A decision refuses a call of that session. Whether it was refused twice just before, and so
  // does not listen (codec::RefusalStreak).
  bool refuse(const session::Hash128& principal, std::string_view session_id, Instant now);

 private:
  struct Entry {
    session::Hash128 session;
    std::uint64_t stamp = 0;  // 0: free
    codec::RefusalStreak streak;
  };
  // Four may stand in each place; the oldest of the four gives way.
  using Place = std::array<Entry, 4>;

  std::mutex mutex_;
  std::vector<Place> places_;  // guarded by mutex_, as is the rest
  std::uint64_t newest_stamp_ = 0;
};

}  // namespace recloser::relay
