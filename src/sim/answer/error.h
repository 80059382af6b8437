// Errors and header fields as the real providers send them.
#pragma once

#include "codec/operation.h"
#include "core/time.h"
#include "sim/call.h"

#include <string>
#include <string_view>

namespace recloser::sim {

// The error that `sim-<status>` stands for.
ApiError scripted_error(std::uint16_t status, codec::Family family);

// The body of an error in the family's shape.
void write_error(std::string& out, codec::Family family, const ApiError& error,
                 std::string_view request_id);

enum class BodyKind : unsigned char { json, events };

// The fields of an answer, whole lines: type, request id, rate limits, and what tells a client
// whether to try again.
void append_fields(std::string& out, codec::Family family, int status, BodyKind body,
                   std::string_view request_id, WallTime now);

}  // namespace recloser::sim
