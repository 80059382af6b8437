// Steps through UTF-8 text, one character at a time, and knows which text can be shown on one line.
#pragma once

#include <cstddef>
#include <string_view>

namespace recloser::config {

// The length of the character at the front of `text` (which is not empty); 0 when there is none
// (RFC 3629).
std::size_t utf8_size(std::string_view text);

// Valid UTF-8 without control characters (C0, DEL, C1).
bool is_printable(std::string_view text);

}  // namespace recloser::config
