// For tests: an answer told as the stream of each dialect, in pieces as random as a model's tokens.
#pragma once

#include "codec/operation.h"
#include "core/ids.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec::testing {

struct ToldAnswer {
  std::string id;        // "a1"
  std::string model;     // "m1"
  std::string thinking;  // "": none
  std::string text;
  std::string tool_arguments;  // of a call behind the text; "": none
  std::uint64_t input_tokens = 10;
  std::uint64_t output_tokens = 20;
};

// Pieces as a model writes them, most of them a word with the space before it, as JSON strings;
// some with all but ASCII escaped, and then cut between the halves of a surrogate pair too.
std::vector<std::string> json_pieces(std::string_view text, Random& random);

// The SSE events, from the first to the last.
std::vector<std::string> tell(Operation operation, const ToldAnswer& answer, Random& random);

}  // namespace recloser::codec::testing
