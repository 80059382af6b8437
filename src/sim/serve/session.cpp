#include "sim/serve/session.h"

#include "net/http1/head_writer.h"
#include "sim/answer/answer.h"
#include "sim/answer/error.h"
#include "sim/serve/socket.h"
#include "sim/serve/waits.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

using codec::Operation;

constexpr std::uint64_t rounds_per_turn = 16;  // of a stream without a pace, before others pass
constexpr Duration acknowledged_within = 60s;  // what a peer has not taken by then stays open
constexpr Duration acknowledged_first_look = 45ms;  // a delayed acknowledgement takes up to 40 ms

}  // namespace

Session::Session(net::Exchange& exchange, Truth& truth, Deliveries& deliveries,
                 std::uint64_t number, std::string id, Call call)
    : exchange_(exchange),
      truth_(truth),
      deliveries_(deliveries),
      number_(number),
      id_(std::move(id)),
      call_(std::move(call)),
      family_(codec::family_of(call_.operation)) {}

Task<void> Session::run() {
  Delivery delivery(deliveries_, truth_, number_, exchange_.client());
  CallState state = co_await answer(delivery);
  truth_.end(number_, state, exchange_.worker().wall());
  if (state == CallState::aborted) {
    if (Seen* one = seen()) one->peer_closed = true;
    delivery.look();
    exchange_.client().close();
    co_return;
  }
  co_await see_acknowledged(delivery);
}

Task<CallState> Session::answer(Delivery& delivery) {
  net::CancelPoint cancel;
  net::HangupWatch watch(exchange_.client(), exchange_.read_ahead(), cancel);
  const Script& script = call_.script;
  net::Worker& worker = exchange_.worker();
  bool in_time = co_await Pause(worker, cancel, worker.now() + script.first_byte_delay());
  if (!in_time) co_return CallState::aborted;
  if (script.is_refused()) {
    CallState state = co_await give_error();
    co_return state;
  }
  if (Seen* one = seen()) one->input = call_.input_tokens;
  if (script.fault == FaultKind::hang) {
    co_await Pause(worker, cancel, Instant::never());
    co_return CallState::aborted;
  }
  if (Seen* one = seen()) one->status = 200;
  CallState state = CallState::open;
  if (call_.stream) {
    state = co_await give_stream(delivery, cancel, watch);
  } else {
    state = co_await give_whole(delivery, cancel);
  }
  co_return state;
}

Task<CallState> Session::give_error() {
  const Script& script = call_.script;
  ApiError error = script.is_loading() ? loading_error() : scripted_error(script.status, family_);
  std::string body;
  write_error(body, family_, error, id_);
  std::string fields;
  append_fields(fields, family_, error.status, BodyKind::json, id_, exchange_.worker().wall(),
                script.retry_after_s);
  if (Seen* one = seen()) one->status = error.status;
  Result<void> sent = co_await exchange_.answer(error.status, fields, body);
  co_return sent ? CallState::fault : CallState::aborted;
}

Task<CallState> Session::give_stream(Delivery& delivery, net::CancelPoint& cancel,
                                     const net::HangupWatch& watch) {
  framing_ = exchange_.streaming_framing();
  exchange_.begin(framing_);
  Answer answer(call_, std::string_view(id_).substr(4), exchange_.worker().wall());
  std::string out;
  answer.open(out);
  std::string head_text = head(200, "");
  bool sent = co_await send(head_text, out, net::Last::no);
  if (!sent) co_return CallState::aborted;
  delivery.wrote(wire_bytes(head_text, out, net::Last::no), 0);

  bool all_given = co_await give_pieces(answer, delivery, cancel);
  if (!all_given || watch.gone()) co_return CallState::aborted;
  if (answer.at_fault()) {
    if (call_.script.fault == FaultKind::error) {
      out.clear();
      answer.fail(out, scripted_error(call_.script.status_in_band(), family_), id_);
      sent = co_await send("", out, net::Last::no);
      if (!sent) co_return CallState::aborted;
    }
    CallState state = co_await break_off(delivery, cancel);
    co_return state;
  }
  out.clear();
  answer.close(out);
  sent = co_await send("", out, net::Last::yes);
  if (!sent) co_return CallState::aborted;
  delivery.wrote(wire_bytes("", out, net::Last::yes), answer.billed(answer.rounds()));
  co_return CallState::finished;
}

// Up to the end of the text or the scripted fault; false when the peer left before.
Task<bool> Session::give_pieces(Answer& answer, Delivery& delivery, net::CancelPoint& cancel) {
  net::Worker& worker = exchange_.worker();
  Duration gap = call_.script.piece_gap();
  Instant due = worker.now();
  std::string out;
  for (;;) {
    if (answer.at_fault()) co_return true;
    out.clear();
    if (!answer.next(out)) co_return true;
    // A peer that reads slowly moves the whole schedule; nothing is made up for in bursts.
    due = std::max(due + gap, worker.now());
    bool in_time = co_await Pause(worker, cancel, due);
    if (!in_time) co_return false;
    bool sent = co_await send("", out, net::Last::no);
    if (!sent) co_return false;
    delivery.wrote(wire_bytes("", out, net::Last::no), answer.billed(answer.rounds()));
    if (gap == Duration(0) && answer.rounds() % rounds_per_turn == 0)
      co_await worker.yield(net::FairQueue::nobody);
    if (cancel.cancelled()) co_return false;
  }
}

Task<CallState> Session::break_off(Delivery& delivery, net::CancelPoint& cancel) {
  switch (call_.script.fault) {
    case FaultKind::stall:
    case FaultKind::hang:
    case FaultKind::none:
      co_await Pause(exchange_.worker(), cancel, Instant::never());
      co_return CallState::aborted;
    case FaultKind::reset:
      delivery.look();
      reset(exchange_.client());
      co_return CallState::fault;
    case FaultKind::trunc:
    case FaultKind::error:
      break;
  }
  if (framing_ == net::AnswerFraming::length) {
    delivery.look();
    exchange_.client().close();  // short of what `content-length` promised
  } else {
    co_await send("", "", net::Last::yes);
  }
  co_return CallState::fault;
}

Task<CallState> Session::give_whole(Delivery& delivery, net::CancelPoint& cancel) {
  net::Worker& worker = exchange_.worker();
  WholeBody whole = whole_body();
  bool tells_error = call_.script.fault == FaultKind::error;
  if (tells_error) {
    whole.bytes = error_body();
    whole.rounds = std::min(whole.rounds, call_.script.fault_after);
  }
  const std::string& body = whole.bytes;
  // The answer is there when its last piece would have been.
  Duration thinking = call_.script.piece_gap() * static_cast<std::int64_t>(whole.rounds);
  bool in_time = co_await Pause(worker, cancel, worker.now() + thinking);
  if (!in_time) co_return CallState::aborted;
  exchange_.begin(framing_);
  std::string head_text = head(200, fmt::format("content-length: {}\r\n", body.size()));
  if (call_.script.fault != FaultKind::none && !tells_error) {
    std::string_view half = std::string_view(body).substr(0, body.size() / 2);
    bool sent = co_await send(head_text, half, net::Last::no);
    if (!sent) co_return CallState::aborted;
    CallState state = co_await break_off(delivery, cancel);
    co_return state;
  }
  bool sent = co_await send(head_text, body, net::Last::yes);
  if (!sent) co_return CallState::aborted;
  if (tells_error) co_return CallState::fault;
  delivery.wrote(wire_bytes(head_text, body, net::Last::yes), whole.output_tokens);
  co_return CallState::finished;
}

std::string Session::error_body() {
  std::string body;
  write_error(body, family_, scripted_error(call_.script.status_in_band(), family_), id_);
  return body;
}

Session::WholeBody Session::whole_body() {
  WholeBody whole;
  std::string& out = whole.bytes;
  std::string_view unique = std::string_view(id_).substr(4);
  AnswerFacts facts{.unique = std::string(unique), .created = exchange_.worker().wall()};
  whole.output_tokens = output_of_whole(call_);
  switch (call_.operation) {
    case Operation::embeddings:
      write_embeddings(out, call_);
      break;
    case Operation::moderations:
      write_moderations(out, call_, facts);
      break;
    case Operation::responses_compact:
      write_compaction(out, call_, facts);
      break;
    case Operation::responses_input_tokens:
    case Operation::count_tokens:
      write_input_tokens(out, call_);
      break;
    case Operation::chat:
    case Operation::completions:
    case Operation::responses:
    case Operation::messages:
    case Operation::models: {
      Answer answer(call_, unique, facts.created);
      answer.whole(out);
      whole.rounds = answer.rounds();
      whole.output_tokens = answer.billed(whole.rounds);
    }
  }
  return whole;
}

Task<bool> Session::send(std::string_view head, std::string_view bytes, net::Last last) {
  std::array<std::string_view, 1> payload{bytes};
  Result<void> sent = co_await exchange_.send(head, payload, last, net::BytesLive::until_sent);
  co_return sent.has_value();
}

// A keep-alive connection goes on with its next request at once; until then the acknowledgements
// of this answer come in, and the truth is not whole without them.
Task<void> Session::see_acknowledged(Delivery& delivery) {
  net::Worker& worker = exchange_.worker();
  net::Connection& peer = exchange_.client();
  Instant give_up = worker.now() + acknowledged_within;
  Duration until_look = acknowledged_first_look;
  while (peer.open() && exchange_.read_ahead().empty() && worker.now() < give_up) {
    if (delivery.look()) co_return;
    bool acted = co_await PeerActs(peer, exchange_.read_ahead(), worker.now() + until_look);
    if (acted) co_return;
    until_look *= 2;
  }
}

std::string Session::head(int status, std::string_view extra) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", status, net::http1::standard_phrase(status));
  BodyKind kind = call_.stream ? BodyKind::events : BodyKind::json;
  append_fields(out, family_, status, kind, id_, exchange_.worker().wall());
  out += extra;
  if (framing_ == net::AnswerFraming::chunked) out += "transfer-encoding: chunked\r\n";
  if (framing_ == net::AnswerFraming::close) exchange_.close_after();
  if (exchange_.will_close()) out += "connection: close\r\n";
  out += "\r\n";
  return out;
}

// What send() puts on the wire for this.
std::uint64_t Session::wire_bytes(std::string_view head, std::string_view bytes,
                                  net::Last last) const {
  std::uint64_t wire = head.size() + bytes.size();
  if (framing_ != net::AnswerFraming::chunked) return wire;
  if (!bytes.empty()) wire += fmt::formatted_size("{:x}\r\n\r\n", bytes.size());
  if (last == net::Last::yes) wire += std::string_view("0\r\n\r\n").size();
  return wire;
}

}  // namespace recloser::sim
