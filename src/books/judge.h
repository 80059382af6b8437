// Judges two sums of the same calls: what differs, and which way of pricing explains it exactly.
#pragma once

#include "books/bill.h"
#include "books/finding.h"
#include "books/ours.h"

#include <cstdint>
#include <string>

namespace recloser::books {

// Two sides of what should be the same.
struct Sides {
  Counts bill;
  Counts books;
  Counts estimated;    // of `books`
  unsigned known = 0;  // counts that the bill has
  bool money = false;  // it has costs, and ours are priced
  Amount bill_cost;
  Amount books_cost;
  Amount estimated_cost;
  OtherCosts otherwise{};
  Amount rounding;  // how far equal costs may differ: see rounding_of()
  unsigned tolerance_permille = 0;
};

enum class Verdict : unsigned char {
  same,
  more,       // the bill counts more, and nothing less
  less,       // the other way round
  otherwise,  // some more, some less; or the same tokens divided otherwise
  price,      // the counts are the same
  cost,       // the bill does not count
};

struct Judgement {
  Verdict verdict = Verdict::same;
  Counts difference;  // bill - books, of what is known
  Amount cost_difference;
  std::string why;
  std::string code;
};

Judgement judge(const Sides& sides);

// Costs are the same when they differ by no more than rounding can make: half a nano-dollar for
// each of our calls, half of the last place that the bill shows for each of its lines.
Amount rounding_of(std::uint64_t calls, std::uint64_t lines, unsigned places_shown);

// Whether `a` is `b` but for the rounding.
inline bool same(Amount a, Amount b, Amount rounding) { return magnitude(a - b) <= rounding; }

// One more way of pricing that gives the same figure: batch and flex are often both the half.
void add_way(Otherwise way, std::string& why, std::string& code);

// Counts that the bill does not have become 0. Requests count only where nothing else does:
// providers count failed ones differently.
Counts only_known(Counts counts, unsigned known);

}  // namespace recloser::books
