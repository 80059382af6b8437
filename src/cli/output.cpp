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
  widen({}, widths);
  std::string out;
  add_line(out, style, titles(), widths);
  for (const auto& row : rows_) add_line(out, style, row, widths);
  return out;
}

std::string Table::next_text(const Style& style, std::span<const std::size_t> usual) {
  bool first = told_widths_.empty();
  widen(usual, told_widths_);
  std::string out;
  if (first) add_line(out, style, titles(), told_widths_);
  for (const auto& row : rows_) add_line(out, style, row, told_widths_);
  rows_.clear();
  return out;
}

void Table::widen(std::span<const std::size_t> usual, std::vector<std::size_t>& widths) const {
  widths.resize(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    widths[c] = std::max(widths[c], width_of(columns_[c].title));
    if (c < usual.size()) widths[c] = std::max(widths[c], usual[c]);
    for (const auto& row : rows_) widths[c] = std::max(widths[c], width_of(row[c].text));
  }
}

void Table::add_line(std::string& out, const Style& style, const std::vector<Cell>& cells,
                     const std::vector<std::size_t>& widths) const {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::string room(widths[c] - width_of(cells[c].text), ' ');
    if (c > 0) out += "  ";
    if (columns_[c].right) out += room;
    out += style.paint(cells[c].colour, cells[c].text);
    if (!columns_[c].right && c + 1 < columns_.size()) out += room;
  }
  while (out.ends_with(' ')) out.pop_back();
  out += '\n';
}

std::vector<Cell> Table::titles() const {
  std::vector<Cell> cells;
  for (const Column& column : columns_) {
    cells.push_back({.text = std::string(column.title), .colour = Colour::bold});
  }
  return cells;
}

}  // namespace recloser::cli
