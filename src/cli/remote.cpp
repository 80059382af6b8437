#include "cli/remote.h"

#include "cli/admin_client.h"
#include "cli/json.h"
#include "cli/output.h"
#include "core/names.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

Exit exit_of_status(int status) {
  if (status == 404 || status == 409) return Exit::no;
  return status < 500 ? Exit::usage : Exit::could_not;
}

}  // namespace

Exit exit_of(const Error& error) {
  bool could_not = error.kind() == Kind::unreachable || error.kind() == Kind::io;
  return could_not ? Exit::could_not : Exit::usage;
}

std::expected<std::string, Exit> ask_remote(const Invocation& invocation, const Process& process,
                                            net::http1::Method method, std::string_view target,
                                            std::string_view body, Duration patience) {
  Result<AdminServer> server =
      find_admin(invocation.value("admin"), invocation.value("config"), process);
  if (!server) {
    return std::unexpected(complain(process, exit_of(server.error()), server.error().message()));
  }
  server->patience = patience;
  Result<AdminAnswer> answer = ask_admin(*server, method, target, body, process);
  if (!answer) {
    return std::unexpected(complain(process, Exit::could_not, answer.error().message()));
  }
  return body_of(*server, std::move(*answer), process);
}

std::expected<std::string, Exit> body_of(const AdminServer& server, AdminAnswer answer,
                                         const Process& process) {
  if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
  std::optional<Json> json = parse_json(answer.body);
  // Errors on the clients' port have a type, those of the admin API only a code.
  bool is_admin =
      json && !text_at(*json, "error", "code").empty() && text_at(*json, "error", "type").empty();
  std::string_view message = is_admin ? text_at(*json, "error", "message") : std::string_view();
  if (message.empty()) {
    return std::unexpected(
        complain(process, Exit::could_not,
                 fmt::format("what answers at {} (from {}) is not Recloser's admin port: status {}",
                             server.url.str(), server.url_from, answer.status)));
  }
  std::string told = shown(message, 2'000);
  if (answer.status == 401) told += fmt::format(". The one sent is from {}", server.token_from);
  return std::unexpected(complain(process, exit_of_status(answer.status), told));
}

Exit not_understood(const Process& process) {
  return complain(process, Exit::could_not,
                  "the answer of the admin port is not understood; is it of another version?");
}

}  // namespace recloser::cli
