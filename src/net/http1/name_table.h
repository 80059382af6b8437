// Recognising a header name: a perfect hash and one comparison. Included where heads are read;
// others use names.h.
#pragma once

#include "net/http1/names.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace recloser::net::http1::name_table {

inline constexpr std::size_t name_count = static_cast<std::size_t>(last_name) + 1;

inline constexpr std::array<std::string_view, name_count> texts{
    "",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "api-key",
    "authorization",
    "cookie",
    "set-cookie",
    "www-authenticate",
    "x-api-key",
    "x-goog-api-key",
    "accept",
    "accept-encoding",
    "cache-control",
    "content-encoding",
    "content-type",
    "anthropic-beta",
    "anthropic-version",
    "baggage",
    "date",
    "forwarded",
    "idempotency-key",
    "location",
    "openai-organization",
    "openai-project",
    "origin",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "sec-websocket-key",
    "server",
    "session-id",
    "thread-id",
    "traceparent",
    "tracestate",
    "user-agent",
    "via",
    "x-claude-code-session-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
    "x-session-affinity",
    "x-session-id",
    "x-should-retry",
    "anthropic-ratelimit-",
    "x-ratelimit-",
    "x-recloser-agent",
    "x-recloser-cache",
    "x-recloser-key",
    "x-recloser-labels",
    "x-recloser-route",
    "x-recloser-session",
    "x-recloser-trace",
    "x-recloser-user",
    "x-recloser-",
};

// A perfect hash, found at compile time, over the size and the characters at the start, the middle
// and three quarters: a field costs one multiplication and one comparison, however many names we
// know. `| 0x20` folds case: control bytes aside, nothing but the capitals falls together with a
// letter, a digit or '-'.
constexpr std::uint32_t key(std::string_view name) {
  auto folded = [name](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(name[at]) | 0x20);
  };
  return static_cast<std::uint32_t>(name.size()) | folded(0) << 8 | folded(name.size() / 2) << 16 |
         folded(name.size() * 3 / 4) << 24;
}

inline constexpr unsigned slot_bits = 9;
using Slots = std::array<Name, 1u << slot_bits>;

constexpr std::uint32_t slot(std::uint32_t name_key, std::uint32_t factor) {
  return (name_key * factor) >> (32 - slot_bits);
}

struct Hash {
  std::uint32_t factor;
  Slots slots;
};

consteval Hash find_hash() {
  for (std::uint32_t factor = 0x9e3779b1;; factor += 0x61c88646) {
    Hash hash{factor, {}};
    bool collides = false;
    for (std::size_t i = 1; i < name_count && !collides; ++i) {
      if (stands_for_many(static_cast<Name>(i))) continue;
      Name& taken = hash.slots[slot(key(texts[i]), factor)];
      collides = taken != Name::other;
      taken = static_cast<Name>(i);
    }
    if (!collides) return hash;
  }
}

inline constexpr Hash hash = find_hash();

template <class Word>
bool same_word(const char* a, const char* b) {
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof(Word));
  std::memcpy(&y, b, sizeof(Word));
  return (x | static_cast<Word>(0x2020202020202020ull)) == y;
}

// Whether `field`, folded, is `lower`; both have this size. The last word overlaps the one before.
inline bool equal_folded(const char* field, const char* lower, std::size_t size) {
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same_word<std::uint64_t>(field + at, lower + at)) return false;
    }
    return same_word<std::uint64_t>(field + size - 8, lower + size - 8);
  }
  if (size >= 4) {
    return same_word<std::uint32_t>(field, lower) &&
           same_word<std::uint32_t>(field + size - 4, lower + size - 4);
  }
  for (std::size_t at = 0; at < size; ++at) {
    if ((field[at] | 0x20) != lower[at]) return false;
  }
  return true;
}

inline Name named_by_prefix(std::string_view field, Name prefix_name) {
  std::string_view prefix = texts[static_cast<std::size_t>(prefix_name)];
  bool named =
      field.size() >= prefix.size() && equal_folded(field.data(), prefix.data(), prefix.size());
  return named ? prefix_name : Name::other;
}

// `field` is not empty and holds no control byte. Other bytes than those of tokens only make it
// unknown.
[[gnu::always_inline]] inline Name find(std::string_view field) {
  Name candidate = hash.slots[slot(key(field), hash.factor)];
  std::string_view known = texts[static_cast<std::size_t>(candidate)];
  if (known.size() == field.size() && equal_folded(field.data(), known.data(), field.size())) {
    return candidate;
  }
  char first = static_cast<char>(field.front() | 0x20);
  if (first == 'x') {
    Name ours = named_by_prefix(field, Name::x_recloser_any);
    return ours != Name::other ? ours : named_by_prefix(field, Name::x_ratelimit_any);
  }
  if (first == 'a') return named_by_prefix(field, Name::anthropic_ratelimit_any);
  if (first == 'p') return named_by_prefix(field, Name::proxy_any);
  return Name::other;
}

}  // namespace recloser::net::http1::name_table
