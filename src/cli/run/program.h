// A program in the foreground of the terminal that we were started from: started, told what we are
// told, and waited for.
#pragma once

#include <csignal>
#include <expected>
#include <span>
#include <string>
#include <sys/types.h>

namespace recloser::cli {

// While it lives, the signals that a program gets through us are kept for wait_for_program(), in
// this thread and all that are started under it. What was ignored before stays ignored (nohup).
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  const sigset_t& held() const { return held_; }
  const sigset_t& mask_before() const { return mask_before_; }
  bool ignored_pipes() const { return pipe_before_.sa_handler == SIG_IGN; }

 private:
  sigset_t held_;
  sigset_t mask_before_;
  struct sigaction pipe_before_{};
  struct sigaction child_before_{};
};

struct Descriptors {
  int in = 0;
  int out = 1;
  int err = 2;
};

// As env(1) has it: 127 where there is no such program, 126 where there is and it cannot be run.
struct NotStarted {
  int status = 0;
  std::string why;
};

// In our own process group: a terminal's Ctrl-C and Ctrl-Z reach it as they do us, and it stays
// among the programs of a pipeline that may read the terminal.
std::expected<pid_t, NotStarted> start_program(std::span<const std::string> words,
                                               std::span<const std::string> variables,
                                               Descriptors descriptors, const HeldSignals& signals);

// Passes on what is sent to us alone; stops and goes on with the program. Its exit status, or
// 128 + n where signal n ended it.
int wait_for_program(pid_t program, const HeldSignals& signals);

}  // namespace recloser::cli
