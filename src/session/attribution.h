// On whose behalf a call is made: what the key says, and what the client may add where the key is
// silent.
#pragma once

#include "core/result.h"
#include "session/hash128.h"
#include "session/labels.h"

#include <span>
#include <string>
#include <string_view>

namespace recloser::session {

// What the key says of its holder; empty = left open. Views into the key ring of the call.
struct Holder {
  std::string_view org;
  std::string_view team;
  std::string_view user;
  std::string_view agent;
  std::string_view key_id;
  std::span<const std::string> labels;
};

// The headers x-recloser-user, x-recloser-agent and x-recloser-labels; empty = not sent.
struct Claims {
  std::string_view user;
  std::string_view agent;
  std::string_view labels;
};

// The principal of one call. Views into the key ring and the request's head.
struct Attribution {
  std::string_view org;
  std::string_view team;
  std::string_view user;
  std::string_view agent;
  std::string_view key_id;
  Labels labels;

  // One number for these five: state that is kept for a principal carries it in its key, so that
  // nothing of one is ever found by another.
  Hash128 principal_key() const;
};

// A claim fills only what the key leaves open; where the key speaks, the claim is not even judged.
// One that fills must be a name within its limit, and no label may be reserved.
Result<Attribution> attribute(const Holder& holder, const Claims& claims,
                              std::span<const std::string> reserved_labels);

}  // namespace recloser::session
