// The body of a request to the admin API, as far as all routes read it alike.
#pragma once

#include "net/http_server.h"

#include <cstddef>
#include <string_view>

namespace recloser::admin {

inline constexpr std::size_t body_bytes_max = 64u << 10;  // a key with all its labels takes 20 KiB

// Nothing looks at a body before it is there as a whole.
struct NoSink final : net::BodySink {
  Result<void> see(std::string_view) override { return {}; }
};

}  // namespace recloser::admin
