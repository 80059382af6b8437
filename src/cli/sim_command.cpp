// sim: the simulated provider in the foreground, until it is told to stop.
#include "cli/output.h"
#include "cli/run_commands.h"
#include "cli/serve.h"
#include "core/log.h"
#include "core/names.h"
#include "net/worker.h"
#include "sim/serve/server.h"

#include <charconv>
#include <csignal>
#include <memory>
#include <thread>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::string_view usual_address = "127.0.0.1:8790";

Result<std::uint64_t> read_seed(std::string_view text) {
  std::uint64_t seed = 1;
  if (text.empty()) return seed;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc{} && rest == end) return seed;
  return fail(Side::operator_, Kind::malformed,
              fmt::format("--seed must be a whole number from 0 to {}; you wrote '{}'", UINT64_MAX,
                          shown(text)));
}

// They must be blocked in every thread (block_signals), or one would be ended by them.
void wait_to_be_stopped() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) {
  }
}

}  // namespace

Exit run_sim(const Invocation& invocation, const Process& process) {
  std::string_view listen = invocation.has("listen") ? invocation.value("listen") : usual_address;
  Result<net::Endpoint> address = net::parse_listen_address(listen);
  if (!address) {
    return complain(process, Exit::usage, fmt::format("--listen: {}", address.error().message()));
  }
  Result<std::uint64_t> seed = read_seed(invocation.value("seed"));
  if (!seed) return complain(process, Exit::usage, seed.error().message());
  block_signals();
  Log log(LogLevel::info, LogFormat::text, process.clock,
          std::make_unique<DescriptorSink>(process.err));
  Result<std::unique_ptr<net::Worker>> worker = net::Worker::create("sim", process.clock, log);
  if (!worker) return complain(process, Exit::could_not, worker.error().message());
  Result<std::unique_ptr<sim::Server>> server =
      sim::Server::open(**worker, *address, {.seed = *seed});
  if (!server) return complain(process, Exit::could_not, server.error().message());
  Exit shown = show(process, fmt::format("The simulated provider listens on http://{0}\n"
                                         "  OpenAI     http://{0}/v1\n  Anthropic  http://{0}\n"
                                         "  truth      http://{0}/sim/truth\n"
                                         "Any key that does not begin with \"invalid\" is right. "
                                         "Stop: Ctrl-C\n",
                                         (*server)->address().text()));
  std::thread turning([&worker] { (*worker)->run(); });
  if (shown == Exit::fine) wait_to_be_stopped();
  (*worker)->post([&server] { (*server)->stop(); });
  (*worker)->stop();
  turning.join();
  (*worker)->run_until([&server] { return (*server)->idle(); });
  return shown;
}

}  // namespace recloser::cli
