// ClientPool: the idle connections of one worker to its providers, newest used first.
#pragma once

#include "net/connection.h"
#include "net/dial.h"
#include "net/http1/head.h"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace recloser::net {

// A connection in here has no byte to read and no end seen; one that gets either, or grows old, is
// closed.
class ClientPool {
 public:
  static constexpr Duration idle_max = 60s;      // shorter than providers' own limits
  static constexpr std::size_t kept_max = 1024;  // per target

  ClientPool(Worker& worker, Resolver& resolver);
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // Null when there is none.
  std::unique_ptr<Connection> take(const DialTarget& target);
  void give(const DialTarget& target, std::unique_ptr<Connection> connection);

  Worker& worker() { return worker_; }
  Resolver& resolver() { return resolver_; }
  std::size_t idle_count() const { return idle_count_; }
  void clear();

  // The head of the answer that was read last on this worker.
  http1::ResponseHead& head() { return head_; }

 private:
  struct Idle;
  void drop(Idle& idle);

  Worker& worker_;
  Resolver& resolver_;
  // Most recently used at the end. Targets are few and live as long as the configuration.
  std::unordered_map<const DialTarget*, std::vector<std::unique_ptr<Idle>>> idle_;
  std::size_t idle_count_ = 0;
  http1::ResponseHead head_;
};

}  // namespace recloser::net
