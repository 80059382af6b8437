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
// Fewer delay nobody by what is worth a look at the clock.
constexpr std::size_t events_of_a_busy_turn = 16;
constexpr std::size_t scratch_padding_bytes = 64;
constexpr int wait_ms_max = 60'000;

std::string system_error(std::string_view doing) {
  return fmt::format("{}: {}", doing, std::strerror(errno));
}

}  // namespace

struct Worker::EventBatch {
  std::array<epoll_event, events_per_turn_max> events;
};

Watched::Watched()
    : Entry([](Waiter& self) {
        auto& watched = static_cast<Watched&>(self);
        watched.on_events(std::exchange(watched.come_, Events()));  // last: it may destroy it
      }) {}

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
      events_(std::make_unique<EventBatch>()),
      scratch_(std::make_unique_for_overwrite<char[]>(scratch_bytes + scratch_padding_bytes)),
      timers_(now_),
      tasks_(&Worker::task_failed, this) {}

Worker::~Worker() {
  if (mail_bell_.descriptor >= 0) ::close(mail_bell_.descriptor);
  if (epoll_ >= 0) ::close(epoll_);
}

Result<void> Worker::open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return fail(Side::gateway, Kind::io, system_error("epoll_create1"));
  mail_bell_.descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (mail_bell_.descriptor < 0) return fail(Side::gateway, Kind::io, system_error("eventfd"));
  epoll_event event{};
  event.events = EPOLLIN;  // until it is read; that it could be rung is no news
  event.data.ptr = static_cast<Watched*>(&mail_bell_);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, mail_bell_.descriptor, &event) != 0) {
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
      ::write(mail_bell_.descriptor, &one, sizeof one);  // full only when rung already
}

void Worker::turn() {
  ++turns_;
  bool anything = wait_for_events(virtual_clock_ != nullptr ? 0 : wait_ms());
  if (!anything && virtual_clock_ != nullptr && nothing_waits()) let_virtual_time_pass();
  now_ = clock_.now();
  std::size_t given = give_out_events();
  timers_.advance(now_);
  run_ready();
  look_how_far_behind(given);
}

// When nothing is on its way, time itself is the next thing to happen. The kernel gets a real
// millisecond first: what was sent on loopback may still be on its way through it.
void Worker::let_virtual_time_pass() {
  Instant next = timers_.next();
  bool only_others_can_wake_us = mail_expected_ > 0 || next == Instant::never();
  if (wait_for_events(only_others_can_wake_us ? wait_ms_max : 1)) return;
  if (!only_others_can_wake_us) virtual_clock_->advance_to(next);
}

int Worker::wait_ms() const {
  if (!nothing_waits()) return 0;
  Instant next = timers_.next();
  if (next == Instant::never()) return wait_ms_max;
  Duration left = next - now_;
  std::int64_t ms = (left.count() + 999'999) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, wait_ms_max));
}

bool Worker::wait_for_events(int timeout_ms) {
  int count = plain_epoll_wait(epoll_, events_->events, timeout_ms);
  if (count <= 0) return false;  // EINTR is a turn without events
  for (const epoll_event& event : std::span(events_->events).first(static_cast<unsigned>(count))) {
    bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    Watched::Events events;
    events.peer_ended = broken || (event.events & EPOLLRDHUP) != 0;
    events.readable = events.peer_ended || (event.events & EPOLLIN) != 0;
    events.writable = broken || (event.events & EPOLLOUT) != 0;
    come_again(*static_cast<Watched*>(event.data.ptr), events);
  }
  return true;
}

void Worker::come_again(Watched& watched, Watched::Events events) {
  watched.come_.readable |= events.readable;
  watched.come_.writable |= events.writable;
  watched.come_.peer_ended |= events.peer_ended;
  queue_.add(watched);
}

// How many: not more than there were, so that new ones are seen however often somebody yields.
std::size_t Worker::give_out_events() {
  std::size_t here = queue_.size();
  std::size_t given = 0;
  Instant began = now_;
  while (given < here) {
    FairQueue::Entry* next = queue_.take();
    if (next == nullptr) break;  // others were forgotten
    next->wake();
    ++given;
    if (queue_.empty()) break;  // nobody had to wait for it
    Instant ended = clock_.now();
    queue_.charge(ended - began);
    if (ended - now_ >= slice) break;
    began = ended;
  }
  return given;
}

void Worker::look_how_far_behind(std::size_t given) {
  behind_ = Duration{};
  std::size_t left = queue_.size();
  if (given + left < events_of_a_busy_turn || given == 0) return;
  Duration took = clock_.now() - now_;
  behind_ = took + took * static_cast<Duration::rep>(left) / static_cast<Duration::rep>(given);
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
  [[maybe_unused]] ssize_t heard = ::read(mail_bell_.descriptor, &rings, sizeof rings);
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

void Worker::forget(Watched& watched) {
  --watched_count_;
  queue_.remove(watched);
}

void Worker::task_failed(void* worker, std::string_view name, std::string_view what) {
  static_cast<Worker*>(worker)->log_.error("a task failed; this is a bug of ours",
                                           {{"task", name}, {"what", what}});
}

}  // namespace recloser::net
