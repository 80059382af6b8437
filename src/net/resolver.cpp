#include "net/resolver.h"

#include "core/ascii.h"
#include "net/sockets.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <ares.h>
#include <fmt/format.h>

namespace recloser::net {
namespace {

struct Answer {
  Addresses addresses;  // null: failed
  std::string failure;
};

// Shared by the waiting coroutine and the look-up thread: whichever goes last frees it.
struct Question {
  Worker* worker = nullptr;
  Waiter* waiter = nullptr;  // touched by the worker only; null once nobody waits
  Answer answer;
};
// tidy: allow banned - the waiting coroutine may be destroyed before the look-up thread has ended
using QuestionPtr = std::shared_ptr<Question>;

std::unexpected<Error> lookup_failed(const std::string& name, const std::string& why) {
  return fail(Side::provider, Kind::name_lookup,
              fmt::format("the name {} could not be looked up: {}", name, why));
}

}  // namespace

struct Resolver::Impl {
  explicit Impl(const Clock& system_clock) : clock(system_clock) {}

  struct Remembered {
    Answer answer;
    Instant until;
  };
  struct Asked {
    Impl* impl;
    std::string name;
  };

  std::optional<Answer> remembered(const std::string& name);
  void ask(const std::string& name, const QuestionPtr& question);
  void run();
  void start_new_questions();
  void wait_for_sockets();
  void answered(const std::string& name, int status, ares_addrinfo* info);
  static void on_answer(void* asked, int status, int timeouts, ares_addrinfo* info);

  const Clock& clock;
  ares_channel channel = nullptr;
  std::string broken;  // why c-ares could not start; look-ups then fail with it
  int bell = -1;       // eventfd: new questions, or stop
  std::atomic<bool> stopping{false};

  std::mutex mutex;
  std::unordered_map<std::string, Remembered> memory;                 // guarded by mutex
  std::unordered_map<std::string, std::vector<QuestionPtr>> waiting;  // guarded by mutex
  std::vector<std::string> unasked;                                   // guarded by mutex
  std::thread thread;
};

namespace {

// Suspends until the answer has been posted to the worker, the deadline, or cancel().
class LookUp final : public Waiter, public Cancellable {
 public:
  LookUp(Worker& worker, QuestionPtr question, Instant deadline)
      : Waiter([](Waiter& self) { static_cast<LookUp&>(self).handle_.resume(); }),
        worker_(worker),
        question_(std::move(question)),
        deadline_(deadline),
        timer_(*this) {
    question_->waiter = this;
  }
  ~LookUp() { question_->waiter = nullptr; }

  bool await_ready() const noexcept { return cancelled_; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    worker_.timers().set(timer_, deadline_);
  }
  enum class End : unsigned char { answered, timed_out, cancelled };
  End await_resume() const {
    if (cancelled_) return End::cancelled;
    return timed_out_ ? End::timed_out : End::answered;
  }

  void cancel() override {
    cancelled_ = true;
    if (handle_) worker_.wake_soon(*this);
  }

 private:
  struct Deadline : Timer {
    explicit Deadline(LookUp& l)
        : Timer([](Timer& t) { static_cast<Deadline&>(t).lookup.time_out(); }), lookup(l) {}
    LookUp& lookup;
  };
  void time_out() {
    timed_out_ = true;
    worker_.wake_soon(*this);
  }

  Worker& worker_;
  QuestionPtr question_;
  Instant deadline_;
  Deadline timer_;
  std::coroutine_handle<> handle_;
  bool timed_out_ = false;
  bool cancelled_ = false;
};

Addresses addresses_of(const ares_addrinfo& info) {
  auto found = std::make_shared<std::vector<Endpoint>>();
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    found->push_back(endpoint_of(*node->ai_addr));
  }
  return found->empty() ? nullptr : Addresses(std::move(found));
}

Duration ttl_of(const ares_addrinfo& info) {
  Duration ttl = Resolver::ttl_max;
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    ttl = std::min<Duration>(ttl, std::chrono::seconds(std::max(node->ai_ttl, 0)));
  }
  return std::clamp(ttl, Resolver::ttl_min, Resolver::ttl_max);
}

Addresses known_without_lookup(std::string_view name) {
  if (std::optional<Endpoint> literal = Endpoint::literal(name, 0)) {
    return std::make_shared<const std::vector<Endpoint>>(1, *literal);
  }
  if (!ascii::equal_ignoring_case(name, "localhost")) return nullptr;  // RFC 6761 section 6.3
  return std::make_shared<const std::vector<Endpoint>>(
      std::vector<Endpoint>{*Endpoint::literal("127.0.0.1", 0), *Endpoint::literal("::1", 0)});
}

}  // namespace

Resolver::Resolver(const Clock& clock) : impl_(std::make_unique<Impl>(clock)) {
  impl_->bell = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  ares_options options{};
  options.timeout = 2'000;  // of one try, in milliseconds
  options.tries = 3;
  int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status == ARES_SUCCESS) {
    status = ares_init_options(&impl_->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  }
  if (status != ARES_SUCCESS) impl_->broken = ares_strerror(status);
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void Resolver::stop() {
  impl_->stopping = true;
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t rung = ::write(impl_->bell, &one, sizeof one);
  if (impl_->thread.joinable()) impl_->thread.join();
}

Resolver::~Resolver() {
  stop();
  if (impl_->channel != nullptr) ares_destroy(impl_->channel);
  ares_library_cleanup();
  ::close(impl_->bell);
}

Task<Result<Addresses>> Resolver::resolve(Worker& worker, std::string name, CancelPoint& cancel,
                                          Instant deadline) {
  if (Addresses known = known_without_lookup(name)) co_return known;
  std::optional<Answer> answer = impl_->remembered(name);
  if (!answer && impl_->stopping) {
    co_return fail(Side::gateway, Kind::cancelled, "the name look-up was given up");
  }
  if (!answer) {
    auto question = std::make_shared<Question>();
    question->worker = &worker;
    LookUp lookup(worker, question, std::min(deadline, worker.now() + lookup_time_max));
    worker.expect_mail();
    impl_->ask(name, question);
    CancelPoint::During looking_up(cancel, lookup);
    LookUp::End end = co_await lookup;
    if (end == LookUp::End::cancelled) {
      co_return fail(Side::gateway, Kind::cancelled, "the name look-up was given up");
    }
    if (end == LookUp::End::timed_out) co_return lookup_failed(name, "no answer in time");
    answer = question->answer;
  }
  if (!answer->addresses) co_return lookup_failed(name, answer->failure);
  co_return answer->addresses;
}

std::optional<Answer> Resolver::Impl::remembered(const std::string& name) {
  std::lock_guard lock(mutex);
  auto found = memory.find(name);
  if (found == memory.end() || found->second.until <= clock.now()) return std::nullopt;
  return found->second.answer;
}

void Resolver::Impl::ask(const std::string& name, const QuestionPtr& question) {
  {
    std::lock_guard lock(mutex);
    std::vector<QuestionPtr>& others = waiting[name];
    others.push_back(question);
    if (others.size() > 1) return;
    unasked.push_back(name);
  }
  std::uint64_t one = 1;
  [[maybe_unused]] ssize_t rung = ::write(bell, &one, sizeof one);
}

void Resolver::Impl::run() {
  while (!stopping) {
    start_new_questions();
    wait_for_sockets();
  }
}

void Resolver::Impl::start_new_questions() {
  std::vector<std::string> names;
  {
    std::lock_guard lock(mutex);
    names.swap(unasked);
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  for (std::string& name : names) {
    if (!broken.empty()) {
      answered(name, ARES_ENOTINITIALIZED, nullptr);
      continue;
    }
    auto* asked = std::make_unique<Asked>(this, name).release();  // freed by on_answer()
    ares_getaddrinfo(channel, asked->name.c_str(), nullptr, &hints, on_answer, asked);
  }
}

void Resolver::Impl::wait_for_sockets() {
  std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> sockets{};
  sockets[0] = {.fd = bell, .events = POLLIN, .revents = 0};
  nfds_t count = 1;
  int wait_ms = -1;
  if (channel != nullptr) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> open{};
    int wanted = ares_getsock(channel, open.data(), ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(wanted, i)) events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(wanted, i)) events |= POLLOUT;
      if (events == 0) continue;
      sockets[count++] = {.fd = open[static_cast<std::size_t>(i)], .events = events, .revents = 0};
    }
    timeval left{};
    if (timeval* next = ares_timeout(channel, nullptr, &left)) {
      wait_ms = static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
    }
  }
  ::poll(sockets.data(), count, wait_ms);
  std::uint64_t rings = 0;
  [[maybe_unused]] ssize_t heard = ::read(bell, &rings, sizeof rings);
  if (channel == nullptr) return;
  for (nfds_t i = 1; i < count; ++i) {
    bool broken_socket = (sockets[i].revents & (POLLERR | POLLHUP)) != 0;
    bool readable = broken_socket || (sockets[i].revents & POLLIN) != 0;
    bool writable = (sockets[i].revents & POLLOUT) != 0;
    ares_process_fd(channel, readable ? sockets[i].fd : ARES_SOCKET_BAD,
                    writable ? sockets[i].fd : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
}

void Resolver::Impl::on_answer(void* argument, int status, int, ares_addrinfo* info) {
  std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
  asked->impl->answered(asked->name, status, info);
  if (info != nullptr) ares_freeaddrinfo(info);
}

void Resolver::Impl::answered(const std::string& name, int status, ares_addrinfo* info) {
  Answer answer;
  Duration ttl = failure_ttl;
  if (status == ARES_SUCCESS && info != nullptr) {
    answer.addresses = addresses_of(*info);
    ttl = ttl_of(*info);
  }
  if (!answer.addresses) {
    answer.failure = !broken.empty() ? broken : ares_strerror(status);
    ttl = failure_ttl;
  }
  if (status == ARES_EDESTRUCTION) return;  // stopped: the workers may be gone
  std::vector<QuestionPtr> asking;
  {
    std::lock_guard lock(mutex);
    if (memory.size() >= names_max) memory.clear();  // a cache; names come from configuration
    memory[name] = {answer, clock.now() + ttl};
    asking.swap(waiting[name]);
    waiting.erase(name);
  }
  for (QuestionPtr& question : asking) {
    Worker* worker = question->worker;
    worker->post([worker, question = std::move(question), answer] {
      worker->mail_arrived();
      question->answer = answer;
      if (question->waiter != nullptr) worker->wake_soon(*question->waiter);
    });
  }
}

}  // namespace recloser::net
