// Relay: what happens to a client's request, from its head to its row. The one place that does
// things.
#pragma once

#include "auth/authenticate.h"
#include "codec/answer_reader.h"
#include "codec/body_edits.h"
#include "codec/request.h"
#include "codec/server_tools.h"
#include "core/ids.h"
#include "core/keyed_hash.h"
#include "core/published.h"
#include "net/hangup.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/offload.h"
#include "relay/accounts.h"
#include "relay/call.h"
#include "relay/call_log.h"
#include "relay/corrections.h"
#include "relay/experience.h"
#include "relay/fair_share.h"
#include "relay/known_targets.h"
#include "relay/leaving.h"
#include "relay/metrics.h"
#include "relay/overload.h"
#include "relay/remembered_counts.h"
#include "relay/request_rooms.h"
#include "relay/routes.h"
#include "relay/services.h"
#include "relay/stream_pass.h"
#include "relay/via.h"
#include "relay/waiting_calls.h"
#include "route/attempt_end.h"
#include "route/plan.h"
#include "route/resolve.h"

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::relay {

class Continued;  // continued.h
struct Leaving;
struct Cutting;  // request.h
struct Opening;
struct Runner;  // hedging.h

// One per worker; carries all calls of that worker.
class Relay final : public net::HttpHandler {
 public:
  // `seed` is for call ids and span ids; relays of one process have each their lane of call ids.
  Relay(const Services& services, net::Worker& worker, std::uint64_t seed, std::uint8_t lane = 0);

  Task<void> handle(net::Exchange& client) override;
  net::PlainAnswer refuse(int status, std::string_view sentence) override;

  // From now on /readyz says no. Which calls come too late is for the server to say.
  void drain() { draining_ = true; }
  // The time of the drain is over: ends what still runs, each call with an answer that says so. How
  // many there were.
  std::size_t end_calls();
  // A limit was lowered, a switch thrown: what runs under it is cut, silent as it may be.
  void look_again();
  // The target ("provider/model") has been drained: answers that another one can go on with leave
  // it now.
  LeftTarget leave(std::string_view target);

  const Metrics& metrics() const { return metrics_; }
  net::ClientPool& pool() { return pool_; }

 private:
  // relay.cpp: the life of a call.
  Task<void> begin(net::Exchange& client, Route route);
  Task<void> relay(net::Exchange& client, Route route, std::unique_ptr<Request> request);
  Task<bool> prepare(Call& call);
  Task<const net::http1::ResponseHead*> ask(Call& call, std::optional<net::HangupWatch>& watch,
                                            std::optional<net::HttpCall>& provider);
  void watch_client(Call& call, std::optional<net::HangupWatch>& watch);
  Task<const net::http1::ResponseHead*> send(Call& call, Request& request,
                                             std::optional<net::HangupWatch>& watch,
                                             std::optional<net::HttpCall>& provider);
  net::HttpTimeouts timeouts_of(const Call& call) const;
  Task<std::expected<void, Refused>> aim(Call& call, Request& request,
                                         std::optional<net::HangupWatch>* watch);
  const net::http1::ResponseHead* fail_attempt(Call& call, const net::HangupWatch& watch,
                                               const Error& error, Reached way);
  Task<void> pass_on(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                     const net::http1::ResponseHead& head);
  Task<void> refuse_page(Call& call, net::HttpCall& provider, const net::http1::ResponseHead& head);

  // admission.cpp: WHO, WHAT, SESSION.
  auth::Admission authenticate(const net::http1::RequestHead& head);
  std::expected<Admitted, Refused> admit(net::Exchange& client, const Route& route,
                                         const auth::Principal& principal);
  std::expected<void, Refused> may_be_read(Call& call) const;
  Task<Result<void>> read_body(Call& call, Request& request);
  std::expected<void, Refused> understand(Call& call, Request& request, const Result<void>& read);
  std::expected<void, Refused> identify(Call& call, Request& request);

  // shedding.cpp: what is refused when the gateway is at its own limits.
  std::optional<Refused> too_much(net::Exchange& client, FairShare::Tenant tenant, Instant now);
  void look_at_load(Instant now);
  Refused overloaded(Strain strain, Level level, std::string_view why);

  // keyed.cpp: calls with an Idempotency-Key.
  std::expected<void, Refused> find_answer(Call& call);
  Task<void> claim_key(Call& call);
  Task<void> answer_again(Call& call);
  Task<void> fail_again(Call& call, Answer::State state, bool head_is_out);

  // targets.cpp: ROUTE.
  std::expected<void, Refused> find_targets(Call& call, const auth::Principal& principal,
                                            Request& request);
  const Provider* provider_of_login(const Call& call) const;
  void judge_targets(Call& call, Request& request, route::Needs needs);
  void ask_health(Request& request);
  void book_route(Call& call, const Request& request);
  bool take_place(Call& call, Request& request, route::Candidate& candidate, route::Panic panic);
  route::WhyNot unfit(const Request& request, const route::Target& target,
                      codec::Family family) const;
  std::expected<void, Refused> take_target(Call& call, Request& request);
  void point_at(Call& call, Request& request, const route::Target& target);
  std::expected<void, Refused> may_be_asked(Call& call, Request& request);
  std::expected<void, Refused> refuse_own_key(const Call& call) const;
  Refused no_target(const Request& request) const;

  // waiting.cpp: WAIT, where every target that works is busy.
  Task<std::expected<void, Refused>> wait_for_place(Call& call, Request& request);
  Task<std::expected<route::TargetHealth::Slot, route::Admission>> stand_in_line(
      Call& call, route::TargetHealth::Turn& turn, std::uint64_t ticket, Instant until);
  route::Candidate* soonest_of(const Call& call, Request& request);
  bool probe_in_need(Call& call, Request& request);
  route::Waiting waiting_as(const Call& call, std::uint64_t ticket);
  void note_wait(Call& call, std::size_t ahead, Duration waited);

  // attempts.cpp: what one has come to, and whether another one is made.
  Task<bool> read_error(Call& call, const net::HangupWatch& watch, net::HttpCall& provider,
                        const net::http1::ResponseHead& head);
  void note_quota(Call& call, const net::http1::ResponseHead& head);
  void end_with_error(Call& call, int status);
  void end_slot(Call& call, ledger::Outcome outcome);
  static void note_no_retry_left(Call& call, const route::TargetHealth& next);
  bool may_go_elsewhere(const Call& call) const;
  Instant deadline_of(const Call& call) const;
  bool goes_elsewhere(Call& call, route::AttemptEnd end);
  bool goes_on_without_seals(Call& call);
  route::TargetHealth* next_of(const Request& request) const;
  bool repeat(Call& call, route::AttemptEnd end);
  void leave_attempt(Call& call);
  Task<bool> wait_for_target(Call& call);

  // loading.cpp: models that their servers have still to load.
  bool goes_on_when_loaded(Call& call);
  bool awaits_loading(Call& call, Request& request);
  ledger::Attempt* begin_attempt(Call& call, std::string_view target);

  // hedging.cpp: two targets at once.
  std::optional<Duration> hedged_after(const Call& call, const Request& request) const;
  Task<const net::http1::ResponseHead*> send_hedged(Call& call, Request& request,
                                                    const net::HangupWatch& watch, Duration late);
  void begin_runner(Call& call, Request& request, Runner& runner);
  Task<void> run_request(Call& call, Runner& runner);
  bool may_hedge(Call& call, Request& request);
  Task<bool> begin_second(Call& call, Request& request);
  void turn_to(Call& call, Request& request, Runner& runner);
  void name_provider(Call& call);
  void abandon(Call& call, Request& request, Runner& runner);
  void book_runner(Call& call, const Runner& runner);
  Task<void> lose(Call& call, const net::HangupWatch& watch, Runner& runner);
  void let_go(Call& call, Request& request, Runner& runner);
  const net::http1::ResponseHead* take_answer(Call& call, const net::HangupWatch& watch,
                                              Runner& runner);
  void note_replay_of(Call& call, const Request& request, Runner& runner);
  std::vector<budget::Amount> take_back_lines(Call& call);

  // opening.cpp: nothing goes out before the first content, as long as there are other targets.
  void commit(Call& call);
  Opening take_opening(Call& call);
  Opening hold_opening(Call& call, const StreamPass& pass, bool last, bool head_waits,
                       std::string_view& out);
  bool may_start_over(const Call& call, const StreamPass& pass) const;
  Instant first_piece_due(const Call& call) const;
  bool fails_at_start(Call& call, StreamPass& pass, bool last);
  bool fails_whole(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status);
  void correct_status(Call& call, codec::AnswerReader& reader, std::string& head);

  // switching.cpp: SWITCH, to a target that goes on with what its client has.
  bool may_be_continued(const Call& call) const;
  void guard_stream(Call& call, StreamPass& pass);
  std::string_view take_piece(Call& call, StreamPass& pass, std::string_view piece, bool last);
  std::string_view take_spliced(Call& call, Continued& continued, StreamPass& pass,
                                std::string_view piece, bool last);
  void note_seam(Call& call);
  bool may_leave_now(Call& call);
  bool finds_another(Call& call, const Leaving& why);
  Task<bool> restart(Call& call, StreamPass& pass);
  Task<bool> go_on_or_fail(Call& call, net::HangupWatch& watch, StreamPass& pass, Error&& cause);
  Task<bool> switch_target(Call& call, net::HangupWatch& watch, StreamPass& pass,
                           const Leaving& why);
  bool may_switch(const Call& call, const StreamPass& pass) const;
  bool leave_target(Call& call, StreamPass& pass, const Leaving& why);
  void judge_context(Request& request);
  std::expected<void, Refused> ask_for_the_rest(Call& call, Request& request);
  void limit_the_rest(const Call& call, Request& request);
  bool begin_splice(Call& call, StreamPass& pass, const net::http1::ResponseHead& head);
  Task<void> end_interrupted(Call& call, net::HangupWatch& watch, StreamPass& pass,
                             const Leaving& why);
  void overhear(Call& call, StreamPass& pass, std::string_view piece);

  // within_plan.cpp: subscriptions, where nothing may be paid for beyond them.
  std::expected<void, Refused> within_plan(const Call& call) const;
  bool is_beyond_plan(const Call& call, const net::http1::ResponseHead& head);
  Task<void> refuse_beyond_plan(Call& call, net::HttpCall& provider);

  // estimating.cpp: what it may cost.
  std::expected<void, Refused> find_price(Call& call, const Request& request);
  std::optional<Refused> refuse_unpriced(const Call& call, const Request& request) const;
  std::optional<Refused> refuse_unpriced_tool(const Call& call, const Request& request,
                                              std::span<const codec::AskedTool> tools) const;
  Task<void> estimate(Call& call, Request& request);
  void book_estimate(Call& call, Request& request, text::TokenRange input);
  Task<void> count_exactly(Call& call, Request& request);
  Refused refuse_model(const Call& call, const Request& request) const;

  // reserving.cpp: RESERVE and SETTLE.
  void find_budgets(const Call& call, Request& request);
  std::expected<void, Refused> reserve(Call& call, Request& request);
  Refused refuse_unknown_cost(const Call& call, const Request& request,
                              const budget::Budget& budget) const;
  bool may_fit_exactly(const Call& call, const Request& request,
                       const budget::Exhausted& why) const;
  void lower_limit(Call& call, Request& request, std::uint64_t allowed);
  std::expected<void, Refused> hold_whole(Call& call, Request& request);
  void note_degraded(Call& call, std::uint64_t allowed);
  bool is_over_limit(Call& call);
  std::expected<void, Refused> book_held(Call& call, const Request& request);
  void book_lines(Call& call);
  void append_limits(std::string& head, const Call& call);
  void note_use(Call& call);
  void note_growth(Call& call);
  budget::Use settle_permit(Call& call);
  void release_budgets(Call& call);
  void settle_budgets(Call& call);

  // assembling.cpp: answers that come as a stream and go to their client whole.
  void choose_form(Call& call, const Request& request);
  bool answers_whole(const std::string& target) const;
  void remember_whole(std::string_view target);
  void note_whole(Call& call);
  Task<const net::http1::ResponseHead*> ask_plainly(Call& call, Request& request,
                                                    std::optional<net::HangupWatch>& watch,
                                                    std::optional<net::HttpCall>& provider,
                                                    const net::http1::ResponseHead& head);
  void write_assembled_fields(Call& call, const net::http1::ResponseHead& head);
  Result<void> assemble(Call& call, std::string_view bytes, const codec::StreamFacts& facts);
  void finish_assembly(Call& call, const codec::StreamFacts* failed);
  Task<void> send_assembled(Call& call, std::string_view decision = {});

  // stopping.cpp: STOP, of what runs.
  std::expected<void, Refused> begin_time(Call& call);
  void time_passed(CallClock& clock);
  void stop(Call& call);
  bool is_switched_off(Call& call, std::string_view target);
  std::expected<void, Refused> refuse_switched_off(Call& call, const Request& request);

  // provider_request.cpp
  void write_request(Call& call, Request& request);
  void write_provider_fields(Call& call, const net::http1::RequestHead& head, std::string& out);

  // decoding.cpp: an answer that came encoded although we asked for identity.
  void begin_decoding(Call& call, const net::http1::ResponseHead& head);
  Result<std::string_view> decode(Call& call, const net::HttpCall& provider, std::string_view piece,
                                  bool streams);

  // passing.cpp: the provider's answer on its way to the client.
  void write_client_head(Call& call, const net::http1::ResponseHead& head, bool streams);
  StreamPass begin_stream(Call& call);
  static Meter meter_of(const Call& call);
  Task<void> pass_stream(Call& call, net::HangupWatch& watch, net::HttpCall* provider);
  void check_piece(Call& call, net::HttpCall& provider, Instant framing_until,
                   Result<std::string_view>& piece);
  Task<bool> pass_piece(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                        StreamPass& pass, std::string_view piece, bool& head_waits);
  bool book_piece(Call& call, const net::HangupWatch& watch, net::HttpCall& provider,
                  StreamPass& pass, bool last);
  void settle_stream(Call& call, const net::HangupWatch& watch, StreamPass& pass);
  Task<void> cut_stream(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                        StreamPass& pass, std::string_view out, std::string_view head);
  Task<void> overhear_rest(Call& call, net::HttpCall& provider, StreamPass& pass);
  Task<bool> keep_client_awake(Call& call, const StreamPass& pass, bool& head_waits);
  // What they are told stands on the frame that awaits them: a copy would take room on the frame of
  // every stream.
  Task<bool> break_off(Call& call, net::HangupWatch& watch, net::HttpCall& provider,
                       StreamPass& pass, Error&& cause, bool head_waits);
  Task<void> fail_stream(Call& call, net::HangupWatch& watch, StreamPass& pass, Error&& error);
  Task<void> tell_failure(Call& call, StreamPass& pass, const Refused& why,
                          ledger::Outcome outcome);
  Task<void> fail_unsent(Call& call, net::HangupWatch& watch, Error&& error);
  void end_head(const Call& call, std::string& head, bool cost_is_known);
  void break_whole(Call& call, net::HangupWatch& watch, const Error& failure);
  Task<void> pass_whole(Call& call, net::HangupWatch& watch, net::HttpCall& provider, int status);

  // booking.cpp: what an answer used, and what that costs.
  void book_usage(Call& call, codec::Usage usage, bool exact);
  enum class Price : bool { when_grown, now };
  void book_so_far(Call& call, const StreamPass& pass, Price price);
  std::uint64_t prompt_tokens(const Call& call);
  void count_prompt(Call& call);
  void book_unanswered(Call& call);
  void keep_booked(Call& call);
  std::uint64_t hidden_tokens(const Call& call, const StreamPass& pass) const;
  void learn(const Call& call);
  void book_stream(Call& call, StreamPass& pass);
  void book_answer(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status);
  void book_broken(Call& call, codec::AnswerReader& reader, std::uint64_t bytes,
                   std::uint64_t delivered_text, int status);
  // Whether it ended at a limit of ours.
  bool book_whole(Call& call, codec::AnswerReader& reader, std::uint64_t bytes, int status);
  void note_cut(Call& call, const Cutting& cutting);
  void remember_response(Call& call, std::string_view response_id);

  // failure.cpp: what the books and the log say of a try that failed.
  void attempt_failed(Call& call, const Error& error, Reached way);
  void attempt_failed(Call& call, std::string_view error_class, std::string_view what,
                      route::AttemptEnd end);
  void note_status(Call& call, int status);

  // ending.cpp: refusals and the row.
  bool is_unheard(const Call& call, const Refused& why);
  Task<void> refuse_call(Call& call, const Refused& why);  // as with fail_stream()
  // `reason` (where it says more than the refusal's name) and `key_id` are for the log.
  Task<void> refuse_without_row(net::Exchange& client, const Route& route, const Refused& why,
                                std::string_view reason = {}, std::string_view key_id = {});
  Task<void> refuse_unbooked(net::Exchange& client, Route route, Refused why);
  Task<void> refuse_unknown(net::Exchange& client, Route route, auth::Admission who);
  Task<void> answer_route(net::Exchange& client, Route route);
  // A pooled connection had died: the attempt on it stays in the row, and another one is made. When
  // the whole request `was_sent`, its input is booked as what it may cost.
  void note_replay(Call& call, bool was_sent);
  void settle(Call& call, ledger::Outcome outcome);

  // model_list.cpp
  Task<void> list_models(net::Exchange& client, Route route);

  const Services& services_;
  net::Worker& worker_;
  net::ClientPool pool_;
  Published<auth::KeyRing>::Reader keys_;
  auth::SecretMemo secrets_;
  std::optional<auth::jwt::Tokens> tokens_;  // where they are taken
  Published<route::ModelLists>::Reader model_lists_;
  route::Resolver resolver_;
  Published<budget::ScopeIndex>::Reader scopes_;
  budget::KeyMemory scope_keys_;
  Published<SwitchSet>::Reader switches_;
  std::size_t budgets_settled_ = 0;  // calls that had any
  Via via_;
  CallIdMaker ids_;
  Random random_;
  Metrics metrics_;
  Accounts accounts_;
  KnownTargets known_targets_;
  std::string route_text_;  // of the row that is being written
  Experience experience_;
  KeyedHash hash_;
  RememberedCounts counts_;
  Corrections corrections_;
  RequestRooms rooms_;
  std::unordered_map<std::string, Instant> answer_whole_;  // targets that do not stream, until when
  CallLog log_;
  WaitingCalls waiting_calls_;
  Overload overload_;
  FairShare share_;
  // While it is not calm, also where nobody calls.
  struct LoadLook final : net::Timer {
    explicit LoadLook(Relay& r)
        : Timer([](Timer& self) { static_cast<LoadLook&>(self).look(); }), relay(r) {}
    void look();
    Relay& relay;
  };
  LoadLook load_look_{*this};
  net::WaiterList running_;  // calls that have their row; for end_calls()
  bool draining_ = false;
  bool ending_ = false;  // no call begins any more
  // Room for one head, one piece and the budgets of one call; used between two suspensions.
  std::string head_text_;
  std::string piece_text_;
  std::string spliced_;  // nothing before the first answer that another target went on with
  std::vector<budget::Line> lines_;
  std::string decoded_;  // nothing before the first answer that came encoded
  net::Offload beside_;  // for what takes long
};

}  // namespace recloser::relay
