// backup and restore: the store as a file, with a gateway running or without.
#include "cli/admin_client.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"
#include "ledger/backup.h"
#include "ledger/lock_file.h"

#include <filesystem>
#include <optional>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr Duration backup_time_max = 1h;  // of a gateway that copies

ledger::StoppedStore stopped_store(const config::State& state, const Process& process) {
  return {.directory = state.directory_path,
          .path = state.database_path(),
          .program_version = process.version};
}

Exit complain_of(const Process& process, const Error& error) {
  Exit exit = error.kind() == Kind::malformed ? Exit::usage : Exit::could_not;
  return complain(process, exit, error.message());
}

Exit show_backup(const Invocation& invocation, const Process& process, std::string_view file,
                 std::uint64_t bytes, std::optional<std::int64_t> open_calls) {
  if (invocation.has("json")) {
    std::string out;
    JsonWriter json(out);
    json.open_object().member("file", file).member("bytes", bytes).key("open_calls");
    open_calls ? json.value(*open_calls) : json.value(0);
    json.close_object();
    return show(process, out + '\n');
  }
  std::string text = fmt::format("The books are in {} ({} bytes).\n", file,
                                 with_thousands(static_cast<std::int64_t>(bytes)));
  if (open_calls && *open_calls > 0) {
    text +=
        fmt::format("Calls that were still open are not in it: {}.\n", with_thousands(*open_calls));
  }
  return show(process, text);
}

// No gateway runs, or none that can be asked; its lock is what tells.
Exit back_up_directly(const Invocation& invocation, const Process& process,
                      const std::string& file) {
  Result<config::State> state = find_state(invocation.value("config"), process);
  if (!state) return complain(process, exit_of(state.error()), state.error().message());
  ledger::StoppedStore stopped = stopped_store(*state, process);
  if (!std::filesystem::exists(stopped.path)) {
    return complain(process, Exit::could_not,
                    fmt::format("there is no store {} to back up", stopped.path));
  }
  Result<ledger::StateLock> lock = ledger::StateLock::acquire(stopped.directory);
  if (!lock) return complain(process, Exit::could_not, lock.error().message());
  Result<ledger::Backup> made = ledger::back_up_stopped(stopped, file, process.clock);
  if (!made && made.error().kind() == Kind::conflict) {
    return complain(process, Exit::no, made.error().message());
  }
  if (!made) return complain_of(process, made.error());
  return show_backup(invocation, process, made->path, made->bytes, std::nullopt);
}

std::string whole_path(const std::string& file) {
  return std::filesystem::absolute(file).lexically_normal().string();
}

}  // namespace

Exit run_backup(const Invocation& invocation, const Process& process) {
  std::string file = whole_path(invocation.arguments().front());
  bool asked_for = invocation.has("admin") || process.environment.variable("RECLOSER_ADMIN");
  Result<AdminServer> server =
      find_admin(invocation.value("admin"), invocation.value("config"), process);
  if (!server && asked_for) {
    return complain(process, exit_of(server.error()), server.error().message());
  }
  if (!server) return back_up_directly(invocation, process, file);
  server->patience = backup_time_max;
  Result<AdminAnswer> answer =
      ask_admin(*server, net::http1::Method::post, "/admin/backup?file=" + percent_encoded(file),
                {}, process);
  if (!answer && asked_for) return complain(process, Exit::could_not, answer.error().message());
  if (!answer) return back_up_directly(invocation, process, file);
  std::expected<std::string, Exit> body = body_of(*server, std::move(*answer), process);
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> json = parse_json(*body);
  if (!json || text(*json, "file").empty()) return not_understood(process);
  return show_backup(invocation, process, text(*json, "file"),
                     static_cast<std::uint64_t>(whole(*json, "bytes").value_or(0)),
                     whole(*json, "open_calls"));
}

Exit run_restore(const Invocation& invocation, const Process& process) {
  Result<config::State> state = find_state(invocation.value("config"), process);
  if (!state) return complain(process, exit_of(state.error()), state.error().message());
  ledger::StoppedStore stopped = stopped_store(*state, process);
  std::string file = whole_path(invocation.arguments().front());
  if (!std::filesystem::exists(file)) {
    return complain(process, Exit::could_not, fmt::format("there is no file {}", file));
  }
  Result<ledger::StateLock> lock = ledger::StateLock::acquire(stopped.directory);
  if (!lock) return complain(process, Exit::could_not, lock.error().message());
  Result<ledger::Restored> restored = ledger::restore_store(file, stopped, process.clock.wall());
  if (!restored) return complain(process, Exit::could_not, restored.error().message());
  if (invocation.has("json")) {
    std::string out;
    JsonWriter json(out);
    json.open_object().member("file", file).member("schema", restored->schema).key("kept");
    restored->aside.empty() ? json.null() : json.value(restored->aside);
    json.close_object();
    return show(process, out + '\n');
  }
  std::string text = fmt::format("The books of {} are in {}.\n", file, stopped.path);
  if (!restored->aside.empty()) {
    text += fmt::format("What was there before is kept in {}.\n", restored->aside);
  }
  text += "Keys are what they were in the backup: revoke again what was revoked since.\n";
  return show(process, text);
}

}  // namespace recloser::cli
