// CRC-32C (Castagnoli), the checksum by which a journal slot proves that it is whole.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recloser::ledger {

// The checksum of `size` bytes; pass the result of the bytes before as `before` to go on.
// By the processor's own instruction where it has one (x86-64 with SSE 4.2), else by a table.
std::uint32_t crc32c(const void* bytes, std::size_t size, std::uint32_t before = 0);

// The table form, on any processor: what the test compares the other with.
std::uint32_t crc32c_by_table(const void* bytes, std::size_t size, std::uint32_t before = 0);

}  // namespace recloser::ledger
