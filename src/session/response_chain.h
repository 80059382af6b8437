// Which session a stored response was made in, so that `previous_response_id` finds the way back.
#pragma once

#include "session/hash128.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::session {

// A bounded memory, shared by the workers: the newest responses are known, older ones are
// forgotten, and a forgotten one only means that a session gets a second name. Keyed by principal
// and response id, so nobody joins a session of somebody else by naming its response.
class ResponseChain {
 public:
  explicit ResponseChain(std::size_t responses_max = 65'536);  // about 11 MB when full
  ~ResponseChain();

  // After a response is complete: what was asked with `session` was answered as `response_id`.
  void remember(const Hash128& principal, std::string_view response_id,
                std::string_view session_id);

  // The session of that response, or "".
  std::string find(const Hash128& principal, std::string_view response_id) const;

 private:
  struct Shard;
  static constexpr std::size_t shard_count = 16;
  static Hash128 key_of(const Hash128& principal, std::string_view response_id);

  const std::unique_ptr<std::array<Shard, shard_count>> shards_;
};

}  // namespace recloser::session
