#include "net/http1/chunked.h"

#include "core/check.h"
#include "core/limits.h"
#include "net/http1/field_line.h"
#include "net/http1/names.h"
#include "net/http1/scan.h"

#include <algorithm>
#include <limits>

namespace recloser::net::http1 {
namespace {

constexpr std::uint8_t size_digits_max = 16;
constexpr std::uint64_t chunk_bytes_max = std::numeric_limits<std::int64_t>::max();

constexpr std::array<std::int8_t, 256> hex_digits = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::int8_t i = 0; i < 16; ++i) {
    table[static_cast<unsigned char>("0123456789abcdef"[i])] = i;
    table[static_cast<unsigned char>("0123456789ABCDEF"[i])] = i;
  }
  return table;
}();

int hex_digit(char c) { return hex_digits[static_cast<unsigned char>(c)]; }

}  // namespace

BodyStep ChunkedDecoder::next(std::string_view input) {
  std::size_t at = 0;
  while (state_ != State::refused && state_ != State::ended) {
    if (at == input.size()) return {.kind = BodyStep::Kind::more, .consumed = at};
    if (state_ == State::payload) {
      auto taken =
          static_cast<std::size_t>(std::min<std::uint64_t>(bytes_left_, input.size() - at));
      bytes_left_ -= taken;
      if (bytes_left_ == 0) state_ = State::payload_end_cr;
      return {.kind = BodyStep::Kind::payload,
              .consumed = at + taken,
              .payload = input.substr(at, taken)};
    }
    if (take_plain_head(input, at)) continue;
    reason_ = step(input, at);
    if (reason_ != Reason::none) state_ = State::refused;
  }
  if (state_ == State::ended) return {.kind = BodyStep::Kind::end, .consumed = at};
  return {.kind = BodyStep::Kind::refused, .reason = reason_, .consumed = at};
}

// What nearly always stands between two payloads, "\r\n1f4\r\n" all in one piece, in one go. Takes
// nothing from anything else, which step() then goes through byte by byte.
bool ChunkedDecoder::take_plain_head(std::string_view input, std::size_t& at) {
  constexpr std::size_t digits_max = 8;
  std::size_t begin = at;
  if (state_ == State::payload_end_cr && input.substr(at, 2) == "\r\n") {
    begin = at + 2;
  } else if (state_ != State::size_first) {
    return false;
  }
  std::size_t end = std::min(input.size(), begin + digits_max);
  std::uint64_t size = 0;
  std::size_t digit = begin;
  for (; digit < end && hex_digit(input[digit]) >= 0; ++digit) {
    size = size << 4 | static_cast<std::uint64_t>(hex_digit(input[digit]));
  }
  if (size == 0 || input.size() - digit < 2) return false;
  if (input[digit] != '\r' || input[digit + 1] != '\n') return false;
  bytes_left_ = size;
  state_ = State::payload;
  at = digit + 2;
  return true;
}

// Takes at least one byte from input[at...], or says what is wrong with it.
Reason ChunkedDecoder::step(std::string_view input, std::size_t& at) {
  char c = input[at];
  switch (state_) {
    case State::size_first:
    case State::size:
    case State::size_blank:
      ++at;
      return take_size(c);
    case State::extension:
      return take_extension(input, at);
    case State::size_line_end:
      if (c != '\n') return Reason::bare_carriage_return;
      begin_payload();
      break;
    case State::payload_end_cr:
      if (c != '\r') return Reason::chunk_end_missing;
      state_ = State::payload_end_lf;
      break;
    case State::payload_end_lf:
      if (c != '\n') return Reason::chunk_end_missing;
      state_ = State::size_first;
      break;
    case State::trailer:
      return take_trailers(input, at);
    case State::trailer_line_end:
      ++at;
      return c == '\n' ? end_trailer_line() : Reason::bare_carriage_return;
    case State::payload:
    case State::ended:
    case State::refused:
      CHECK(false, "next() handles these itself");
  }
  ++at;
  return Reason::none;
}

Reason ChunkedDecoder::take_size(char c) {
  if (state_ != State::size_blank) {
    if (int digit = hex_digit(c); digit >= 0) {
      if (size_digits_ == size_digits_max) return Reason::chunk_size_too_large;
      ++size_digits_;
      bytes_left_ = bytes_left_ << 4 | static_cast<std::uint64_t>(digit);
      if (bytes_left_ > chunk_bytes_max) return Reason::chunk_size_too_large;
      state_ = State::size;
      return Reason::none;
    }
    if (state_ == State::size_first) return Reason::chunk_size_malformed;
    if (c == '\r') {
      state_ = State::size_line_end;
      return Reason::none;
    }
  }
  // RFC 9112 7.1.1 has us bear white space before an extension, and only there.
  if (c == ' ' || c == '\t') {
    state_ = State::size_blank;
    return ++extension_bytes_ > limits::chunk_extension_bytes_max ? Reason::chunk_extension_too_long
                                                                  : Reason::none;
  }
  if (c == '\n') return Reason::bare_line_feed;
  if (c != ';') return Reason::chunk_size_malformed;
  state_ = State::extension;
  return ++extension_bytes_ > limits::chunk_extension_bytes_max ? Reason::chunk_extension_too_long
                                                                : Reason::none;
}

Reason ChunkedDecoder::take_extension(std::string_view input, std::size_t& at) {
  // One byte past the room left is enough to know that there is no room for it.
  std::size_t room = limits::chunk_extension_bytes_max - extension_bytes_;
  std::size_t end = at + std::min(input.size() - at, room + 1);
  std::size_t stop = scan::find_control(input.data(), at, end);
  if (stop - at > room) return Reason::chunk_extension_too_long;
  extension_bytes_ = static_cast<std::uint16_t>(extension_bytes_ + (stop - at));
  at = stop;
  if (stop == end) return Reason::none;
  if (input[at] != '\r') return control_reason(input[at]);
  ++at;
  state_ = State::size_line_end;
  return Reason::none;
}

void ChunkedDecoder::begin_payload() {
  state_ = bytes_left_ == 0 ? State::trailer : State::payload;
  size_digits_ = 0;
  extension_bytes_ = 0;
}

Reason ChunkedDecoder::take_trailers(std::string_view input, std::size_t& at) {
  std::size_t room = limits::trailer_bytes_max - trailer_bytes_;
  std::size_t end = at + std::min(input.size() - at, room + 1);
  std::size_t stop = scan::find_control(input.data(), at, end);
  if (stop - at > room) return Reason::trailers_too_large;
  trailers_.append(input, at, stop - at);
  trailer_bytes_ = static_cast<std::uint16_t>(trailer_bytes_ + (stop - at));
  at = stop;
  if (stop == end) return Reason::none;
  if (input[at] != '\r') return control_reason(input[at]);
  ++at;
  state_ = State::trailer_line_end;
  return Reason::none;
}

Reason ChunkedDecoder::end_trailer_line() {
  std::size_t end = trailers_.size();
  if (end == line_at_) {  // the empty line
    state_ = State::ended;
    return Reason::none;
  }
  state_ = State::trailer;
  FieldLine line;
  Reason reason = read_field_line(trailers_.data(), line_at_, end, end, line);
  if (reason != Reason::none) return reason;
  if (limits::trailer_bytes_max - trailer_bytes_ < 2) return Reason::trailers_too_large;
  trailer_bytes_ = static_cast<std::uint16_t>(trailer_bytes_ + 2);
  if (forbidden_in_trailers.has(line.known)) {
    trailers_.resize(line_at_);
  } else {
    trailers_.append("\r\n");
    line_at_ = static_cast<std::uint16_t>(trailers_.size());
  }
  return Reason::none;
}

ChunkHead::ChunkHead(std::uint64_t payload_bytes) {
  CHECK(payload_bytes > 0);
  std::size_t at = text_.size();
  text_[--at] = '\n';
  text_[--at] = '\r';
  for (std::uint64_t rest = payload_bytes; rest != 0; rest >>= 4) {
    text_[--at] = "0123456789abcdef"[rest & 0xf];
  }
  begin_ = static_cast<std::uint8_t>(at);
}

}  // namespace recloser::net::http1
