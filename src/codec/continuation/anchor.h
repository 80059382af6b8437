// The last words of a text that is to be continued, by which a continuation shows where it goes on.
#pragma once

#include <cstddef>
#include <string_view>

namespace recloser::codec {

inline constexpr std::size_t anchor_bytes_min = 24;   // unless all of the text is less
inline constexpr std::size_t anchor_bytes_max = 200;  // what a model repeats without a slip

// The end of `text`, without the white space behind it: from where a word begins, and so long that
// it stands nowhere else in the text. So there is one place only where the text goes on from it.
// "" where no such end is within anchor_bytes_max, as in a text that repeats itself.
std::string_view anchor_of(std::string_view text);

}  // namespace recloser::codec
