// Loopback sockets and epoll for the bench's two programs.
#pragma once

#include "core/result.h"
#include "core/time.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <sys/epoll.h>
#include <utility>

namespace recloser::bench {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

Result<Descriptor> listen_on_loopback(std::uint16_t port);  // 0 = any free port
Result<std::uint16_t> port_of(const Descriptor& listener);
Result<Descriptor> connect_to_loopback(std::uint16_t port);  // may still be connecting
Descriptor accept_from(const Descriptor& listener);          // not open when nobody waits

enum class Sent : std::uint8_t { all, some, failed };
// Sends from the front of `bytes` and takes away what was sent.
Sent send_from(const Descriptor& socket, std::string_view& bytes);

// As many descriptors as the system allows this process.
void raise_descriptor_limit();
// Wakes the process within microseconds of a time-out, not 50 of them later.
void make_timers_sharp();

// Level-triggered epoll, with a number of the caller's for each descriptor.
class Poller {
 public:
  Poller();
  bool usable() const { return epoll_.open(); }
  bool add(const Descriptor& descriptor, std::uint64_t key, bool writable = false);
  bool add_number(int descriptor, std::uint64_t key);
  void watch_writable(const Descriptor& descriptor, std::uint64_t key, bool writable);
  std::span<const epoll_event> wait(Duration at_most);

 private:
  Descriptor epoll_;
  std::array<epoll_event, 512> events_{};
};

}  // namespace recloser::bench
