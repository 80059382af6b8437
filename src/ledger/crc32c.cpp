#include "ledger/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace recloser::ledger {
namespace {

constexpr std::uint32_t polynomial_reversed = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> table = [] {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial_reversed : 0);
    }
    out[byte] = crc;
  }
  return out;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(const unsigned char* bytes,
                                                                      std::size_t size,
                                                                      std::uint32_t before) {
  std::uint64_t crc = ~before;
  for (; size >= 8; bytes += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto last = static_cast<std::uint32_t>(crc);
  if ((size & 4) != 0) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, 4);
    last = _mm_crc32_u32(last, word);
    bytes += 4;
  }
  if ((size & 2) != 0) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes, 2);
    last = _mm_crc32_u16(last, word);
    bytes += 2;
  }
  if ((size & 1) != 0) last = _mm_crc32_u8(last, *bytes);
  return ~last;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(const void* bytes, std::size_t size, std::uint32_t before) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  std::uint32_t crc = ~before;
  for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ table[(crc ^ at[i]) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(const void* bytes, std::size_t size, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) {
    return crc32c_by_instruction(static_cast<const unsigned char*>(bytes), size, before);
  }
#endif
  return crc32c_by_table(bytes, size, before);
}

}  // namespace recloser::ledger
