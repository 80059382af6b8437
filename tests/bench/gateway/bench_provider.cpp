// The bench's provider as a program: prints its port, then answers until it is killed.
#include "options.h"
#include "provider.h"

#include <cstdio>

#include <fmt/format.h>

namespace {

using namespace recloser;
using namespace recloser::bench;

Result<void> serve(std::uint16_t port) {
  Result<Descriptor> listener = listen_on_loopback(port);
  if (!listener) return fail(listener.error());
  Result<std::uint16_t> bound = port_of(*listener);
  if (!bound) return fail(bound.error());
  fmt::print("{}\n", *bound);
  std::fflush(stdout);
  SystemClock clock;
  Provider provider(std::move(*listener), clock);
  return provider.run({});
}

}  // namespace

int main(int argc, char** argv) {
  Result<Options> options = Options::parse({argv + 1, static_cast<std::size_t>(argc - 1)});
  if (!options) {
    fmt::print(stderr, "bench_provider: {}\n", options.error().message());
    return 2;
  }
  auto port = static_cast<std::uint16_t>(options->number("port", 0, 65'535));
  Result<void> good = options->finish();
  raise_descriptor_limit();
  make_timers_sharp();
  if (good) good = serve(port);
  if (good) return 0;
  fmt::print(stderr, "bench_provider: {}\n", good.error().message());
  return 2;
}
