// Keyed: what a call with an Idempotency-Key has to do with the others of its key.
#pragma once

#include "core/result.h"
#include "ledger/kept_answer.h"
#include "net/http_exchange.h"
#include "relay/answers.h"

#include <cstddef>
#include <memory>
#include <optional>
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

  // Where answers are kept beyond this process: what is to be claimed there before the call is
  // made, and what came of that.
  void claims(const ledger::AnswerClaim& claim) { claim_ = claim; }
  const std::optional<ledger::AnswerClaim>& claim() const { return claim_; }
  void claimed(Result<ledger::ClaimFinding>&& found);

  bool sent_again() const { return finding_ == Answers::Finding::again; }
  Answer& answer() { return *answer_; }

  // As the row says it, before its client hears the end.
  void call_ended(ledger::Outcome outcome) { outcome_ = outcome; }

  void hear(std::string_view head, std::span<const std::string_view> payload,
            net::Last last) override;

 private:
  void end(Answer::State state);
  void end_as(Answer::State state, ledger::Outcome outcome);

  Answers& all_;
  net::Exchange& client_;
  SharedAnswer answer_;
  std::optional<ledger::AnswerClaim> claim_;
  Answers::Finding finding_;
  ledger::Outcome outcome_ = ledger::Outcome::open;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace recloser::relay
