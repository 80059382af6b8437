#include "cli/output.h"

#include "core/check.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

// 0, or why not all of it could be written.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "";
    case Colour::bold:
      return "1";
    case Colour::dim:
      return "2";
    case Colour::red:
      return "31";
    case Colour::green:
      return "32";
    case Colour::yellow:
      return "33";
  }
  return "";
}

// Places on the screen: characters, not bytes.
std::size_t width_of(std::string_view text) {
  auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

}  // namespace

Exit show(const Process& process, std::string_view text) {
  int failed = write_all(process.out, text);
  if (failed == 0) return Exit::fine;
  if (failed == EPIPE) return Exit::could_not;  // whoever read has seen enough
  return complain(
      process, Exit::could_not,
      fmt::format("cannot write the output: {}", std::generic_category().message(failed)));
}

Exit complain(const Process& process, Exit exit, std::string_view message) {
  write_all(process.err, fmt::format("recloser: {}\n", message));  // nowhere left to complain to
  return exit;
}

Style Style::of(const Process& process) {
  std::optional<std::string> no_color = process.environment.variable("NO_COLOR");
  bool unwanted = (no_color && !no_color->empty()) ||
                  process.environment.variable("TERM").value_or("dumb") == "dumb";
  return Style(!unwanted && ::isatty(process.out) == 1);
}

std::string Style::paint(Colour colour, std::string_view text) const {
  if (!coloured_ || colour == Colour::none) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

void Table::add(std::vector<Cell> row) {
  CHECK(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text(const Style& style) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = width_of(columns_[c].title);
    for (const auto& row : rows_) width = std::max(width, width_of(row[c].text));
    widths.push_back(width);
  }
  std::string out;
  auto line = [&](auto cell_of) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      Cell cell = cell_of(c);
      std::string room(widths[c] - width_of(cell.text), ' ');
      if (c > 0) out += "  ";
      if (columns_[c].right) out += room;
      out += style.paint(cell.colour, cell.text);
      if (!columns_[c].right && c + 1 < columns_.size()) out += room;
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  };
  line([&](std::size_t c) { return Cell{std::string(columns_[c].title), Colour::bold}; });
  for (const auto& row : rows_) line([&](std::size_t c) { return row[c]; });
  return out;
}

}  // namespace recloser::cli
