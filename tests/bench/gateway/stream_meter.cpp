#include "stream_meter.h"

#include <algorithm>
#include <cstring>

namespace recloser::bench {

namespace {

constexpr std::size_t time_at = 1;
constexpr std::size_t time_digits = 20;
constexpr std::size_t number_at = 22;
constexpr std::size_t number_digits = 6;

void write_digits(char* at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

std::uint64_t read_digits(const char* at, std::size_t digits) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    value = value * 10 + static_cast<std::uint64_t>(at[i] - '0');
  }
  return value;
}

}  // namespace

void write_mark(char* at, Instant sent, std::uint32_t number) {
  at[0] = '@';
  write_digits(at + time_at, time_digits, static_cast<std::uint64_t>(sent.ns));
  at[time_at + time_digits] = ';';
  write_digits(at + number_at, number_digits, number);
}

bool StreamMeter::next(std::string_view& bytes, Chunk& chunk) {
  if (partial_bytes_ == 0) {
    std::size_t start = bytes.find('@');
    if (start == std::string_view::npos) {
      bytes = {};
      return false;
    }
    bytes.remove_prefix(start);
  }
  std::size_t taken = std::min(mark_bytes - partial_bytes_, bytes.size());
  std::memcpy(partial_.data() + partial_bytes_, bytes.data(), taken);
  bytes.remove_prefix(taken);
  partial_bytes_ += taken;
  if (partial_bytes_ < mark_bytes) return false;
  partial_bytes_ = 0;
  chunk.sent = {static_cast<std::int64_t>(read_digits(partial_.data() + time_at, time_digits))};
  chunk.number =
      static_cast<std::uint32_t>(read_digits(partial_.data() + number_at, number_digits));
  return true;
}

}  // namespace recloser::bench
