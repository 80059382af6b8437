// --since and --until of commands that read the books.
#pragma once

#include "cli/command_line.h"
#include "core/result.h"
#include "core/time.h"

namespace recloser::cli {

struct Period {
  WallTime since{};  // the first second of all when it was not given
  WallTime until{};  // not included; `now` when it was not given
};

// A day (its beginning), a time, or a duration before `now`. Errors (malformed) name the option.
Result<Period> read_period(const Invocation& invocation, WallTime now);

}  // namespace recloser::cli
