// Alerts: told to the channels of the configuration, and kept for whoever asks the admin API.
#pragma once

#include "admin/alert.h"
#include "admin/live_feed.h"
#include "config/channel.h"
#include "core/ids.h"
#include "core/task.h"
#include "net/http_client.h"
#include "net/worker.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace recloser::admin {

// Raised on any thread; sent by the worker of the pool. A channel gets its alerts one after the
// other, each again at growing intervals while it does not arrive: an answer other than 2xx, or
// none. What does not arrive after all tries is told in the log. A restart forgets what waits.
class Alerts {
 public:
  static constexpr std::size_t kept_max = 256;      // for alerts_json()
  static constexpr std::size_t waiting_max = 1024;  // of one channel; beyond it new ones are lost
  static constexpr Duration retry_first = 1s;       // doubled with each, up to ..
  static constexpr Duration retry_most = 5min;
  static constexpr Duration answer_time = 10s;

  // Error: a channel cannot be served (its certificate authorities cannot be read).
  static Result<std::unique_ptr<Alerts>> make(net::ClientPool& pool,
                                              const std::vector<config::Channel>& channels,
                                              std::uint64_t seed);
  ~Alerts();

  void raise(Alert alert);
  // Who hears of them besides: `alert`. Before any is raised.
  void also_tell(LiveFeed& live) { live_ = &live; }

  // {"data": [..], "next": null}, the newest first. Any thread.
  std::string alerts_json() const;

 private:
  struct Outlet;  // one channel

  Alerts(net::ClientPool& pool, std::uint64_t seed);
  void send(const std::shared_ptr<const Alert>& alert);
  Task<void> empty(Outlet& outlet);
  Task<void> deliver(Outlet& outlet, const Alert& alert);
  Task<Result<void>> post(const Outlet& outlet, const std::string& body);

  net::ClientPool& pool_;
  LiveFeed* live_ = nullptr;
  std::vector<std::unique_ptr<Outlet>> outlets_;  // used by the worker alone
  mutable std::mutex mutex_;
  CallIdMaker ids_;                                // guarded by mutex_
  std::deque<std::shared_ptr<const Alert>> kept_;  // guarded by mutex_
};

}  // namespace recloser::admin
