// The bench's load as a program: makes calls as its options say, prints one line of JSON.
#include "core/json_writer.h"
#include "load.h"
#include "options.h"

#include <cstdio>

#include <fmt/format.h>

namespace {

using namespace recloser;
using namespace recloser::bench;

Plan read_plan(Options& options) {
  constexpr std::uint64_t any = 1'000'000'000;
  Plan plan;
  plan.port = static_cast<std::uint16_t>(options.number("port", 0, 65'535));
  plan.key = options.text("key", plan.key);
  plan.model = options.text("model", plan.model);
  plan.order.stream = options.flag("stream");
  plan.order.usage = options.flag("usage");
  plan.order.chunks = static_cast<unsigned>(options.number("chunks", 100, 999'999));
  plan.order.interval = std::chrono::microseconds(options.number("interval-us", 10'000, any));
  plan.body_bytes = options.number("body-bytes", 1024, any);
  plan.connections = static_cast<unsigned>(options.number("connections", 1, 100'000));
  plan.calls_max = options.number("calls", 0, any);
  plan.calls_each_max = options.number("calls-each", 0, any);
  plan.time_max = std::chrono::milliseconds(options.number("milliseconds", 60'000, 600'000));
  plan.stagger = std::chrono::microseconds(options.number("stagger-us", 0, any));
  plan.ramp_max = static_cast<unsigned>(options.number("ramp", 0, 100'000));
  plan.hold = options.flag("hold");
  return plan;
}

void print_totals(Load& load) {
  Totals& totals = load.totals();
  std::string line;
  JsonWriter json(line);
  json.open_object();
  json.member("calls", totals.calls).member("errors", totals.errors);
  json.member("unfinished", totals.unfinished).member("chunks", totals.chunks);
  json.member("misnumbered_chunks", totals.misnumbered_chunks);
  json.member("met_chunks", totals.met_chunks);
  json.member("seconds", static_cast<double>(totals.time.count()) / 1e9);
  if (!load.first_error().empty()) json.member("first_error", load.first_error());
  totals.whole.write(json, "whole_us");
  totals.first.write(json, "first_us");
  totals.delay.write(json, "delay_us");
  totals.gap.write(json, "gap_us");
  json.close_object();
  fmt::print("{}\n", line);
}

int complain(const Error& error, int status) {
  fmt::print(stderr, "bench_load: {}\n", error.message());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  Result<Options> options = Options::parse({argv + 1, static_cast<std::size_t>(argc - 1)});
  if (!options) return complain(options.error(), 2);
  Plan plan = read_plan(*options);
  if (Result<void> good = options->finish(); !good) return complain(good.error(), 2);
  raise_descriptor_limit();
  make_timers_sharp();
  SystemClock clock;
  Load load(std::move(plan), clock);
  Result<void> ran = load.run();
  print_totals(load);
  return ran ? 0 : complain(ran.error(), 1);
}
