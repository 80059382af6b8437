#include "books/csv.h"

#include <gtest/gtest.h>

namespace recloser::books {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Told {
  Rows rows;
  std::vector<std::uint64_t> lines;
  std::string fault;
};

void take_row(Told& told, const CsvReader& csv) {
  std::vector<std::string> row;
  for (std::size_t i = 0; i < csv.count(); ++i) row.emplace_back(csv.field(i));
  told.rows.push_back(std::move(row));
  told.lines.push_back(csv.line());
}

Told read(std::string_view text, std::size_t piece_bytes) {
  CsvReader csv;
  Told told;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    std::string_view piece = text.substr(at, piece_bytes);
    for (CsvStep step = csv.next(piece); step != CsvStep::more; step = csv.next(piece)) {
      if (step == CsvStep::error) {
        told.fault = csv.fault();
        return told;
      }
      take_row(told, csv);
    }
  }
  CsvStep last = csv.finish();
  if (last == CsvStep::row) take_row(told, csv);
  if (last == CsvStep::error) told.fault = csv.fault();
  return told;
}

// However the text is split, the same is told.
Told read(std::string_view text) {
  Told whole = read(text, text.size() + 1);
  for (std::size_t bytes = 1; bytes <= text.size(); ++bytes) {
    Told split = read(text, bytes);
    EXPECT_EQ(split.rows, whole.rows) << bytes;
    EXPECT_EQ(split.lines, whole.lines) << bytes;
    EXPECT_EQ(split.fault, whole.fault) << bytes;
  }
  return whole;
}

TEST(Csv, RowsFieldsAndLines) {
  Told told = read("a,b,c\r\n1,,3\n\n\"x,\"\"y\"\"\n z\",2,\r\n,,");
  EXPECT_EQ(told.rows,
            (Rows{{"a", "b", "c"}, {"1", "", "3"}, {"x,\"y\"\n z", "2", ""}, {"", "", ""}}));
  EXPECT_EQ(told.lines, (std::vector<std::uint64_t>{1, 2, 4, 6}));
  EXPECT_EQ(told.fault, "");
}

TEST(Csv, MarkSeparatorsAndEnds) {
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "day;model\n1;2,5\n")
                .rows,
            (Rows{{"day", "model"}, {"1", "2,5"}}));
  EXPECT_EQ(read("\xef\xbb\xbf\"a\"\tb\n").rows, (Rows{{"a", "b"}}));
  EXPECT_EQ(read("a\nb\n").rows, (Rows{{"a"}, {"b"}}));
  EXPECT_EQ(read("\"\"").rows, (Rows{{""}}));
  EXPECT_EQ(read("").rows, Rows{});
  EXPECT_EQ(read("\r\n\n").rows, Rows{});
  EXPECT_EQ(read("\xef\xbbz,1\n").rows, (Rows{{"\xef\xbbz", "1"}}));
}

TEST(Csv, FaultsHaveAPlace) {
  EXPECT_EQ(read("a,b\n1,\"x").fault,
            "line 2, column 3: the quote that opens here is never closed");
  EXPECT_EQ(read("a,b\n1,\"x\"y\n").fault,
            "line 2, column 6: text behind a closing quote; a quote inside quotes is written "
            "twice");
  EXPECT_EQ(read("a,b\n1,x\"y\"\n").fault,
            "line 2, column 4: a quote inside a field that does not begin with one");
  EXPECT_EQ(read("a\rb\n").fault, "line 1, column 3: a carriage return that no line feed follows");
  EXPECT_NE(read(std::string_view("a\0b\n", 4)).fault.find("a byte 0"), std::string::npos);
}

TEST(Csv, LimitsHold) {
  std::string most(csv_row_bytes_max, 'x');
  EXPECT_EQ(read(most, most.size()).fault, "");
  EXPECT_NE(read(most + "x", most.size() + 1).fault.find("more than 1048576 bytes"),
            std::string::npos);
  std::string wide(csv_fields_max - 1, ',');
  EXPECT_EQ(read(wide, wide.size()).rows.at(0).size(), csv_fields_max);
  EXPECT_NE(read(wide + ",", wide.size() + 1).fault.find("more than 2048 fields"),
            std::string::npos);
}

}  // namespace
}  // namespace recloser::books
