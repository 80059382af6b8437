// GET /admin/live in the admin API: server-sent events, until the client leaves or the feed ends.
#include "admin/admin_api.h"
#include "net/hangup.h"

#include <array>
#include <memory>
#include <string>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

constexpr Duration heartbeat_every = 15s;  // of silence: proxies keep what is not silent

std::string head_of(const net::Exchange& exchange, net::AnswerFraming framing) {
  bool chunked = framing == net::AnswerFraming::chunked;
  return fmt::format(
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n{}{}\r\n",
      chunked ? "transfer-encoding: chunked\r\n" : "",
      chunked ? exchange.connection_field() : "connection: close\r\n");
}

}  // namespace

Task<void> AdminApi::stream_live(net::Exchange& exchange, const Request& request) {
  std::unique_ptr<LiveFeed::Follower> follower = services_.live.follow(services_.worker);
  if (!request.query.empty() || follower == nullptr) {
    Answer answer =
        follower == nullptr
            ? problem(503, "unavailable",
                      fmt::format("{} follow /admin/live already; one has to leave first",
                                  LiveFeed::followers_max))
            : problem(400, "invalid_request", "/admin/live takes no parameters; it tells all");
    follower.reset();
    co_await exchange.answer(answer.status, answer.fields, answer.body);
    co_return;
  }
  net::CancelPoint cancel;
  net::CancelPoint::During following(cancel, *follower);
  net::HangupWatch watch(exchange.client(), exchange.read_ahead(), cancel);
  net::AnswerFraming framing = exchange.streaming_framing();
  std::string head = head_of(exchange, framing);
  exchange.begin(framing);
  // Sent at once, so that who asked knows that he is heard.
  std::string events = ": what happens from here on\n\n";
  for (bool more = true;;) {
    std::array<std::string_view, 1> pieces{events};
    net::Last last = more ? net::Last::no : net::Last::yes;
    Result<void> sent = co_await exchange.send(head, pieces, last);
    if (!sent || !more) co_return;
    head.clear();
    events.clear();
    Instant heartbeat = services_.worker.now() + heartbeat_every;
    co_await follower->wait(heartbeat);
    if (cancel.cancelled()) co_return;
    more = follower->take(events);
    if (events.empty()) events = ": nothing happened\n\n";
  }
}

}  // namespace recloser::admin
