// Every limit of the program that is not configuration, named, with its unit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recloser::limits {

inline constexpr std::size_t head_bytes_max = 32u << 10;  // request or status line + header fields
inline constexpr std::size_t header_fields_max = 128;     // fields in one head
inline constexpr std::size_t field_name_bytes_max = 255;  // of one header field
inline constexpr std::size_t connection_bytes_max = 512;  // of all Connection values of a head
inline constexpr std::size_t chunk_extension_bytes_max = 256;  // after one chunk size; dropped
inline constexpr std::size_t trailer_bytes_max = 8u << 10;     // all trailer lines of one body
inline constexpr std::size_t body_bytes_default = 32u << 20;  // request body; `limits.body` sets it
inline constexpr std::size_t event_bytes_held_max =
    4u << 20;  // of one SSE event, when it must be held
inline constexpr std::size_t event_tail_bytes_max =
    64u << 10;  // of an unfinished SSE event; a longer one is passed on as it comes
inline constexpr std::size_t assembled_bytes_max =
    32u << 20;  // of one answer that is put together from a stream, in memory
inline constexpr std::size_t json_depth_max = 256;
inline constexpr std::size_t messages_max = 4096;           // in one request
inline constexpr std::size_t tools_max = 512;               // in one request
inline constexpr std::size_t labels_max = 64;               // of one call
inline constexpr std::size_t connections_default = 65'536;  // `limits.connections` sets it
inline constexpr std::size_t buffered_bytes_default = 1u << 30;
inline constexpr std::size_t attempts_max = 3;  // of one call
inline constexpr std::uint64_t tokens_of_a_call_max =
    1'000'000'000'000;  // each figure a provider reports; a larger one is taken as this
inline constexpr std::size_t scan_bytes_small_max =
    64u << 10;  // bodies above it are scanned as they arrive
inline constexpr std::size_t pipelined_bytes_max = 64u
                                                   << 10;  // read ahead from a client in mid-call
inline constexpr std::size_t drain_bytes_max =
    1u << 20;  // read and dropped before a close (SEMANTICS 4)

// Answers that a provider encodes although it was asked not to. Nothing decoded is held; a request
// body, which is, has a stricter ratio (SEMANTICS 4).
inline constexpr std::size_t content_codings_max = 2;         // one upon another
inline constexpr std::size_t decoded_bytes_max = 512u << 20;  // of one answer
inline constexpr std::size_t decoded_ratio_max = 200;         // bytes out for one byte in ..
inline constexpr std::size_t decoded_free_bytes = 4u << 20;   // .. beyond so many
inline constexpr std::size_t decoder_bytes_max = 17u << 20;   // brotli's window of 16 MiB, tables
inline constexpr int zstd_window_log_max = 23;                // 8 MiB (RFC 9659)

// Names that reach the ledger, in bytes; a longer one is refused with this figure.
inline constexpr std::size_t model_name_bytes_max = 256;
inline constexpr std::size_t session_id_bytes_max = 128;
inline constexpr std::size_t trace_id_bytes_max = 64;
inline constexpr std::size_t principal_name_bytes_max = 64;  // org, team, user, agent, key id
inline constexpr std::size_t labels_bytes_max = 512;         // all labels of a call, with commas

}  // namespace recloser::limits
