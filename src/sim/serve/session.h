// Session: one call that was understood, answered as its script says, at its pace.
#pragma once

#include "codec/operation.h"
#include "core/task.h"
#include "net/cancel.h"
#include "net/hangup.h"
#include "net/http_exchange.h"
#include "sim/call.h"
#include "sim/serve/delivery.h"
#include "sim/truth.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace recloser::sim {

class Answer;

class Session {
 public:
  // `id` is the request id; its part behind "req_" makes the ids in the answer.
  Session(net::Exchange& exchange, Truth& truth, Deliveries& deliveries, std::uint64_t number,
          std::string id, Call call);

  Task<void> run();

 private:
  Task<CallState> answer(Delivery& delivery);
  Task<CallState> give_error();
  Task<CallState> give_stream(Delivery& delivery, net::CancelPoint& cancel,
                              const net::HangupWatch& watch);
  Task<bool> give_pieces(Answer& answer, Delivery& delivery, net::CancelPoint& cancel);
  Task<CallState> give_whole(Delivery& delivery, net::CancelPoint& cancel);
  Task<CallState> break_off(Delivery& delivery, net::CancelPoint& cancel);
  Task<bool> send(std::string_view head, std::string_view bytes, net::Last last);
  Task<void> see_acknowledged(Delivery& delivery);

  struct WholeBody {
    std::string bytes;
    std::uint64_t output_tokens = 0;
    std::uint64_t rounds = 0;  // pieces of one choice
  };
  WholeBody whole_body();
  std::string error_body();
  std::string head(int status, std::string_view extra);
  std::uint64_t wire_bytes(std::string_view head, std::string_view bytes, net::Last last) const;
  Seen* seen() { return truth_.find(number_); }

  net::Exchange& exchange_;
  Truth& truth_;
  Deliveries& deliveries_;
  std::uint64_t number_;
  std::string id_;
  Call call_;
  codec::Family family_;
  net::AnswerFraming framing_ = net::AnswerFraming::length;
};

}  // namespace recloser::sim
