// A JSON object from outside, member by member as it was sent: what is given twice is seen.
#pragma once

#include "core/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace recloser::admin {

// One member. Strings, lists of strings and numbers are read; of anything else only the kind is
// kept.
struct JsonMember {
  enum class Kind : unsigned char { null, boolean, number, text, texts, other_list, object };

  std::string name;
  Kind kind = Kind::null;
  std::string text;                // of Kind::text; of Kind::number as it was written
  bool truth = false;              // of Kind::boolean
  std::vector<std::string> texts;  // of Kind::texts; an empty list is one of texts
};

std::string_view name_of(JsonMember::Kind kind);  // "a list of strings", for messages

// Malformed: what is no JSON (with the offset), no object, or names a member twice.
Result<std::vector<JsonMember>> read_json_object(std::string_view body);

}  // namespace recloser::admin
