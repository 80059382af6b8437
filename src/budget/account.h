// Account: what one budget has spent and holds in reserve under one key, window by window.
#pragma once

#include "budget/unit.h"
#include "budget/window.h"
#include "core/time.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace recloser::budget {

// Of a window that has begun. The invariant of all of this room: charged + reserved <= limit, but
// for what a provider billed beyond a reservation (SEMANTICS 1).
struct Balance {
  Amount charged = 0;
  Amount reserved = 0;

  friend bool operator==(const Balance&, const Balance&) = default;
};

// The windows of one account, and the arithmetic on them. Knows no limit, no lock and no clock:
// whoever calls has all three, and gives the same `window` each time. A window that time has passed
// stays as long as a call that was admitted in it goes on, because the call settles there.
class Account {
 public:
  // Which window, or bucket of a rolling one, a call was admitted in: it extends and settles there,
  // whatever has begun since. 0: none has begun.
  using Number = std::int64_t;

  // Brings the windows up to `now`. Time that goes back opens nothing again.
  void advance(const Window& window, WallTime now);

  Number number() const { return number_; }  // of what is open
  Balance balance() const { return open_; }  // of it; of a rolling window: of all buckets
  WallTime begun() const { return begun_; }  // when it began
  // When it will be over, if the clock alone says so (calendar).
  std::optional<WallTime> ends() const;

  // Of the window that a call was admitted in; once none is open there, of the one that is open
  // now.
  Balance balance_of(const Window& window, Number number) const;

  void open_call();  // in what is open
  void reserve(const Window& window, Number number, Amount more);
  // `released` of what is reserved goes, `charged` comes; less than nothing where a provider's own
  // figure is below what was metered. A bucket that has left a rolling window counts nowhere.
  void charge(const Window& window, Number number, Amount charged, Amount released);
  void close_call(const Window& window, Number number, WallTime now);

  std::uint32_t open_calls() const { return open_calls_; }  // in any window
  // No call is open, and whoever came at `now` would find nothing charged.
  bool is_over(const Window& window, WallTime now) const;

  // What a store remembers, before the first call: in `begun` of time, or in that bucket.
  void restore(const Window& window, WallTime begun, WallTime last_settled, Amount charged);
  WallTime last_settled() const { return last_settled_; }

  // Takes what is charged in the open window back to `charged`.
  void set_charged(const Window& window, Amount charged);

  // Thresholds that have been told of the open window, a bit each.
  std::uint16_t told = 0;

 private:
  struct Passed {
    Number number = 0;
    std::uint32_t open_calls = 0;
    Balance balance;
  };
  using Buckets = std::array<Amount, Window::buckets>;  // what is charged in each

  void begin(WallTime at);
  void roll(const Window& window, WallTime now);
  void drain(const Window& window, WallTime now);
  bool session_is_over(const Window& window, WallTime now) const;
  Passed* passed(Number number) const;
  Balance* find(const Window& window, Number number);

  Balance open_;
  Number number_ = 0;
  WallTime begun_{};
  WallTime ends_{};          // calendar
  WallTime last_settled_{};  // session
  std::uint32_t open_calls_ = 0;
  std::uint32_t open_calls_here_ = 0;  // in what is open; rolling: in any bucket
  std::unique_ptr<Buckets> buckets_;   // rolling
  std::unique_ptr<std::vector<Passed>> passed_;
};

}  // namespace recloser::budget
