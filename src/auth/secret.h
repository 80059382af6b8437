// Secrets of virtual keys: how they are made, and the SHA-256 that is all we keep of them.
#pragma once

#include "core/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace recloser::auth {

// SHA-256 of a secret. Secrets we make hold 256 bits of entropy and declared ones are long, so a
// plain fast hash is enough: there is nothing to slow down a dictionary against.
struct KeyHash {
  std::array<std::uint8_t, 32> bytes{};

  friend bool operator==(const KeyHash&, const KeyHash&) = default;
  std::string hex() const;
};

KeyHash hash_secret(std::string_view secret);
bool equal_in_constant_time(const KeyHash& a, const KeyHash& b);

// Where unguessable bytes come from. Two implementations: the kernel's, and a test's.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual Result<void> fill(std::span<std::uint8_t> out) = 0;
};

class KernelEntropy final : public Entropy {
 public:
  Result<void> fill(std::span<std::uint8_t> out) override;
};

inline constexpr std::string_view secret_prefix = "rk-";
inline constexpr std::size_t secret_digits = 43;  // base 62: 256 bits
inline constexpr std::size_t declared_secret_bytes_min = 20;
inline constexpr std::size_t secret_bytes_max = 512;  // a longer credential is never hashed

// A fresh secret: "rk-" and 43 base 62 digits, each equally likely.
Result<std::string> make_secret(Entropy& entropy);

// Whether an operator may declare this secret in a configuration file. The message names no byte
// of it.
Result<void> check_declared_secret(std::string_view secret);

}  // namespace recloser::auth
