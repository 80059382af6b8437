#include "cli/command_line.h"

#include "core/ascii.h"
#include "core/names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

std::unexpected<Error> usage(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string>& known) {
  constexpr std::size_t name_bytes_max = 64;
  if (wanted.size() > name_bytes_max) return {};
  std::string near = ascii::nearest(wanted, known);
  return near.empty() ? std::string() : fmt::format(" Did you mean `{}`?", near);
}

// The words of a command: "key", or the whole name when `group` is "key".
std::vector<std::string> names_after(std::string_view group) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    std::string_view name = command.name;
    if (!group.empty()) {
      if (!name.starts_with(std::string(group) + " ")) continue;
      name.remove_prefix(group.size() + 1);
    } else {
      name = name.substr(0, name.find(' '));
    }
    if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  }
  return names;
}

// The command that the first words name, which are then taken off.
Result<const Command*> take_command(std::span<const std::string_view>& words) {
  if (words.empty()) return usage("say which command; `recloser --help` lists them");
  std::string_view first = words.front();
  std::vector<std::string> seconds = names_after(first);
  if (seconds.empty()) {
    if (const Command* command = find_command(first)) {
      words = words.subspan(1);
      return command;
    }
    return usage(fmt::format("there is no command `{}`.{} `recloser --help` lists them all",
                             shown(first), did_you_mean(first, names_after(""))));
  }
  std::string_view second = words.size() > 1 ? words[1] : std::string_view();
  if (const Command* command = find_command(fmt::format("{} {}", first, second))) {
    words = words.subspan(2);
    return command;
  }
  if (second.empty() || second.starts_with('-')) {
    if (const Command* command = find_command(first)) {
      words = words.subspan(1);
      return command;
    }
    return usage(fmt::format("`{}` needs one of: {}", first, fmt::join(seconds, ", ")));
  }
  return usage(fmt::format("there is no command `{} {}`.{} There are: {}", first, shown(second),
                           did_you_mean(second, seconds), fmt::join(seconds, ", ")));
}

const Option* find_option(const Command& command, std::string_view name) {
  auto found = std::ranges::find(command.options, name, &Option::name);
  return found == command.options.end() ? nullptr : &*found;
}

Error unknown_option(const Command& command, std::string_view name) {
  std::vector<std::string> known{"--help"};
  for (const Option& option : command.options) known.push_back(fmt::format("--{}", option.name));
  std::string sent = fmt::format("--{}", name);
  return Error(Side::operator_, Kind::malformed,
               fmt::format("`{}` has no option {}.{}", command.name, shown(sent),
                           did_you_mean(sent, known)));
}

bool is_help(std::string_view word) { return word == "--help" || word == "-h"; }

// The words before those of another program, where a command passes words on: `--help` among
// those is not for us.
std::span<const std::string_view> own_words(const Command& command,
                                            std::span<const std::string_view> words) {
  if (!command.passes_on) return words;
  std::size_t count = 0;
  while (count < words.size() && words[count] != "--" && words[count].starts_with('-')) {
    std::string_view name = words[count];
    name.remove_prefix(std::min<std::size_t>(name.size(), 2));
    const Option* option = find_option(command, name);
    bool value_follows = option != nullptr && !option->value.empty();
    count += value_follows ? 2 : 1;
  }
  return words.first(std::min(count, words.size()));
}

}  // namespace

const Command* find_command(std::string_view name) {
  auto found = std::ranges::find(commands(), name, &Command::name);
  return found == commands().end() ? nullptr : &*found;
}

Result<Invocation> Invocation::read(std::span<const std::string_view> words) {
  Result<const Command*> command = take_command(words);
  if (!command) return fail(command.error());
  Invocation invocation;
  invocation.command_ = *command;
  invocation.wants_help_ = std::ranges::any_of(own_words(**command, words), is_help);
  if ((*command)->run == nullptr) {
    return fail(Side::operator_, Kind::unsupported,
                fmt::format("`recloser {}` is not supported in this version", (*command)->name));
  }
  if (invocation.wants_help_) return invocation;
  bool only_arguments = false;
  while (!words.empty()) {
    std::string_view word = words.front();
    words = words.subspan(1);
    bool is_option = !only_arguments && word.size() > 1 && word.front() == '-';
    if (is_option && word == "--") {
      only_arguments = true;
    } else if (is_option) {
      Result<void> read = invocation.read_option(word, words);
      if (!read) return fail(read.error());
    } else {
      invocation.arguments_.emplace_back(word);
      only_arguments |= (*command)->passes_on;
    }
  }
  std::size_t count = invocation.arguments_.size();
  if (count > (*command)->arguments_max) {
    return usage(fmt::format("`{}` does not take '{}'; see `recloser {} --help`", (*command)->name,
                             shown(invocation.arguments_[(*command)->arguments_max]),
                             (*command)->name));
  }
  if (count < (*command)->arguments_min) {
    return usage(fmt::format("`{0}` needs {1}; see `recloser {0} --help`", (*command)->name,
                             (*command)->arguments));
  }
  return invocation;
}

Result<void> Invocation::read_option(std::string_view word,
                                     std::span<const std::string_view>& rest) {
  if (!word.starts_with("--")) {
    return usage(
        fmt::format("`{}` has no option {}; options have two dashes", command_->name, shown(word)));
  }
  word.remove_prefix(2);
  std::size_t equals = word.find('=');
  std::string_view name = word.substr(0, equals);
  std::optional<std::string_view> value;
  if (equals != word.npos) value = word.substr(equals + 1);
  const Option* option = find_option(*command_, name);
  if (option == nullptr) return fail(unknown_option(*command_, name));
  if (option->planned) {
    return fail(Side::operator_, Kind::unsupported,
                fmt::format("--{} is not supported in this version", name));
  }
  if (has(name) && !option->repeats) return usage(fmt::format("--{} is given twice", name));
  if (option->value.empty()) {
    if (value) return usage(fmt::format("--{} takes no value", name));
    values_.emplace(name, "");
    return {};
  }
  // A value that begins with dashes is given as --name=VALUE; here it is an option that follows.
  if (!value && !rest.empty() && !rest.front().starts_with("--")) {
    value = rest.front();
    rest = rest.subspan(1);
  }
  if (!value || value->empty()) {
    return usage(fmt::format("--{} needs a value: --{} {}", name, name, option->value));
  }
  std::string& all = values_.try_emplace(std::string(name)).first->second;
  if (!all.empty()) all += ',';
  all += *value;
  return {};
}

std::string_view Invocation::value(std::string_view option) const {
  auto found = values_.find(option);
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace recloser::cli
