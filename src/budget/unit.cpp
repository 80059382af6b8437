#include "budget/unit.h"

#include "core/money.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

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

// "1,500.25" of "1500.25".
std::string grouped(std::string number) {
  constexpr std::size_t group = 3;
  std::size_t first = number.starts_with('-') ? 1 : 0;
  for (std::size_t at = std::min(number.find('.'), number.size()); at > first + group;) {
    at -= group;
    number.insert(at, ",");
  }
  return number;
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
  std::string number = grouped(number_of(unit, amount));
  if (unit == Unit::usd) return number.starts_with('-') ? "-$" + number.substr(1) : "$" + number;
  return number + std::string(facts_of(unit).noun);
}

std::string number_of(Unit unit, Amount amount) {
  std::string out;
  append_number(out, unit, amount);
  return out;
}

// Behind the point as many digits as say it all, of money two at least. By hand: the head of every
// answer has two of them.
void append_number(std::string& out, Unit unit, Amount amount) {
  const UnitFacts& unit_facts = facts_of(unit);
  auto size = static_cast<std::uint64_t>(amount);
  if (amount < 0) {
    out += '-';
    size = 0 - size;
  }
  auto one = static_cast<std::uint64_t>(unit_facts.one);
  std::array<char, 32> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), size / one).ptr;
  std::uint64_t part = size % one;
  std::size_t least = unit == Unit::usd ? 2 : 0;
  std::size_t places = part == 0 ? least : unit_facts.places;
  for (std::size_t place = places; place > 0; --place, part /= 10) {
    end[place] = static_cast<char>('0' + part % 10);
  }
  while (places > least && end[places] == '0') --places;
  if (places > 0) {
    *end = '.';
    end += 1 + places;
  }
  out.append(text.data(), end);
}

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
