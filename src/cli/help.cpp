#include "cli/help.h"

#include "cli/human.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::size_t page_columns = 88;

// "text  explained" lines, taken apart at the first two spaces.
std::vector<std::pair<std::string_view, std::string_view>> pairs_of(std::string_view lines) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    std::size_t gap = std::min(line.find("  "), line.size());
    std::string_view explained = line.substr(gap);
    while (explained.starts_with(' ')) explained.remove_prefix(1);
    pairs.emplace_back(line.substr(0, gap), explained);
  }
  return pairs;
}

std::string usage_of(const Command& command) {
  std::string usage = fmt::format("recloser {}", command.name);
  bool any = std::ranges::any_of(command.options, [](const Option& o) { return !o.planned; });
  if (any) usage += " [OPTIONS]";
  if (!command.arguments.empty()) usage += fmt::format(" {}", command.arguments);
  return usage;
}

std::string name_of(const Option& option) {
  return option.value.empty() ? fmt::format("--{}", option.name)
                              : fmt::format("--{} {}", option.name, option.value);
}

void heading(std::string& out, const Style& style, std::string_view title) {
  out += '\n' + style.paint(Colour::bold, title) + '\n';
}

std::vector<std::string> planned_of(const Command& command) {
  std::vector<std::string> names;
  for (const Option& option : command.options) {
    if (option.planned) names.push_back(fmt::format("--{}", option.name));
  }
  return names;
}

void options(std::string& out, const Command& command) {
  for (const Option& option : command.options) {
    if (option.planned) continue;
    fmt::format_to(std::back_inserter(out), "    {}\n{}", name_of(option),
                   folded(option.help, 8, page_columns));
  }
  fmt::format_to(std::back_inserter(out), "    --help\n        Shows this page.\n");
  std::vector<std::string> planned = planned_of(command);
  if (planned.empty()) return;
  out += folded(fmt::format("Not supported in this version: {}.", fmt::join(planned, ", ")), 4,
                page_columns);
}

std::string planned_commands() {
  std::vector<std::string_view> names;
  for (const Command& command : commands()) {
    if (command.run == nullptr) names.push_back(command.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// The commands that run here and whose names begin so.
void summaries(std::string& out, std::string_view prefix) {
  auto listed = [prefix](const Command& command) {
    return command.run != nullptr && command.name.starts_with(prefix);
  };
  std::size_t width = 0;
  for (const Command& command : commands()) {
    if (listed(command)) width = std::max(width, command.name.size());
  }
  for (const Command& command : commands()) {
    if (!listed(command)) continue;
    fmt::format_to(std::back_inserter(out), "    {:<{}}  {}\n", command.name, width,
                   command.summary);
  }
}

}  // namespace

std::string overview(const Style& style) {
  std::string out = "Recloser, a circuit breaker and gateway for LLM traffic.\n";
  heading(out, style, "USAGE");
  out += "    recloser COMMAND [OPTIONS] [ARGUMENTS]\n    recloser COMMAND --help\n";
  heading(out, style, "COMMANDS");
  summaries(out, "");
  out += folded("Not supported in this version: " + planned_commands() + ".", 4, page_columns);
  heading(out, style, "ENVIRONMENT");
  out +=
      "    RECLOSER_ADMIN         where the admin port is, as http://127.0.0.1:8788\n"
      "    RECLOSER_ADMIN_TOKEN   its token\n"
      "    NO_COLOR               no colour, even on a terminal\n";
  heading(out, style, "EXIT STATUS");
  out +=
      "    0  fine\n    1  the answer is \"no\"\n    2  the command line or the configuration is "
      "wrong\n    3  it could not be done: server not reachable, port in use, I/O\n";
  heading(out, style, "EXAMPLE");
  out +=
      "    recloser serve            start with ./recloser.yaml, or the quickstart\n"
      "    recloser calls --since 1h    what happened in the last hour\n";
  return out;
}

std::string group_page(std::string_view group, const Style& style) {
  std::string out = style.paint(Colour::bold, "COMMANDS") + '\n';
  summaries(out, fmt::format("{} ", group));
  fmt::format_to(std::back_inserter(out), "\n`recloser {} COMMAND --help` says more.\n", group);
  return out;
}

std::string help_page(const Command& command, const Style& style) {
  std::string out;
  out += style.paint(Colour::bold, "NAME");
  fmt::format_to(std::back_inserter(out), "\n    recloser {} - {}\n", command.name,
                 command.summary);
  heading(out, style, "USAGE");
  fmt::format_to(std::back_inserter(out), "    {}\n", usage_of(command));
  heading(out, style, "DESCRIPTION");
  out += folded(command.description, 4, page_columns);
  heading(out, style, "OPTIONS");
  options(out, command);
  heading(out, style, "EXIT STATUS");
  for (auto [status, when] : pairs_of(command.exits)) {
    fmt::format_to(std::back_inserter(out), "    {}  {}\n", status, when);
  }
  heading(out, style, "EXAMPLES");
  for (auto [line, what] : pairs_of(command.examples)) {
    fmt::format_to(std::back_inserter(out), "    {}\n        {}\n", line, what);
  }
  return out;
}

std::string commands_markdown() {
  std::string out =
      "# Commands\n\n"
      "`recloser COMMAND --help` shows the same. This page is printed from the table that the "
      "program\nreads its command line with, and a test keeps the two equal.\n\n"
      "Commands that talk to a running gateway find it by `--admin URL`, else `RECLOSER_ADMIN`, "
      "else the\naddress in the configuration; the token is `RECLOSER_ADMIN_TOKEN`, else "
      "`admin.token` of the\nconfiguration, else the file `admin.token` in the state "
      "directory.\n\n"
      "Exit status: 0 fine, 1 the answer is \"no\", 2 the command line or the configuration is "
      "wrong,\n3 it could not be done (server not reachable, port in use, I/O). Colour is used on "
      "a terminal only,\nand never with `NO_COLOR`.\n\n";
  out += folded("Not supported in this version: " + planned_commands() + ".", 0, 100);
  for (const Command& command : commands()) {
    if (command.run == nullptr) continue;
    fmt::format_to(std::back_inserter(out), "\n## `{}`\n\n{}\n", usage_of(command),
                   folded(command.description, 0, 100));
    out += "| option | |\n| --- | --- |\n";
    for (const Option& option : command.options) {
      if (!option.planned) {
        fmt::format_to(std::back_inserter(out), "| `{}` | {} |\n", name_of(option), option.help);
      }
    }
    out += "| `--help` | Shows the help page. |\n\n";
    std::vector<std::string> planned = planned_of(command);
    if (!planned.empty()) {
      out +=
          folded(fmt::format("Not supported in this version: `{}`.\n", fmt::join(planned, "`, `")),
                 0, 100);
      out += '\n';
    }
    out += "Exit status:\n\n";
    for (auto [status, when] : pairs_of(command.exits)) {
      fmt::format_to(std::back_inserter(out), "* {}: {}\n", status, when);
    }
    out += "\n```sh\n";
    for (auto [line, what] : pairs_of(command.examples)) {
      fmt::format_to(std::back_inserter(out), "# {}\n{}\n", what, line);
    }
    out += "```\n";
  }
  return out;
}

}  // namespace recloser::cli
