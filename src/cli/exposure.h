// Exposure: the most that a configuration lets anybody spend, and which limit says so. Told from
// its limits and the prices alone.
#pragma once

#include "config/config.h"
#include "core/money.h"
#include "core/result.h"
#include "core/time.h"
#include "price/catalogue.h"

#include <optional>
#include <string>
#include <vector>

namespace recloser::cli {

// A bound that a limit sets.
struct Bite {
  NanoUsd usd;
  std::string by;    // the name of the limit
  std::string over;  // the window that it counts over: "day", "total", "session"
};

// Of whoever has the limits together: one key, a team, each user of it, all calls, each session.
struct Exposure {
  std::string scope;
  std::optional<Bite> per_minute;  // minute after minute; nothing: no limit says
  std::vector<Bite> until;         // in each window, until its limit bites; the longest last
};

// Errors (malformed): the configuration's budgets do not go together.
Result<std::vector<Exposure>> exposures(const config::Config& config,
                                        const price::Catalogue& prices, WallTime at);

}  // namespace recloser::cli
