#include "codec/event.h"

#include <array>
#include <cstring>

namespace recloser::codec {
namespace {

unsigned hex4(const char* p) {
  unsigned unit = 0;
  for (int i = 0; i < 4; ++i) {
    auto c = static_cast<unsigned char>(p[i]);
    unsigned digit = c <= '9' ? c - '0' : (c | 0x20u) - 'a' + 10;
    unit = unit << 4 | (digit & 0xF);
  }
  return unit;
}

// Reads one escape at `p` (a backslash) and returns its code point; moves `p` behind it.
char32_t read_escape(const char*& p, const char* end) {
  char letter = p + 1 < end ? p[1] : '\\';
  if (letter != 'u' || end - p < 6) {
    p += end - p < 2 ? 1 : 2;
    switch (letter) {
      case 'b':
        return U'\b';
      case 'f':
        return U'\f';
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      default:
        return static_cast<unsigned char>(letter);
    }
  }
  unsigned unit = hex4(p + 2);
  p += 6;
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
    unsigned low = hex4(p + 2);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      p += 6;
      return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
  }
  return 0xFFFD;
}

std::size_t utf8_size(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

void append_utf8(std::string& out, char32_t c) {
  auto byte = [&out](char32_t b) { out.push_back(static_cast<char>(b)); };
  switch (utf8_size(c)) {
    case 1:
      byte(c);
      break;
    case 2:
      byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F));
      break;
    case 3:
      byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F));
      break;
    default:
      byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F));
      byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F));
  }
}

const char* next_backslash(const char* p, const char* end) {
  const void* found = p == end ? nullptr : std::memchr(p, '\\', static_cast<std::size_t>(end - p));
  return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

void unescape(std::string& out, std::string_view raw) {
  const char* p = raw.data();
  const char* end = p + raw.size();
  while (p != end) {
    const char* stop = next_backslash(p, end);
    out.append(p, stop);
    p = stop;
    if (p != end) append_utf8(out, read_escape(p, end));
  }
}

std::uint64_t unescaped_size(std::string_view raw) {
  std::uint64_t size = 0;
  const char* p = raw.data();
  const char* end = p + raw.size();
  while (p != end) {
    const char* stop = next_backslash(p, end);
    size += static_cast<std::uint64_t>(stop - p);
    p = stop;
    if (p != end) size += utf8_size(read_escape(p, end));
  }
  return size;
}

std::uint64_t unescaped_size_so_far(std::string_view& raw) {
  constexpr std::ptrdiff_t escape_bytes_max = 12;  // two surrogates
  std::uint64_t size = 0;
  const char* p = raw.data();
  const char* end = p + raw.size();
  while (p != end) {
    const char* stop = next_backslash(p, end);
    size += static_cast<std::uint64_t>(stop - p);
    p = stop;
    if (end - p < escape_bytes_max) break;
    size += utf8_size(read_escape(p, end));
  }
  raw.remove_prefix(static_cast<std::size_t>(p - raw.data()));
  return size;
}

std::string_view name_of(EventKind kind) {
  constexpr std::array<std::string_view, 13> names{
      "start",  "text",  "reasoning", "sealed", "tool_call", "server_tool", "usage",
      "finish", "error", "done",      "ping",   "other",     "malformed"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Finish finish) {
  constexpr std::array<std::string_view, 8> names{"none",    "stop",  "length", "tool_call",
                                                  "refusal", "pause", "failed", "other"};
  return names[static_cast<std::size_t>(finish)];
}

}  // namespace recloser::codec
