// Call: one client request that has a row in the ledger, from its admission to its settlement.
#pragma once

#include "codec/client_family.h"
#include "codec/content_decoder.h"
#include "codec/refusal.h"
#include "codec/usage.h"
#include "core/ids.h"
#include "ledger/ledger.h"
#include "net/cancel.h"
#include "net/http1/head.h"
#include "net/http_exchange.h"
#include "price/cost.h"
#include "relay/accounts.h"
#include "relay/assembly.h"
#include "relay/experience.h"
#include "relay/fair_share.h"
#include "relay/held.h"
#include "relay/kept_prompt.h"
#include "relay/keyed.h"
#include "relay/limit_fields.h"
#include "relay/providers.h"
#include "relay/routes.h"
#include "route/target_health.h"
#include "session/hash128.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace recloser::relay {

struct Request;  // request.h
class Hedge;     // hedging.h

// Whether there was a connection to the provider when the failure came.
enum class Reached : bool { no, yes };

// Why a call is not carried: what its client is told.
struct Refused {
  codec::Refusal refusal;
  std::string message;
  std::string_view param = {};  // the request's field at fault; a literal
  std::string detail = {};      // for the books, where it is not the message: addresses, causes
  std::string rule = {};        // that said no: "budget/acme"; empty: the refusal's name
  std::optional<Duration> retry_after = {};
  std::optional<LimitState> limit = {};  // that said no
};

// What attempts that came to nothing left in the row; the last one adds to it.
struct Earlier {
  std::int64_t input_tokens = 0;
  std::int64_t cached_input_tokens = 0;
  std::int64_t cache_write_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t lost_output_tokens = 0;  // of which no client saw anything
  price::Cost cost;
  bool exact = true;    // what they may be billed is known; nothing, where nothing is
  budget::Use settled;  // with permits that were given back
};

// An answer that was looked into before it is known whether its client gets it.
struct KeptAnswer {
  net::http1::ResponseHead head;
  std::string head_bytes;  // what the head points into
  std::string begun;       // of the body, as far as it was read
};

// What admission gives: the row, and whose it is.
struct Admitted {
  ledger::OpenCall row;
  session::Hash128 principal;      // under which state of this principal alone is kept
  Instant begun;                   // when the head had been read
  std::unique_ptr<Refused> unfit;  // why it is refused all the same, with its row
  FairShare::Tenant tenant = 0;    // with whose calls it counts
};

// Lives on the frame of Relay::relay(). What the books need stands in the row as soon as it is
// known.
struct Call {
  Call(net::Exchange& c, const Route& r, Admitted&& admitted);

  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::string_view id() const { return {id_text.data(), id_text.size()}; }
  ledger::CallRecord& record() { return row.record(); }
  // Whether its provider is asked for events.
  bool is_streamed() const { return streams || assembly != nullptr; }

  // Stands in the relay's list of running calls.
  struct Running : net::Waiter {
    explicit Running(Call& c) : Waiter([](Waiter&) {}), call(c) {}
    Call& call;
  };

  net::Exchange& client;
  const Route& route;
  std::unique_ptr<Request> request;  // until something of an answer goes to the client
  ledger::OpenCall row;
  net::CancelPoint cancel;
  Running running{*this};
  CallId::Text id_text;
  codec::ClientFamily client_family{};
  Instant begun;                       // when its head had been read
  Instant sent;                        // when its request began to go to the provider
  Instant first_piece_until;           // its deadline: the next attempt's, or that of what goes on
  session::Hash128 principal;          // under which state of this principal alone is kept
  const Provider* provider = nullptr;  // once one is chosen
  codec::Usage usage;
  std::optional<NanoUsd> cost;                     // as its row has it
  std::optional<NanoUsd> catalogue_cost;           // of a usage that the provider billed itself
  std::unique_ptr<codec::ContentDecoder> decoder;  // of an answer that came encoded
  ModelRef model;                                  // once a provider is chosen
  KeptPrompt prompt;                               // until its tokens are known
  Experience::Pair experience;
  std::uint64_t conversation = 0;          // a hash: whose corrections its prompt gets, and teaches
  std::uint64_t counted_input_tokens = 0;  // of its prompt, before those; 0: no estimate
  std::uint64_t expected_input_tokens = 0;
  std::uint64_t shown_reasoning_tokens = 0;
  std::unique_ptr<Earlier> earlier;           // of attempts that came to nothing
  std::unique_ptr<Refused> refused;           // why, once it is
  std::unique_ptr<Held> held;                 // of budgets; null where none applies
  std::unique_ptr<std::string> switched_off;  // the switch that stops it
  std::unique_ptr<Assembly> assembly;         // of an answer that is streamed to us alone
  std::unique_ptr<KeptAnswer> kept;           // of the last attempt
  std::unique_ptr<Hedge> hedge;               // where two targets may be asked at once
  std::unique_ptr<Keyed> keyed;               // where it has an Idempotency-Key
  route::TargetHealth::Slot slot;             // its place at the target
  std::optional<route::RetryToken> retry;     // where it is not the first one
  std::uint32_t tool_calls = 0;               // in the answer
  bool is_estimate = false;                   // what its attempt used, as far as it is booked
  bool served_said = false;                   // the row's model_served is of the attempt that runs
  bool unreadable = false;   // the answer has a coding that nobody here knows: it passes as it is
  bool model_known = false;  // its name is not only the client's word
  bool streams = false;      // the client asked for events
  bool warns_of_idempotency_key = false;  // it sent one, and they are off
  bool hide_usage = false;                // we asked for usage, the client did not
  bool structured_output = false;         // was asked for
  bool wants_usage = false;               // its client asked for it
  bool left = false;                      // the client, before its request was whole
  FairShare::Tenant tenant;               // with whose calls it counts, until it is settled
  std::optional<Duration> retry_after;    // that the last answer asked for
  route::AttemptEnd ended = route::AttemptEnd::cancelled;  // the attempt, once it has failed
  bool goes_elsewhere = false;  // its attempt has failed, and another one is made

 private:
  // Ended by us, and its client took nothing any more: the row says so all the same.
  void note_if_dropped();
};

// Awaited by a call that has much to do: goes on behind what else its tenant has to do, and others.
inline auto let_others(Call& call) {
  net::Connection& client = call.client.client();
  return client.worker().yield(client.flow());
}

}  // namespace recloser::relay
