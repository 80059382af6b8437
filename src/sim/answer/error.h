// Errors and header fields as the real providers send them.
#pragma once

#include "codec/operation.h"
#include "core/time.h"
#include "sim/call.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::sim {

// The error that a script is answered with at once (`status`), or tells in its answer.
ApiError scripted_error(std::uint16_t status, codec::Family family);
ApiError loading_error();

// The body of an error in the family's shape.
void write_error(std::string& out, codec::Family family, const ApiError& error,
                 std::string_view request_id);

enum class BodyKind : unsigned char { json, events };

// The fields of an answer, whole lines: type, request id, rate limits, and what tells a client
// whether to try again, and when: 429 says 1 s unless `retry_after_s` says otherwise, others say
// nothing.
void append_fields(std::string& out, codec::Family family, int status, BodyKind body,
                   std::string_view request_id, WallTime now,
                   std::optional<std::uint32_t> retry_after_s = std::nullopt);

}  // namespace recloser::sim
