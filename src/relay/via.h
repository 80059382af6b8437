// Via: through which gateways a call has come (RFC 9110 7.6.3), so that none comes back to where it
// was.
#pragma once

#include "net/http1/head.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::relay {

inline constexpr std::size_t gateways_per_call_max = 8;  // of our kind, before this one

enum class Way : std::uint8_t {
  forward,
  cycle,     // it has been here before
  too_long,  // more gateways than any chain has: a circle of instances that do not know each other
};

// The name of this gateway among those that a call may come through: a pseudonym, for where it runs
// is nobody's business.
class Via {
 public:
  // `instance` is the operator's word for it; without one it is made of `seed`.
  Via(std::string_view instance, std::uint64_t seed);

  // The field that goes on with each request, as a whole line with CR LF. Those that came with it
  // stand before it, as they were.
  std::string_view line() const { return line_; }
  std::string_view name() const { return name_; }

  Way judge(const net::http1::RequestHead& head) const;

 private:
  std::string name_;  // "recloser-.."
  std::string line_;
};

}  // namespace recloser::relay
