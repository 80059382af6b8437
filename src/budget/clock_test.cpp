// Budgets on the days on which clocks are strange, and when the machine's own is set by hand.
#include "budget/permit.h"
#include "budget/table.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

class SetClock final : public Clock {
 public:
  Instant now() const noexcept override { return steady; }
  WallTime wall() const noexcept override { return time; }

  Instant steady{1};
  WallTime time;
};

constexpr Demand one_each{.base = 1};

class ClockTest : public testing::Test {
 protected:
  Live& of(Window window, Amount limit = 10, std::string name = "b") {
    auto budget = std::make_shared<Budget>();
    budget->name = std::move(name);
    budget->unit = Unit::requests;
    budget->limit = limit;
    budget->reserve = Reserve::upper_bound;
    budget->window = window;
    live_ = table_.configure({std::move(budget)}).front();
    return *live_;
  }
  Window calendar(Period period, std::string_view zone) {
    return {.type = WindowType::calendar, .period = period, .zone = *find_zone(zone)};
  }
  std::expected<Permit, Exhausted> ask() {
    std::vector<Ask::Scope> scopes{{live_, account_key(*live_, ""), one_each}};
    return table_.reserve({.scopes = scopes});
  }
  // One call at that time, as the clock then says; how many are charged afterwards.
  Amount call(std::string_view time) {
    clock_.time = at(time);
    std::expected<Permit, Exhausted> permit = ask();
    if (permit) permit->settle({.requests = 1}, true);
    return table_.standing(*live_, account_key(*live_, "")).charged;
  }
  bool is_let_in(std::string_view time) {
    clock_.time = at(time);
    return ask().has_value();
  }

  SetClock clock_;
  Table table_{clock_, nullptr};
  Live* live_ = nullptr;
};

// The first of June of 2026 is a Monday: every kind of window begins then.
TEST_F(ClockTest, PutBackByAnHourNoWindowOpensAgain) {
  for (Period period : {Period::hour, Period::day, Period::week, Period::month}) {
    std::string name = "p" + std::to_string(static_cast<int>(period));
    SCOPED_TRACE(name);
    of(calendar(period, "UTC"), 10, name);
    EXPECT_EQ(call("2026-05-31T23:40:00Z"), 1) << "before";
    EXPECT_EQ(call("2026-06-01T00:20:00Z"), 1) << "a new one";
    EXPECT_EQ(call("2026-05-31T23:20:00Z"), 2) << "put back by an hour: still the new one";
    EXPECT_EQ(call("2026-06-01T00:10:00Z"), 3) << "and the hour is lived again";
    EXPECT_EQ(call("2026-06-01T00:59:59.999Z"), 4);
  }
}

TEST_F(ClockTest, PutForwardByAnHourAndBackNothingIsSpentTwice) {
  of(calendar(Period::hour, "UTC"), 2);
  EXPECT_EQ(call("2026-11-22T10:30:00Z"), 1);
  EXPECT_EQ(call("2026-11-22T11:30:00Z"), 1) << "an hour ahead";
  EXPECT_EQ(call("2026-11-22T10:31:00Z"), 2) << "set right: the limit of the later hour holds";
  EXPECT_FALSE(is_let_in("2026-11-22T10:59:00Z"));
  EXPECT_FALSE(is_let_in("2026-11-22T11:59:59Z"));
  EXPECT_TRUE(is_let_in("2026-11-22T12:00:00Z"));
}

// 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25.
TEST_F(ClockTest, ADayOfDaylightSavingHasOneLimit) {
  struct Day {
    std::string_view before, begins, last, next;
  };
  for (const Day& day : {Day{"2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z",
                             "2026-03-29T22:00:00Z"},
                         Day{"2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z",
                             "2026-10-25T23:00:00Z"}}) {
    of(calendar(Period::day, "Europe/Berlin"), 1, std::string(day.begins));
    EXPECT_EQ(call(day.before), 1);
    EXPECT_FALSE(is_let_in(day.before));
    EXPECT_EQ(call(day.begins), 1) << "midnight";
    EXPECT_FALSE(is_let_in(day.last)) << "23 or 25 hours later";
    EXPECT_EQ(call(day.next), 1);
  }
}

TEST_F(ClockTest, TheHourThatComesTwiceIsTwoWindows) {
  of(calendar(Period::hour, "Europe/Berlin"), 1);
  EXPECT_EQ(call("2026-10-25T00:30:00Z"), 1);  // 02:30, summer
  EXPECT_FALSE(is_let_in("2026-10-25T00:59:59Z"));
  EXPECT_EQ(call("2026-10-25T01:00:00Z"), 1);  // 02:00, winter
  EXPECT_FALSE(is_let_in("2026-10-25T01:30:00Z"));
  EXPECT_TRUE(is_let_in("2026-10-25T02:00:00Z"));
}

TEST_F(ClockTest, MonthsEndWhereTheyEnd) {
  for (auto [last, next] : {std::pair("2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"),
                            std::pair("2029-02-28T23:59:59Z", "2029-03-01T00:00:00Z"),
                            std::pair("2029-04-30T23:59:59Z", "2029-05-01T00:00:00Z"),
                            std::pair("2029-12-31T23:59:59Z", "2030-01-01T00:00:00Z")}) {
    of(calendar(Period::month, "UTC"), 1, last);
    EXPECT_EQ(call(last), 1) << last;
    EXPECT_FALSE(is_let_in(last));
    EXPECT_EQ(call(next), 1) << next;
  }
  of(calendar(Period::day, "UTC"), 1, "days");
  EXPECT_EQ(call("2032-02-28T23:59:59Z"), 1);
  EXPECT_EQ(call("2032-02-29T00:00:00Z"), 1) << "a day of its own";
  EXPECT_FALSE(is_let_in("2032-02-29T23:59:59Z"));
  EXPECT_TRUE(is_let_in("2032-03-01T00:00:00Z"));
}

TEST_F(ClockTest, ASessionOutlivesAJumpWhileACallRuns) {
  of({.type = WindowType::session, .idle_timeout = 30min, .max_age = 24h});
  clock_.time = at("2026-11-22T10:00:00Z");
  std::expected<Permit, Exhausted> running = ask();
  EXPECT_EQ(call("2026-11-22T11:00:00Z"), 2) << "an hour ahead: the same session";
  running->settle({.requests = 1}, true);
  EXPECT_EQ(call("2026-11-22T10:00:00Z"), 3) << "and back";
  EXPECT_EQ(call("2026-11-22T11:00:00Z"), 4) << "it was settled at eleven";
  EXPECT_EQ(call("2026-11-22T12:00:00Z"), 1) << "idle for an hour";
}

TEST_F(ClockTest, ARollingWindowForgetsNothingWhenTheClockGoesBack) {
  of({.type = WindowType::rolling, .duration = 60min});
  EXPECT_EQ(call("2026-11-22T10:00:00Z"), 1);
  EXPECT_EQ(call("2026-11-22T09:00:00Z"), 2);
  EXPECT_EQ(call("2026-11-22T10:59:00Z"), 3);
  EXPECT_EQ(call("2026-11-22T11:00:00Z"), 2) << "what was at ten has left";
}

TEST_F(ClockTest, ARateHeedsNoJump) {
  of({.type = WindowType::rate, .duration = 1min, .drain = 2}, 2);
  EXPECT_TRUE(is_let_in("2026-11-22T10:00:00Z"));
  EXPECT_TRUE(is_let_in("2026-11-22T11:00:00Z"));
  EXPECT_FALSE(is_let_in("2026-11-22T12:00:00Z"));
  clock_.steady = clock_.steady + 30s;
  EXPECT_TRUE(is_let_in("2026-11-22T09:00:00Z"));
}

}  // namespace
}  // namespace recloser::budget
