// Facts: what is known of one thing, as lines of a name and a value.
#pragma once

#include "cli/output.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace recloser::cli {

// Lines "name  value"; those that say nothing are left out.
class Facts {
 public:
  explicit Facts(const Style& style) : style_(style) {}

  void add(std::string_view name, std::string_view value, Colour colour = Colour::none) {
    if (value.empty() || value == "-") return;
    fmt::format_to(std::back_inserter(out_), "{}  {}\n",
                   style_.paint(Colour::dim, fmt::format("{:<14}", name)),
                   style_.paint(colour, value));
  }
  const std::string& text() const { return out_; }

 private:
  const Style& style_;
  std::string out_;
};

}  // namespace recloser::cli
