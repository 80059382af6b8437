// Help pages, the page docs/commands.md and shell completions, all printed from the command table.
#pragma once

#include "cli/command_line.h"
#include "cli/output.h"

#include <string>
#include <string_view>

namespace recloser::cli {

std::string overview(const Style& style);                            // recloser --help
std::string group_page(std::string_view group, const Style& style);  // recloser key --help
std::string help_page(const Command& command, const Style& style);   // recloser COMMAND --help
std::string commands_markdown();                                     // docs/commands.md
std::string completion(std::string_view shell);  // a script for bash, zsh or fish; "" for others

}  // namespace recloser::cli
