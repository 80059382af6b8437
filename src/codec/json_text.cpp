// Strings byte by byte: what the scanner does where it cannot take sixteen at once.
#include "codec/json_escape.h"
#include "codec/json_scanner.h"

namespace recloser::codec {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

// One byte inside a string that is not its closing quote; false and fault_ set when it may not
// stand there.
bool JsonScanner::text_byte(unsigned char byte) {
  if (utf8_left_ != 0) {
    if (byte < utf8_low_ || byte > utf8_high_) return fault_ = JsonFault::bad_utf8, false;
    --utf8_left_;
    utf8_low_ = 0x80;
    utf8_high_ = 0xBF;
    return true;
  }
  if (escape_ == 1) {
    if (byte == 'u') return escape_ = 5, true;
    escape_ = 0;
    if (simple_escape(static_cast<char>(byte)) != 0) return true;
    return fault_ = JsonFault::bad_escape, false;
  }
  if (escape_ > 1) {
    if (hex_value(byte) < 0) return fault_ = JsonFault::bad_escape, false;
    if (--escape_ == 1) escape_ = 0;
    return true;
  }
  if (byte == '\\') return escape_ = 1, true;
  if (byte < 0x20) return fault_ = JsonFault::control_character, false;
  if (byte < 0x80) return true;
  // RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
  utf8_low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  utf8_high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  if (byte >= 0xC2 && byte <= 0xDF) return utf8_left_ = 1, true;
  if (byte >= 0xE0 && byte <= 0xEF) return utf8_left_ = 2, true;
  if (byte >= 0xF0 && byte <= 0xF4) return utf8_left_ = 3, true;
  return fault_ = JsonFault::bad_utf8, false;
}

// Over a run of multi-byte characters: to the next ASCII byte, to `end` (perhaps inside of one), or
// to the byte that is wrong.
const char* JsonScanner::utf8_run(const char* p, const char* end) {
  while (p != end && static_cast<signed char>(*p) < 0) {
    auto lead = static_cast<unsigned char>(*p);
    if (lead >= 0xC2 && lead <= 0xDF && end - p >= 2 && continues(p[1])) {
      p += 2;
    } else if (lead > 0xE0 && lead <= 0xEF && lead != 0xED && end - p >= 3 && continues(p[1]) &&
               continues(p[2])) {
      p += 3;
    } else {
      do {
        if (!text_byte(static_cast<unsigned char>(*p))) return p;
        ++p;
      } while (utf8_left_ != 0 && p != end);
    }
  }
  return p;
}

}  // namespace recloser::codec
