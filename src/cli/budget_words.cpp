#include "cli/budget_words.h"

#include "cli/human.h"

#include <fmt/format.h>

namespace recloser::cli {

std::string unit_of(const Json& object) {
  std::string unit = text(object, "unit");
  for (char& c : unit) c = c == '_' ? ' ' : c;
  return unit;
}

std::string amount(const Json& object, std::string_view name) {
  std::string figure = text(object, name);
  if (figure.empty()) return "-";
  std::string unit = unit_of(object);
  if (unit != "usd") return fmt::format("{} {}", figure, unit);
  return figure.starts_with('-') ? "-$" + figure.substr(1) : "$" + figure;
}

std::string minute(const Json& object, std::string_view name) {
  std::string at = text(object, name);
  if (at.size() < 16) return or_dash(at);
  return fmt::format("{} {}", std::string_view(at).substr(0, 10),
                     std::string_view(at).substr(11, 5));
}

}  // namespace recloser::cli
