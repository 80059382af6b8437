#include "codec/json_scanner.h"

#include "codec/json_escape.h"
#include "core/ascii.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <emmintrin.h>

#define HOT [[gnu::always_inline]] inline

namespace recloser::codec {
namespace {

constexpr std::array<std::string_view, 3> literals{"true", "false", "null"};

// One bit for each of 16 bytes that is not plain: a quote, a backslash, a control character or a
// byte of a multi-byte character. SSE2 is what every x86-64 has; the signed comparison catches the
// last two at once.
HOT unsigned stops_in_16(const char* p) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                               _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  stops = _mm_or_si128(stops, _mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')));
  return static_cast<unsigned>(_mm_movemask_epi8(stops));
}

HOT std::uint64_t stops_in_64(const char* p) {
  return stops_in_16(p) | std::uint64_t{stops_in_16(p + 16)} << 16 |
         std::uint64_t{stops_in_16(p + 32)} << 32 | std::uint64_t{stops_in_16(p + 48)} << 48;
}

// To the first byte of a string that is not plain, or to the end of the piece.
HOT const char* plain_run(const char* p, const char* end) {
  if (end - p >= 16) {
    const char* last = end - 16;
    do {
      unsigned mask = stops_in_16(p);
      if (mask != 0) return p + std::countr_zero(mask);
      p += 16;
    } while (p <= last);
  }
  while (p != end && *p != '"' && *p != '\\' && static_cast<signed char>(*p) >= 0x20) ++p;
  return p;
}

// The same, but on over the escapes of one letter that the piece holds whole. For what may be long:
// a prompt, 64 bytes at a time.
HOT const char* plain_or_escaped_run(const char* p, const char* end, bool& escaped) {
  constexpr std::ptrdiff_t block = 64;
  while (end - p > block) {  // the letter of an escape may lie one byte behind
    const char* next = p + block;
    for (std::uint64_t stops = stops_in_64(p); stops != 0;) {
      int at = std::countr_zero(stops);
      if (p[at] != '\\' || simple_escape(p[at + 1]) == 0) return p + at;
      escaped = true;
      if (at == block - 1) ++next;
      stops &= ~(std::uint64_t{3} << at);  // the letter may be a quote
    }
    p = next;
  }
  for (;;) {
    p = plain_run(p, end);
    if (end - p < 2 || *p != '\\' || simple_escape(p[1]) == 0) return p;
    escaped = true;
    p += 2;
  }
}

inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

// The position and what changes with every value. It is loaded once per call of next(); all that
// runs for every value is inlined there, so that it stays in registers.
struct JsonScanner::Cursor {
  const char* p;
  const char* end;
  const char* start;
  const char* value_at;  // where the value begins; nullptr when in a piece before this one
  const char* key_at;    // the same of its name
  const char* key_end;
  State state;
  JsonTable::Index node;  // of the value that comes next or is being read

  void skip_space() {
    while (p != end && is_space(*p)) ++p;
  }
  bool empty() const { return p == end; }
  bool in_names() const { return state == State::first_key || state == State::key; }
  bool in_value() const { return state == State::value || state == State::first_element; }
  void value_done(bool outermost) { state = outermost ? State::done : State::after; }
};

void JsonScanner::restart() {
  consumed_ = 0;
  begin_ = 0;
  depth_ = 0;
  state_ = State::value;
  fault_ = JsonFault::none;
  node_ = JsonTable::root;
  parent_ = JsonTable::nothing;
  in_object_ = false;
}

JsonScanner::Place JsonScanner::before_value() const {
  Place place;
  place.consumed_ = begin_;
  place.objects_ = objects_;
  place.depth_ = depth_;
  place.node_ = node_;
  place.parent_ = parent_;
  place.nodes_ = nodes_;
  place.in_object_ = in_object_;
  return place;
}

void JsonScanner::go_to(const Place& place) {
  consumed_ = place.consumed_;
  objects_ = place.objects_;
  depth_ = place.depth_;
  node_ = place.node_;
  parent_ = place.parent_;
  nodes_ = place.nodes_;
  in_object_ = place.in_object_;
  state_ = State::value;
}

std::optional<JsonScanner::Leap> JsonScanner::leap_from(std::uint64_t offset) const {
  constexpr std::uint64_t bytes_max = UINT16_MAX;
  bool null_member = depth_ == 1 && in_object_ && state_ == State::after && literal_ == 2 &&
                     consumed_ - begin_ == literals[2].size() && begin_ > key_end_;
  if (!null_member || key_begin_ < offset || consumed_ - offset > bytes_max) return std::nullopt;
  auto after = [offset](std::uint64_t at) { return static_cast<std::uint16_t>(at - offset); };
  return Leap{.bytes = after(consumed_),
              .key_begin = after(key_begin_),
              .key_end = after(key_end_),
              .value_begin = after(begin_),
              .id = id_,
              .node = node_};
}

JsonToken JsonScanner::leap(const Leap& leap) {
  begin_ = consumed_ + leap.value_begin;
  key_begin_ = consumed_ + leap.key_begin;
  key_end_ = consumed_ + leap.key_end;
  consumed_ += leap.bytes;
  id_ = leap.id;
  node_ = leap.node;
  state_ = State::after;
  literal_ = 2;
  depth_ = 1;
  in_object_ = true;
  parent_ = nodes_[1];
  return JsonToken::null;
}

JsonToken JsonScanner::next(std::string_view& piece) {
  const char* start = piece.data();
  Cursor at{.p = start,
            .end = start + piece.size(),
            .start = start,
            .value_at = nullptr,
            .key_at = nullptr,
            .key_end = nullptr,
            .state = state_,
            .node = node_};
  JsonToken token = JsonToken::none;
  while (token == JsonToken::none && !at.empty()) {
    if (at.state == State::after) {
      token = read_after(at);
    } else if (at.in_names()) {
      token = read_members(at);
      if (token == JsonToken::none && !at.empty() && at.in_names()) token = read_key(at);
    } else if (at.in_value()) {
      token = read_value(at);
    } else {
      token = slow(at, &JsonScanner::resume);
    }
  }
  auto offset = [this, start](const char* p) {
    return consumed_ + static_cast<std::uint64_t>(p - start);
  };
  if (at.value_at != nullptr) begin_ = offset(at.value_at);
  if (at.key_at != nullptr) key_begin_ = offset(at.key_at);
  if (at.key_end != nullptr) key_end_ = offset(at.key_end);
  state_ = at.state;
  node_ = at.node;
  consumed_ = offset(at.p);
  piece.remove_prefix(static_cast<std::size_t>(at.p - start));
  return token;
}

// For what runs once per piece, or for an oddity: a cursor whose address is taken would live in
// memory, so these get a copy.
HOT JsonToken JsonScanner::slow(Cursor& at, JsonToken (JsonScanner::*read)(Cursor&)) {
  Cursor copy = at;
  JsonToken token = (this->*read)(copy);
  at = copy;
  return token;
}

// Goes on where a piece ended inside of something.
JsonToken JsonScanner::resume(Cursor& at) {
  switch (at.state) {
    case State::in_key:
      return read_in_key(at);
    case State::colon:
      return read_colon(at);
    case State::in_text:
      return read_text(at, at.p);
    case State::in_number:
      return read_number(at);
    case State::in_literal:
      return read_literal(at);
    case State::done:
      at.skip_space();
      return at.empty() ? JsonToken::none : fail(at, JsonFault::trailing);
    default:
      return JsonToken::error;
  }
}

JsonToken JsonScanner::finish() {
  if (state_ == State::done) return JsonToken::none;
  if (state_ == State::failed) return JsonToken::error;
  // A number that is the whole text has no byte after it to show its end.
  bool digits_end = digits_ == Digits::zero || digits_ == Digits::whole ||
                    digits_ == Digits::fraction || digits_ == Digits::exponent;
  if (state_ == State::in_number && depth_ == 0 && digits_end) {
    state_ = State::done;
    return JsonToken::none;
  }
  fault_ = untouched() ? JsonFault::empty : JsonFault::ended_early;
  begin_ = consumed_;
  state_ = State::failed;
  return JsonToken::error;
}

JsonToken JsonScanner::fail(Cursor& at, JsonFault fault) {
  at.value_at = at.p;
  at.state = State::failed;
  fault_ = fault;
  return JsonToken::error;
}

JsonToken JsonScanner::fail_value(Cursor& at) { return fail(at, JsonFault::value_expected); }
JsonToken JsonScanner::fail_name(Cursor& at) { return fail(at, JsonFault::name_expected); }
JsonToken JsonScanner::fail_depth(Cursor& at) { return fail(at, JsonFault::too_deep); }
JsonToken JsonScanner::fail_after(Cursor& at) {
  return fail(
      at, in_object_ ? JsonFault::comma_or_brace_expected : JsonFault::comma_or_bracket_expected);
}

HOT JsonToken JsonScanner::report(Cursor& at, JsonToken token, std::uint8_t want) {
  if (at.node == JsonTable::nothing) return JsonToken::none;
  const JsonTable::Node& node = table_->node(at.node);
  id_ = node.id;
  return (node.wants & want) == 0 ? JsonToken::none : token;
}

HOT JsonToken JsonScanner::read_value(Cursor& at) {
  at.skip_space();
  if (at.empty()) return JsonToken::none;
  at.value_at = at.p;
  switch (*at.p) {
    case '"':
      return begin_text(at);
    case '{':
      return open(at, true);
    case '[':
      return open(at, false);
    case 't':
      return begin_literal(at, 0);
    case 'f':
      return begin_literal(at, 1);
    case 'n':
      return begin_literal(at, 2);
    case ']':
      if (at.state == State::first_element) return close(at);
      return slow(at, &JsonScanner::fail_value);
    default:
      return begin_number(at);
  }
}

HOT JsonToken JsonScanner::begin_text(Cursor& at) {
  constexpr std::ptrdiff_t short_bytes = 64;  // what is longer is read by read_text
  const char* first = at.p + 1;
  at.p = plain_run(first, at.end - first > short_bytes ? first + short_bytes : at.end);
  escaped_ = false;
  if (at.p != at.end && *at.p == '"') return text_done(at, first);
  at.state = State::in_text;
  escape_ = 0;
  utf8_left_ = 0;
  Cursor copy = at;
  JsonToken token = read_text(copy, first);
  at = copy;
  return token;
}

HOT JsonToken JsonScanner::text_done(Cursor& at, const char* first) {
  raw_ = {first, static_cast<std::size_t>(at.p - first)};
  ++at.p;
  at.value_done(depth_ == 0);
  return report(at, JsonToken::text, want_text);
}

HOT JsonToken JsonScanner::begin_literal(Cursor& at, std::uint8_t which) {
  std::string_view word = literals[which];
  literal_ = which;
  literal_at_ = 1;
  bool whole = static_cast<std::size_t>(at.end - at.p) >= word.size() &&
               std::memcmp(at.p + 1, word.data() + 1, 3) == 0 && (which != 1 || at.p[4] == 'e');
  if (!whole) {
    ++at.p;
    at.state = State::in_literal;
    return JsonToken::none;
  }
  at.p += word.size();
  return literal_done(at);
}

HOT JsonToken JsonScanner::literal_done(Cursor& at) {
  at.value_done(depth_ == 0);
  if (literal_ == 2) return report(at, JsonToken::null, want_null);
  return report(at, literal_ == 0 ? JsonToken::yes : JsonToken::no, want_truth);
}

// A whole number that the piece holds with the byte after it, which is nearly every one; all others
// go through read_number.
HOT JsonToken JsonScanner::begin_number(Cursor& at) {
  constexpr std::ptrdiff_t digits_sure_to_fit = 19;
  const char* p = at.p;
  std::uint64_t number = 0;
  while (p != at.end && ascii::is_digit(*p)) {
    number = number * 10 + static_cast<unsigned>(*p - '0');
    ++p;
  }
  bool ends = p != at.end && (*p == ',' || *p == '}' || *p == ']');
  std::ptrdiff_t digits = p - at.p;
  if (ends && digits > 0 && digits <= digits_sure_to_fit && (*at.p != '0' || digits == 1)) {
    at.p = p;
    number_ = number;
    number_odd_ = number_lost_ = false;
    power_ = 0;
    at.value_done(depth_ == 0);
    return report(at, JsonToken::number, want_number);
  }
  if (*at.p != '-' && digits == 0) return slow(at, &JsonScanner::fail_value);
  at.state = State::in_number;
  number_ = 0;
  bool minus = *at.p == '-';
  number_lost_ = minus || at.node == JsonTable::nothing;  // nobody asks: vectors are long
  digits_ = Digits::minus;
  exponent_minus_ = false;
  zeros_ = fraction_digits_ = exponent_ = 0;
  if (minus) ++at.p;
  return JsonToken::none;
}

HOT JsonToken JsonScanner::open(Cursor& at, bool object) {
  if (depth_ == limits::json_depth_max) return slow(at, &JsonScanner::fail_depth);
  ++at.p;
  objects_[depth_] = in_object_;
  in_object_ = object;
  ++depth_;
  parent_ = at.node;
  if (depth_ < nodes_.size()) nodes_[depth_] = parent_;
  JsonToken token =
      report(at, object ? JsonToken::object_begin : JsonToken::array_begin, want_begin);
  at.state = object ? State::first_key : State::first_element;
  if (!object) at.node = table_->node(parent_).element;
  return token;
}

HOT JsonToken JsonScanner::close(Cursor& at) {
  bool object = in_object_;
  was_empty_ = at.state != State::after;
  at.value_at = at.p;
  ++at.p;
  at.node = parent_;
  --depth_;
  parent_ = depth_ < nodes_.size() ? nodes_[depth_] : JsonTable::nothing;
  in_object_ = objects_[depth_];
  at.value_done(depth_ == 0);
  return report(at, object ? JsonToken::object_end : JsonToken::array_end, want_end);
}

HOT JsonToken JsonScanner::read_after(Cursor& at) {
  at.skip_space();
  if (at.empty()) return JsonToken::none;
  char c = *at.p;
  if (c == ',') {
    ++at.p;
    at.state = in_object_ ? State::key : State::value;
    if (!in_object_) at.node = table_->node(parent_).element;
    return JsonToken::none;
  }
  if (c == (in_object_ ? '}' : ']')) return close(at);
  return slow(at, &JsonScanner::fail_after);
}

// Member after member as machines write them: no white space, a short name, a value that is neither
// object nor array. Stops at the first that is not so, before its name or after its value's begin;
// most members of a stream's events never leave this loop.
HOT JsonToken JsonScanner::read_members(Cursor& at) {
  constexpr std::ptrdiff_t reach = 36;  // a name of up to 31 characters, its colon, one more
  while (at.end - at.p >= reach && *at.p == '"') {
    const char* name = at.p + 1;
    unsigned mask = stops_in_16(name);
    std::ptrdiff_t size = std::countr_zero(mask);
    if (mask == 0) {
      mask = stops_in_16(name + 16);
      size = 16 + std::countr_zero(mask);
      if (mask == 0) break;
    }
    if (name[size] != '"' || name[size + 1] != ':') break;
    at.key_at = at.p;
    at.key_end = name + size + 1;
    at.node = parent_ == JsonTable::nothing
                  ? JsonTable::nothing
                  : table_->member(parent_, {name, static_cast<std::size_t>(size)});
    at.p = at.key_end + 1;
    at.state = State::value;
    if (JsonToken token = read_value(at); token != JsonToken::none) return token;
    if (at.state != State::after || at.empty() || *at.p != ',') break;
    ++at.p;
    at.state = State::key;
  }
  return JsonToken::none;
}

HOT JsonToken JsonScanner::read_key(Cursor& at) {
  at.skip_space();
  if (at.empty()) return JsonToken::none;
  if (*at.p != '"') {
    if (*at.p == '}' && at.state == State::first_key) return close(at);
    return slow(at, &JsonScanner::fail_name);
  }
  at.key_at = at.p;
  const char* first = at.p + 1;
  const char* quote = plain_run(first, at.end);
  if (quote != at.end && *quote == '"') {
    at.p = quote + 1;
    key_done(at, {first, static_cast<std::size_t>(quote - first)});
    if (at.p != at.end && *at.p == ':') {
      ++at.p;
      at.state = State::value;
    }
    return JsonToken::none;
  }
  // Escaped, cut, or not ASCII: byte by byte, decoded into key_.
  ++at.p;
  at.state = State::in_key;
  key_bytes_ = 0;
  escape_ = 0;
  utf8_left_ = 0;
  return JsonToken::none;
}

HOT void JsonScanner::key_done(Cursor& at, std::string_view key) {
  at.key_end = at.p;
  at.node = parent_ == JsonTable::nothing ? JsonTable::nothing : table_->member(parent_, key);
  at.state = State::colon;
}

JsonToken JsonScanner::read_colon(Cursor& at) {
  at.skip_space();
  if (at.empty()) return JsonToken::none;
  if (*at.p != ':') return fail(at, JsonFault::colon_expected);
  ++at.p;
  at.state = State::value;
  return JsonToken::none;
}

void JsonScanner::keep_in_key(unsigned char byte) {
  if (key_bytes_ < key_.size()) key_[key_bytes_] = static_cast<char>(byte);
  if (key_bytes_ <= key_.size()) ++key_bytes_;
}

JsonToken JsonScanner::read_in_key(Cursor& at) {
  for (; !at.empty(); ++at.p) {
    auto byte = static_cast<unsigned char>(*at.p);
    bool plain = escape_ == 0 && utf8_left_ == 0;
    if (plain && byte == '"') {
      ++at.p;
      bool fits = key_bytes_ <= key_.size();
      key_done(at, fits ? std::string_view(key_.data(), key_bytes_) : std::string_view());
      return JsonToken::none;
    }
    std::uint8_t escape_before = escape_;
    if (!text_byte(byte)) return fail(at, fault_);
    if (escape_before == 1 && byte != 'u') {
      keep_in_key(static_cast<unsigned char>(simple_escape(*at.p)));
    } else if (escape_before == 1) {
      key_unit_ = 0;
    } else if (escape_before > 1) {
      key_unit_ = static_cast<std::uint16_t>(key_unit_ << 4 | hex_value(byte));
      // Names in the tables are ASCII: any other character just has to match none of them.
      if (escape_ == 0)
        keep_in_key(key_unit_ < 0x80 ? static_cast<unsigned char>(key_unit_) : 0xFF);
    } else if (byte != '\\') {
      keep_in_key(byte);
    }
  }
  return JsonToken::none;
}

// From at.p on; the string, or what the piece holds of it, begins at `first`.
JsonToken JsonScanner::read_text(Cursor& at, const char* first) {
  while (!at.empty()) {
    if (escape_ != 0 || utf8_left_ != 0) {
      if (!text_byte(static_cast<unsigned char>(*at.p))) return fail(at, fault_);
      ++at.p;
      continue;
    }
    at.p = plain_or_escaped_run(at.p, at.end, escaped_);
    if (at.empty()) break;
    char c = *at.p;
    if (c == '"') return text_done(at, first);
    if (c == '\\') {
      escaped_ = true;
      if (at.end - at.p >= 6 && at.p[1] == 'u' && is_hex(at.p[2]) && is_hex(at.p[3]) &&
          is_hex(at.p[4]) && is_hex(at.p[5])) {
        at.p += 6;
      } else {
        escape_ = 1;
        ++at.p;
      }
    } else if (static_cast<signed char>(c) < 0) {
      fault_ = JsonFault::none;
      at.p = utf8_run(at.p, at.end);
      if (fault_ != JsonFault::none) return fail(at, fault_);
    } else {
      return fail(at, JsonFault::control_character);
    }
  }
  if (at.p == first) return JsonToken::none;
  raw_ = {first, static_cast<std::size_t>(at.p - first)};
  return report(at, JsonToken::text_part, want_text);
}

JsonToken JsonScanner::read_number(Cursor& at) {
  for (; !at.empty(); ++at.p) {
    if (number_byte(*at.p)) continue;
    bool whole = digits_ == Digits::zero || digits_ == Digits::whole ||
                 digits_ == Digits::fraction || digits_ == Digits::exponent;
    if (!whole || ascii::is_digit(*at.p)) return fail(at, JsonFault::bad_number);
    number_done();
    at.value_done(depth_ == 0);
    return report(at, JsonToken::number, want_number);
  }
  return JsonToken::none;
}

JsonToken JsonScanner::read_literal(Cursor& at) {
  std::string_view word = literals[literal_];
  while (literal_at_ != word.size()) {
    if (at.empty()) return JsonToken::none;
    if (*at.p != word[literal_at_]) return fail(at, JsonFault::bad_literal);
    ++at.p;
    ++literal_at_;
  }
  return literal_done(at);
}

}  // namespace recloser::codec
