// targets, targets show, targets drain, targets undrain.
#include "cli/admin_client.h"
#include "cli/call_table.h"
#include "cli/facts.h"
#include "cli/human.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using net::http1::Method;

std::string path_of(const Invocation& invocation) {
  return "/admin/targets/" + percent_encoded(invocation.arguments().front());
}

Colour colour_of_state(std::string_view state) {
  if (state == "passing") return Colour::green;
  return state == "probing" ? Colour::yellow : Colour::red;
}

// How long it is since, or until, a time that the gateway told; "" where it told none.
std::string time_since(const Json& object, std::string_view name, WallTime now) {
  Result<WallTime> at = parse_rfc3339(text(object, name));
  return at ? human_ms(static_cast<double>((now - *at) / 1ms)) : "";
}
std::string time_until(const Json& object, std::string_view name, WallTime now) {
  Result<WallTime> at = parse_rfc3339(text(object, name));
  return at && *at > now ? human_ms(static_cast<double>((*at - now) / 1ms)) : "";
}

std::string running_of(const Json& target) {
  std::string running = count_of(target, "running");
  return whole(target, "limit") ? running + "/" + count_of(target, "limit") : running;
}

std::string drain_words(const Json& target) {
  const Json* drain = member(target, "drain");
  if (drain == nullptr) return "drained";
  std::string reason = text(*drain, "reason");
  return fmt::format("drained by {}{}{}", text(*drain, "who"), reason.empty() ? "" : ": ", reason);
}

// "failed 4 times in a row, last 12.0 s ago with status 503"
std::string probe_words(const Json& target, WallTime now) {
  const Json* probe = member(target, "probe");
  if (probe == nullptr || !probe->is_object()) return {};
  auto often = static_cast<std::uint64_t>(whole(*probe, "in_a_row").value_or(0));
  std::string status = whole(*probe, "status")
                           ? fmt::format("with status {}", *whole(*probe, "status"))
                           : "without an answer";
  return fmt::format("{} {} in a row, last {} ago {}",
                     truth(*probe, "passed") ? "passed" : "failed", counted(often, "times"),
                     time_since(*probe, "at", now), status);
}

// "tripped: timed_out, 2 times in a row; probed in 3.20 s"
std::string held_words(const Json& target, WallTime now) {
  std::string by = text(target, "held_by");
  std::string left = time_until(target, "held_until", now);
  auto within = [&left](std::string_view words) {
    return left.empty() ? std::string() : fmt::format("{}{}", words, left);
  };
  if (by == "drained") return drain_words(target);
  if (by == "tripped") {
    std::int64_t in_a_row = whole(target, "trips_in_a_row").value_or(0);
    std::string often = in_a_row > 1 ? fmt::format(", {} times in a row", in_a_row) : "";
    return fmt::format("tripped: {}{}{}", text(target, "why"), often, within("; probed in "));
  }
  if (by == "probe_failed") return "its health check: " + probe_words(target, now);
  if (by == "key_tripped") {
    const Json* key = member(target, "key");
    return fmt::format("the provider's key: {}{}", key ? text(*key, "trouble") : "",
                       within("; tried in "));
  }
  if (by == "cooling") return "too many calls (429)" + within(", for ");
  if (by == "quota") return "the provider's rate limit" + within(", for ");
  if (by == "full") return "as many calls run as may";
  return by;
}

// The same, and how many wait for that to end: "as many calls run as may; 12 wait"
std::string held_and_waiting(const Json& target, WallTime now) {
  std::string held = held_words(target, now);
  if (whole(target, "waiting").value_or(0) == 0) return held;
  return fmt::format("{}{}{} wait", held, held.empty() ? "" : "; ", count_of(target, "waiting"));
}

Exit show_list(const Json& page, const Process& process) {
  const Json* data = member(page, "data");
  if (data == nullptr || !data->is_array()) return not_understood(process);
  if (data->get_array().empty()) {
    return show(process, "There are no targets: no model names one, and no call went anywhere.\n");
  }
  WallTime now = process.clock.wall();
  Table table({{"TARGET"},
               {"STATE"},
               {"FOR", true},
               {"RUNNING", true},
               {"CALLS", true},
               {"FAILED", true},
               {"FIRST", true},
               {"P95", true},
               {"HELD BY"}});
  for (const Json& target : data->get_array()) {
    std::string state = text(target, "state");
    bool any_failed = whole(target, "failed").value_or(0) > 0;
    table.add({{text(target, "target"), Colour::none},
               {state, colour_of_state(state)},
               {or_dash(time_since(target, "since", now)), Colour::none},
               {running_of(target), Colour::none},
               {count_of(target, "calls"), Colour::none},
               {count_of(target, "failed"), any_failed ? Colour::red : Colour::none},
               {took_of(target, "ttft_ms"), Colour::none},
               {took_of(target, "ttft_p95_ms"), Colour::none},
               {or_dash(held_and_waiting(target, now)), Colour::yellow}});
  }
  return show(process, table.text(Style::of(process)));
}

// "answered 1,204, timed_out 3"
std::string ends_of(const Json& target) {
  const Json* ends = member(target, "ends");
  if (ends == nullptr || !ends->is_object()) return {};
  std::string words;
  for (const auto& [end, unused] : ends->get_object()) {
    if (!words.empty()) words += ", ";
    words += fmt::format("{} {}", std::string_view(end), count_of(*ends, end));
  }
  return words;
}

void add_first_token(Facts& facts, const Json& target) {
  if (!number(target, "ttft_ms")) return;
  std::string words = took_of(target, "ttft_ms") + " of late";
  if (number(target, "ttft_p95_ms")) {
    words += fmt::format("; half within {}, 95 of 100 within {}", took_of(target, "ttft_p50_ms"),
                         took_of(target, "ttft_p95_ms"));
  }
  facts.add("first token", words);
}

void add_gauges(Facts& facts, const Json& target, WallTime now) {
  const Json* gauges = member(target, "gauges");
  if (gauges == nullptr || !gauges->is_array()) return;
  std::string_view title = "rate limits";
  for (const Json& gauge : gauges->get_array()) {
    std::string full = time_until(gauge, "full_at", now);
    facts.add(title, fmt::format("{} of {} {} were left {} ago{}{}", count_of(gauge, "remaining"),
                                 count_of(gauge, "limit"), text(gauge, "unit"),
                                 time_since(gauge, "read_at", now),
                                 full.empty() ? "" : "; full in ", full));
    title = "";
  }
}

Exit show_one(const Json& target, const Process& process) {
  std::string state = text(target, "state");
  if (text(target, "target").empty() || state.empty()) return not_understood(process);
  Style style = Style::of(process);
  WallTime now = process.clock.wall();
  Facts facts(style);
  facts.add("target", text(target, "target"), Colour::bold);
  std::string how_long = time_since(target, "since", now);
  facts.add("state", state + (how_long.empty() ? "" : " for " + how_long), colour_of_state(state));
  if (!text(target, "why").empty()) {
    facts.add("tripped",
              fmt::format("{} in all, last by {}", count_of(target, "trips"), text(target, "why")));
  }
  facts.add("held by", held_words(target, now), Colour::yellow);
  facts.add("health check", probe_words(target, now));
  facts.add("running", running_of(target));
  if (whole(target, "waiting").value_or(0) > 0) facts.add("waiting", count_of(target, "waiting"));
  if (whole(target, "turned_away").value_or(0) > 0) {
    facts.add("turned away",
              counted(static_cast<std::uint64_t>(*whole(target, "turned_away")), "calls") +
                  " since the start, of too long a wait");
  }
  facts.add("calls of late", fmt::format("{} in {} s, {} failed", count_of(target, "calls"),
                                         count_of(target, "window_s"), count_of(target, "failed")));
  add_first_token(facts, target);
  facts.add("since start", ends_of(target));
  auto failing = static_cast<std::uint64_t>(whole(target, "principals_failing").value_or(0));
  if (failing > 0) facts.add("failing for", counted(failing, "principals") + " of late");
  if (const Json* key = member(target, "key"); key != nullptr && text(*key, "state") != "passing") {
    facts.add("key", fmt::format("{}: {}", text(*key, "state"), text(*key, "trouble")),
              Colour::red);
  }
  add_gauges(facts, target, now);
  return show(process, facts.text());
}

// "1 call goes on elsewhere, 3 calls stay to their end"
std::string who_went(const Json& target) {
  auto went = static_cast<std::uint64_t>(whole(target, "switched").value_or(0));
  auto staying = static_cast<std::uint64_t>(whole(target, "staying").value_or(0));
  return fmt::format(
      "{} {} on elsewhere, {}", counted(went, "calls"), went == 1 ? "goes" : "go",
      staying == 1 ? "1 call stays to its end" : counted(staying, "calls") + " stay to their end");
}

Exit drain(const Invocation& invocation, const Process& process, bool drained) {
  std::string body;
  JsonWriter json(body);
  json.open_object().member("drained", drained);
  for (std::string_view name : {"reason", "who"}) {
    if (invocation.has(name)) json.member(name, invocation.value(name));
  }
  if (drained && invocation.has("now")) json.member("now", true);
  json.close_object();
  std::expected<std::string, Exit> answer =
      ask_remote(invocation, process, Method::put, path_of(invocation), body);
  if (!answer) return answer.error();
  if (invocation.has("json")) return show(process, *answer);
  std::optional<Json> target = parse_json(*answer);
  if (!target || text(*target, "target").empty()) return not_understood(process);
  std::string name = text(*target, "target");
  if (!drained) return show(process, fmt::format("The target {} takes calls again.\n", name));
  if (invocation.has("now")) {
    return show(process, fmt::format("The target {} is drained: no new calls go there; {}.\n", name,
                                     who_went(*target)));
  }
  std::uint64_t running = static_cast<std::uint64_t>(whole(*target, "running").value_or(0));
  return show(process,
              fmt::format("The target {} is drained: no new calls go there; {} still "
                          "there.\n",
                          name, running == 1 ? "1 call is" : counted(running, "calls") + " are"));
}

}  // namespace

Exit run_targets(const Invocation& invocation, const Process& process) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::get, "/admin/targets");
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> page = parse_json(*body);
  return page ? show_list(*page, process) : not_understood(process);
}

Exit run_targets_show(const Invocation& invocation, const Process& process) {
  std::expected<std::string, Exit> body =
      ask_remote(invocation, process, Method::get, path_of(invocation));
  if (!body) return body.error();
  if (invocation.has("json")) return show(process, *body);
  std::optional<Json> target = parse_json(*body);
  return target ? show_one(*target, process) : not_understood(process);
}

Exit run_targets_drain(const Invocation& invocation, const Process& process) {
  return drain(invocation, process, true);
}

Exit run_targets_undrain(const Invocation& invocation, const Process& process) {
  return drain(invocation, process, false);
}

}  // namespace recloser::cli
