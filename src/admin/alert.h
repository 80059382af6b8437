// Alert: one thing that an operator is to hear of, and the form in which it is sent.
#pragma once

#include "budget/table.h"
#include "config/channel.h"
#include "core/time.h"

#include <string>
#include <string_view>

namespace recloser::admin {

struct Alert {
  std::string id;  // given when it is raised: who gets it twice knows it by that
  config::AlertSeverity severity = config::AlertSeverity::info;
  std::string type;  // "dev.recloser.budget.threshold"
  WallTime at;
  std::string data;  // JSON, without prompt or answer text, and without secrets
};

// A threshold of a budget that an account has reached.
Alert threshold_alert(const budget::Crossing& crossing, WallTime at);

// A CloudEvent 1.0 in its structured form.
std::string cloud_event(const Alert& alert);

// The value of `x-recloser-signature` for a body that is sent at that time:
// "t=<unix seconds>,v1=<hex HMAC-SHA-256 of "t.body">".
std::string signature(std::string_view secret, WallTime at, std::string_view body);

}  // namespace recloser::admin
