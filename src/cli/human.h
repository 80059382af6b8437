// Figures and times as people read them in a table.
#pragma once

#include "core/money.h"
#include "core/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::cli {

std::string with_thousands(std::int64_t number);  // "1,234,567"
// "1,200 calls", "1 call": `things` is the plural, in s.
std::string counted(std::uint64_t count, std::string_view things);
std::string human_ms(double ms);  // "0.4 ms", "143 ms", "1.24 s", "2 m 05 s"
// "$12.345679": six places, so that amounts stand under each other; "<$0.000001" for what is less.
std::string human_usd(NanoUsd amount);
std::string human_usd(std::string_view decimal);  // "-" where it is none
std::string shell_word(std::string_view text);    // quoted where a shell would take it apart
std::string or_dash(std::string_view text);       // "-" where there is none

// UTC, as short as it can be told apart: "10:15:30" on the day of `now`, "11-20 10:15:30" before,
// "2025-11-20 10:15" in another year.
std::string human_time(WallTime at, WallTime now);

// Paragraphs (each one line) folded at `columns`, every line after `indent` spaces.
std::string folded(std::string_view paragraphs, std::size_t indent, std::size_t columns);

}  // namespace recloser::cli
