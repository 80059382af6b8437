#include "budget/account.h"

#include "core/check.h"

#include <algorithm>

namespace recloser::budget {
namespace {

Account::Number bucket_of(const Window& window, WallTime at) {
  return at.ns / (window.duration.count() / Window::buckets);
}

Amount& in(std::array<Amount, Window::buckets>& buckets, Account::Number number) {
  return buckets[static_cast<std::size_t>(number) % Window::buckets];
}

}  // namespace

void Account::advance(const Window& window, WallTime now) {
  switch (window.type) {
    case WindowType::calendar:
      if (number_ != 0 && now < ends_) return;
      begin(now);
      {
        TimeSpan span = calendar_span(window.period, *window.zone, now);
        begun_ = span.begin;
        ends_ = span.end;
      }
      return;
    case WindowType::session:
      if (number_ == 0 || session_is_over(window, now)) begin(now);
      return;
    case WindowType::rolling:
      return roll(window, now);
    case WindowType::total:
      if (number_ == 0) begin(now);
      return;
    case WindowType::rate:
      if (number_ == 0) begin(now);
      return drain(window, now);
  }
}

// Whole units only; the time that made no whole one counts next time.
void Account::drain(const Window& window, WallTime now) {
  if (now <= begun_) return;
  using Wide = unsigned __int128;
  auto passed = static_cast<Wide>((now - begun_).count());
  auto period = static_cast<Wide>(window.duration.count());
  Wide gone = passed * static_cast<Wide>(window.drain) / period;
  if (gone >= static_cast<Wide>(open_.charged)) {
    open_.charged = 0;
    begun_ = now;
    return;
  }
  if (gone == 0) return;
  open_.charged -= static_cast<Amount>(gone);
  begun_ =
      begun_ +
      Duration(static_cast<std::int64_t>((gone * period + static_cast<Wide>(window.drain) - 1) /
                                         static_cast<Wide>(window.drain)));
}

void Account::begin(WallTime at) {
  if (open_calls_here_ != 0) {
    if (passed_ == nullptr) passed_ = std::make_unique<std::vector<Passed>>();
    passed_->push_back({.number = number_, .open_calls = open_calls_here_, .balance = open_});
  }
  ++number_;
  open_ = {};
  open_calls_here_ = 0;
  told = 0;
  begun_ = last_settled_ = at;
}

// A call that is open keeps its session awake; not longer than its greatest age.
bool Account::session_is_over(const Window& window, WallTime now) const {
  if (window.max_age.count() != 0 && now - begun_ >= window.max_age) return true;
  return window.idle_timeout.count() != 0 && open_calls_here_ == 0 &&
         now - last_settled_ >= window.idle_timeout;
}

void Account::roll(const Window& window, WallTime now) {
  Number bucket = bucket_of(window, now);
  if (number_ == 0) {
    if (buckets_ == nullptr) buckets_ = std::make_unique<Buckets>();
    number_ = bucket;
    begun_ = now;
  }
  if (bucket <= number_) return;
  Number gone = std::min<Number>(bucket - number_, Window::buckets);
  for (Number i = 1; i <= gone; ++i) {
    Amount& oldest = in(*buckets_, number_ + i);
    open_.charged -= oldest;
    oldest = 0;
  }
  number_ = bucket;
  begun_ = now;
}

std::optional<WallTime> Account::ends() const {
  if (ends_ == WallTime{}) return std::nullopt;
  return ends_;
}

Account::Passed* Account::passed(Number number) const {
  if (passed_ == nullptr) return nullptr;
  auto found = std::ranges::find(*passed_, number, &Passed::number);
  return found == passed_->end() ? nullptr : &*found;
}

Balance* Account::find(const Window& window, Number number) {
  if (window.type == WindowType::rolling || number == number_) return &open_;
  Passed* over = passed(number);
  CHECK(over != nullptr);  // it stays as long as a call is open in it
  return &over->balance;
}

Balance Account::balance_of(const Window& window, Number number) const {
  if (window.type == WindowType::rolling || number == number_) return open_;
  const Passed* over = passed(number);
  return over == nullptr ? open_ : over->balance;
}

void Account::open_call() {
  ++open_calls_;
  ++open_calls_here_;
}

void Account::reserve(const Window& window, Number number, Amount more) {
  find(window, number)->reserved += more;
}

void Account::charge(const Window& window, Number number, Amount charged, Amount released) {
  Balance& balance = *find(window, number);
  balance.reserved -= released;
  if (window.type == WindowType::rolling) {
    if (number_ - number >= Window::buckets) return;
    in(*buckets_, number) += charged;
  }
  balance.charged += charged;
  if (window.type == WindowType::rate) balance.charged = std::max<Amount>(balance.charged, 0);
}

void Account::close_call(const Window& window, Number number, WallTime now) {
  --open_calls_;
  if (window.type == WindowType::rolling || number == number_) {
    --open_calls_here_;
    last_settled_ = std::max(last_settled_, now);
    return;
  }
  Passed* over = passed(number);
  CHECK(over != nullptr);
  if (--over->open_calls != 0) return;
  passed_->erase(passed_->begin() + (over - passed_->data()));
  if (passed_->empty()) passed_.reset();
}

bool Account::is_over(const Window& window, WallTime now) const {
  if (open_calls_ != 0) return false;
  if (number_ == 0) return true;
  bool ages = window.type == WindowType::session;
  if (open_.charged == 0 && !ages) return begun_ <= now;
  switch (window.type) {
    case WindowType::calendar:
      return now >= ends_;
    case WindowType::session:
      return session_is_over(window, now);
    case WindowType::rolling:
      return bucket_of(window, now) - number_ >= Window::buckets;
    case WindowType::total:
      return false;
    case WindowType::rate:
      return now - begun_ >= window.duration;
  }
  return false;
}

void Account::restore(const Window& window, WallTime begun, WallTime last_settled, Amount charged) {
  advance(window, begun);
  if (window.type == WindowType::rolling) {
    Number bucket = bucket_of(window, begun);
    if (number_ - bucket >= Window::buckets) return;
    in(*buckets_, bucket) += charged;
  }
  open_.charged += charged;
  last_settled_ = std::max(last_settled_, last_settled);
}

void Account::set_charged(const Window& window, Amount charged) {
  if (window.type == WindowType::rolling) {
    buckets_->fill(0);
    in(*buckets_, number_) = charged;
  }
  open_.charged = charged;
}

}  // namespace recloser::budget
