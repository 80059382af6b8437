// What commands print: text to the descriptors of the process, colour on a terminal, tables.
#pragma once

#include "cli/cli.h"
#include "core/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::cli {

// The answer of a command, to `out`. could_not when it cannot be written, a full disk say.
Exit show(const Process& process, std::string_view text);
// "recloser: MESSAGE" to `err`; gives back `exit`.
Exit complain(const Process& process, Exit exit, std::string_view message);

enum class Colour : unsigned char { none, bold, dim, red, green, yellow };

// Colour or not: only on a terminal that wants it (NO_COLOR, TERM=dumb).
class Style {
 public:
  static Style of(const Process& process);
  static Style plain() { return Style(false); }

  bool coloured() const { return coloured_; }
  std::string paint(Colour colour, std::string_view text) const;

 private:
  explicit Style(bool coloured) : coloured_(coloured) {}
  bool coloured_;
};

struct Column {
  std::string_view title;
  bool right = false;  // numbers stand under each other's last digit
};

struct Cell {
  std::string text;
  Colour colour = Colour::none;
};

// Rows under aligned titles, two spaces between columns, none at the end of a line.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<Cell> row);  // as many cells as there are columns
  std::string text(const Style& style) const;
  // For rows that come one by one: those added since it was called last, the first time under the
  // titles. Columns are at least as wide as `usual` says, and never get narrower.
  std::string next_text(const Style& style, std::span<const std::size_t> usual);

 private:
  void widen(std::span<const std::size_t> usual, std::vector<std::size_t>& widths) const;
  void add_line(std::string& out, const Style& style, const std::vector<Cell>& cells,
                const std::vector<std::size_t>& widths) const;
  std::vector<Cell> titles() const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::size_t> told_widths_;  // empty: the titles were not told yet
};

}  // namespace recloser::cli
