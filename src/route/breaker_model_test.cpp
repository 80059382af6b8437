// The breaker against lists and loops that say the same: random calls of a few principals, ends in
// any order, late and not at all. The seed of a failure is printed.
#include "route/breaker.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::route {
namespace {

struct Running {
  Ticket ticket;
  PrincipalHash principal = 0;
  std::uint32_t trips_before = 0;
  Instant begun;
  bool probe = false;
  bool works = false;
};

// What is known of each end, forever; what holds is worked out anew each time.
class Model {
 public:
  bool would_admit(Instant now, const std::vector<Running>& running) const {
    if (state_ == State::passing) return true;
    if (state_ == State::tripped && now < until) return false;
    long probes = std::ranges::count_if(running, [&](const Running& call) {
      return call.probe && call.trips_before == trips && !call.works && now - call.begun < 30s;
    });
    return probes < 3;
  }
  State state(Instant now) const {
    return state_ == State::tripped && now >= until ? State::probing : state_;
  }
  bool admitted(Instant now) {
    if (state_ == State::passing) return false;
    if (state(now) == State::probing) state_ = State::probing;
    return state_ == State::probing;
  }
  bool counts(const Running& call) const {
    return call.trips_before == trips && (state_ == State::passing || call.probe);
  }
  void works(Running& call, Instant now) {
    bool is_news = !call.works;
    if (is_news) {
      call.works = true;
      calls_.push_back(now);
      mute_row_ = 0;
      if (state_ == State::probing && ++good_ == 3) {
        state_ = State::passing;
        calls_.clear();
        failed_.clear();
        lasts_.clear();
        broken_row_ = 0;
      }
    }
    bool has_failed = std::ranges::any_of(
        lasts_, [&](const Last& last) { return last.principal == call.principal && last.failed; });
    if (is_news || !has_failed) note(call.principal, false, now);
  }
  // Whether it trips; for how long is not its to say.
  bool ends(Running& call, AttemptEnd end, Instant now) {
    if (!counts(call)) return false;
    if (end == AttemptEnd::answered) {
      works(call, now);
      broken_row_ = 0;
    }
    if (!counts_as_failure(end)) return false;
    if (!call.works) calls_.push_back(now);
    failed_.push_back(now);
    ++(call.works ? broken_row_ : mute_row_);
    note(call.principal, true, now);
    if (state_ == State::passing && !(enough(now) && shared(now))) return false;
    state_ = State::tripped;
    ++trips;
    good_ = 0;
    return true;
  }

  std::uint32_t trips = 0;
  Instant until;

 private:
  struct Last {
    PrincipalHash principal;
    Instant at;
    bool failed;
  };

  static std::size_t lately(const std::vector<Instant>& all, Instant now) {
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](Instant at) { return at.ns / 3'000'000'000 > now.ns / 3'000'000'000 - 10; }));
  }
  bool enough(Instant now) const {
    std::size_t calls = lately(calls_, now);
    return mute_row_ >= 5 || broken_row_ >= 5 || (calls >= 20 && 2 * lately(failed_, now) >= calls);
  }
  bool shared(Instant now) const {
    auto count = [&](bool failed) {
      return std::ranges::count_if(
          lasts_, [&](const Last& l) { return now - l.at < 30s && l.failed == failed; });
    };
    return count(true) >= 3 || count(false) == 0;
  }
  void note(PrincipalHash principal, bool failed, Instant now) {
    std::erase_if(lasts_, [&](const Last& last) { return last.principal == principal; });
    lasts_.push_back({principal, now, failed});
    if (lasts_.size() > 8) lasts_.erase(lasts_.begin());
  }

  State state_ = State::passing;
  std::size_t good_ = 0;
  std::size_t mute_row_ = 0;
  std::size_t broken_row_ = 0;
  std::vector<Instant> calls_;
  std::vector<Instant> failed_;
  std::vector<Last> lasts_;  // least recent first
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), dice_(static_cast<unsigned>(seed)) {
    principals_ = 1 + any(12);
    failing_percent_ = any(101);
  }

  void step() {
    now_ = now_ + Duration{1 + any(20) * any(20) * 2'000'000};
    if (any(200) == 0) failing_percent_ = any(101);
    if (any(300) == 0) now_ = now_ + std::chrono::seconds(any(60));
    ASSERT_EQ(breaker_.state(now_), model_.state(now_));
    ASSERT_EQ(breaker_.would_admit(now_), model_.would_admit(now_, running_));
    unsigned what = any(10);
    if (what < 5) {
      begin();
    } else if (!running_.empty()) {
      std::size_t which = any(static_cast<unsigned>(running_.size()));
      what < 7 ? first_token(running_[which]) : end(which);
    }
  }

 private:
  unsigned any(unsigned below) { return static_cast<unsigned>(dice_() >> 4) % below; }

  void begin() {
    Running call{.principal = any(principals_), .trips_before = model_.trips, .begun = now_};
    bool anyhow = any(10) == 0;
    bool admitted = model_.would_admit(now_, running_);
    if (!admitted && !anyhow) return;
    call.probe = admitted && model_.admitted(now_);
    call.ticket = anyhow ? breaker_.admit_anyhow(now_) : breaker_.admit(now_);
    ASSERT_EQ(call.ticket.probe != 0, call.probe);
    running_.push_back(call);
  }

  void first_token(Running& call) {
    breaker_.first_token(call.ticket, call.principal, now_);
    if (model_.counts(call)) model_.works(call, now_);
  }
  void end(std::size_t which) {
    static constexpr AttemptEnd neutral[] = {AttemptEnd::rejected, AttemptEnd::rate_limited,
                                             AttemptEnd::cancelled, AttemptEnd::loading};
    Running call = running_[which];
    AttemptEnd how = any(10) == 0                  ? neutral[any(4)]
                     : any(100) < failing_percent_ ? AttemptEnd::server_error
                                                   : AttemptEnd::answered;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
    bool tripped = breaker_.end(call.ticket, call.principal, how, now_, random_);
    ASSERT_EQ(tripped, model_.ends(call, how, now_));
    if (tripped) {
      model_.until = breaker_.trip().until();
      ASSERT_GE(model_.until - now_, 1s);
      ASSERT_LE(model_.until - now_, 5min);
    }
  }

  Breaker breaker_;
  Model model_;
  Random random_;
  std::minstd_rand dice_;
  unsigned principals_ = 1;
  unsigned failing_percent_ = 0;
  std::vector<Running> running_;
  Instant now_{1'000'000'000'000};
};

TEST(BreakerModel, SaysTheSameAsListsAndLoops) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int i = 0; i < 2'000; ++i) {
      world.step();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace recloser::route
