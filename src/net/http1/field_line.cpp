#include "net/http1/field_line.h"

#include "core/limits.h"
#include "net/http1/name_table.h"
#include "net/http1/scan.h"

#include <string_view>

namespace recloser::net::http1 {
namespace {

static_assert(limits::head_bytes_max <= 0xffff && limits::trailer_bytes_max <= 0xffff,
              "offsets into a head or into trailers are 16 bits wide");
static_assert(limits::field_name_bytes_max <= 0xff, "the size of a name is 8 bits wide");

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// What stands where the name should have gone on or its colon stand.
Reason name_fault(const char* bytes, std::size_t line, std::size_t at, std::size_t end) {
  if (at == end) return Reason::field_without_colon;
  if (is_blank(bytes[at])) {
    if (at == line) return Reason::field_folded;
    std::string_view rest(bytes + at, end - at);
    std::size_t next = rest.find_first_not_of(" \t");
    if (next != std::string_view::npos && rest[next] == ':') {
      return Reason::field_space_before_colon;
    }
  }
  return Reason::field_name_malformed;
}

}  // namespace

Reason read_field_line(const char* bytes, std::size_t line, std::size_t end, std::size_t readable,
                       FieldLine& field) {
  std::size_t colon = scan::token_end(bytes, line, readable);
  if (colon >= end || bytes[colon] != ':') {
    return name_fault(bytes, line, colon < end ? colon : end, end);
  }
  std::size_t name_size = colon - line;
  if (name_size == 0) return Reason::field_name_empty;
  if (name_size > limits::field_name_bytes_max) return Reason::field_name_too_long;

  std::size_t value = colon + 1;
  while (value < end && is_blank(bytes[value])) ++value;
  while (end > value && is_blank(bytes[end - 1])) --end;
  field = {.name_at = static_cast<std::uint16_t>(line),
           .value_at = static_cast<std::uint16_t>(value),
           .value_size = static_cast<std::uint16_t>(end - value),
           .name_size = static_cast<std::uint8_t>(name_size),
           .known = name_table::find({bytes + line, name_size})};
  return Reason::none;
}

Reason control_reason(char control) {
  switch (control) {
    case '\n':
      return Reason::bare_line_feed;
    case '\r':
      return Reason::bare_carriage_return;
    case '\0':
      return Reason::nul_byte;
    default:
      return Reason::control_byte;
  }
}

}  // namespace recloser::net::http1
