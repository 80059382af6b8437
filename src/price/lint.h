// What deserves a second look in price lists: sources that disagree, models on their way out,
// prices that are missing, lists of the operator that mean nothing.
#pragma once

#include "core/time.h"
#include "price/catalogue.h"

#include <string>
#include <string_view>
#include <vector>

namespace recloser::price {

struct LintFinding {
  std::string_view kind;  // "disagreement", "deprecated", "no_price", "no_output_price", "contract"
  std::string provider;
  std::string model;
  std::string message;
};

// About the lists that come with the program, as they are at this time.
std::vector<LintFinding> lint_catalogue(const Catalogue& catalogue, WallTime now);
// About the operator's lists on top of them.
std::vector<LintFinding> lint_contracts(const Catalogue& catalogue);

// "1.25": of nano-dollars, without zeros at the end.
std::string short_price(std::int64_t nano);
std::string date_text(std::int64_t at_s);  // "2026-10-15"

}  // namespace recloser::price
