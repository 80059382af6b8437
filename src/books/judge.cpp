#include "books/judge.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::books {
namespace {

constexpr unsigned bit(Count kind) { return 1U << std::size_t(kind); }

unsigned compared(unsigned known) {
  unsigned tokens = known & ~bit(Count::requests);
  return tokens == 0 ? known : tokens;
}

std::int64_t tolerated(std::int64_t estimated, unsigned permille) {
  return (estimated / 1000 * permille) + (estimated % 1000 * permille + 999) / 1000;
}

// All input, from whatever the bill has of it; nothing when it cannot be said.
std::int64_t all_input(const Counts& counts, unsigned known) {
  if ((known & bit(Count::input)) != 0) return counts[Count::input];
  return counts[Count::fresh_input] + counts[Count::cached_input] + counts[Count::cache_write];
}

// The same tokens, otherwise divided into plain, cached and written ones.
bool only_divided(const Counts& difference, unsigned known) {
  bool whole = (known & (bit(Count::input) | bit(Count::fresh_input))) != 0;
  return whole && all_input(difference, known) == 0 && difference[Count::output] == 0 &&
         difference[Count::web_searches] == 0;
}

Amount tolerance_of(const Sides& sides) {
  Amount tolerance = sides.rounding;
  tolerance.atto += magnitude(sides.estimated_cost).atto / 1000 * sides.tolerance_permille;
  return tolerance;
}

// "all of it at 0.9 of our price", where the factor has at most three places and the figures are
// large enough that this is no accident.
std::optional<unsigned> factor_permille(const Sides& sides) {
  __int128 ours = sides.books_cost.atto;
  __int128 theirs = sides.bill_cost.atto;
  if (ours <= 0 || theirs <= 0 || theirs / ours >= 1'000) return std::nullopt;
  __int128 step = ours / 1000;
  if (step <= 4 * sides.rounding.atto || step == 0) return std::nullopt;
  auto permille = static_cast<unsigned>((theirs + step / 2) / step);
  Amount wanted{ours / 1000 * permille + ours % 1000 * permille / 1000};
  Amount rounding{sides.rounding.atto + 1};
  bool explains = permille != 1000 && same(sides.bill_cost, wanted, rounding);
  return explains ? std::optional(permille) : std::nullopt;
}

void explain_price(const Sides& sides, Judgement& judgement) {
  for (std::size_t i = 0; i < otherwise_kinds; ++i) {
    bool differs = !same(sides.otherwise[i], sides.books_cost, sides.rounding);
    if (!differs || !same(sides.bill_cost, sides.otherwise[i], sides.rounding)) continue;
    add_way(Otherwise(i), judgement.why, judgement.code);
  }
  if (!judgement.code.empty()) return;
  if (std::optional<unsigned> permille = factor_permille(sides)) {
    judgement.why =
        fmt::format("charged at {}.{:03} of our price", *permille / 1000, *permille % 1000);
    judgement.code = "factor";
    return;
  }
  judgement.why = "the price is another, and no known way of pricing explains it";
}

}  // namespace

void add_way(Otherwise way, std::string& why, std::string& code) {
  why += fmt::format("{}{}", why.empty() ? "" : ", or ", sentence_of(way));
  code += fmt::format("{}{}", code.empty() ? "" : ",", name_of(way));
}

Counts only_known(Counts counts, unsigned known) {
  unsigned kept = compared(known);
  for (std::size_t i = 0; i < count_kinds; ++i) {
    if ((kept >> i & 1U) == 0) counts.at[i] = 0;
  }
  return counts;
}

Amount rounding_of(std::uint64_t calls, std::uint64_t lines, unsigned places) {
  constexpr __int128 half_nano = 500'000'000;
  __int128 last_place = 1;
  for (unsigned i = places; i < Amount::places; ++i) last_place *= 10;
  __int128 theirs = places >= Amount::places ? 0 : last_place / 2 * lines;
  return {half_nano * calls + theirs};
}

Judgement judge(const Sides& sides) {
  Judgement judgement;
  judgement.difference = only_known(sides.bill, sides.known) - only_known(sides.books, sides.known);
  judgement.cost_difference = sides.bill_cost - sides.books_cost;
  bool more = false;
  bool less = false;
  for (std::size_t i = 0; i < count_kinds; ++i) {
    std::int64_t allowed = tolerated(sides.estimated.at[i], sides.tolerance_permille);
    more |= judgement.difference.at[i] > allowed;
    less |= judgement.difference.at[i] < -allowed;
  }
  if ((more || less) && only_divided(judgement.difference, sides.known)) {
    judgement.verdict = Verdict::otherwise;
    judgement.why = "as many tokens, divided otherwise into plain, cached and written ones";
    judgement.code = "divided_otherwise";
    return judgement;
  }
  if (more || less) {
    judgement.verdict = more && less ? Verdict::otherwise : more ? Verdict::more : Verdict::less;
    if (more && less) judgement.why = "some tokens are more and some are fewer than ours";
    return judgement;
  }
  if (!sides.money || same(sides.bill_cost, sides.books_cost, tolerance_of(sides))) {
    return judgement;
  }
  judgement.verdict = compared(sides.known) != 0 ? Verdict::price : Verdict::cost;
  explain_price(sides, judgement);
  return judgement;
}

}  // namespace recloser::books
