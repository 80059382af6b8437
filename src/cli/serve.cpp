#include "cli/serve.h"

#include "cli/config_source.h"
#include "cli/descriptors.h"
#include "cli/gateway.h"
#include "cli/prices.h"
#include "config/load.h"

#include <atomic>
#include <memory>
#include <signal.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

void print(int descriptor, std::string_view text) { DescriptorSink(descriptor).write(text); }

// What a person needs in order to make the first call, on one screen.
std::string banner(const Gateway& gateway, const config::Config& config, std::string_view version) {
  std::string base = fmt::format("http{}://{}", config.listen.front().tls ? "s" : "",
                                 gateway.addresses().front().text());
  std::string key = gateway.first_secret().empty() ? "YOUR-KEY" : gateway.first_secret();
  if (config.auth.mode == config::AuthMode::open) key = "none-needed";
  std::string model = config.models.empty() ? "MODEL" : config.models.front().name;
  std::string text = fmt::format("Recloser {} is ready.\n\n", version);
  for (const net::Endpoint& address : gateway.addresses()) {
    text += fmt::format("  clients    {}\n", address.text());
  }
  text += fmt::format("  admin      http://{}\n", gateway.admin_address().text());
  if (gateway.simulated_port()) {
    text += fmt::format("  simulated  provider on 127.0.0.1:{}: no account, no key, no cost\n",
                        *gateway.simulated_port());
  }
  if (!gateway.first_secret().empty()) text += fmt::format("  first key  {}\n", key);
  if (!gateway.admin_token_path().empty()) {
    text += fmt::format("  admin token is in {}\n", gateway.admin_token_path());
  }
  text += fmt::format(
      "\nTry it:\n\n  curl {}/v1/chat/completions \\\n    -H 'authorization: Bearer {}' \\\n"
      "    -H 'content-type: application/json' \\\n"
      "    -d '{{\"model\": \"{}\", \"messages\": [{{\"role\": \"user\", \"content\": "
      "\"hello\"}}]}}'\n\n"
      "Point an SDK at it: OPENAI_BASE_URL={}/v1 or ANTHROPIC_BASE_URL={}\n"
      "See the books:      recloser calls\nStop:               Ctrl-C\n\n",
      base, key, model, base, base);
  return text;
}

// The next of our signals. SIGHUP is not one that ends anything.
int wait_for_end(const sigset_t& signals, Log& log) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) return signal;
    log.warning(
        "SIGHUP: reloading the configuration is not supported in this version; restart instead");
  }
}

// Drains until all is done, the time is over, or a second signal comes.
void drain(Gateway& gateway, const config::Config& config, const sigset_t& signals, Log& log) {
  std::atomic<bool> enough = false;
  std::atomic<bool> done = false;
  std::thread second([&] {
    while (!done) {
      timespec a_while{.tv_sec = 0, .tv_nsec = 50'000'000};
      int signal = sigtimedwait(&signals, nullptr, &a_while);
      if (signal == SIGTERM || signal == SIGINT) enough = true;
    }
  });
  gateway.drain(config.drain, enough);
  done = true;
  second.join();
  log.info(enough ? "stopped at the second signal; open calls are in the books as they were"
                  : "drained");
}

}  // namespace

void block_signals() {
  sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is to fail as a full disk does
}

Exit serve(const ServeOptions& options, const Process& process) {
  Result<ConfigSource> source = find_config(options.config_path, process);
  if (!source) {
    print(process.err, fmt::format("recloser: {}\n", source.error().message()));
    return Exit::usage;
  }
  config::Checked checked = config::check_text(source->text, source->file, process.environment);
  if (!checked.config || !checked.findings.empty())
    print(process.err, checked.report(source->file));
  if (!checked.config) return Exit::usage;
  const config::Config& config = *checked.config;
  LoadedPrices prices = load_prices(config.prices.overrides, &config, process.environment);
  print(process.err, prices.report());
  if (!prices.catalogue) return Exit::usage;
  raise_descriptor_limit();
  Log log(config.logging.level, config.logging.format, process.clock,
          std::make_unique<DescriptorSink>(process.err));
  Surroundings surroundings{.clock = process.clock,
                            .log = log,
                            .entropy = process.entropy,
                            .program_version = process.version,
                            .config_file = source->file,
                            .prices = prices.catalogue};
  Started<std::unique_ptr<Gateway>> gateway = Gateway::start(checked.config, surroundings);
  if (!gateway) {
    log.flush();
    print(process.err, fmt::format("recloser: {}\n", gateway.error().error.message()));
    return gateway.error().exit;
  }
  print(process.out, banner(**gateway, config, process.version));
  sigset_t signals = handled_signals();
  int signal = wait_for_end(signals, log);
  log.info("draining: a second signal stops at once", {{"signal", signal}});
  drain(**gateway, config, signals, log);
  (*gateway)->stop();
  return Exit::fine;
}

}  // namespace recloser::cli
