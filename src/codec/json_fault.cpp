#include "codec/json_scanner.h"

namespace recloser::codec {
namespace {

std::string_view words_of(JsonFault fault) {
  switch (fault) {
    case JsonFault::none:
      return "nothing is wrong";
    case JsonFault::empty:
      return "it is empty";
    case JsonFault::value_expected:
      return "a value was expected";
    case JsonFault::name_expected:
      return "a member name in quotes was expected";
    case JsonFault::colon_expected:
      return "a colon was expected after a member name";
    case JsonFault::comma_or_brace_expected:
      return "a comma or } was expected after a member";
    case JsonFault::comma_or_bracket_expected:
      return "a comma or ] was expected after an element";
    case JsonFault::control_character:
      return "a string holds a control character, write it as \\u00XX";
    case JsonFault::bad_escape:
      return "a string holds an escape that JSON does not have";
    case JsonFault::bad_utf8:
      return "a string is not UTF-8";
    case JsonFault::bad_number:
      return "a number is not written as JSON has it";
    case JsonFault::bad_literal:
      return "a bare word is not true, false or null";
    case JsonFault::too_deep:
      return "objects and arrays are nested deeper than 256";
    case JsonFault::trailing:
      return "something follows after the end of the value";
    case JsonFault::ended_early:
      return "it ends before its value does";
  }
  return "";
}

}  // namespace

std::string JsonScanner::fault_sentence() const {
  if (fault_ == JsonFault::empty) return std::string(words_of(fault_));
  return "at byte " + std::to_string(begin_) + ": " + std::string(words_of(fault_));
}

}  // namespace recloser::codec
