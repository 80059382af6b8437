// Reads JSON as it arrives, checks all of it, and reports the few values that a table asks for.
#pragma once

#include "codec/event.h"
#include "codec/json_table.h"
#include "core/limits.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec {

enum class JsonToken : unsigned char {
  none,       // the piece is read to its end
  text_part,  // a wanted string goes on beyond the piece
  text,       // a wanted string, or its last part
  number,
  yes,
  no,
  null,
  object_begin,
  object_end,
  array_begin,
  array_end,
  error,  // the text breaks RFC 8259; nothing further is read
};

enum class JsonFault : unsigned char {
  none,
  empty,
  value_expected,
  name_expected,
  colon_expected,
  comma_or_brace_expected,
  comma_or_bracket_expected,
  control_character,
  bad_escape,
  bad_utf8,
  bad_number,
  bad_literal,
  too_deep,
  trailing,
  ended_early,
};

// Strict RFC 8259 (numbers, UTF-8 in strings, nothing after the value), nesting up to
// limits::json_depth_max. Resumable at any byte; owns no text and allocates nothing. An unpaired
// surrogate escape is let pass: programs that cut strings in the middle of an emoji send it.
class JsonScanner {
 public:
  explicit JsonScanner(const JsonTable& table) : table_(&table) { restart(); }

  // Before a text of its own.
  void restart();
  void restart(const JsonTable& table) {
    table_ = &table;
    restart();
  }

  // Where it was before the value just reported: what follows the same bytes may be read from
  // there.
  class Place;
  Place before_value() const;
  void go_to(const Place& place);

  // The way from a place inside the outermost object to a `null` that is one of its members.
  struct Leap {
    std::uint16_t bytes = 0;
    std::uint16_t key_begin = 0;  // of these
    std::uint16_t key_end = 0;
    std::uint16_t value_begin = 0;
    std::uint8_t id = 0;
    JsonTable::Index node = JsonTable::nothing;
  };
  // To the token just reported, from where the text was read up to `offset`; nothing when it is no
  // such `null`.
  std::optional<Leap> leap_from(std::uint64_t offset) const;
  // Reads the same bytes again, in the state in which they were read then, and reports their null.
  JsonToken leap(const Leap& leap);

  // Reads on from the front of `piece`, up to the next wanted value or the piece's end.
  JsonToken next(std::string_view& piece);

  // Says that no byte follows: `none` when the text is whole, else `error`.
  JsonToken finish();

  bool whole() const { return state_ == State::done; }
  bool untouched() const { return state_ == State::value && depth_ == 0; }

  // Of the token just reported.
  std::uint8_t id() const { return id_; }
  std::string_view raw() const { return raw_; }  // of text and text_part: without quotes
  bool escaped() const { return escaped_; }      // of text: some part of it holds a backslash
  std::uint64_t number() const {                 // of number; 0 unless is_count()
    return number_odd_ ? 0 : number_;
  }
  bool is_count() const { return !number_odd_; }  // whole, however written; fits 64 bits
  // The same where a figure that is none must not be taken for 0.
  std::uint64_t count() const { return number_odd_ ? no_count : number_; }
  static constexpr std::uint64_t no_count = UINT64_MAX;
  // Of a number that is not negative: times 10^places, half to even. Nothing when it does not fit.
  std::optional<std::int64_t> decimal(unsigned places) const;
  Span value() const { return {begin_, consumed_}; }   // offsets; of a string with its quotes
  Span key() const { return {key_begin_, key_end_}; }  // of the member, with its quotes

  bool was_empty() const { return was_empty_; }  // of object_end and array_end

  JsonFault fault() const { return fault_; }
  std::uint64_t fault_at() const { return begin_; }  // after `error`
  // "at byte 17: a member name in quotes was expected"
  std::string fault_sentence() const;

 private:
  enum class State : unsigned char {
    value,
    first_element,
    first_key,
    key,
    in_key,
    colon,
    in_text,
    in_number,
    in_literal,
    after,
    done,
    failed,
  };
  enum class Digits : unsigned char { minus, zero, whole, point, fraction, e, sign, exponent };
  struct Cursor;

  JsonToken slow(Cursor& at, JsonToken (JsonScanner::*read)(Cursor&));
  JsonToken resume(Cursor& at);
  JsonToken read_value(Cursor& at);
  JsonToken begin_text(Cursor& at);
  JsonToken begin_literal(Cursor& at, std::uint8_t which);
  JsonToken begin_number(Cursor& at);
  JsonToken read_members(Cursor& at);
  JsonToken read_key(Cursor& at);
  JsonToken read_in_key(Cursor& at);
  JsonToken read_colon(Cursor& at);
  JsonToken read_text(Cursor& at, const char* first);
  JsonToken read_number(Cursor& at);
  bool number_byte(char c);
  void add_digit(unsigned digit);
  void number_done();
  JsonToken read_literal(Cursor& at);
  JsonToken read_after(Cursor& at);
  JsonToken open(Cursor& at, bool object);
  JsonToken close(Cursor& at);
  JsonToken text_done(Cursor& at, const char* first);
  JsonToken literal_done(Cursor& at);
  void key_done(Cursor& at, std::string_view key);
  JsonToken report(Cursor& at, JsonToken token, std::uint8_t want);
  JsonToken fail(Cursor& at, JsonFault fault);
  JsonToken fail_value(Cursor& at);
  JsonToken fail_name(Cursor& at);
  JsonToken fail_depth(Cursor& at);
  JsonToken fail_after(Cursor& at);

  bool text_byte(unsigned char byte);
  const char* utf8_run(const char* p, const char* end);
  void keep_in_key(unsigned char byte);

  using Nodes = std::array<JsonTable::Index, JsonTable::path_depth_max + 1>;
  using Objects = std::bitset<limits::json_depth_max + 1>;

  const JsonTable* table_;
  std::string_view raw_;
  std::uint64_t consumed_ =
      0;  // bytes of the text before the current piece; after a token: its end
  std::uint64_t begin_ = 0;
  std::uint64_t key_begin_ = 0;
  std::uint64_t key_end_ = 0;
  std::uint64_t number_ = 0;
  std::uint16_t depth_ = 0;  // open objects and arrays
  State state_ = State::value;
  JsonFault fault_ = JsonFault::none;
  std::uint8_t id_ = 0;
  JsonTable::Index node_ = JsonTable::root;       // of the value that comes next or is being read
  JsonTable::Index parent_ = JsonTable::nothing;  // of the innermost open object or array
  bool in_object_ = false;
  bool was_empty_ = false;
  bool escaped_ = false;
  bool number_odd_ = false;   // it is no count ..
  bool number_lost_ = false;  // .. nor what number_ and power_ say
  bool exponent_minus_ = false;
  Digits digits_ = Digits::minus;
  std::uint16_t zeros_ = 0;  // of a number: read, and not in number_ unless others follow
  std::uint16_t fraction_digits_ = 0;
  std::uint16_t exponent_ = 0;
  std::int16_t power_ = 0;      // the number is number_ times 10^power_
  std::uint8_t escape_ = 0;     // in a string: 1 after a backslash, 2..5 hex digits to come + 1
  std::uint8_t utf8_left_ = 0;  // continuation bytes to come, the next within [low, high]
  std::uint8_t utf8_low_ = 0;
  std::uint8_t utf8_high_ = 0;
  std::uint8_t literal_ = 0;  // which, and how much of it has been read
  std::uint8_t literal_at_ = 0;
  std::uint8_t key_bytes_ = 0;  // of key_; key_bytes_max + 1 when the name is longer
  std::uint16_t key_unit_ = 0;  // of a \u escape in a name
  Nodes nodes_{};               // by depth
  std::array<char, JsonTable::key_bytes_max> key_;  // a name that is escaped or cut, decoded
  Objects objects_;                                 // by depth: the container around is an object
};

// Half as large as the scanner itself.
class JsonScanner::Place {
  friend class JsonScanner;
  std::uint64_t consumed_ = 0;
  Objects objects_;
  std::uint16_t depth_ = 0;
  JsonTable::Index node_ = JsonTable::root;
  JsonTable::Index parent_ = JsonTable::nothing;
  Nodes nodes_{};
  bool in_object_ = false;
};

}  // namespace recloser::codec
