// The small grammar below a scenario's lines: quoted bytes, sizes, numbers, options, patterns.
#pragma once

#include "wire/scenario.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::wire {

// The next word of `rest`, taken off it: up to white space, or a quoted text as it is written.
std::string_view take_word(std::string_view& rest);

// Bytes as a scenario writes them: "quoted, with \r \n \t \0 \xHH \" and \\", or a text that begins
// with a brace, a bracket or a letter and is taken as it is.
Result<std::string> parse_bytes(std::string_view text);

Result<std::int64_t> parse_number(std::string_view text);
Result<std::int64_t> parse_size(std::string_view text);  // "8MiB", "64KiB", "17"

// "a=1 b=\"two words\"": every word must have a name and a value; only `known` names are taken
// unless it is empty.
Result<Pairs> parse_options(std::string_view text, std::string_view known);

// Whether `text` is as `pattern` says, in which `*` stands for any bytes.
bool matches(std::string_view pattern, std::string_view text);

// Bytes as a person can read them, one line, at most `bytes_max` of them.
std::string visible(std::string_view bytes, std::size_t bytes_max = 400);

}  // namespace recloser::wire
