// HealthLog: tells the operator which targets fail, and when they answer again.
#pragma once

#include "core/log.h"
#include "core/time.h"
#include "route/target_health.h"

namespace recloser::cli {

class HealthLog final : public route::HealthWatcher {
 public:
  explicit HealthLog(Log& log) : log_(log) {}

  void changed(const route::StateChange& change) override;

 private:
  Log& log_;
};

}  // namespace recloser::cli
