#include "cli/cli.h"

#include "cli/command_line.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/run_commands.h"
#include "cli/serve.h"
#include "core/json_writer.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

// `recloser help key create` is `recloser key create --help`; so is -h.
std::vector<std::string_view> words_of(int argc, const char* const* argv) {
  std::vector<std::string_view> words;
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  if (words.size() > 1 && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words.size() == 1 && words.front() == "--version") words.front() = "version";
  return words;
}

bool asks_for_overview(const std::vector<std::string_view>& words) {
  return words.size() == 1 &&
         (words.front() == "--help" || words.front() == "-h" || words.front() == "help");
}

// The group in `recloser key --help`; "" when that is not what was asked.
std::string_view asks_for_group(const std::vector<std::string_view>& words) {
  if (words.size() != 2 || (words[1] != "--help" && words[1] != "-h")) return {};
  for (const Command& command : commands()) {
    std::size_t space = command.name.find(' ');
    if (space != command.name.npos && command.name.substr(0, space) == words[0]) return words[0];
  }
  return {};
}

// A group may be a command by itself as well.
std::string page_of_group(std::string_view group, const Style& style) {
  const Command* command = find_command(group);
  std::string page = command == nullptr ? "" : help_page(*command, style) + '\n';
  return page + group_page(group, style);
}

// 2 could be the status of what `run` runs.
Exit usage_status(const std::vector<std::string_view>& words) {
  return !words.empty() && words.front() == "run" ? Exit::not_run : Exit::usage;
}

}  // namespace

int run_cli(int argc, const char* const* argv, const Process& process) {
  std::vector<std::string_view> words = words_of(argc, argv);
  Exit exit = Exit::fine;
  if (asks_for_overview(words)) {
    exit = show(process, overview(Style::of(process)));
  } else if (std::string_view group = asks_for_group(words); !group.empty()) {
    exit = show(process, page_of_group(group, Style::of(process)));
  } else if (Result<Invocation> invocation = Invocation::read(words); !invocation) {
    exit = complain(process, usage_status(words), invocation.error().message());
  } else if (invocation->wants_help()) {
    exit = show(process, help_page(invocation->command(), Style::of(process)));
  } else {
    exit = invocation->command().run(*invocation, process);
  }
  return static_cast<int>(exit);
}

Exit run_serve(const Invocation& invocation, const Process& process) {
  block_signals();  // before any thread is started; other commands end at Ctrl-C like any program
  return serve({.config_path = std::string(invocation.value("config"))}, process);
}

Exit run_completion(const Invocation& invocation, const Process& process) {
  const std::string& shell = invocation.arguments().front();
  std::string script = completion(shell);
  if (!script.empty()) return show(process, script);
  return complain(process, Exit::usage,
                  "completions are there for bash, zsh and fish, as in `recloser completion bash`");
}

Exit run_version(const Invocation& invocation, const Process& process) {
  if (!invocation.has("json")) return show(process, fmt::format("recloser {}\n", process.version));
  std::string out;
  JsonWriter(out).open_object().member("version", process.version).close_object();
  return show(process, out + "\n");
}

}  // namespace recloser::cli
