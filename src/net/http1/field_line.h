// One header line taken apart: the name, the value without white space around it, or what is wrong.
#pragma once

#include "core/limits.h"
#include "net/http1/names.h"
#include "net/http1/reason.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace recloser::net::http1 {

// Offsets into the bytes the line was read from. Eight bytes, because a head holds 128 of them.
struct FieldLine {
  std::uint16_t name_at;
  std::uint16_t value_at;
  std::uint16_t value_size;
  std::uint8_t name_size;
  Name known;
};
static_assert(sizeof(FieldLine) == 8);

// The field lines of one head. Only lines that were set are ever copied or cleared, so that making
// a head, and beginning one anew, costs next to nothing.
class FieldTable {
 public:
  FieldTable() noexcept {}
  FieldTable(const FieldTable& other) noexcept { *this = other; }
  FieldTable& operator=(const FieldTable& other) noexcept {
    size_ = other.size_;
    std::copy_n(other.lines_.begin(), size_, lines_.begin());
    return *this;
  }

  std::size_t size() const { return size_; }
  bool full() const { return size_ == lines_.size(); }
  const FieldLine& operator[](std::size_t index) const { return lines_[index]; }
  const FieldLine* begin() const { return lines_.data(); }
  const FieldLine* end() const { return lines_.data() + size_; }

  // The line after the last one, to be filled in and then kept. Not when full.
  FieldLine& next() { return lines_[size_]; }
  void keep_next() { ++size_; }

 private:
  std::array<FieldLine, limits::header_fields_max> lines_;
  std::uint8_t size_ = 0;
};
static_assert(limits::header_fields_max <= 0xff, "a table counts its lines in 8 bits");

// Reads bytes[line, end), a line that holds no control byte, without its CR LF. bytes[0, readable)
// may be looked at: the more of it, the fewer instructions.
Reason read_field_line(const char* bytes, std::size_t line, std::size_t end, std::size_t readable,
                       FieldLine& field);

// Why a line may not hold this control byte (one that is not the CR of its end).
Reason control_reason(char control);

}  // namespace recloser::net::http1
