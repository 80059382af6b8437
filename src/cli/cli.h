// run_cli(): the commands of `recloser`; what they use of the machine is handed in by main().
#pragma once

#include "auth/secret.h"
#include "config/environment.h"
#include "core/time.h"

#include <string>

namespace recloser::cli {

// INTERFACES section 6: what a command tells its caller.
enum class Exit : int {
  fine = 0,
  no = 1,         // done, and the answer is "no": no such call, the key is there already
  usage = 2,      // the command line or the configuration is wrong
  could_not = 3,  // server not reachable, port in use, a file cannot be written
  not_run = 125,  // `run` itself failed, so that its command did not run; else it has the command's
};

// What main() gives to the commands; nothing below it reads globals.
struct Process {
  const config::Environment& environment;  // variables and files
  const Clock& clock;
  auth::Entropy& entropy;
  std::string version;       // of this program
  std::string program_path;  // of its binary, for the quickstart beside it; "" = not known
  int out = 1;               // descriptors: what was asked for
  int err = 2;               // complaints, and the log
  int in = 0;                // what a command reads when no file is named
  const char* const* variables = nullptr;  // "NAME=VALUE" .., for programs that are started
};

// Runs one command to its end and gives the exit status.
int run_cli(int argc, const char* const* argv, const Process& process);

}  // namespace recloser::cli
