// Completion scripts for bash, zsh and fish, printed from the command table.
#include "cli/help.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

bool is_built(const Command& command) { return command.run != nullptr; }

// The first words of all commands that run here, each once.
std::vector<std::string> first_words() {
  std::vector<std::string> words;
  for (const Command& command : commands()) {
    std::string word(command.name.substr(0, command.name.find(' ')));
    bool fresh = is_built(command) && std::ranges::find(words, word) == words.end();
    if (fresh) words.push_back(std::move(word));
  }
  return words;
}

std::string_view second_word(const Command& command) {
  std::size_t space = command.name.find(' ');
  return space == command.name.npos ? std::string_view() : command.name.substr(space + 1);
}

std::vector<std::string> second_words(std::string_view first) {
  std::vector<std::string> words;
  for (const Command& command : commands()) {
    bool below = is_built(command) && command.name.starts_with(std::string(first) + " ");
    if (below) words.emplace_back(second_word(command));
  }
  return words;
}

std::string option_words(const Command& command) {
  std::string words = "--help";
  for (const Option& option : command.options) {
    if (!option.planned) words += fmt::format(" --{}", option.name);
  }
  return words;
}

// What may stand behind a first word that others follow; it may be a command by itself as well.
std::string behind(std::string_view first) {
  std::string words = fmt::format("{}", fmt::join(second_words(first), " "));
  const Command* command = find_command(first);
  return command == nullptr ? words : words + " " + option_words(*command);
}

// One line on a first word: the command's own, or what comes behind it.
std::string summary_of(std::string_view first) {
  const Command* command = find_command(first);
  if (command != nullptr) return std::string(command->summary);
  return fmt::format("{}", fmt::join(second_words(first), ", "));
}

std::string words_of(std::string_view one_of) {
  std::string words(one_of);
  std::ranges::replace(words, '|', ' ');
  return words;
}

// In single quotes for a shell.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Words only: what bash knows.
std::string bash_script() {
  std::string out =
      "# Completion of recloser. Load it with:  source <(recloser completion bash)\n"
      "_recloser() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=${COMP_WORDS[1]} words=\n";
  fmt::format_to(std::back_inserter(out),
                 "  if ((COMP_CWORD == 1)); then\n    words='{} --help'\n  else\n"
                 "    case $command in\n",
                 fmt::join(first_words(), " "));
  for (const std::string& first : first_words()) {
    if (second_words(first).empty()) continue;
    fmt::format_to(std::back_inserter(out),
                   "      {}) if ((COMP_CWORD == 2)); then words='{}'; elif [[ "
                   "${{COMP_WORDS[2]}} != -* ]]; then command+=\" ${{COMP_WORDS[2]}}\"; fi ;;\n",
                   first, behind(first));
  }
  out += "    esac\n    [[ -n $words ]] || case \"$command $before\" in\n";
  for (const Command& command : commands()) {
    for (const Option& option : command.options) {
      if (!is_built(command) || option.one_of.empty()) continue;
      fmt::format_to(std::back_inserter(out), "      \"{} --{}\") words='{}' ;;\n", command.name,
                     option.name, words_of(option.one_of));
    }
  }
  out += "      *) case $command in\n";
  for (const Command& command : commands()) {
    if (!is_built(command)) continue;
    std::string words = option_words(command);
    if (command.name == "completion") words += " bash zsh fish";
    fmt::format_to(std::back_inserter(out), "        '{}') words='{}' ;;\n", command.name, words);
  }
  out +=
      "      esac ;;\n    esac\n  fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "  ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
      "}\ncomplete -F _recloser recloser\n";
  return out;
}

std::string zsh_script() {
  std::string out =
      "#compdef recloser\n"
      "# Completion of recloser. Load it with:  source <(recloser completion zsh)\n"
      "_recloser() {\n  local -a words_here\n"
      "  local command=${words[2]}\n"
      "  if ((CURRENT == 2)); then\n    words_here=(";
  for (const std::string& first : first_words()) {
    out += "\n      " + quoted(fmt::format("{}:{}", first, summary_of(first)));
  }
  out += ")\n    _describe command words_here\n    return\n  fi\n  case $command in\n";
  for (const std::string& first : first_words()) {
    if (second_words(first).empty()) continue;
    fmt::format_to(std::back_inserter(out),
                   "    {}) if ((CURRENT == 3)); then compadd -- {}; return; fi\n"
                   "       [[ ${{words[3]}} == -* ]] || command+=\" ${{words[3]}}\" ;;\n",
                   first, behind(first));
  }
  out += "  esac\n  case $command in\n";
  for (const Command& command : commands()) {
    if (!is_built(command)) continue;
    fmt::format_to(std::back_inserter(out), "    '{}') _arguments '--help[Shows the help page.]'",
                   command.name);
    for (const Option& option : command.options) {
      if (option.planned) continue;
      std::string spec = fmt::format("--{}[{}]", option.name, option.help);
      std::string values = option.one_of.empty() ? "_files" : "(" + words_of(option.one_of) + ")";
      if (!option.value.empty()) spec += fmt::format(":{}:{}", option.value, values);
      out += " \\\n        " + quoted(spec);
    }
    out += command.name == "completion" ? " \\\n        '*:shell:(bash zsh fish)' ;;\n"
                                        : " \\\n        '*:file:_files' ;;\n";
  }
  // Loaded by name from $fpath it is the function itself; sourced, it only makes it known.
  out +=
      "  esac\n}\n"
      "if [[ ${funcstack[1]} == _recloser ]]; then\n  _recloser \"$@\"\nelse\n"
      "  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
      "  compdef _recloser recloser\nfi\n";
  return out;
}

std::string fish_script() {
  std::string out =
      "# Completion of recloser. Load it with:  recloser completion fish | source\n"
      "complete -c recloser -n __fish_use_subcommand -f\n";
  for (const std::string& first : first_words()) {
    fmt::format_to(std::back_inserter(out),
                   "complete -c recloser -n __fish_use_subcommand -a {} -d {}\n", first,
                   quoted(summary_of(first)));
    std::vector<std::string> below = second_words(first);
    if (below.empty()) continue;
    fmt::format_to(std::back_inserter(out),
                   "complete -c recloser -f -n '__fish_seen_subcommand_from {0}; and not "
                   "__fish_seen_subcommand_from {1}' -a '{1}'\n",
                   first, fmt::join(below, " "));
  }
  for (const Command& command : commands()) {
    if (!is_built(command)) continue;
    std::string_view second = second_word(command);
    std::string here = fmt::format("__fish_seen_subcommand_from {}",
                                   command.name.substr(0, command.name.find(' ')));
    if (!second.empty()) here += fmt::format("; and __fish_seen_subcommand_from {}", second);
    if (command.name == "completion") {
      fmt::format_to(std::back_inserter(out),
                     "complete -c recloser -f -n '{}' -a 'bash zsh fish'\n", here);
    }
    for (const Option& option : command.options) {
      if (option.planned) continue;
      fmt::format_to(std::back_inserter(out), "complete -c recloser -n '{}' -l {} -d {}{}\n", here,
                     option.name, quoted(option.help),
                     option.value.empty()    ? std::string()
                     : option.one_of.empty() ? std::string(" -r")
                                             : " -x -a " + quoted(words_of(option.one_of)));
    }
  }
  return out;
}

}  // namespace

std::string completion(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return "";
}

}  // namespace recloser::cli
