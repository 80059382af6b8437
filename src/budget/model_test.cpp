// Random interleavings of everything that can happen to budgets, against a model that does the
// same with lists and loops and no cleverness.
#include "budget/permit.h"
#include "budget/table.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::budget {
namespace {

class JumpingClock final : public Clock {
 public:
  Instant now() const noexcept override { return steady; }
  WallTime wall() const noexcept override { return time; }

  Instant steady;
  WallTime time{1'790'000'000'000'000'000};
};

Amount with(const Demand& demand, std::uint64_t tokens) {
  auto exact = static_cast<__int128>(demand.per_million_output) * tokens;
  return demand.base + static_cast<Amount>((exact + 999'999) / 1'000'000);
}

// One window of one account, as the model sees it: all that was ever charged in it, when.
struct ModelWindow {
  WallTime begun;
  WallTime last_settled;
  int open = 0;
  Amount reserved = 0;
  std::vector<std::pair<std::int64_t, Amount>> charges;  // at a time, or in a bucket
};

struct ModelAccount {
  std::deque<ModelWindow> windows;  // the last is open
  std::int64_t latest_bucket = 0;
  WallTime latest;
  Amount added = 0;
};

std::int64_t bucket_at(const Window& window, WallTime at) {
  return at.ns / (window.duration.count() / Window::buckets);
}

class Model {
 public:
  void enter(const Budget& budget, ModelAccount& account, WallTime now) {
    account.latest = std::max(account.latest, now);
    if (budget.window.type == WindowType::rolling) {
      account.latest_bucket = std::max(account.latest_bucket, bucket_at(budget.window, now));
    }
    if (account.windows.empty() || over(budget.window, account.windows.back(), now)) {
      account.windows.push_back({.begun = now, .last_settled = now, .charges = {}});
    }
  }

  bool over(const Window& window, const ModelWindow& open, WallTime now) {
    switch (window.type) {
      case WindowType::calendar: {
        TimeSpan span = calendar_span(window.period, *window.zone, open.begun);
        return now >= span.end;
      }
      case WindowType::session:
        return now - open.begun >= window.max_age ||
               (open.open == 0 && now - open.last_settled >= window.idle_timeout);
      default:
        return false;
    }
  }

  Amount charged(const Budget& budget, const ModelAccount& account, const ModelWindow& window) {
    Amount sum = 0;
    for (auto [bucket, amount] : window.charges) {
      bool counts = budget.window.type != WindowType::rolling ||
                    account.latest_bucket - bucket < Window::buckets;
      if (counts) sum += amount;
    }
    return sum;
  }
};

// A call in the model.
struct ModelHold {
  std::size_t budget = 0;
  std::string key;
  std::size_t window = 0;
  std::int64_t bucket = 0;
  Demand demand;
  Reserve mode = Reserve::clamp;
  Amount reserved = 0;
  Amount charged = 0;
  std::size_t charge_at = 0;  // place in the window's list
};
struct ModelCall {
  Permit permit;
  std::vector<ModelHold> holds;
  std::uint64_t max = 0;
  std::uint64_t granted = 0;
  std::uint64_t hidden = 0;
  Use noted;
  WallTime told;  // when its row was written last
};

// What a store has of one window.
struct Stored {
  WallTime last_settled;
  Amount charged = 0;
};

class Interleaving {
 public:
  explicit Interleaving(unsigned seed) : random_(seed) {
    Window calendar{
        .type = WindowType::calendar, .period = Period::hour, .zone = *find_zone("Europe/Berlin")};
    Window session{.type = WindowType::session, .idle_timeout = 90s, .max_age = 20min};
    Window rolling{.type = WindowType::rolling, .duration = 10min};
    make("a-usd", Unit::usd, {}, Reserve::clamp, 9'000);
    make("b-usd", Unit::usd, calendar, Reserve::elastic, 7'000);
    make("c-output", Unit::output_tokens, session, Reserve::elastic, 300);
    make("d-tokens", Unit::tokens, rolling, Reserve::upper_bound, 900);
    make("e-requests", Unit::requests, calendar, Reserve::upper_bound, 25);
    make("f-counts", Unit::usd, rolling, Reserve::none, 500);
    make("g-calls", Unit::tool_calls, session, Reserve::elastic, 6);
    configure();
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) step();
    while (!calls_.empty() && !::testing::Test::HasFatalFailure()) end(0);
    compare();
    for (const Standing& each : table_->list()) EXPECT_EQ(each.reserved, 0) << each.key;
  }

  int admitted = 0;
  int refused = 0;
  int clamped = 0;
  int cut = 0;
  int crashed = 0;

 private:
  void make(std::string name, Unit unit, Window window, Reserve reserve, Amount limit) {
    budgets_.push_back({.name = std::move(name),
                        .unit = unit,
                        .limit = limit,
                        .key = {},
                        .window = window,
                        .reserve = reserve,
                        .clamp_floor_tokens = 4,
                        .thresholds_per_million = {},
                        .owner = {},
                        .contact = {}});
  }

  void configure() {
    std::vector<std::shared_ptr<const Budget>> all;
    for (const Budget& budget : budgets_) all.push_back(std::make_shared<const Budget>(budget));
    lives_ = table_->configure(std::move(all));
  }

  unsigned any(unsigned below) { return static_cast<unsigned>(random_() % below); }

  void step() {
    unsigned what = any(100);
    if (what < 30) {
      begin();
    } else if (what < 50 && !calls_.empty()) {
      extend(any(static_cast<unsigned>(calls_.size())));
    } else if (what < 60 && !calls_.empty()) {
      publish(any(static_cast<unsigned>(calls_.size())));
    } else if (what < 65 && !calls_.empty()) {
      take_more(any(static_cast<unsigned>(calls_.size())));
    } else if (what < 88 && !calls_.empty()) {
      end(any(static_cast<unsigned>(calls_.size())));
    } else if (what < 96) {
      clock_.time = clock_.time + Duration(std::chrono::seconds(any(40)));
      if (any(50) == 0) clock_.time = clock_.time + 1h;
      latest_ = std::max(latest_, clock_.time);
      if (any(50) == 0) clock_.time = std::max(clock_.time - 1h, latest_ - 20h);
    } else if (what < 98) {
      change_limit();
    } else if (any(20) != 0) {
      table_->sweep(1000);
    } else {
      crash();
    }
    if (any(16) == 0) compare();
  }

  // What is open in the model's account, after time has passed there.
  ModelAccount& account(std::size_t budget, const std::string& key) {
    ModelAccount& found = accounts_[{budget, key}];
    model_.enter(budgets_[budget], found, clock_.time);
    return found;
  }
  Amount free(std::size_t budget, const ModelAccount& account, const ModelWindow& window) {
    return budgets_[budget].limit + account.added -
           model_.charged(budgets_[budget], account, window) - window.reserved;
  }

  void begin() {
    static const std::vector<std::string> keys{"k1", "k2", "k3"};
    Ask ask{.scopes = {},
            .output_tokens_max = any(60),
            .output_tokens_least = any(4) == 0 ? any(10) : 0,
            .slice_tokens = 1 + any(20),
            .hidden_tokens = any(3) == 0 ? static_cast<std::uint32_t>(any(30)) : 0};
    std::vector<Ask::Scope> scopes;
    ModelCall call;
    for (std::size_t i = 0; i < budgets_.size(); ++i) {
      if (any(3) == 0) continue;
      const std::string& key = keys[any(3)];
      Demand demand = demand_of(budgets_[i].unit);
      scopes.push_back({lives_[i], account_key(*lives_[i], key), demand});
      call.holds.push_back(
          {.budget = i, .key = key, .demand = demand, .mode = budgets_[i].reserve});
    }
    if (scopes.empty()) return;
    ask.scopes = scopes;
    std::optional<std::size_t> short_of = model_take(call, ask);
    std::expected<Permit, Exhausted> permit = table_->reserve(ask);
    ASSERT_EQ(permit.has_value(), !short_of.has_value());
    if (!permit) {
      ++refused;
      ASSERT_EQ(permit.error().standing.budget, lives_[call.holds[*short_of].budget]);
      return;
    }
    ++admitted;
    if (call.max < ask.output_tokens_max) ++clamped;
    ASSERT_EQ(permit->output_tokens_max(), call.max);
    ASSERT_EQ(permit->output_tokens_granted(), call.granted);
    call.permit = std::move(*permit);
    call.told = clock_.time;
    calls_.push_back(std::move(call));
  }

  Demand demand_of(Unit unit) {
    switch (unit) {
      case Unit::usd:
        return {.base = any(200), .per_million_output = 600'000 + any(20'000'000)};
      case Unit::tokens:
        return {.base = any(40), .per_million_output = 1'000'000};
      case Unit::output_tokens:
        return {.base = 0, .per_million_output = 1'000'000};
      case Unit::requests:
        return {.base = 1};
      default:
        return {};
    }
  }

  // The scope that has too little, or all is taken.
  std::optional<std::size_t> model_take(ModelCall& call, const Ask& ask) {
    std::optional<std::size_t> too_short;
    call.hidden = ask.hidden_tokens;
    auto refuse = [&](std::size_t i) { too_short = std::min(too_short.value_or(i), i); };
    std::vector<Amount> room;
    for (ModelHold& hold : call.holds) {
      ModelAccount& at = account(hold.budget, hold.key);
      room.push_back(free(hold.budget, at, at.windows.back()));
    }
    std::uint64_t tokens = ask.output_tokens_max;
    for (std::size_t i = 0; i < call.holds.size(); ++i) {
      if (call.holds[i].mode != Reserve::clamp) continue;
      std::uint64_t fits = ask.output_tokens_max;
      while (fits > 0 && with(call.holds[i].demand, fits) > room[i]) --fits;
      std::uint64_t floor = std::min<std::uint64_t>(
          std::max<std::uint64_t>(4, ask.output_tokens_least), ask.output_tokens_max);
      if (with(call.holds[i].demand, fits) > room[i] || fits < floor) {
        refuse(i);
      } else {
        tokens = std::min(tokens, fits);
      }
    }
    std::uint64_t slice = tokens;
    for (std::size_t i = 0; i < call.holds.size(); ++i) {
      const ModelHold& hold = call.holds[i];
      if (hold.mode == Reserve::upper_bound && with(hold.demand, tokens) > room[i]) refuse(i);
      if (hold.mode != Reserve::elastic) continue;
      std::uint64_t fits = std::min({slice, ask.slice_tokens});
      while (fits > 0 && with(hold.demand, fits + call.hidden) > room[i]) --fits;
      if (with(hold.demand, fits + call.hidden) > room[i] || (fits == 0 && tokens > 0)) {
        refuse(i);
      } else {
        slice = fits;
      }
    }
    if (too_short) return too_short;
    call.max = tokens;
    call.granted = slice;
    for (ModelHold& hold : call.holds) {
      ModelAccount& at = account(hold.budget, hold.key);
      ModelWindow& window = at.windows.back();
      hold.window = at.windows.size() - 1;
      hold.bucket = at.latest_bucket;
      hold.charge_at = window.charges.size();
      window.charges.emplace_back(hold.bucket, 0);
      ++window.open;
      if (hold.mode != Reserve::none) {
        hold.reserved =
            with(hold.demand, hold.mode == Reserve::elastic ? slice + call.hidden : tokens);
      }
      window.reserved += hold.reserved;
      if (budgets_[hold.budget].unit == Unit::requests) model_charge(hold, hold.reserved);
    }
    return std::nullopt;
  }

  ModelWindow& window_of(const ModelHold& hold) {
    return accounts_[{hold.budget, hold.key}].windows[hold.window];
  }

  void model_charge(ModelHold& hold, Amount all) {
    ModelWindow& window = window_of(hold);
    Amount from_reserve = std::clamp<Amount>(all - hold.charged, 0, hold.reserved);
    window.charges[hold.charge_at].second = all;
    window.reserved -= from_reserve;
    hold.reserved -= from_reserve;
    hold.charged = all;
  }

  void extend(std::size_t at) {
    ModelCall& call = calls_[at];
    std::uint64_t wanted = call.granted + 1 + any(15);
    std::uint64_t fits = wanted;
    for (ModelHold& hold : call.holds) {
      if (hold.mode != Reserve::elastic) continue;
      const ModelAccount& at_account = accounts_[{hold.budget, hold.key}];
      Amount room = free(hold.budget, at_account, window_of(hold));
      while (fits > call.granted &&
             with(hold.demand, fits + call.hidden) - with(hold.demand, call.granted + call.hidden) >
                 std::max<Amount>(room, 0)) {
        --fits;
      }
    }
    std::expected<void, Exhausted> extended = call.permit.extend(wanted);
    ASSERT_EQ(extended.has_value(), fits > call.granted);
    if (!extended) {
      ++cut;
      return end(at);
    }
    for (ModelHold& hold : call.holds) {
      if (hold.mode != Reserve::elastic) continue;
      Amount more =
          with(hold.demand, fits + call.hidden) - with(hold.demand, call.granted + call.hidden);
      hold.reserved += more;
      window_of(hold).reserved += more;
    }
    call.granted = fits;
    ASSERT_EQ(call.permit.output_tokens_granted(), fits);
  }

  void take_more(std::size_t at) {
    ModelCall& call = calls_[at];
    bool fits = true;
    for (const ModelHold& hold : call.holds) {
      if (budgets_[hold.budget].unit != Unit::tool_calls) continue;
      const ModelAccount& in = accounts_[{hold.budget, hold.key}];
      fits = fits && free(hold.budget, in, window_of(hold)) >= 1;
    }
    ASSERT_EQ(call.permit.take_more(Unit::tool_calls, 1).has_value(), fits);
    if (!fits) return;
    for (ModelHold& hold : call.holds) {
      if (budgets_[hold.budget].unit != Unit::tool_calls) continue;
      hold.reserved += 1;
      window_of(hold).reserved += 1;
    }
  }

  Use some_use(const ModelCall& call) {
    Use use{.requests = 1};
    use.output_tokens =
        static_cast<Amount>(call.granted == 0 ? 0 : any(static_cast<unsigned>(call.granted) + 1));
    use.input_tokens = any(40);
    use.nano_usd = any(900);
    use.tool_calls = any(3);
    return use;
  }

  void publish(std::size_t at) {
    ModelCall& call = calls_[at];
    call.noted = some_use(call);
    call.permit.publish(call.noted);
    call.told = clock_.time;
    for (ModelHold& hold : call.holds) {
      model_charge(hold, std::max(hold.charged, call.noted.of(budgets_[hold.budget].unit)));
    }
  }

  void end(std::size_t at) {
    ModelCall& call = calls_[at];
    bool exact = any(2) == 0;
    bool dies = any(4) == 0;
    Use use = dies ? call.noted : some_use(call);
    for (ModelHold& hold : call.holds) {
      Amount used = use.of(budgets_[hold.budget].unit);
      model_charge(hold, exact && !dies ? used : std::max(used, hold.charged));
      ModelWindow& window = window_of(hold);
      window.reserved -= hold.reserved;
      --window.open;
      window.last_settled = std::max(window.last_settled, clock_.time);
    }
    call.told = clock_.time;
    store(call);
    if (!dies) {
      std::vector<Line> settled = call.permit.settle(use, exact);
      ASSERT_EQ(settled.size(), call.holds.size());
      for (std::size_t i = 0; i < settled.size(); ++i) {
        ASSERT_EQ(settled[i].budget, lives_[call.holds[i].budget]);
        ASSERT_EQ(settled[i].charged, call.holds[i].charged);
      }
    }
    calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  // The row of a call, with what the model has charged it.
  void store(const ModelCall& call) {
    std::vector<Line> lines = call.permit.lines();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const ModelHold& hold = call.holds[i];
      Stored& into = stored_[{hold.budget, hold.key, lines[i].window_begun}];
      into.charged += hold.charged;
      into.last_settled = std::max(into.last_settled, call.told);
    }
  }

  // kill -9, and a start: the calls that ran are charged with what their rows said, and nothing is
  // held of them.
  void crash() {
    ++crashed;
    for (const ModelCall& call : calls_) {
      std::vector<Line> lines = call.permit.lines();
      for (std::size_t i = 0; i < lines.size(); ++i) {
        ASSERT_EQ(lines[i].charged, call.holds[i].charged);
      }
      store(call);
    }
    calls_.clear();
    std::map<std::pair<std::size_t, std::string>, ModelAccount> before = std::move(accounts_);
    accounts_.clear();
    table_ = std::make_unique<Table>(clock_, nullptr);
    configure();
    for (const auto& [where, what] : stored_) {
      const auto& [index, key, begun] = where;
      table_->restore(*lives_[index], account_key(*lives_[index], key), begun, what.last_settled,
                      what.charged);
      ModelAccount& restored = accounts_[{index, key}];
      model_.enter(budgets_[index], restored, begun);
      ModelWindow& window = restored.windows.back();
      window.last_settled = std::max(window.last_settled, what.last_settled);
      std::int64_t bucket = budgets_[index].window.type == WindowType::rolling
                                ? bucket_at(budgets_[index].window, begun)
                                : 0;
      window.charges.emplace_back(bucket, what.charged);
    }
    for (const auto& [where, was] : before) {
      const auto& [index, key] = where;
      if (was.added == 0) continue;
      account(index, key).added = was.added;
      table_->adjust(*lives_[index], account_key(*lives_[index], key), was.added);
    }
  }

  void change_limit() {
    Budget& budget = budgets_[any(static_cast<unsigned>(budgets_.size()))];
    if (any(2) == 0) {
      budget.limit = budget.limit * (50 + any(101)) / 100 + 1;
      configure();
      return;
    }
    std::size_t index = static_cast<std::size_t>(&budget - budgets_.data());
    std::string key = "k" + std::to_string(1 + any(3));
    Amount more = static_cast<Amount>(any(300)) - 100;
    account(index, key).added += more;
    table_->adjust(*lives_[index], account_key(*lives_[index], key), more);
  }

  void compare() {
    for (auto& [where, in_model] : accounts_) {
      auto& [index, key] = where;
      ModelAccount& at = account(index, key);
      Standing real = table_->standing(*lives_[index], account_key(*lives_[index], key));
      const ModelWindow& window = at.windows.back();
      ASSERT_EQ(real.charged, model_.charged(budgets_[index], at, window))
          << budgets_[index].name << ' ' << key;
      ASSERT_EQ(real.reserved, window.reserved) << budgets_[index].name << ' ' << key;
      ASSERT_EQ(real.limit, budgets_[index].limit + at.added);
    }
  }

  std::minstd_rand random_;
  JumpingClock clock_;
  WallTime latest_;
  std::vector<Budget> budgets_;
  std::unique_ptr<Table> table_ = std::make_unique<Table>(clock_, nullptr);
  std::vector<Live*> lives_;
  Model model_;
  std::map<std::pair<std::size_t, std::string>, ModelAccount> accounts_;
  // What is on the disk: of a budget, a key and a window.
  std::map<std::tuple<std::size_t, std::string, WallTime>, Stored> stored_;
  std::vector<ModelCall> calls_;
};

TEST(BudgetModel, EveryInterleavingIsAsTheModelSays) {
  int admitted = 0;
  int refused = 0;
  int clamped = 0;
  int cut = 0;
  int crashed = 0;
  for (unsigned seed = 1; seed <= 1100 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Interleaving one(seed);
    one.run(1000);
    admitted += one.admitted;
    refused += one.refused;
    clamped += one.clamped;
    cut += one.cut;
    crashed += one.crashed;
  }
  EXPECT_GT(admitted, 25'000);
  EXPECT_GT(refused, 25'000);
  EXPECT_GT(clamped, 2'500);
  EXPECT_GT(cut, 1'000);
  EXPECT_GT(crashed, 500);
}

}  // namespace
}  // namespace recloser::budget
