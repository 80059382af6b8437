// Reads CSV (RFC 4180) as it arrives: quotes, line breaks inside them, limits, faults with a place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books {

inline constexpr std::size_t csv_row_bytes_max = 1u << 20;  // of one row, without its quotes
inline constexpr std::size_t csv_fields_max = 2'048;        // of one row; AWS has some hundreds

enum class CsvStep : unsigned char {
  more,   // the piece is read to its end
  row,    // fields() holds one
  error,  // fault() says what is wrong and where; nothing further is read
};

// Resumable at any byte. A byte order mark is passed over, rows end with LF or CRLF, empty lines
// are no rows. The first row decides what stands between fields: a comma, a semicolon or a tab,
// whichever it has first (spreadsheets write all three).
class CsvReader {
 public:
  // Reads on from the front of `piece` up to the next row or the piece's end.
  CsvStep next(std::string_view& piece);
  // Says that no byte follows: `row` for a last one without a line break, `more` for none.
  CsvStep finish();

  // Of the row just reported; views last until the next call.
  std::size_t count() const { return ends_.size(); }
  std::string_view field(std::size_t i) const;      // "" beyond count()
  std::uint64_t line() const { return row_line_; }  // where it begins, from 1

  const std::string& fault() const { return fault_; }  // "line 3, column 14: .."

 private:
  enum class State : unsigned char { mark, field_begin, plain, quoted, quote_in_quoted, done };

  bool take(char c);
  bool take_mark(char c);
  bool take_unquoted(char c);
  void begin_row();
  void end_field() { ends_.push_back(text_.size()); }
  bool is_separator(char c);
  bool fail(std::string_view what);
  CsvStep stop(std::string_view what);

  std::string text_;  // of the row, fields one after the other
  std::vector<std::size_t> ends_;
  std::string fault_;
  std::uint64_t line_ = 1;
  std::uint64_t column_ = 0;  // of the byte just read
  std::uint64_t row_line_ = 1;
  std::uint64_t quote_line_ = 0;
  std::uint64_t quote_column_ = 0;
  State state_ = State::mark;
  char separator_ = 0;  // 0 = not known yet
  unsigned mark_bytes_ = 0;
  bool after_return_ = false;  // the last byte was CR, outside quotes
  bool row_ready_ = false;
  bool handed_out_ = false;
};

}  // namespace recloser::books
