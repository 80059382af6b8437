// What a seam between two texts is judged by: white space, characters, words.
#pragma once

#include <cstddef>
#include <string_view>

namespace recloser::codec {

inline constexpr std::string_view white_bytes = " \n\t\r";
constexpr bool is_white(char c) { return white_bytes.contains(c); }

std::string_view without_white_end(std::string_view text);
std::string_view without_white_begin(std::string_view text);

// What stands behind the last white space.
std::string_view last_token(std::string_view text);

// The character that the UTF-8 `text` begins or ends with; 0 where there is none.
char32_t first_character(std::string_view text);
char32_t last_character(std::string_view text);

// A letter or a digit of a script that puts spaces between its words: two of them side by side are
// of one word. (Chinese, Japanese, Thai, Lao, Khmer and Burmese put none.)
bool is_word_character(char32_t c);

// Whether there is a letter or a digit of any script in it.
bool has_word(std::string_view text);

// Whether a word may begin at `at`: between two characters of which not both are of one word.
bool is_word_border(std::string_view text, std::size_t at);

}  // namespace recloser::codec
