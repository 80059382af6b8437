#include "net/http1/head.h"

#include "core/ascii.h"
#include "core/check.h"
#include "net/http1/list.h"
#include "net/http1/name_table.h"
#include "net/http1/scan.h"

#include <algorithm>

namespace recloser::net::http1 {
namespace {

constexpr std::size_t content_length_digits_max = 18;  // what certainly fits 63 bits

// TLS on a port that speaks plain HTTP, either way round, is a mistake worth its own words.
Reason first_byte_fault(char control) {
  if (control == 0x16) return Reason::tls_handshake;
  return control == 0x15 ? Reason::tls_alert : control_reason(control);
}

// Reads the line at bytes[at...] if it is whole and ordinary: a name of letters, digits and '-', a
// colon, at most one space, a value without tabs, spaces at its ends, or control bytes. The offset
// after its CR LF; 0 for any other line, which proves nothing about it. `last` is
// scan::last_plain() of the buffer.
[[gnu::always_inline]] inline std::size_t read_plain_field(const char* bytes, std::size_t at,
                                                           std::size_t last, FieldLine& field) {
  std::size_t colon = scan::plain_name_end(bytes, at, last);
  if (colon == scan::gave_up || bytes[colon] != ':') return 0;
  std::size_t name_size = colon - at;
  if (name_size - 1 >= limits::field_name_bytes_max) return 0;  // none, or too long
  std::size_t value = colon + 1;
  if (bytes[value] == ' ') ++value;
  std::size_t end = scan::plain_line_end(bytes, value, last);
  if (end == scan::gave_up || bytes[end] != '\r' || bytes[end + 1] != '\n') return 0;
  if (bytes[value] == ' ' || bytes[end - 1] == ' ') return 0;
  field = {.name_at = static_cast<std::uint16_t>(at),
           .value_at = static_cast<std::uint16_t>(value),
           .value_size = static_cast<std::uint16_t>(end - value),
           .name_size = static_cast<std::uint8_t>(name_size),
           .known = name_table::find({bytes + at, name_size})};
  return end + 2;
}

// A list of codings we do not know, perhaps ended by chunked: understood, not done. Anything else
// with a comma, a parameter or nothing in it leaves the end of the message in doubt.
Reason coding_fault(std::string_view value) {
  Reason fault = Reason::transfer_encoding_unsupported;
  bool chunked_seen = false;
  std::size_t codings = 0;
  for (ListItems items(value); items.next();) {
    if (chunked_seen || !scan::is_token(items.item())) fault = Reason::transfer_encoding_malformed;
    chunked_seen = ascii::equal_ignoring_case(items.item(), "chunked");
    ++codings;
  }
  if (codings == 0 || (chunked_seen && codings == 1)) return Reason::transfer_encoding_malformed;
  return fault;
}

}  // namespace

Field Head::field(std::size_t index) const {
  CHECK(index < fields_.size());
  const FieldLine& line = fields_[index];
  return {.known = line.known, .name = name(line), .value = value(line)};
}

std::string_view Head::lines(std::size_t first, std::size_t last) const {
  CHECK(first <= last && last <= fields_.size() && stage_ == Stage::complete);
  if (first == last) return {};
  std::size_t begin = fields_[first].name_at;
  std::size_t end = last < fields_.size() ? fields_[last].name_at : line_ - 2u;
  return view(begin, end - begin);
}

std::optional<std::string_view> Head::find(Name name) const {
  if (!present_.has(name)) return std::nullopt;
  for (const FieldLine& line : fields_) {
    if (line.known == name) return value(line);
  }
  return std::nullopt;
}

std::optional<std::string_view> Head::find(std::string_view wanted) const {
  for (const FieldLine& line : fields_) {
    if (ascii::equal_ignoring_case(name(line), wanted)) return value(line);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Head::content_length() const {
  if (!has(Name::content_length)) return std::nullopt;
  return content_length_;
}

bool Head::connection_names(std::string_view field) const {
  if (!connection_names_fields_) return false;
  bool named = false;
  each_listed(Name::connection, [field, &named](std::string_view option) {
    named = named || ascii::equal_ignoring_case(option, field);
    return Reason::none;
  });
  return named;
}

bool Head::next_line(std::string_view buffer, Line& line) {
  bytes_ = buffer.data();
  std::size_t end = std::min(buffer.size(), limits::head_bytes_max);
  std::size_t at = scan::find_control(bytes_, scanned_, end);
  scanned_ = static_cast<std::uint16_t>(at);
  if (at != end && bytes_[at] != '\r') {
    refuse(at == 0 ? first_byte_fault(bytes_[0]) : control_reason(bytes_[at]));
    return false;
  }
  if (end - at < 2) {  // nothing yet, or the CR alone
    if (end == limits::head_bytes_max) {
      refuse(stage_ == Stage::first_line ? Reason::request_line_too_long : Reason::head_too_large);
    }
    return false;
  }
  if (bytes_[at + 1] != '\n') {
    refuse(Reason::bare_carriage_return);
    return false;
  }
  line = {.begin = line_, .end = at};
  line_ = scanned_ = static_cast<std::uint16_t>(at + 2);
  return true;
}

Progress Head::progress() const {
  switch (stage_) {
    case Stage::first_line:
    case Stage::fields:
      return Progress::more;
    case Stage::complete:
      return Progress::complete;
    case Stage::refused:
      return Progress::refused;
  }
  return Progress::refused;
}

Progress Head::refuse(Reason reason) {
  reason_ = reason;
  stage_ = Stage::refused;
  return Progress::refused;
}

Reason Head::take_field(std::string_view buffer, Line line) {
  if (fields_.full()) return Reason::fields_too_many;
  FieldLine& field = fields_.next();
  Reason reason = read_field_line(buffer.data(), line.begin, line.end, buffer.size(), field);
  if (reason != Reason::none) return reason;
  keep_field();
  return Reason::none;
}

void Head::keep_field() {
  NameSet name{fields_.next().known};
  repeated_ = repeated_ | (present_ & name);
  present_ = present_ | name;
  fields_.keep_next();
}

// Takes as many of the next lines as are whole and ordinary, which is nearly always all of them,
// looking once at each byte. It stops before a line that is anything else: next_line() and
// take_field() then read that one and say what it is.
void Head::take_plain_fields(std::string_view buffer) {
  const char* bytes = buffer.data();
  std::size_t last = scan::last_plain(std::min(buffer.size(), limits::head_bytes_max));
  std::size_t at = line_;
  while (!fields_.full()) {
    std::size_t next = read_plain_field(bytes, at, last, fields_.next());
    if (next == 0) break;
    keep_field();
    at = next;
  }
  line_ = scanned_ = static_cast<std::uint16_t>(at);
}

// Whatever leaves a doubt about where the body ends is refused: two parties that resolve the doubt
// differently are what request smuggling is made of.
Reason Head::read_framing() {
  if (repeated_.has(Name::content_length)) return Reason::content_length_repeated;
  if (repeated_.has(Name::transfer_encoding)) return Reason::transfer_encoding_repeated;
  std::optional<std::string_view> length = find(Name::content_length);
  std::optional<std::string_view> coding = find(Name::transfer_encoding);
  if (length && coding) return Reason::length_and_transfer_encoding;
  if (length) return read_content_length(*length);
  if (!coding) return Reason::none;
  chunked_ = true;
  return read_transfer_encoding(*coding);
}

Reason Head::read_content_length(std::string_view value) {
  if (value.contains(',')) return Reason::content_length_list;
  if (value.empty() || !std::ranges::all_of(value, ascii::is_digit)) {
    return Reason::content_length_malformed;
  }
  if (value.size() > content_length_digits_max) return Reason::content_length_too_large;
  std::uint64_t length = 0;
  for (char c : value) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  content_length_ = length;
  return Reason::none;
}

Reason Head::read_transfer_encoding(std::string_view value) const {
  if (version_minor_ == 0) return Reason::transfer_encoding_on_http10;
  if (ascii::equal_ignoring_case(value, "chunked")) return Reason::none;
  return coding_fault(value);
}

Reason Head::read_connection() {
  if (!has(Name::connection)) return Reason::none;
  // Every field that is passed on is looked up among the options, so their size is bounded.
  std::size_t bytes = 0;
  for (const FieldLine& line : fields_) {
    if (line.known == Name::connection) bytes += line.value_size;
  }
  if (bytes > limits::connection_bytes_max) return Reason::connection_too_long;
  return each_listed(Name::connection,
                     [this](std::string_view option) { return take_connection_option(option); });
}

Reason Head::take_connection_option(std::string_view option) {
  Name known = known_name(option);
  if (known == Name::keep_alive) {
    connection_keep_alive_ = true;
    return Reason::none;
  }
  if (ascii::equal_ignoring_case(option, "close")) {
    connection_close_ = true;
    return Reason::none;
  }
  if (!scan::is_token(option)) return Reason::connection_malformed;
  if (known == Name::content_length || known == Name::host) return Reason::connection_names_framing;
  if (known == Name::upgrade) connection_upgrade_ = true;
  if (!hop_by_hop.has(known)) connection_names_fields_ = true;
  return Reason::none;
}

}  // namespace recloser::net::http1
