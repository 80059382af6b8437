#include "day.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <queue>
#include <utility>

namespace recloser::resilience {
namespace {

using route::AttemptEnd;

constexpr Duration call_deadline = 10min;  // the default of `models.<name>.deadline`
constexpr Duration connect_fails_after = 2ms;
constexpr Duration error_comes_after = 150ms;
constexpr Duration refusal_comes_after = 20ms;
constexpr Duration retry_after_told = 2s;
constexpr double ttft_spread = 0.35;

enum class Happening : std::uint8_t { asks, first_token, ends };

struct Event {
  Instant at;
  std::uint64_t order = 0;  // of those at one instant
  std::uint32_t call = 0;
  Happening what = Happening::asks;
  AttemptEnd end = AttemptEnd::answered;

  friend bool operator>(const Event& a, const Event& b) {
    return std::pair(a.at, a.order) > std::pair(b.at, b.order);
  }
};

class Life {
 public:
  Life(const World& world, Rule& rule, std::uint64_t seed)
      : world_(world), rule_(rule), random_(seed) {
    day_.bins.resize(static_cast<std::size_t>((world.length - 1ns) / bin_length) + 1);
  }

  Day live() {
    std::size_t arrived = 0;
    while (arrived < world_.arrivals.size() || !events_.empty()) {
      bool arrives = arrived < world_.arrivals.size() &&
                     (events_.empty() || world_.arrivals[arrived].at <= events_.top().at);
      if (arrives) {
        arrive(world_.arrivals[arrived++]);
      } else {
        Event event = events_.top();
        events_.pop();
        now_ = event.at;
        happen(event);
      }
      while (std::optional<std::uint32_t> woken = rule_.woken()) ask(*woken, now_);
    }
    for (const Figures& bin : day_.bins) day_.all.add(bin);
    return std::move(day_);
  }

 private:
  void arrive(const Arrival& what) {
    now_ = what.at;
    auto id = static_cast<std::uint32_t>(calls_.size());
    if (free_.empty()) {
      calls_.emplace_back();
    } else {
      id = free_.back();
      free_.pop_back();
    }
    calls_[id] = {.id = id, .what = what, .deadline = what.at + call_deadline};
    ++bin_of(what).calls;
    ask(id, what.at);
  }

  void happen(const Event& event) {
    // It was asked before, because it was woken.
    if (event.what == Happening::asks && asks_[event.call] != event.order) return;
    Asked& call = calls_[event.call];
    Figures& bin = bin_of(call.what);
    switch (event.what) {
      case Happening::asks:
        return ask(event.call, event.at);
      case Happening::first_token: {
        rule_.first_token(call, event.at - sent_[event.call], event.at);
        bin.seconds_to_first_token.push_back(seconds(event.at - call.what.at));
        ++bin.answered;
        Duration rest = targets[call.target].per_token * call.what.output_tokens;
        return expect(event.at + rest, event.call, Happening::ends, AttemptEnd::answered);
      }
      case Happening::ends:
        --running_[call.target];
        call.ended = event.end;
        rule_.end(call, event.at);
        if (event.end == AttemptEnd::answered) return forget(call);
        ++bin.failed_attempts;
        call.tried |= 1u << call.target;
        return ask(event.call, event.at);
    }
  }

  void ask(std::uint32_t id, Instant now) {
    Asked& call = calls_[id];
    if (asks_.size() <= id) asks_.resize(id + 1);
    asks_[id] = 0;
    Next next = rule_.next(call, now);
    if (next.ask_again) {
      expect(*next.ask_again, id, Happening::asks, AttemptEnd::answered);
      asks_[id] = order_;
      return;
    }
    if (next.target) return send(call, *next.target, now);
    bin_of(call.what).seconds_to_refusal.push_back(seconds(now - call.what.at));
    forget(call);
  }

  void send(Asked& call, std::size_t target, Instant now) {
    const TargetFigures& figures = targets[target];
    const Outage* outage = world_.trouble_at(target, now);
    call.target = target;
    ++call.attempts;
    call.retry_after.reset();
    ++bin_of(call.what).attempts;
    if (sent_.size() <= call.id) sent_.resize(call.id + 1);
    sent_[call.id] = now;
    std::uint32_t running = running_[target]++;
    auto fails = [&](Duration after, AttemptEnd end) {
      expect(now + after, call.id, Happening::ends, end);
    };
    auto is = [&](Trouble trouble) { return outage != nullptr && outage->trouble == trouble; };
    if (is(Trouble::refuses)) return fails(connect_fails_after, AttemptEnd::unreachable);
    if (is(Trouble::silent)) return fails(first_token_limit, AttemptEnd::timed_out);
    bool unlucky = random_.below(figures.fails_1_in) == 0;
    if (unlucky || (is(Trouble::errors) && uniform(random_) < outage->how_much)) {
      return fails(error_comes_after,
                   random_.below(2) == 0 ? AttemptEnd::server_error : AttemptEnd::overloaded);
    }
    double capacity = figures.capacity * (is(Trouble::limited) ? outage->how_much : 1);
    if (running >= capacity && !figures.slows_when_full) {
      if (figures.says_retry_after) call.retry_after = retry_after_told;
      return fails(refusal_comes_after, AttemptEnd::rate_limited);
    }
    double load = std::max(1.0, running / capacity);
    double factor = load * load * (is(Trouble::slow) ? outage->how_much : 1);
    Duration ttft = ttft_of(figures, call.what.prompt_tokens, factor);
    if (ttft >= first_token_limit) return fails(first_token_limit, AttemptEnd::timed_out);
    expect(now + ttft, call.id, Happening::first_token, AttemptEnd::answered);
  }

  Duration ttft_of(const TargetFigures& figures, std::uint32_t prompt_tokens, double factor) {
    Duration median = figures.ttft + figures.ttft_per_1k * prompt_tokens / 1000;
    factor *= std::exp(ttft_spread * normal(random_));
    return Duration{static_cast<std::int64_t>(static_cast<double>(median.count()) * factor)};
  }

  void forget(const Asked& call) {
    rule_.forget(call);
    free_.push_back(call.id);
  }

  void expect(Instant at, std::uint32_t call, Happening what, AttemptEnd end) {
    events_.push({.at = at, .order = ++order_, .call = call, .what = what, .end = end});
  }

  Figures& bin_of(const Arrival& what) {
    return day_.bins[static_cast<std::size_t>((what.at - Instant{}) / bin_length)];
  }

  static float seconds(Duration duration) {
    return static_cast<float>(static_cast<double>(duration.count()) / 1e9);
  }

  const World& world_;
  Rule& rule_;
  Random random_;
  Day day_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  std::vector<Asked> calls_;         // by id
  std::vector<Instant> sent_;        // by id
  std::vector<std::uint64_t> asks_;  // by id: the event at which it is asked again; 0: none
  Instant now_;
  std::vector<std::uint32_t> free_;
  std::array<std::uint32_t, target_count> running_{};
};

}  // namespace

void Figures::add(const Figures& other) {
  calls += other.calls;
  answered += other.answered;
  attempts += other.attempts;
  failed_attempts += other.failed_attempts;
  seconds_to_first_token.insert(seconds_to_first_token.end(), other.seconds_to_first_token.begin(),
                                other.seconds_to_first_token.end());
  seconds_to_refusal.insert(seconds_to_refusal.end(), other.seconds_to_refusal.begin(),
                            other.seconds_to_refusal.end());
}

double percentile(std::vector<float>& all, double of_hundred) {
  if (all.empty()) return 0;
  auto place = static_cast<std::size_t>(static_cast<double>(all.size() - 1) * of_hundred / 100);
  std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(place));
  return double{all[place]};
}

Day live(const World& world, Rule& rule, std::uint64_t seed) {
  return Life(world, rule, seed).live();
}

}  // namespace recloser::resilience
