// Options and exit statuses that many commands share.
#pragma once

#include "cli/command_line.h"

#include <array>
#include <string_view>

namespace recloser::cli {

inline constexpr Option config_option{.name = "config",
                                      .value = "FILE",
                                      .help =
                                          "The configuration; else ./recloser.yaml, else the "
                                          "quickstart beside the program."};
inline constexpr Option admin_option{
    .name = "admin",
    .value = "URL",
    .help =
        "Where the admin port is, as http://127.0.0.1:8788; else RECLOSER_ADMIN, else the "
        "address in the configuration."};
inline constexpr Option json_option{
    .name = "json",
    .value = "",
    .help = "Prints JSON, for programs, in the form of the admin API."};

inline constexpr std::string_view remote_exits =
    "0  done\n"
    "1  the answer is \"no\": it is not there, or it is there already\n"
    "2  the command line, the configuration or the admin token is wrong\n"
    "3  the gateway cannot be reached, or failed";

inline constexpr std::array remote_options{admin_option, config_option, json_option};

}  // namespace recloser::cli
