#include "books/csv.h"

#include <fmt/format.h>

namespace recloser::books {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

std::string_view CsvReader::field(std::size_t i) const {
  if (i >= ends_.size()) return {};
  std::size_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(text_).substr(begin, ends_[i] - begin);
}

CsvStep CsvReader::next(std::string_view& piece) {
  if (!fault_.empty()) return CsvStep::error;
  if (handed_out_) begin_row();
  while (!piece.empty()) {
    char c = piece.front();
    piece.remove_prefix(1);
    ++column_;
    if (!take(c)) return CsvStep::error;
    if (row_ready_) {
      handed_out_ = true;
      return CsvStep::row;
    }
  }
  return CsvStep::more;
}

CsvStep CsvReader::finish() {
  if (!fault_.empty()) return CsvStep::error;
  if (handed_out_) begin_row();
  if (state_ == State::quoted) {
    line_ = quote_line_;
    column_ = quote_column_;
    return stop("the quote that opens here is never closed");
  }
  bool empty = ends_.empty() && text_.empty() && state_ != State::quote_in_quoted;
  if (state_ == State::done || empty) return CsvStep::more;
  end_field();
  state_ = State::done;
  handed_out_ = true;
  return CsvStep::row;
}

// False when the byte breaks the grammar.
bool CsvReader::take(char c) {
  if (state_ == State::mark && take_mark(c)) return true;
  if (c == '\0') return fail("a byte 0; is this a text file? UTF-16 has to be saved as UTF-8");
  if (after_return_) {
    after_return_ = false;
    if (c != '\n') return fail("a carriage return that no line feed follows");
  }
  if (state_ == State::quoted) {
    if (c == '"') {
      state_ = State::quote_in_quoted;
      return true;
    }
    text_ += c;
  } else if (!take_unquoted(c)) {
    return false;
  }
  if (c == '\n') {
    ++line_;
    column_ = 0;
  }
  if (text_.size() > csv_row_bytes_max) {
    return fail(fmt::format("the row that begins on line {} has more than {} bytes", row_line_,
                            csv_row_bytes_max));
  }
  return true;
}

// Whether the byte belongs to the mark at the front of the file.
bool CsvReader::take_mark(char c) {
  if (c == byte_order_mark[mark_bytes_]) {
    if (++mark_bytes_ == byte_order_mark.size()) {
      state_ = State::field_begin;
      column_ = 0;
    }
    return true;
  }
  state_ = mark_bytes_ == 0 ? State::field_begin : State::plain;
  text_ += byte_order_mark.substr(0, mark_bytes_);
  return false;
}

bool CsvReader::take_unquoted(char c) {
  if (c == '\r') {
    after_return_ = true;
    return true;
  }
  if (c == '\n') {
    bool empty_line = ends_.empty() && text_.empty() && state_ == State::field_begin;
    if (empty_line) {
      row_line_ = line_ + 1;
      return true;
    }
    end_field();
    row_ready_ = true;
    return true;
  }
  if (is_separator(c)) {
    end_field();
    state_ = State::field_begin;
    if (ends_.size() < csv_fields_max) return true;
    return fail(fmt::format("more than {} fields in one row", csv_fields_max));
  }
  if (c == '"' && state_ == State::field_begin) {
    state_ = State::quoted;
    quote_line_ = line_;
    quote_column_ = column_;
    return true;
  }
  if (c == '"' && state_ == State::quote_in_quoted) {
    text_ += c;
    state_ = State::quoted;
    return true;
  }
  if (state_ == State::quote_in_quoted) {
    return fail("text behind a closing quote; a quote inside quotes is written twice");
  }
  if (c == '"') return fail("a quote inside a field that does not begin with one");
  state_ = State::plain;
  text_ += c;
  return true;
}

void CsvReader::begin_row() {
  text_.clear();
  ends_.clear();
  state_ = State::field_begin;
  row_line_ = line_;
  row_ready_ = false;
  handed_out_ = false;
}

bool CsvReader::is_separator(char c) {
  if (separator_ == 0 && (c == ',' || c == ';' || c == '\t')) separator_ = c;
  return separator_ != 0 && c == separator_;
}

bool CsvReader::fail(std::string_view what) {
  stop(what);
  return false;
}

CsvStep CsvReader::stop(std::string_view what) {
  fault_ = fmt::format("line {}, column {}: {}", line_, column_, what);
  return CsvStep::error;
}

}  // namespace recloser::books
