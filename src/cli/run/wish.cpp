#include "cli/run/wish.h"

#include "core/names.h"

#include <array>
#include <filesystem>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Each>, 3> each_names{
    {{"run", Each::run}, {"session", Each::session}, {"call", Each::call}}};

std::unexpected<Error> wrong(std::string_view option, std::string_view must,
                             std::string_view written) {
  return fail(Side::operator_, Kind::malformed,
              fmt::format("--{} must be {}; you wrote '{}'", option, must, shown(written)));
}

Result<std::optional<budget::Amount>> read_amount(const Invocation& invocation,
                                                  std::string_view option, budget::Unit unit,
                                                  std::string_view must) {
  if (!invocation.has(option)) return std::optional<budget::Amount>();
  std::string_view written = invocation.value(option);
  if (unit == budget::Unit::usd && written.starts_with('$')) written.remove_prefix(1);
  Result<budget::Amount> amount = budget::parse_amount(unit, written);
  if (!amount || *amount == 0) return wrong(option, must, invocation.value(option));
  return std::optional(*amount);
}

Result<std::optional<budget::Amount>> read_time(const Invocation& invocation) {
  if (!invocation.has("time")) return std::optional<budget::Amount>();
  Result<Duration> time = parse_duration(invocation.value("time"));
  if (!time || *time < 1s) {
    return wrong("time", "a duration of a second at the least, such as 90s, 30m or 2h",
                 invocation.value("time"));
  }
  return std::optional<budget::Amount>(*time / 1ms);
}

Result<Each> read_each(const Invocation& invocation) {
  if (!invocation.has("per")) return Each::run;
  for (auto [name, each] : each_names) {
    if (invocation.value("per") == name) return each;
  }
  return wrong("per", "run, session or call", invocation.value("per"));
}

// A folder stands for a file in it that no other run has.
Result<std::string> read_keep(const Invocation& invocation, WallTime now) {
  std::string path(invocation.value("keep"));
  std::error_code unknown;
  if (!path.empty() && std::filesystem::is_directory(path, unknown)) {
    std::chrono::sys_time<std::chrono::nanoseconds> at{std::chrono::nanoseconds(now.ns)};
    path += fmt::format("/recloser-run-{:%Y%m%dT%H%M%S}Z.db",
                        std::chrono::floor<std::chrono::seconds>(at));
  }
  if (path.empty() || !std::filesystem::exists(path, unknown)) return path;
  return fail(Side::operator_, Kind::conflict,
              fmt::format("--keep: there is {} already; name a file that is not there yet",
                          shown(path, 256)));
}

}  // namespace

std::string_view name_of(Each each) { return each_names[static_cast<std::size_t>(each)].first; }

Result<Wish> read_wish(const Invocation& invocation, WallTime now) {
  Wish wish{.plan_only = invocation.has("plan-only"),
            .simulated = invocation.has("sim"),
            .json = invocation.has("json"),
            .config_path = std::string(invocation.value("config")),
            .receipt_path = std::string(invocation.value("receipt")),
            .log_path = std::string(invocation.value("log")),
            .words = invocation.arguments()};
  if (wish.simulated && !wish.config_path.empty()) {
    return fail(Side::operator_, Kind::malformed, "--sim and --config cannot both be given");
  }
  Result<Each> each = read_each(invocation);
  if (!each) return fail(each.error());
  wish.each = *each;
  auto usd = read_amount(invocation, "budget", budget::Unit::usd, "USD above 0, such as 5 or 0.50");
  if (!usd) return fail(usd.error());
  wish.nano_usd = *usd;
  auto tokens = read_amount(invocation, "tokens", budget::Unit::tokens, "a whole number above 0");
  if (!tokens) return fail(tokens.error());
  wish.tokens = *tokens;
  auto time = read_time(invocation);
  if (!time) return fail(time.error());
  wish.milliseconds = *time;
  if (invocation.has("per") && !wish.limited()) {
    return fail(Side::operator_, Kind::malformed,
                "--per says what a limit is for; give --budget, --tokens or --time too");
  }
  Result<std::string> keep = read_keep(invocation, now);
  if (!keep) return fail(keep.error());
  wish.keep_path = std::move(*keep);
  return wish;
}

}  // namespace recloser::cli
