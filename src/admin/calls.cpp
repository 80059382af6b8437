#include "admin/calls.h"

#include "admin/request.h"
#include "core/json_writer.h"
#include "core/names.h"
#include "ledger/call_json.h"

#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

constexpr std::array<std::string_view, 7> parameters{"limit", "session", "team",  "outcome",
                                                     "since", "until",   "cursor"};

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

Result<ledger::Outcome> read_outcome(std::string_view text) {
  if (std::optional<ledger::Outcome> outcome = ledger::outcome_named(text)) return *outcome;
  std::array<std::string_view, ledger::outcome_count - 1> names;
  for (unsigned i = 1; i < ledger::outcome_count; ++i) {
    names[i - 1] = ledger::name_of(static_cast<ledger::Outcome>(i));  // `open` is no outcome
  }
  return malformed(fmt::format("outcome must be one of {}; you sent '{}'{}", listed(names),
                               shown(text), did_you_mean(text, names)));
}

Result<CallId> read_cursor(std::string_view text) {
  if (std::optional<CallId> id = CallId::parse(text)) return *id;
  return malformed(
      fmt::format("cursor must be what `next` of the page before was, a call id of {} characters; "
                  "you sent '{}'",
                  CallId::text_size, shown(text)));
}

// In a query a '+' that was not escaped reads as a space; of a time zone it can only be that.
std::string with_plus(std::string_view time) {
  constexpr std::size_t offset_size = 6;  // "+02:00"
  constexpr std::size_t time_size_min = sizeof "2026-11-21T10:15:30" - 1;
  std::string out(time);
  bool has_offset = out.size() >= time_size_min + offset_size && out[out.size() - 3] == ':';
  if (has_offset && out[out.size() - offset_size] == ' ') out[out.size() - offset_size] = '+';
  return out;
}

}  // namespace

Result<std::uint32_t> read_limit(std::string_view text) {
  std::uint32_t limit = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, limit);
  bool whole = error == std::errc{} && rest == end;
  if (whole && limit >= 1 && limit <= ledger::page_calls_max) return limit;
  return malformed(fmt::format("limit must be a whole number from 1 to {}; you sent '{}'",
                               ledger::page_calls_max, shown(text)));
}

Result<WallTime> read_since(std::string_view text, WallTime now) {
  return read_time("since", text, now);
}

Result<WallTime> read_time(std::string_view name, std::string_view text, WallTime now) {
  if (Result<Duration> before = parse_duration(text)) {
    bool reaches = before->count() <= now.ns;
    return reaches ? now - *before : WallTime{};
  }
  if (Result<WallTime> at = parse_rfc3339(with_plus(text))) return *at;
  return malformed(
      fmt::format("{} must be a time such as 2026-11-21T10:15:30Z or a duration such as 30m, 2h "
                  "or 7d; you sent '{}'",
                  name, shown(text)));
}

Result<ledger::CallFilter> read_call_filter(std::string_view text, WallTime now) {
  Result<Query> query = Query::read(text, parameters);
  if (!query) return fail(query.error());
  ledger::CallFilter filter;
  if (const std::string* limit = query->find("limit")) {
    Result<std::uint32_t> read = read_limit(*limit);
    if (!read) return fail(read.error());
    filter.limit = *read;
  }
  if (const std::string* session = query->find("session")) {
    Result<void> fits = check_name(Side::client, "session", *session, limits::session_id_bytes_max);
    if (!fits) return malformed(fits.error().message());
    filter.session = *session;
  }
  if (const std::string* team = query->find("team")) {
    Result<void> fits = check_name(Side::client, "team", *team, limits::principal_name_bytes_max);
    if (!fits) return malformed(fits.error().message());
    filter.team = *team;
  }
  if (const std::string* outcome = query->find("outcome")) {
    Result<ledger::Outcome> read = read_outcome(*outcome);
    if (!read) return fail(read.error());
    filter.outcome = *read;
  }
  if (const std::string* since = query->find("since")) {
    Result<WallTime> read = read_since(*since, now);
    if (!read) return fail(read.error());
    filter.since = *read;
  }
  if (const std::string* until = query->find("until")) {
    Result<WallTime> read = read_time("until", *until, now);
    if (!read) return fail(read.error());
    filter.until = *read;
  }
  if (const std::string* cursor = query->find("cursor")) {
    Result<CallId> read = read_cursor(*cursor);
    if (!read) return fail(read.error());
    filter.before = *read;
  }
  return filter;
}

std::string calls_json(const ledger::CallPage& page) {
  std::string out = R"({"data":[)";
  for (const ledger::StoredCall& call : page.calls) {
    if (&call != &page.calls.front()) out += ',';
    ledger::append_call_json(out, call);
  }
  out += R"(],"next":)";
  if (page.next) {
    append_json_string(out, page.next->str());
  } else {
    out += "null";
  }
  out += '}';
  return out;
}

}  // namespace recloser::admin
