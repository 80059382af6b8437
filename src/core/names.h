// Names from outside: what one that reaches the ledger may look like, and how one is shown in a
// message.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser {

// 1 to `bytes_max` printable ASCII characters, no comma (labels are joined by it), no space at
// either end: safe in a header, a log line and a table. The message begins with `what`, the name of
// the field, and never quotes the text.
Result<void> check_name(Side side, std::string_view what, std::string_view text,
                        std::size_t bytes_max);

// Letters, digits, '.', '_' and '-', a letter or digit first: what may stand in a path, a file name
// and a shell without quotes.
bool is_plain_name(std::string_view text);
inline constexpr std::string_view plain_name_rule =
    "letters, digits, '.', '_' and '-', with a letter or digit first";

// Untrusted text for a message: control characters become '?', and after `bytes_max` it is cut,
// never inside a UTF-8 sequence, with ".." to say so.
std::string shown(std::string_view untrusted, std::size_t bytes_max = 80);

}  // namespace recloser
