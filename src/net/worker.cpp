#include "net/worker.h"

#include "net/plain_calls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace recloser::net {
namespace {

constexpr int events_per_turn_max = 256;
constexpr int events_of_a_busy_turn =
    16;  // fewer delay nobody by what is worth a look at the clock
constexpr std::size_t scratch_padding_bytes = 64;
constexpr int wait_ms_max = 60'000;

std::string system_error(std::string_view doing) {
  return fmt::format("{}: {}", doing, std::strerror(errno));
}

}  // namespace

struct Worker::EventBatch {
  std::array<epoll_event, events_per_turn_max> events;
  int count = 0;
  int next = 0;  // the first that was not given out
};

Result<std::unique_ptr<Worker>> Worker::create(std::string name, const Clock& clock, Log& log) {
  std::unique_ptr<Worker> worker(new Worker(std::move(name), clock, nullptr, log));
  Result<void> opened = worker->open();
  if (!opened) return fail(opened.error());
  return worker;
}

Result<std::unique_ptr<Worker>> Worker::create(std::string name, VirtualClock& clock, Log& log) {
  std::unique_ptr<Worker> worker(new Worker(std::move(name), clock, &clock, log));
  Result<void> opened = worker->open();
  if (!opened) return fail(opened.error());
  return worker;
}

Worker::Worker(std::string name, const Clock& clock, VirtualClock* virtual_clock, Log& log)
    : name_(std::move(name)),
      clock_(clock),
      virtual_clock_(virtual_clock),
      log_(log),
      now_(clock.now()),
      behind_since_(now_),
      events_(std::make_unique<EventBatch>()),
      scratch_(std::make_unique_for_overwrite<char[]>(scratch_bytes + scratch_padding_bytes)),
      timers_(now_),
      tasks_(&Worker::task_failed, this) {}

Worker::~Worker() {
  if (mail_bell_ >= 0) ::close(mail_bell_);
  if (epoll_ >= 0) ::close(epoll_);
}

Result<void> Worker::open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return fail(Side::gateway, Kind::io, system_error("epoll_create1"));
  mail_bell_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (mail_bell_ < 0) return fail(Side::gateway, Kind::io, system_error("eventfd"));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &mail_bell_;  // stands for "mail": no Watched has this address
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, mail_bell_, &event) != 0) {
    return fail(Side::gateway, Kind::io, system_error("epoll_ctl"));
  }
  return {};
}

void Worker::run() {
  while (!stopping_.load(std::memory_order_relaxed)) turn();
}

void Worker::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  post([] {});
}

void Worker::post(Mail mail) {
  bool first = false;
  {
    std::lock_guard lock(mail_mutex_);
    first = mail_.empty();
    mail_.push_back(std::move(mail));
  }
  if (!first) return;
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t rung =
      ::write(mail_bell_, &one, sizeof one);  // full only when rung already
}

void Worker::turn() {
  ++turns_;
  bool more_had_come = events_->count == events_per_turn_max;
  bool anything = wait_for_events(virtual_clock_ != nullptr ? 0 : wait_ms());
  if (!anything && virtual_clock_ != nullptr && ready_.empty()) anything = let_virtual_time_pass();
  now_ = clock_.now();
  if (!more_had_come) behind_since_ = now_ - busy_for_;
  if (anything) give_out_events();
  timers_.advance(now_);
  run_ready();
  busy_for_ = events_->count >= events_of_a_busy_turn ? clock_.now() - now_ : Duration{};
}

// When nothing is on its way, time itself is the next thing to happen. The kernel gets a real
// millisecond first: what was sent on loopback may still be on its way through it.
bool Worker::let_virtual_time_pass() {
  Instant next = timers_.next();
  bool only_others_can_wake_us = mail_expected_ > 0 || next == Instant::never();
  if (wait_for_events(only_others_can_wake_us ? wait_ms_max : 1)) return true;
  if (!only_others_can_wake_us) virtual_clock_->advance_to(next);
  return false;
}

int Worker::wait_ms() const {
  if (!ready_.empty()) return 0;
  Instant next = timers_.next();
  if (next == Instant::never()) return wait_ms_max;
  Duration left = next - now_;
  std::int64_t ms = (left.count() + 999'999) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, wait_ms_max));
}

bool Worker::wait_for_events(int timeout_ms) {
  int count = plain_epoll_wait(epoll_, events_->events, timeout_ms);
  events_->count = std::max(count, 0);  // EINTR is a turn without events
  events_->next = 0;
  return events_->count > 0;
}

void Worker::give_out_events() {
  while (events_->next < events_->count) {
    epoll_event event = events_->events[static_cast<std::size_t>(events_->next++)];
    if (event.data.ptr == nullptr) continue;  // forgotten since
    if (event.data.ptr == &mail_bell_) {
      read_mail();
      continue;
    }
    bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    Watched::Events events;
    events.peer_ended = broken || (event.events & EPOLLRDHUP) != 0;
    events.readable = events.peer_ended || (event.events & EPOLLIN) != 0;
    events.writable = broken || (event.events & EPOLLOUT) != 0;
    static_cast<Watched*>(event.data.ptr)->on_events(events);
  }
}

// What becomes ready while this runs waits for the next turn, behind new events.
void Worker::run_ready() {
  if (ready_.empty()) return;
  WaiterList now_ready;
  now_ready.take_all(ready_);
  while (Waiter* waiter = now_ready.take()) waiter->wake();
}

void Worker::read_mail() {
  std::uint64_t rings = 0;
  [[maybe_unused]] ssize_t heard = ::read(mail_bell_, &rings, sizeof rings);
  std::vector<Mail> mail;
  {
    std::lock_guard lock(mail_mutex_);
    mail.swap(mail_);
  }
  for (Mail& letter : mail) letter();
}

Result<void> Worker::watch(int descriptor, Watched& watched) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watched;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return fail(Side::gateway, Kind::io, system_error("epoll_ctl"));
  }
  ++watched_count_;
  return {};
}

void Worker::forget(const Watched& watched) {
  --watched_count_;
  for (int i = events_->next; i < events_->count; ++i) {
    epoll_event& event = events_->events[static_cast<std::size_t>(i)];
    if (event.data.ptr == &watched) event.data.ptr = nullptr;
  }
}

void Worker::task_failed(void* worker, std::string_view name, std::string_view what) {
  static_cast<Worker*>(worker)->log_.error("a task failed; this is a bug of ours",
                                           {{"task", name}, {"what", what}});
}

}  // namespace recloser::net
