#include "net/pool.h"

#include <algorithm>
#include <utility>

namespace recloser::net {

// Waits, as the reader of its connection, for what must not come: bytes, the end, or old age.
struct ClientPool::Idle final : Operation {
  Idle(ClientPool& p, const DialTarget& t, std::unique_ptr<Connection> c)
      : Operation(*c, p.worker_.now() + idle_max,
                  [](Waiter& self) { static_cast<Idle&>(self).end(); }),
        pool(p),
        target(t),
        connection(std::move(c)) {
    connection->attach_reader(*this);
  }

  // Reads one byte's worth of news: nothing to read is what we want.
  bool attempt() override {
    char byte = 0;
    return !connection->read_now({&byte, 1}).would_wait;
  }
  void end() { pool.drop(*this); }

  std::unique_ptr<Connection> release() {
    connection->detach(*this);
    return std::move(connection);
  }

  ClientPool& pool;
  const DialTarget& target;
  std::unique_ptr<Connection> connection;
};

ClientPool::ClientPool(Worker& worker, Resolver& resolver) : worker_(worker), resolver_(resolver) {}

ClientPool::~ClientPool() { clear(); }

void ClientPool::clear() {
  for (auto& [target, connections] : idle_) {
    for (std::unique_ptr<Idle>& idle : connections) idle->release();
  }
  idle_.clear();
  idle_count_ = 0;
}

std::unique_ptr<Connection> ClientPool::take(const DialTarget& target) {
  auto found = idle_.find(&target);
  if (found == idle_.end()) return nullptr;
  std::vector<std::unique_ptr<Idle>>& connections = found->second;
  while (!connections.empty()) {
    std::unique_ptr<Idle> newest = std::move(connections.back());
    connections.pop_back();
    --idle_count_;
    // Asked again: its end may be known to the kernel and not yet to us.
    bool usable = newest->connection->open() && !newest->attempt();
    std::unique_ptr<Connection> connection = newest->release();
    if (usable) return connection;
  }
  return nullptr;
}

void ClientPool::give(const DialTarget& target, std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Idle>>& connections = idle_[&target];
  if (connections.size() >= kept_max) return;
  connections.push_back(std::make_unique<Idle>(*this, target, std::move(connection)));
  ++idle_count_;
}

void ClientPool::drop(Idle& idle) {
  std::vector<std::unique_ptr<Idle>>& connections = idle_[&idle.target];
  auto found = std::find_if(connections.begin(), connections.end(),
                            [&](const std::unique_ptr<Idle>& kept) { return kept.get() == &idle; });
  if (found == connections.end()) return;
  std::unique_ptr<Idle> dropped = std::move(*found);
  connections.erase(found);
  --idle_count_;
  dropped->connection->detach(*dropped);
}

}  // namespace recloser::net
