// Reads and judges a request body as the real providers do: a call that can be answered, or the
// error they would give.
#pragma once

#include "codec/operation.h"
#include "sim/call.h"

#include <cstdint>
#include <expected>
#include <string_view>

namespace recloser::sim {

// `seed` is the provider's; with what was asked it decides the text of the answer.
std::expected<Call, ApiError> read_call(codec::Operation operation, std::string_view body,
                                        std::uint64_t seed);

}  // namespace recloser::sim
