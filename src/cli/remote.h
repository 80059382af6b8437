// A command's one request to the admin API, with its failures told and turned into exit statuses.
#pragma once

#include "cli/admin_client.h"
#include "cli/command_line.h"
#include "net/http1/head.h"

#include <expected>
#include <string>
#include <string_view>

namespace recloser::cli {

// The body of the answer, which is JSON; or the exit status of a failure that was complained about.
// --admin and --config of the invocation say where.
std::expected<std::string, Exit> ask_remote(const Invocation& invocation, const Process& process,
                                            net::http1::Method method, std::string_view target,
                                            std::string_view body = {},
                                            Duration patience = patience_default);

// The same for an answer that came: its body, or the status of what it says went wrong.
std::expected<std::string, Exit> body_of(const AdminServer& server, AdminAnswer answer,
                                         const Process& process);
Exit exit_of(const Error& error);

// What came is not what the admin API answers; says so.
Exit not_understood(const Process& process);

}  // namespace recloser::cli
