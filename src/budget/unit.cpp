#include "budget/unit.h"

#include "core/money.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::budget {
namespace {

struct UnitFacts {
  std::string_view name;
  unsigned places;
  Amount one;             // in amounts: 10^places
  std::string_view noun;  // behind a number
};

constexpr std::array<UnitFacts, unit_count> units{{
    {"usd", 9, 1'000'000'000, ""},
    {"tokens", 0, 1, " tokens"},
    {"input_tokens", 0, 1, " input tokens"},
    {"output_tokens", 0, 1, " output tokens"},
    {"requests", 0, 1, " requests"},
    {"tool_calls", 0, 1, " tool calls"},
    {"seconds", 3, 1000, " s"},
    {"calls", 0, 1, " calls at once"},
}};

const UnitFacts& facts_of(Unit unit) { return units[static_cast<std::size_t>(unit)]; }

std::string grouped(Amount number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3 + (number < 0 ? 1u : 0u); at -= 3) {
    text.insert(at - 3, ",");
  }
  return text;
}

// Behind the point: as many digits as say it all, `least` at least.
std::string places(Amount rest, unsigned digits, std::size_t least) {
  std::string text = fmt::format("{:0{}}", rest, digits);
  while (text.size() > least && text.back() == '0') text.pop_back();
  return text;
}

std::string decimal(Unit unit, Amount amount, bool group) {
  const UnitFacts& unit_facts = facts_of(unit);
  bool minus = amount < 0;
  Amount size = minus ? -amount : amount;
  std::string whole =
      group ? grouped(size / unit_facts.one) : std::to_string(size / unit_facts.one);
  std::size_t least = unit == Unit::usd ? 2 : 0;
  std::string rest =
      unit_facts.places == 0 ? "" : places(size % unit_facts.one, unit_facts.places, least);
  return (minus ? "-" : "") + whole + (rest.empty() ? "" : "." + rest);
}

}  // namespace

std::string_view name_of(Unit unit) { return facts_of(unit).name; }
unsigned places_of(Unit unit) { return facts_of(unit).places; }

Result<Amount> parse_amount(Unit unit, std::string_view text) {
  Result<Amount> amount = parse_decimal(text, places_of(unit));
  if (!amount) return amount;
  if (*amount < 0) return fail(Side::operator_, Kind::malformed, "it is negative");
  if (*amount > amount_max) {
    return fail(Side::operator_, Kind::malformed,
                "it is more than " + text_of(unit, amount_max) + ", which is all that is counted");
  }
  return amount;
}

std::string text_of(Unit unit, Amount amount) {
  std::string number = decimal(unit, amount, true);
  if (unit == Unit::usd) return number.starts_with('-') ? "-$" + number.substr(1) : "$" + number;
  return number + std::string(facts_of(unit).noun);
}

std::string number_of(Unit unit, Amount amount) { return decimal(unit, amount, false); }

Amount Use::of(Unit unit) const {
  switch (unit) {
    case Unit::usd:
      return nano_usd;
    case Unit::tokens:
      return input_tokens + output_tokens;
    case Unit::input_tokens:
      return input_tokens;
    case Unit::output_tokens:
      return output_tokens;
    case Unit::requests:
      return requests;
    case Unit::tool_calls:
      return tool_calls;
    case Unit::seconds:
      return milliseconds;
    case Unit::calls:
      return 0;
  }
  std::unreachable();
}

}  // namespace recloser::budget
