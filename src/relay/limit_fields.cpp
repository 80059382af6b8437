#include "relay/limit_fields.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using budget::Amount;
using budget::Unit;

bool is_tighter(const LimitState& a, const LimitState& b) {
  return static_cast<__int128>(a.remaining) * b.limit <
         static_cast<__int128>(b.remaining) * a.limit;
}

// The one of which the smallest share is left, among those that `counts`.
template <class Counts>
const LimitState* tightest(std::span<const LimitState> limits, Counts counts) {
  const LimitState* least = nullptr;
  for (const LimitState& limit : limits) {
    if (!counts(*limit.document)) continue;
    if (least == nullptr || is_tighter(limit, *least)) least = &limit;
  }
  return least;
}

const LimitState* tightest_rate(std::span<const LimitState> limits, Unit unit) {
  return tightest(limits, [unit](const budget::Budget& budget) {
    return is_rate(budget) && budget.unit == unit;
  });
}

Amount left(const LimitState& limit) { return std::max<Amount>(limit.remaining, 0); }

// A string of structured fields (RFC 9651).
void append_quoted(std::string& out, std::string_view text) {
  auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  out += '"';
  auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
  out += text.substr(0, plain);
  for (char c : text.substr(plain)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  out += '"';
}

// Until all of it is there again.
Duration fills_in(const LimitState& rate) {
  const budget::Window& window = rate.document->window;
  if (window.drain <= 0) return Duration(0);
  auto used = static_cast<__int128>(std::max<Amount>(rate.limit - left(rate), 0));
  auto ns = static_cast<std::int64_t>(used * window.duration.count() / window.drain);
  return Duration(ns);
}

// "6m0s", "1.5s", "20ms": as OpenAI writes them.
std::string duration_text(Duration duration) {
  std::int64_t ms = duration / 1ms;
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms >= 60'000) return fmt::format("{}m{}s", ms / 60'000, ms / 1000 % 60);
  std::string text = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "s";
}

// On the path of every call that has a budget.
void append_budget(std::string& fields, const LimitState& limit) {
  const budget::Budget& budget = *limit.document;
  fields += "x-recloser-budget: ";
  append_quoted(fields, budget.name);
  fields += ";limit=";
  budget::append_number(fields, budget.unit, limit.limit);
  fields += ";remaining=";
  budget::append_number(fields, budget.unit, left(limit));
  if (budget.unit != Unit::usd) fields.append(";unit=").append(budget::name_of(budget.unit));
  fields += "\r\n";
}

void append_openai(std::string& fields, std::string_view what, const LimitState& rate) {
  fmt::format_to(std::back_inserter(fields),
                 "x-ratelimit-limit-{0}: {1}\r\nx-ratelimit-remaining-{0}: {2}\r\n"
                 "x-ratelimit-reset-{0}: {3}\r\n",
                 what, rate.limit, left(rate), duration_text(fills_in(rate)));
}

void append_anthropic(std::string& fields, std::string_view what, const LimitState& rate,
                      WallTime now) {
  fmt::format_to(std::back_inserter(fields),
                 "anthropic-ratelimit-{0}-limit: {1}\r\nanthropic-ratelimit-{0}-remaining: {2}\r\n"
                 "anthropic-ratelimit-{0}-reset: {3}\r\n",
                 what, rate.limit, left(rate), rfc3339(now + fills_in(rate)));
}

void append_standard(std::string& fields, const LimitState& rate) {
  std::string name;
  append_quoted(name, rate.document->name);
  fmt::format_to(std::back_inserter(fields),
                 "ratelimit-policy: {0};q={1};w={2}\r\nratelimit: {0};r={3};t={4}\r\n", name,
                 rate.limit, rate.document->window.duration / 1s, left(rate),
                 (fills_in(rate) + 999ms) / 1s);
}

struct Told {
  Unit unit;
  std::string_view openai;  // "" where its clients know no such field
  std::string_view anthropic;
};
constexpr std::array told{
    Told{Unit::requests, "requests", "requests"}, Told{Unit::tokens, "tokens", "tokens"},
    Told{Unit::input_tokens, "", "input-tokens"}, Told{Unit::output_tokens, "", "output-tokens"}};

}  // namespace

LimitState limit_state(const budget::Standing& standing) {
  return {.document = &standing.budget->document(),
          .limit = standing.limit,
          .remaining = standing.remaining()};
}

bool is_rate(const budget::Budget& budget) {
  return budget.window.type == budget::WindowType::rate;
}

void append_limit_fields(std::string& fields, codec::Family family,
                         std::span<const LimitState> limits, WallTime now) {
  auto leaves_a_balance = [](const budget::Budget& budget) { return budget.leaves_a_balance(); };
  if (const LimitState* least = tightest(limits, leaves_a_balance)) append_budget(fields, *least);
  if (std::ranges::none_of(limits, [](const LimitState& each) { return is_rate(*each.document); }))
    return;
  for (const Told& each : told) {
    const LimitState* rate = tightest_rate(limits, each.unit);
    if (rate == nullptr) continue;
    if (each.unit == Unit::requests) append_standard(fields, *rate);
    if (family == codec::Family::anthropic) {
      append_anthropic(fields, each.anthropic, *rate, now);
    } else if (!each.openai.empty()) {
      append_openai(fields, each.openai, *rate);
    }
  }
}

}  // namespace recloser::relay
