// Takes an event stream (WHATWG server-sent events) apart as it arrives, without keeping any of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace recloser::codec {

enum class SseToken : unsigned char {
  none,       // the piece is read to its end
  data,       // bytes of the event's data; a line feed between two data lines is told as such
  name,       // bytes of the event's name
  comment,    // a line that is a comment begins
  event_end,  // the blank line: what was told since the last one is an event
};

// Lines may end in LF, CRLF or CR, mixed; a byte-order mark at the start is skipped; one space
// after the colon is no part of a value; `id`, `retry` and unknown fields are read over.
class SseReader {
 public:
  // Reads on from the front of `piece` to the next token; `text()` is a view into the piece.
  SseToken next(std::string_view& piece);

  // At the end of the stream: whether an event was begun and its blank line is missing. A stream
  // may end with the CR of its last blank line: then this tells `event_end` once.
  SseToken finish();
  bool inside_event() const { return inside_ || (field_ != Field::start && field_ != Field::bom); }

  // How far the bytes read may be passed on so that a line of somebody else's can follow: to the
  // end of the last event, and of the comments behind it, but to no begin of an event.
  std::uint64_t safe_offset() const { return field_ == Field::start && !begun_ ? offset_ : safe_; }

  std::string_view text() const { return text_; }
  bool text_begins() const { return text_begins_; }         // the first bytes of their line's value
  std::uint64_t offset() const { return offset_; }          // of the first byte that was not read
  std::uint32_t data_lines() const { return data_lines_; }  // of the event being read

 private:
  // Where in a line. `start` is before its first byte.
  enum class Field : unsigned char { bom, start, word, space, data, name, skipped };

  SseToken start(std::string_view& piece);
  SseToken word(std::string_view& piece);
  SseToken word_done();
  SseToken value(std::string_view& piece);
  SseToken line_end(std::string_view& piece);
  SseToken end_of_event();
  void take(std::string_view& piece, std::size_t bytes);

  enum class End : unsigned char { none, lf, cr, crlf };

  std::string_view text_;
  std::uint64_t offset_ = 0;
  std::uint64_t safe_ = 0;  // safe_offset() where the line being read began
  std::uint32_t data_lines_ = 0;
  Field field_ = Field::bom;
  Field value_ = Field::skipped;  // what the line's value is, after `space`
  std::uint8_t word_bytes_ = 0;   // of the field's name, or of the byte-order mark
  std::uint8_t word_could_be_ = 0;
  bool text_begins_ = false;
  bool value_begun_ = false;
  bool inside_ = false;    // a line of the event has been read
  bool begun_ = false;     // one that is no comment
  bool after_cr_ = false;  // the last byte was a CR: an LF now belongs to it
  bool blank_cr_ = false;  // that CR may end a blank line: the LF decides where the event ends
  End last_end_ = End::none;
};

}  // namespace recloser::codec
