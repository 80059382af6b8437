#include "cli/call_table.h"

#include "cli/human.h"
#include "core/money.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

std::string when(const Json& call, std::string_view name, WallTime now) {
  std::string at = text(call, name);
  Result<WallTime> time = parse_rfc3339(at);
  return time ? human_time(*time, now) : or_dash(at);
}

// What was asked for, and who served it when that has another name.
std::string model_of(const Json& call) {
  std::string requested = text(call, "model_requested");
  std::string provider = text(call, "provider");
  if (provider.empty()) return or_dash(requested);
  if (requested.starts_with(provider + "/")) return requested;
  return fmt::format("{} @{}", or_dash(requested), provider);
}

}  // namespace

std::vector<Column> call_columns() {
  return {{"TIME (UTC)"},   {"CALL"},       {"KEY"},          {"TEAM"},
          {"MODEL"},        {"OUTCOME"},    {"STATUS", true}, {"INPUT", true},
          {"OUTPUT", true}, {"COST", true}, {"FIRST", true},  {"TOOK", true}};
}

std::vector<Cell> call_row(const Json& call, WallTime now) {
  std::string outcome = text(call, "outcome");
  return {{when(call, "started_at", now), Colour::none},
          {text(call, "id"), Colour::dim},
          {or_dash(text(call, "key_id")), Colour::none},
          {or_dash(text(call, "team")), Colour::none},
          {model_of(call), Colour::none},
          {outcome, colour_of_outcome(outcome)},
          {count_of(call, "status"), Colour::none},
          {count_of(call, "input_tokens"), Colour::none},
          {count_of(call, "output_tokens"), Colour::none},
          {usd_of(call, "cost_usd"), Colour::none},
          {took_of(call, "ttft_ms"), Colour::none},
          {took_of(call, "duration_ms"), Colour::none}};
}

Colour colour_of_outcome(std::string_view outcome) {
  if (outcome == "completed") return Colour::green;
  if (outcome == "client_gone" || outcome == "cut") return Colour::yellow;
  return Colour::red;
}

std::string count_of(const Json& call, std::string_view name) {
  std::optional<std::int64_t> number = whole(call, name);
  return number ? with_thousands(*number) : "-";
}

std::string took_of(const Json& call, std::string_view name) {
  std::optional<double> ms = number(call, name);
  return ms ? human_ms(*ms) : "-";
}

std::string usd_of(const Json& call, std::string_view name) { return human_usd(text(call, name)); }

std::string tokens_of(const Json& call) {
  if (!whole(call, "input_tokens") && !whole(call, "output_tokens")) return {};
  auto part = [&](std::string_view name, std::string_view what) {
    std::int64_t tokens = whole(call, name).value_or(0);
    return tokens == 0 ? std::string() : fmt::format(" ({} {})", with_thousands(tokens), what);
  };
  std::string source = text(call, "tokens_source");
  return fmt::format("{} input{}{}, {} output{}{}", count_of(call, "input_tokens"),
                     part("cached_input_tokens", "cached"), part("cache_write_tokens", "written"),
                     count_of(call, "output_tokens"), part("reasoning_tokens", "reasoning"),
                     source.empty() ? source : ", " + source);
}

std::string cost_of(const Json& call) {
  std::string booked = text(call, "cost_usd");
  std::string source = text(call, "cost_source");
  if (booked.empty()) return source;
  std::string parts;
  auto add = [&](std::string_view what, std::string_view name) {
    std::string amount = text(call, name);
    if (amount.empty() || amount == text_of(NanoUsd{})) return;
    fmt::format_to(std::back_inserter(parts), "{}{} {}", parts.empty() ? " (" : ", ", what,
                   human_usd(amount));
  };
  add("input", "input_cost_usd");
  add("cached", "cached_cost_usd");
  add("written", "cache_write_cost_usd");
  add("output", "output_cost_usd");
  add("fees", "fees_usd");
  if (!parts.empty()) parts += ')';
  std::string line = usd_of(call, "cost_usd") + parts;
  if (!source.empty()) line += ", " + source;
  if (std::string version = text(call, "price_version"); !version.empty()) line += ' ' + version;
  if (std::string list = text(call, "list_cost_usd"); !list.empty() && list != booked) {
    line += fmt::format(", at list price {}", usd_of(call, "list_cost_usd"));
  }
  return line;
}

}  // namespace recloser::cli
