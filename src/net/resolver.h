// Resolver: names to addresses, looked up by a thread of its own, remembered for as long as the
// answer allows.
#pragma once

#include "core/task.h"
#include "net/cancel.h"
#include "net/endpoint.h"
#include "net/worker.h"

#include <memory>
#include <string>
#include <vector>

namespace recloser::net {

// The addresses of a name in the order to try them (RFC 6724), ports 0. Never empty.
using Addresses = std::shared_ptr<const std::vector<Endpoint>>;

// One per process, used by all workers. Equal questions that are open at once are asked once.
class Resolver {
 public:
  static constexpr Duration ttl_min = 5s;      // a record that says less is believed this long
  static constexpr Duration ttl_max = 5min;    // nor longer than this
  static constexpr Duration failure_ttl = 2s;  // a failed look-up is not repeated sooner
  static constexpr Duration lookup_time_max = 10s;
  static constexpr std::size_t names_max = 4096;  // remembered at most

  explicit Resolver(const Clock& clock);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // No worker is touched from here on; what is being looked up, and all that is asked later, stays
  // without an answer. To be called before a worker that asked is destroyed.
  void stop();

  // Address literals and `localhost` need no look-up. A remembered answer does not suspend.
  Task<Result<Addresses>> resolve(Worker& worker, std::string name, CancelPoint& cancel,
                                  Instant deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace recloser::net
