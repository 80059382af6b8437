#include "cli/run/program.h"

#include "core/names.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

// SIGCHLD says that the program has stopped or ended; the others are for it. Not among them:
// SIGWINCH, which a terminal tells the program itself.
constexpr std::array<int, 8> signals_held{SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                                          SIGUSR1, SIGUSR2, SIGTSTP, SIGCHLD};
constexpr int no_such_program = 127;
constexpr int cannot_be_run = 126;
constexpr int ended_by_signal = 128;

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The arrays of pointers that exec wants.
std::vector<char*> pointers_to(std::span<const std::string> texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What posix_spawn wants beside the words, freed whatever comes of it.
class Spawning {
 public:
  Spawning(Descriptors descriptors, const HeldSignals& signals) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    std::array<int, 3> from{descriptors.in, descriptors.out, descriptors.err};
    for (int to = 0; to < 3; ++to) {
      auto at = static_cast<std::size_t>(to);
      if (from[at] != to) ::posix_spawn_file_actions_adddup2(&actions_, from[at], to);
    }
    sigset_t usual;
    sigemptyset(&usual);
    if (!signals.ignored_pipes()) sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
    ::posix_spawnattr_setsigmask(&attributes_, &signals.mask_before());
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;

  // 0, or the error.
  int start(std::span<const std::string> words, std::span<const std::string> variables,
            pid_t& program) const {
    std::vector<char*> arguments = pointers_to(words);
    std::vector<char*> environment = pointers_to(variables);
    return ::posix_spawnp(&program, arguments.front(), &actions_, &attributes_, arguments.data(),
                          environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A terminal tells all programs in its foreground, so the program has heard it already; a second
// Ctrl-C would mean something else to many.
bool was_heard_by_all(const siginfo_t& signal) { return signal.si_code == SI_KERNEL; }

// A shell takes a job for stopped when all of it is. When it goes on, the program may not have been
// told.
void stop_with(pid_t program) {
  ::kill(::getpid(), SIGSTOP);
  ::kill(program, SIGCONT);
}

}  // namespace

HeldSignals::HeldSignals() {
  sigemptyset(&held_);
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &usual, &child_before_);  // where it is ignored nobody could be waited for
  for (int signal : signals_held) {
    if (!is_ignored(signal)) sigaddset(&held_, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &held_, &mask_before_);
  struct sigaction ignored{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignored, &pipe_before_);
}

HeldSignals::~HeldSignals() {
  ::sigaction(SIGPIPE, &pipe_before_, nullptr);
  ::sigaction(SIGCHLD, &child_before_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

std::expected<pid_t, NotStarted> start_program(std::span<const std::string> words,
                                               std::span<const std::string> variables,
                                               Descriptors descriptors,
                                               const HeldSignals& signals) {
  Spawning spawning(descriptors, signals);
  pid_t program = 0;
  int error = spawning.start(words, variables, program);
  // A script that does not say what reads it is the shell's, as for env(1).
  if (error == ENOEXEC && words.front().contains('/')) {
    std::vector<std::string> by_shell{"/bin/sh"};
    by_shell.insert(by_shell.end(), words.begin(), words.end());
    error = spawning.start(by_shell, variables, program);
  }
  if (error == 0) return program;
  return std::unexpected(NotStarted{
      .status = error == ENOENT ? no_such_program : cannot_be_run,
      .why = fmt::format("cannot run {}: {}", shown(words.front()), std::strerror(error))});
}

int wait_for_program(pid_t program, const HeldSignals& signals) {
  for (;;) {
    siginfo_t signal{};
    timespec look_again{.tv_sec = 1, .tv_nsec = 0};  // whoever else took a SIGCHLD of ours
    int got = ::sigtimedwait(&signals.held(), &signal, &look_again);
    if (got > 0 && got != SIGCHLD && !was_heard_by_all(signal)) ::kill(program, got);
    int status = 0;
    if (::waitpid(program, &status, WNOHANG | WUNTRACED) != program) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) return ended_by_signal + WTERMSIG(status);
    if (WIFSTOPPED(status)) stop_with(program);
  }
}

}  // namespace recloser::cli
