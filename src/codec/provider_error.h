// What a provider's finish reasons and error names mean, whatever the dialect they are told in.
#pragma once

#include "codec/event.h"

#include <cstdint>
#include <string_view>

namespace recloser::codec {

// "length", "max_tokens", "eos", ..: over all dialects read here; no two of them contradict.
Finish finish_named(std::string_view reason);

// The HTTP status that an in-band error stands for, from its type and code (a name, or a number as
// text). An error nobody has a name for is the provider's: 500.
std::uint16_t status_of_error(std::string_view type, std::string_view code);

// Whether the body of an error says that what was asked for cannot be streamed.
bool refuses_stream(std::string_view body);

}  // namespace recloser::codec
