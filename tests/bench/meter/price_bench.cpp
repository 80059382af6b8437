// What pricing costs: reading the catalogue, finding a model, the cost of a usage, an upper bound.
//
// Times are of the thread's own processor time, the best of some rounds; on a machine with other
// work, instructions tell more: valgrind --tool=callgrind price_bench.
#include "price/cost.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace {

using namespace recloser;

constexpr int rounds = 7;
constexpr int times = 100'000;
constexpr WallTime at{1'795'000'000'000'000'000};

std::int64_t thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// Of what is computed: a fact that keeps the compiler from leaving the work out.
std::uint64_t total = 0;

double best_ns(const std::function<void()>& work) {
  std::int64_t best = INT64_MAX;
  for (int i = 0; i < rounds; ++i) {
    std::int64_t begun = thread_ns();
    work();
    best = std::min(best, thread_ns() - begun);
  }
  return static_cast<double>(best);
}

double each_ns(const std::function<std::uint64_t(std::uint64_t)>& work) {
  return best_ns([&] {
           for (int i = 0; i < times; ++i) total += work(static_cast<std::uint64_t>(i));
         }) /
         times;
}

void bench_find(const price::Catalogue& catalogue) {
  for (auto [provider, model] : {std::pair<std::string_view, std::string_view>{"openai", "gpt-5.1"},
                                 {"anthropic", "claude-sonnet-4-5-20250929"},
                                 {"aws", "us.anthropic.claude-opus-4-8"},
                                 {"openrouter", "openai/gpt-4o"},
                                 {"openai", "no-such-model"}}) {
    price::Place place = catalogue.place_named(provider);
    double ns = each_ns([&](std::uint64_t) { return catalogue.find(place, model) ? 1u : 0u; });
    fmt::print("find {}/{}: {:.0f} ns\n", provider, model, ns);
  }
}

void bench_cost(const price::Catalogue& catalogue) {
  for (auto [provider, model] : {std::pair<std::string_view, std::string_view>{"openai", "gpt-5.1"},
                                 {"anthropic", "claude-sonnet-4-5"},
                                 {"google", "gemini-2.5-pro"}}) {
    price::Place place = catalogue.place_named(provider);
    price::Priced priced = catalogue.find(place, model);
    codec::Usage usage{.output_tokens = 678,
                       .cached_input_tokens = 8'000,
                       .cache_write_tokens = 1'000,
                       .reasoning_tokens = 100};
    auto cost = [&](std::uint64_t i) {
      usage.input_tokens = 12'345 + i;
      return static_cast<std::uint64_t>(
          price::cost_of(catalogue, place, priced, usage, at).total.count);
    };
    double usual = each_ns(cost);
    usage.rare.make().web_searches = 3;
    double rare = each_ns(cost);
    double bound = each_ns([&](std::uint64_t i) {
      price::Bound most{.input_tokens = 12'345 + i, .output_tokens = 678, .geography = {}};
      return static_cast<std::uint64_t>(price::upper_bound(priced, most, at)->count);
    });
    fmt::print("cost {}/{}: {:.0f} ns, with searches {:.0f} ns, upper bound {:.0f} ns\n", provider,
               model, usual, rare, bound);
  }
}

}  // namespace

int main() {
  double load = best_ns([] { total += price::Catalogue::shipped()->version().size(); });
  std::shared_ptr<const price::Catalogue> catalogue = price::Catalogue::shipped();
  fmt::print("catalogue {}: {:.1f} ms to read, {} KB kept\n", catalogue->version(), load / 1e6,
             catalogue->bytes() / 1000);
  bench_find(*catalogue);
  bench_cost(*catalogue);
  return total == 0 ? 1 : 0;
}
