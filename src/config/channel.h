// Where the operator is told of things, as plain values of the configuration.
#pragma once

#include "config/secret.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::config {

enum class AlertSeverity : unsigned char { info, warning, critical };
std::string_view name_of(AlertSeverity severity);

// Many services put a credential into the URL itself, so it is kept as one; it is a BaseUrl.
struct Webhook {
  Secret url;
  Secret secret;              // signs what is sent; empty: nothing is signed
  std::uint32_t retries = 5;  // of one alert, after the first try
};

struct Channel {
  std::string name;
  Webhook webhook;
  AlertSeverity min_severity = AlertSeverity::info;  // what is less is not told there
};

}  // namespace recloser::config
