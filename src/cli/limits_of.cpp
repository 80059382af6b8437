#include "cli/limits_of.h"

#include "cli/human.h"
#include "net/http1/list.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::string_view none = "none";

void append_names(JsonWriter& json, std::string_view name, std::string_view value) {
  json.key(name);
  if (value == none) {
    json.null();
    return;
  }
  json.open_array();
  for (net::http1::ListItems items(value); items.next();) json.value(items.item());
  json.close_array();
}

void append_text(JsonWriter& json, std::string_view name, std::string_view value) {
  json.key(name);
  value == none ? json.null() : json.value(value);
}

// Also when only --per or --reserve was given: the server says what is missing.
void append_budget(JsonWriter& json, const Invocation& invocation, const std::string& prefix) {
  std::string usd = prefix + "budget-usd";
  std::string per = prefix + "per";
  std::string reserve = prefix + "reserve";
  if (!invocation.has(usd) && !invocation.has(per) && !invocation.has(reserve)) return;
  json.key("budget");
  if (invocation.value(usd) == none) {
    json.null();
    return;
  }
  json.open_object();
  if (invocation.has(usd)) json.member("usd", invocation.value(usd));
  if (invocation.has(per)) json.member("per", invocation.value(per));
  if (invocation.has(reserve)) json.member("reserve", invocation.value(reserve));
  json.close_object();
}

std::string allowance_of(const Json& budget) {
  std::string per = text(budget, "per");
  std::string over = per == "total" ? " in all" : per == "hour" ? " an hour" : " a " + per;
  std::string usd = text(budget, "usd");
  if (!usd.empty()) return fmt::format("${}{}", usd, over);
  for (std::string_view unit : {"tokens", "requests"}) {
    std::string amount = text(budget, unit);
    if (!amount.empty()) return fmt::format("{} {}{}", amount, unit, over);
  }
  return "?";
}

}  // namespace

void append_terms(JsonWriter& json, const Invocation& invocation, std::string_view before) {
  std::string prefix(before);
  for (std::string_view name : {"models", "labels"}) {
    std::string option = prefix + std::string(name);
    if (invocation.has(option)) append_names(json, name, invocation.value(option));
  }
  append_budget(json, invocation, prefix);
  for (std::string_view name : {"expires", "rpm", "tpm", "concurrency"}) {
    std::string option = prefix + std::string(name);
    if (invocation.has(option)) append_text(json, name, invocation.value(option));
  }
}

std::string limits_of(const Json& owner) {
  std::string all;
  auto add = [&all](std::string_view one) {
    if (!all.empty()) all += ", ";
    all += one;
  };
  const Json* budgets = member(owner, "budget");
  if (budgets != nullptr && budgets->is_array()) {
    for (const Json& budget : budgets->get_array()) add(allowance_of(budget));
  }
  if (auto rpm = whole(owner, "rpm")) add(fmt::format("{} rpm", *rpm));
  if (auto tpm = whole(owner, "tpm")) add(fmt::format("{} tpm", *tpm));
  if (auto calls = whole(owner, "concurrency")) add(fmt::format("{} at once", *calls));
  return or_dash(all);
}

std::string short_time(std::string_view rfc3339) {
  if (rfc3339.size() < 16) return std::string(rfc3339);
  std::string_view clock = rfc3339.substr(11);
  if (clock.starts_with("00:00:00.000")) return std::string(rfc3339.substr(0, 10));
  return fmt::format("{} {}", rfc3339.substr(0, 10), clock.substr(0, 5));
}

}  // namespace recloser::cli
