#include "admin/live_feed.h"

#include "ledger/call_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::admin {

void LiveFeed::stored(std::span<const ledger::CallRecord* const> rows) {
  if (!followed()) return;
  std::string json;
  for (const ledger::CallRecord* row : rows) {
    // Nothing is written that nobody would get.
    bool decided = row->decision_count() + row->decisions_beyond() > 0;
    if (all_are_full(decided ? 2 : 1)) continue;
    ledger::StoredCall call = ledger::stored(*row);
    if (decided) {
      json = fmt::format(R"({{"call":"{}","decisions":{}}})", call.id.str(), call.decisions);
      tell("decision", json);
    }
    json.clear();
    ledger::append_call_json(json, call);
    tell("call", json);
  }
}

void LiveFeed::tell(std::string_view event, std::string_view json) {
  if (!followed()) return;
  add(std::make_shared<const std::string>(fmt::format("event: {}\ndata: {}\n\n", event, json)));
}

void LiveFeed::add(const std::shared_ptr<const std::string>& event) {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  for (Follower* follower : followers_) {
    if (follower->has_room(event->size())) {
      follower->events_.push_back(event);
      follower->bytes_ += event->size();
    } else {
      ++follower->lost_;
    }
    ring(*follower);
  }
}

// Then so many events are lost to all of them.
bool LiveFeed::all_are_full(std::uint64_t events) {
  std::lock_guard lock(mutex_);
  auto takes = [](const Follower* follower) { return follower->has_room(0); };
  if (std::ranges::any_of(followers_, takes)) return false;
  for (Follower* follower : followers_) follower->lost_ += events;
  return true;
}

std::unique_ptr<LiveFeed::Follower> LiveFeed::follow(net::Worker& worker) {
  std::lock_guard lock(mutex_);
  if (followers_.size() == followers_max) return nullptr;
  auto follower = std::make_unique<Follower>(*this, worker);
  followers_.push_back(follower.get());
  count_.store(followers_.size(), std::memory_order_relaxed);
  return follower;
}

void LiveFeed::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  for (Follower* follower : followers_) ring(*follower);
}

// One letter is enough for all that comes until it is read.
void LiveFeed::ring(Follower& follower) {
  if (std::exchange(follower.rung_, true)) return;
  follower.worker_.post([this, &worker = follower.worker_] { wake_on(worker); });
}

// On that worker, where followers of it neither come nor go meanwhile.
void LiveFeed::wake_on(net::Worker& worker) {
  std::lock_guard lock(mutex_);
  for (Follower* follower : followers_) {
    if (&follower->worker_ != &worker || !std::exchange(follower->rung_, false)) continue;
    follower->wake();
  }
}

LiveFeed::Follower::~Follower() {
  std::lock_guard lock(feed_.mutex_);
  std::erase(feed_.followers_, this);
  feed_.count_.store(feed_.followers_.size(), std::memory_order_relaxed);
}

// What follows a loss is lost too until it was told, so that events stay in their order. One event
// of any size finds room.
bool LiveFeed::Follower::has_room(std::size_t bytes) const {
  if (lost_ > 0 || events_.size() >= waiting_events_max) return false;
  return events_.empty() || bytes_ + bytes <= waiting_bytes_max;
}

bool LiveFeed::Follower::has_news() {
  std::lock_guard lock(feed_.mutex_);
  return feed_.ended_ || lost_ > 0 || !events_.empty();
}

bool LiveFeed::Follower::take(std::string& events) {
  std::deque<std::shared_ptr<const std::string>> taken;
  std::uint64_t lost = 0;
  bool more = true;
  {
    std::lock_guard lock(feed_.mutex_);
    taken.swap(events_);
    bytes_ = 0;
    lost = std::exchange(lost_, 0);
    more = !feed_.ended_;
  }
  for (const std::shared_ptr<const std::string>& event : taken) events += *event;
  if (lost > 0) events += fmt::format("event: lost\ndata: {{\"events\":{}}}\n\n", lost);
  return more;
}

void LiveFeed::Follower::cancel() {
  cancelled_ = true;
  wake();
}

void LiveFeed::Follower::wake() {
  if (waiting_ != nullptr) waiting_->wake_soon();
}

LiveFeed::Follower::Wait::Wait(Follower& follower, Instant until)
    : Waiter([](Waiter& self) { static_cast<Wait&>(self).resume(); }),
      Timer([](Timer& self) { static_cast<Wait&>(self).resume(); }),
      follower_(follower),
      until_(until) {}

void LiveFeed::Follower::Wait::await_suspend(std::coroutine_handle<> awaiting) {
  awaiting_ = awaiting;
  follower_.waiting_ = this;
  follower_.worker_.timers().set(*this, until_);
}

void LiveFeed::Follower::Wait::wake_soon() { follower_.worker_.wake_soon(*this); }

void LiveFeed::Follower::Wait::resume() {
  unlink();
  Timer::cancel();
  awaiting_.resume();  // and this is gone
}

}  // namespace recloser::admin
