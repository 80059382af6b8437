#include "cli/admin_client.h"

#include "core/log.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "net/worker.h"

#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::size_t answer_bytes_max = 64u << 20;

// All of them: one that is left out would be sent as another.
std::string_view method_text(net::http1::Method method) {
  using enum net::http1::Method;
  switch (method) {
    case delete_:
      return "DELETE";
    case get:
      return "GET";
    case head:
      return "HEAD";
    case options:
      return "OPTIONS";
    case patch:
      return "PATCH";
    case post:
      return "POST";
    case put:
      return "PUT";
    case trace:
      return "TRACE";
    case other:
      break;
  }
  std::unreachable();
}

// What went wrong on the way, without the words of calls to providers.
std::string reason_of(const Error& error, Duration patience) {
  switch (error.kind()) {
    case Kind::timed_out:
      return fmt::format("nothing came within {}", human_duration(patience));
    case Kind::closed:
      return "it ended the connection without an answer";
    case Kind::malformed:
      return "what answers there does not speak HTTP as Recloser does";
    default:
      return error.message();
  }
}

struct Asking {
  net::ClientPool& pool;
  const net::DialTarget& target;
  net::http1::Method method;
  std::string head;
  std::string_view body;
  Duration patience;
};

Task<Result<AdminAnswer>> fetch(const Asking& asking) {
  net::CancelPoint cancel;
  net::HttpTimeouts timeouts{.first_byte = asking.patience, .idle = asking.patience};
  net::HttpCall call(asking.pool, asking.target, timeouts, cancel);
  std::array<std::string_view, 1> pieces{asking.body};
  net::HttpRequest request{.method = asking.method, .head = asking.head, .body = pieces};
  Result<const net::http1::ResponseHead*> head = co_await call.start(request);
  if (!head) co_return fail(head.error());
  AdminAnswer answer{.status = (*head)->status(), .body = {}};
  while (!call.body_ended()) {
    Result<std::string_view> piece = co_await call.next(call.idle_deadline());
    if (!piece) co_return fail(piece.error());
    answer.body += *piece;
    if (answer.body.size() > answer_bytes_max) {
      co_return fail(Side::provider, Kind::too_large, "its answer has no end");
    }
  }
  call.finish();
  co_return answer;
}

Task<void> fetch_into(const Asking& asking, std::optional<Result<AdminAnswer>>& into) {
  Result<AdminAnswer> answer = co_await fetch(asking);
  into = std::move(answer);
}

Result<net::DialTarget> target_of(const AdminServer& server) {
  net::DialTarget target;
  target.host = server.url.host;
  target.port = server.url.port;
  if (!server.url.tls) return target;
  Result<std::shared_ptr<const net::TlsContext>> tls = net::TlsContext::for_providers({});
  if (!tls) return fail(tls.error());
  target.tls = std::move(*tls);
  target.tls_name = server.url.host;
  return target;
}

}  // namespace

Result<AdminAnswer> ask_admin(const AdminServer& server, net::http1::Method method,
                              std::string_view target, std::string_view body,
                              const Process& process) {
  Result<std::unique_ptr<AdminLink>> link = AdminLink::open(server, process);
  if (!link) return fail(link.error());
  Asking asking{.pool = (*link)->pool(),
                .target = (*link)->target(),
                .method = method,
                .head = request_head(server, method, target, body.size(), process),
                .body = body,
                .patience = server.patience};
  std::optional<Result<AdminAnswer>> answer;
  (*link)->worker().tasks().spawn("ask the admin API", fetch_into(asking, answer));
  (*link)->worker().run_until([&] { return answer.has_value(); });
  config::wipe(asking.head);
  if (!*answer) return fail(not_reachable(server, answer->error()));
  return std::move(**answer);
}

AdminLink::AdminLink(const Process& process)
    : log_(LogLevel::error, LogFormat::text, process.clock,
           std::make_unique<DescriptorSink>(process.err)),
      resolver_(process.clock) {}

// What still runs uses the pool; who still looks up a name is not told any more.
AdminLink::~AdminLink() {
  resolver_.stop();
  if (worker_) worker_->tasks().clear();
}

Result<std::unique_ptr<AdminLink>> AdminLink::open(const AdminServer& server,
                                                   const Process& process) {
  Result<net::DialTarget> target = target_of(server);
  if (!target) return fail(target.error());
  std::unique_ptr<AdminLink> link(new AdminLink(process));
  link->target_ = std::move(*target);
  Result<std::unique_ptr<net::Worker>> worker =
      net::Worker::create("cli", process.clock, link->log_);
  if (!worker) return fail(worker.error());
  link->worker_ = std::move(*worker);
  link->pool_ = std::make_unique<net::ClientPool>(*link->worker_, link->resolver_);
  return link;
}

std::string request_head(const AdminServer& server, net::http1::Method method,
                         std::string_view target, std::size_t body_bytes, const Process& process) {
  return fmt::format(
      "{} {}{} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nuser-agent: recloser/{}\r\n"
      "accept: application/json\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
      method_text(method), server.url.path, target, server.url.host_field(), server.token.reveal(),
      process.version, body_bytes);
}

Error not_reachable(const AdminServer& server, const Error& error) {
  return Error(Side::operator_, Kind::unreachable,
               fmt::format("no Recloser answers at {} (from {}): {}. Start it with `recloser "
                           "serve`, or say where it runs with --admin URL or RECLOSER_ADMIN",
                           server.url.str(), server.url_from, reason_of(error, server.patience)));
}

}  // namespace recloser::cli
