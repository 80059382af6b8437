// CancelPoint: the one place that knows what a call is waiting for, so that whoever ends it can
// stop that.
#pragma once

#include "core/check.h"
#include "core/time.h"
#include "net/waiter.h"

#include <cstdint>

namespace recloser::net {

// Who ended the call. The first reason stays.
enum class CancelReason : std::uint8_t {
  none,
  client_gone,
  draining,  // the time of a drain is over
  stopped,   // a budget or an operator says so
};

// Single-threaded. A call has one; each step that may take long stands in it while it lasts:
//   CancelPoint::During dialing(point, connection);
class CancelPoint {
 public:
  CancelPoint() = default;
  CancelPoint(const CancelPoint&) = delete;
  CancelPoint& operator=(const CancelPoint&) = delete;

  bool cancelled() const { return reason_ != CancelReason::none; }
  CancelReason reason() const { return reason_; }
  Instant cancelled_at() const { return at_; }
  void cancel(CancelReason reason, Instant now) {
    if (!cancelled()) {
      reason_ = reason;
      at_ = now;
    }
    if (doing_ != nullptr) doing_->cancel();
  }

  class During {
   public:
    During(CancelPoint& point, Cancellable& step) : point_(point) {
      CHECK(point_.doing_ == nullptr, "two steps at once in one call");
      point_.doing_ = &step;
      if (point_.cancelled()) step.cancel();
    }
    During(const During&) = delete;
    During& operator=(const During&) = delete;
    ~During() { point_.doing_ = nullptr; }

   private:
    CancelPoint& point_;
  };

 private:
  Cancellable* doing_ = nullptr;
  CancelReason reason_ = CancelReason::none;
  Instant at_{};
};

}  // namespace recloser::net
