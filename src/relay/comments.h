// Comments: what a client hears while nothing else is sent to it, so that it and the proxies in
// between see life.
#pragma once

#include "core/task_group.h"
#include "core/time.h"
#include "net/http_server.h"
#include "net/worker.h"

#include <array>
#include <string_view>

namespace recloser::relay {

// Between two events.
inline constexpr std::string_view keep_alive_comment = ": keep-alive\n\n";

// Use, between two events of a stream and while nobody else sends:
//   Comments comments(call.client, worker, every);
//   .. co_await what takes long ..
//   co_await comments.end();
class Comments {
 public:
  Comments(net::Exchange& client, net::Worker& worker, Duration every)
      : client_(client), worker_(worker), every_(every) {
    task_.spawn("comments", run());
  }

  // Whether one is on its way: then, and only then, end() has to wait.
  bool is_sending() const { return sending_; }
  Task<void> end() {
    ended_ = true;
    if (!sending_) task_.clear();
    co_await task_.empty();
  }

 private:
  Task<void> run() {
    while (!ended_) {
      Instant next = worker_.now() + every_;
      co_await worker_.sleep_until(next);
      std::array<std::string_view, 1> payload{keep_alive_comment};
      sending_ = true;
      Result<void> sent = co_await client_.send("", payload, net::Last::no);
      sending_ = false;
      if (!sent) co_return;
    }
  }
  // Nobody hears comments any more; that is all.
  static void failed(void*, std::string_view, std::string_view) {}

  net::Exchange& client_;
  net::Worker& worker_;
  Duration every_;
  bool ended_ = false;
  bool sending_ = false;
  TaskGroup task_{failed, nullptr};  // the last: it uses all of the above
};

}  // namespace recloser::relay
