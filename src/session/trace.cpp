#include "session/trace.h"

#include "core/ascii.h"
#include "core/limits.h"
#include "core/names.h"

#include <algorithm>

namespace recloser::session {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool all_hex(std::string_view text) {
  return text.find_first_not_of(hex_digits) == std::string_view::npos;
}
bool all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<TraceParent> TraceParent::parse(std::string_view header) {
  header = ascii::trim(header);
  if (header.size() < text_size) return std::nullopt;
  std::string_view version = header.substr(0, 2);
  std::string_view trace = header.substr(3, 32);
  std::string_view span = header.substr(36, 16);
  std::string_view flags = header.substr(53, 2);
  bool dashes = header[2] == '-' && header[35] == '-' && header[52] == '-';
  bool hex = all_hex(version) && all_hex(trace) && all_hex(span) && all_hex(flags);
  if (!dashes || !hex || version == "ff" || all_zero(trace) || all_zero(span)) return std::nullopt;
  bool more = header.size() > text_size;
  if (more && (version == "00" || header[text_size] != '-')) return std::nullopt;

  TraceParent parent;
  std::ranges::copy(trace, parent.trace_id.begin());
  std::ranges::copy(span, parent.span_id.begin());
  auto value = [](char digit) { return static_cast<unsigned>(hex_digits.find(digit)); };
  parent.flags = static_cast<std::uint8_t>(value(flags[0]) << 4 | value(flags[1]));
  // Of a later version only the sampled bit is known to mean the same.
  if (version != "00") parent.flags &= 1;
  return parent;
}

TraceParent TraceParent::child(Random& random) const {
  TraceParent out = *this;
  std::uint64_t id = random.next();
  if (id == 0) id = 1;
  for (char& digit : out.span_id) {
    digit = hex_digits[id & 15];
    id >>= 4;
  }
  return out;
}

std::array<char, TraceParent::text_size> TraceParent::text() const {
  std::array<char, text_size> out;
  out.fill('-');
  out[0] = '0';
  out[1] = '0';
  std::ranges::copy(trace_id, out.begin() + 3);
  std::ranges::copy(span_id, out.begin() + 36);
  out[53] = hex_digits[flags >> 4];
  out[54] = hex_digits[flags & 15];
  return out;
}

Result<std::string_view> trace_of(std::string_view recloser_trace,
                                  const std::optional<TraceParent>& parent) {
  recloser_trace = ascii::trim(recloser_trace);
  if (recloser_trace.empty()) return parent ? parent->trace() : std::string_view();
  Result<void> fits =
      check_name(Side::client, "x-recloser-trace", recloser_trace, limits::trace_id_bytes_max);
  if (!fits) return fail(fits.error());
  return recloser_trace;
}

}  // namespace recloser::session
