#include "cli/follow_calls.h"

#include "cli/admin_client.h"
#include "cli/call_table.h"
#include "cli/human.h"
#include "cli/interrupt.h"
#include "cli/live_events.h"
#include "cli/remote.h"
#include "config/secret.h"
#include "core/names.h"
#include "ledger/call_record.h"
#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr Duration silence_max = 45s;  // a gateway says something every 15 s
constexpr Duration retry_every = 500ms;
constexpr std::size_t refusal_bytes_max = 64u << 10;
constexpr std::uint64_t limit_max = 1'000'000;

// As wide as most: rows that come one by one stand under each other all the same.
constexpr std::array<std::size_t, 12> usual_widths{10, 26, 12, 10, 24, 15, 6, 9, 7, 9, 7, 7};

// Which calls are printed, and how many yet.
struct Wanted {
  std::string session;
  std::string team;
  std::string outcome;
  std::optional<std::uint64_t> left;

  bool has(const Json& call) const {
    return (session.empty() || text(call, "session") == session) &&
           (team.empty() || text(call, "team") == team) &&
           (outcome.empty() || text(call, "outcome") == outcome);
  }
};

struct Following {
  const AdminServer& server;
  const Process& process;
  AdminLink& link;
  bool json;
  Wanted wanted;
  std::string head;
  Table table{call_columns()};
  bool was_there = false;
  bool away = false;  // and it was told
  std::optional<Exit> exit = {};
};

std::optional<std::uint64_t> read_limit(std::string_view text) {
  std::uint64_t limit = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, limit);
  if (error != std::errc{} || rest != end || limit == 0 || limit > limit_max) return {};
  return limit;
}

void print(Following& following, std::string_view data) {
  std::optional<Json> call = parse_json(data);
  if (!call) {
    following.exit = not_understood(following.process);
    return;
  }
  if (!following.wanted.has(*call)) return;
  std::string out;
  if (following.json) {
    out = std::string(data) + '\n';
  } else {
    following.table.add(call_row(*call, following.process.clock.wall()));
    out = following.table.next_text(Style::of(following.process), usual_widths);
  }
  Exit shown = show(following.process, out);
  std::optional<std::uint64_t>& left = following.wanted.left;
  bool enough = left && --*left == 0;
  if (shown != Exit::fine || enough) following.exit = shown;
}

void take(Following& following, std::string_view name, std::string_view data) {
  if (name == "call") print(following, data);
  if (name != "lost") return;
  std::optional<Json> lost = parse_json(data);
  std::int64_t events = lost ? whole(*lost, "events").value_or(0) : 0;
  complain(following.process, Exit::fine,
           fmt::format(
               "{} did not reach us, because they were not read in time; `recloser calls` "
               "shows all that ended",
               counted(static_cast<std::uint64_t>(std::max<std::int64_t>(events, 0)), "events")));
}

// What is no stream of events says why.
Task<Result<void>> read_refusal(Following& following, net::HttpCall& call, int status) {
  AdminAnswer answer{.status = status, .body = {}};
  while (!call.body_ended() && answer.body.size() < refusal_bytes_max) {
    Result<std::string_view> piece = co_await call.next(call.idle_deadline());
    if (!piece) co_return fail(piece.error());
    answer.body += *piece;
  }
  std::expected<std::string, Exit> body =
      body_of(following.server, std::move(answer), following.process);
  following.exit = body ? not_understood(following.process) : body.error();
  co_return Result<void>();
}

// Returns at the end of the feed, with the failure that ended it, or once there is an exit status.
Task<Result<void>> listen(Following& following) {
  net::CancelPoint cancel;
  net::HttpTimeouts timeouts{.first_byte = following.server.patience, .idle = silence_max};
  net::HttpCall call(following.link.pool(), following.link.target(), timeouts, cancel);
  net::HttpRequest request{.method = net::http1::Method::get, .head = following.head, .body = {}};
  Result<const net::http1::ResponseHead*> head = co_await call.start(request);
  if (!head) co_return fail(head.error());
  int status = (*head)->status();
  if (status != 200) {
    Result<void> refused = co_await read_refusal(following, call, status);
    co_return refused;
  }
  if (std::exchange(following.away, false)) {
    complain(following.process, Exit::fine,
             "the gateway is there again; `recloser calls` shows what ended meanwhile");
  }
  following.was_there = true;
  LiveEvents events;
  while (!call.body_ended()) {
    Result<std::string_view> piece = co_await call.next(call.idle_deadline());
    if (!piece) co_return fail(piece.error());
    std::string_view rest = *piece;
    while (!following.exit && events.next(rest)) take(following, events.name(), events.data());
    if (events.too_large()) following.exit = not_understood(following.process);
    if (following.exit) co_return Result<void>();
  }
  co_return Result<void>();
}

Task<void> follow(Following& following) {
  for (;;) {
    Result<void> heard = co_await listen(following);
    if (following.exit) co_return;
    if (!heard && !following.was_there) {
      std::string why = not_reachable(following.server, heard.error()).message();
      following.exit = complain(following.process, Exit::could_not, why);
      co_return;
    }
    if (!std::exchange(following.away, true)) {
      complain(following.process, Exit::fine,
               fmt::format("the gateway at {} {}; waiting for it to come back (Ctrl-C ends this)",
                           following.server.url.str(),
                           heard ? "has ended" : "is gone: " + heard.error().message()));
    }
    Instant later = following.link.worker().now() + retry_every;
    co_await following.link.worker().sleep_until(later);
  }
}

Exit follow_from(const AdminServer& server, bool json, Wanted wanted, const Process& process) {
  Result<std::unique_ptr<AdminLink>> link = AdminLink::open(server, process);
  if (!link) return complain(process, Exit::could_not, link.error().message());
  net::Worker& worker = (*link)->worker();
  Result<std::unique_ptr<Interrupt>> interrupt = Interrupt::watch(worker);
  if (!interrupt) return complain(process, Exit::could_not, interrupt.error().message());
  Following following{
      .server = server,
      .process = process,
      .link = **link,
      .json = json,
      .wanted = std::move(wanted),
      .head = request_head(server, net::http1::Method::get, "/admin/live", 0, process)};
  worker.tasks().spawn("follow calls", follow(following));
  worker.run_until([&] { return following.exit || (*interrupt)->came(); });
  worker.tasks().clear();  // it uses what ends here
  config::wipe(following.head);
  return following.exit.value_or(Exit::fine);
}

}  // namespace

Exit follow_calls(const Invocation& invocation, const Process& process) {
  bool one = !invocation.arguments().empty();
  if (one) return complain(process, Exit::usage, "--follow is for all calls, not for one");
  for (std::string_view name : {"since", "until", "cursor"}) {
    if (!invocation.has(name)) continue;
    return complain(process, Exit::usage,
                    fmt::format("--{} is for calls of the past; --follow prints what ends from now "
                                "on",
                                name));
  }
  Wanted wanted{.session = std::string(invocation.value("session")),
                .team = std::string(invocation.value("team")),
                .outcome = std::string(invocation.value("outcome")),
                .left = {}};
  if (invocation.has("limit")) {
    wanted.left = read_limit(invocation.value("limit"));
    if (!wanted.left) {
      return complain(process, Exit::usage,
                      fmt::format("--limit must be a whole number from 1 to {}", limit_max));
    }
  }
  if (!wanted.outcome.empty() && !ledger::outcome_named(wanted.outcome)) {
    return complain(process, Exit::usage,
                    fmt::format("no call ends as '{}'; `recloser calls --help` has the outcomes",
                                shown(wanted.outcome)));
  }
  Result<AdminServer> server =
      find_admin(invocation.value("admin"), invocation.value("config"), process);
  if (!server) return complain(process, exit_of(server.error()), server.error().message());
  return follow_from(*server, invocation.has("json"), std::move(wanted), process);
}

}  // namespace recloser::cli
