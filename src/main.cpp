// Everything that Recloser takes from the machine comes in here, and is handed down.
#include "auth/secret.h"
#include "cli/cli.h"
#include "config/environment.h"
#include "core/time.h"

#include <string>
#include <unistd.h>

namespace {

std::string program_path() {
  char path[4096];
  ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

int main(int argc, char** argv) {
  recloser::SystemClock clock;
  recloser::auth::KernelEntropy entropy;
  recloser::config::ProcessEnvironment environment(environ);
  recloser::cli::Process process{.environment = environment,
                                 .clock = clock,
                                 .entropy = entropy,
                                 .version = RECLOSER_VERSION,
                                 .program_path = program_path(),
                                 .variables = environ};
  return recloser::cli::run_cli(argc, argv, process);
}
