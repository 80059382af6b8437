// A day of outages at five targets, lived through by Recloser's own code (the room route) and by
// the usual rules, in virtual time: every rule meets the same calls and the same outages.
//
//   resilience [--hours N] [--seeds N] [--json FILE] [--check]
//
// --json: the figures of each five minutes of the first seed, for the pictures of
// docs/resilience.md. --check: fails where Recloser does not keep what that page promises; as all
// time is virtual, the same on every machine.
#include "core/json_writer.h"
#include "day.h"
#include "rule.h"
#include "world.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace recloser;
using namespace recloser::resilience;

struct Options {
  int hours = 24;
  int seeds = 3;
  std::string json;
  bool check = false;
};

std::vector<std::unique_ptr<Rule>> rules_of(std::uint64_t seed) {
  std::vector<std::unique_ptr<Rule>> rules;
  rules.push_back(round_robin());
  rules.push_back(static_order());
  rules.push_back(litellm(seed));
  rules.push_back(ours(seed, false));
  rules.push_back(ours(seed, true));
  return rules;
}

struct Summed {
  std::string name;
  Figures figures;
};

void print(std::vector<Summed>& all) {
  fmt::print(
      "| rule | answered | attempts per call | failed attempts | first token p50 | p95 | p99 "
      "| refusal p95 |\n|---|---|---|---|---|---|---|---|\n");
  for (Summed& each : all) {
    Figures& f = each.figures;
    auto calls = static_cast<double>(f.calls);
    fmt::print(
        "| {} | {:.3f} % | {:.3f} | {:.2f} % | {:.2f} s | {:.2f} s | {:.2f} s | {:.2f} s |\n",
        each.name, static_cast<double>(f.answered) / calls * 100,
        static_cast<double>(f.attempts) / calls,
        static_cast<double>(f.failed_attempts) / static_cast<double>(f.attempts) * 100,
        percentile(f.seconds_to_first_token, 50), percentile(f.seconds_to_first_token, 95),
        percentile(f.seconds_to_first_token, 99), percentile(f.seconds_to_refusal, 95));
  }
}

void write_outages(JsonWriter& json, const World& world) {
  json.key("outages").open_array();
  for (const Outage& outage : world.outages) {
    json.open_object();
    json.member("target", targets[outage.target].name);
    json.member("trouble", name_of(outage.trouble));
    json.member("begin_s", (outage.begin - Instant{}) / 1s);
    json.member("end_s", (outage.end - Instant{}) / 1s);
    json.close_object();
  }
  json.close_array();
}

void write_day(JsonWriter& json, std::string_view name, Day& day) {
  json.open_object().member("rule", name).key("bins").open_array();
  for (Figures& bin : day.bins) {
    json.open_object();
    json.member("calls", bin.calls);
    json.member("answered", bin.answered);
    json.member("attempts", bin.attempts);
    json.member("p50_s", percentile(bin.seconds_to_first_token, 50));
    json.member("p95_s", percentile(bin.seconds_to_first_token, 95));
    json.close_object();
  }
  json.close_array().close_object();
}

// What docs/resilience.md promises; of less than a day, what a few outages can show.
int check(std::vector<Summed>& all, bool whole_days) {
  int passed = 0;
  int failed = 0;
  auto expect = [&](bool holds, std::string_view what) {
    if (!holds) fmt::print("FAILED: {}\n", what);
    ++(holds ? passed : failed);
  };
  auto share = [](const Figures& f) {
    return static_cast<double>(f.answered) / static_cast<double>(f.calls);
  };
  for (Summed& each : all) {
    if (!each.name.starts_with("Recloser")) continue;
    Figures& f = each.figures;
    double least = whole_days ? 0.9999 : 0.999;
    expect(share(f) >= least, fmt::format("{} answers {} %", each.name, least * 100));
    expect(f.attempts * 100 <= f.calls * 101, each.name + " makes at most 1.01 attempts a call");
    for (Summed& other : all) {
      if (other.name.starts_with("Recloser")) continue;
      expect(f.attempts < other.figures.attempts,
             fmt::format("{} makes fewer attempts than {}", each.name, other.name));
      if (!whole_days) continue;
      // Who tries on and on without a memory answers as many in the end.
      expect(other.name == "round robin" || share(f) > share(other.figures),
             fmt::format("{} answers more calls than {}", each.name, other.name));
      expect(percentile(f.seconds_to_first_token, 99) <
                 percentile(other.figures.seconds_to_first_token, 99),
             fmt::format("{} has fewer slow answers than {}", each.name, other.name));
    }
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed;
}

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name == "--check") {
      options.check = true;
    } else if (i + 1 < argc && name == "--hours") {
      options.hours = std::atoi(argv[++i]);
    } else if (i + 1 < argc && name == "--seeds") {
      options.seeds = std::atoi(argv[++i]);
    } else if (i + 1 < argc && name == "--json") {
      options.json = argv[++i];
    } else {
      fmt::print(stderr, "usage: resilience [--hours N] [--seeds N] [--json FILE] [--check]\n");
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = options_of(argc, argv);
  std::vector<Summed> all;
  std::string text;
  JsonWriter json(text);
  json.open_object().member("bin_s", bin_length / 1s);
  for (int seed = 1; seed <= options.seeds; ++seed) {
    auto number = static_cast<std::uint64_t>(seed);
    World world(number, std::chrono::hours(options.hours));
    if (seed == 1) write_outages(json, world);
    if (seed == 1) json.key("days").open_array();
    std::size_t place = 0;
    for (const std::unique_ptr<Rule>& rule : rules_of(number)) {
      Day day = live(world, *rule, number);
      if (seed == 1) write_day(json, rule->name(), day);
      if (seed == 1) all.push_back({.name = std::string(rule->name()), .figures = {}});
      all[place++].figures.add(day.all);
    }
    if (seed == 1) json.close_array();
  }
  json.close_object();
  print(all);
  if (!options.json.empty()) std::ofstream(options.json) << text << '\n';
  return options.check && check(all, options.hours >= 24) > 0 ? 1 : 0;
}
