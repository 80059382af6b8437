// Keyed: what a call with an Idempotency-Key has to do with the others of its key.
#pragma once

#include "net/http_exchange.h"
#include "relay/answers.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace recloser::relay {

inline constexpr std::size_t idempotency_key_bytes_max = 255;

// The first call writes down what its client is told; later ones are told the same. Lives as long
// as its call, and no longer than the exchange with the client.
class Keyed final : public net::AnswerListener {
 public:
  Keyed(Answers& all, Answers::Found&& found, net::Exchange& client);
  ~Keyed();
  Keyed(const Keyed&) = delete;
  Keyed& operator=(const Keyed&) = delete;

  bool sent_again() const { return finding_ == Answers::Finding::again; }
  Answer& answer() { return *answer_; }

  // As the row says it, before its client hears the end.
  void call_ended(ledger::Outcome outcome) { outcome_ = outcome; }

  void hear(std::string_view head, std::span<const std::string_view> payload,
            net::Last last) override;

 private:
  void end(Answer::State state);

  Answers& all_;
  net::Exchange& client_;
  SharedAnswer answer_;
  Answers::Finding finding_;
  ledger::Outcome outcome_ = ledger::Outcome::open;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace recloser::relay
