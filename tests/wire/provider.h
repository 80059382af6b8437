// The provider of a play: takes the gateway's connections, checks its requests and answers by the
// script.
#pragma once

#include "codec/testing/encode.h"
#include "net/listener.h"
#include "wire/events.h"
#include "wire/peer.h"
#include "wire/play.h"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace recloser::wire {

class Provider final : private net::Accepter {
 public:
  explicit Provider(Play& play);
  ~Provider();

  std::uint16_t port() const { return port_; }
  void stop_listening();

  Task<Result<void>> step(const Step& step);
  // Closes everything; a line that waits then fails.
  void give_up();
  // What came that no line has asked for; "" when there is nothing.
  std::string left_over() const;
  // Everything that the gateway ever sent.
  std::string received() const;

 private:
  struct Arrival final : net::Waiter {
    explicit Arrival(Provider& p)
        : Waiter([](Waiter& self) { static_cast<Arrival&>(self).coroutine.resume(); }),
          provider(p) {}
    bool await_ready() const { return provider.given_up_ || !provider.arrived_.empty(); }
    void await_suspend(std::coroutine_handle<> awaiting) {
      coroutine = awaiting;
      provider.waiting_ = this;
    }
    void await_resume() const { provider.waiting_ = nullptr; }
    Provider& provider;
    std::coroutine_handle<> coroutine;
  };

  void accepted(std::unique_ptr<net::Connection> connection) override;
  Task<Result<void>> take_connection();
  Task<Result<void>> expect(const Step& step);
  Task<Result<void>> look(const Step& step);
  Task<Result<void>> see_close(const Step& step);
  Task<Result<void>> act(const Step& step);
  Task<Result<void>> flood(std::uint64_t bytes);
  Task<Result<void>> send(std::string_view bytes);
  Task<Result<void>> stream(std::string_view bytes);
  Task<Result<void>> end_stream();
  void encode_with(const std::string& codings);
  std::string encoded(std::string_view bytes, bool last);
  Peer* peer() const { return peers_.empty() ? nullptr : peers_.back().get(); }

  Play& play_;
  std::unique_ptr<net::Listener> listener_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<net::Connection>> arrived_;  // oldest first
  std::vector<std::unique_ptr<Peer>> peers_;               // the last one is played
  Arrival* waiting_ = nullptr;
  bool given_up_ = false;

  Head head_;  // of the request
  std::string fields_;
  std::vector<std::unique_ptr<codec::testing::Encoder>> encoders_;  // as they are put on
  std::optional<EventWriter> writer_;
  bool streaming_ = false;
};

}  // namespace recloser::wire
