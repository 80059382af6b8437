#include "auth/secret.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

// Gives the bytes 0, 1, 2, .. 255, 0, .. and counts what it gave.
class CountingEntropy final : public Entropy {
 public:
  Result<void> fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
    return {};
  }

 private:
  std::uint8_t next_ = 0;
};

// Gives one byte, then zeros.
class FirstByteEntropy final : public Entropy {
 public:
  explicit FirstByteEntropy(std::uint8_t first) : first_(first) {}
  Result<void> fill(std::span<std::uint8_t> out) override {
    std::ranges::fill(out, std::uint8_t{0});
    out[0] = std::exchange(first_, std::uint8_t{0});
    return {};
  }

 private:
  std::uint8_t first_;
};

class EmptyEntropy final : public Entropy {
 public:
  Result<void> fill(std::span<std::uint8_t>) override {
    return fail(Side::gateway, Kind::io, "no bytes");
  }
};

TEST(HashSecret, IsSha256) {
  // FIPS 180-4, the two examples of one block and of none.
  EXPECT_EQ(hash_secret("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_secret("").hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HashSecret, ComparesEveryByte) {
  KeyHash a = hash_secret("abc");
  EXPECT_TRUE(equal_in_constant_time(a, hash_secret("abc")));
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    KeyHash b = a;
    b.bytes[i] ^= 1;
    EXPECT_FALSE(equal_in_constant_time(a, b)) << i;
  }
}

TEST(MakeSecret, IsThePrefixAndBase62) {
  CountingEntropy entropy;
  Result<std::string> secret = make_secret(entropy);
  ASSERT_TRUE(secret);
  EXPECT_EQ(*secret, "rk-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg");
  EXPECT_TRUE(check_declared_secret(*secret));
}

TEST(MakeSecret, EveryDigitIsEquallyLikely) {
  std::array<int, 128> firsts{};
  for (int byte = 0; byte < 256; ++byte) {
    FirstByteEntropy entropy(static_cast<std::uint8_t>(byte));
    Result<std::string> secret = make_secret(entropy);
    ASSERT_TRUE(secret);
    ++firsts[static_cast<std::size_t>(secret->at(secret_prefix.size()))];
  }
  // Four bytes make each digit; 248..255 are thrown away, and the zero after them is taken.
  EXPECT_EQ(firsts['0'], 4 + 8);
  for (char digit : {'1', '7', '8', '9', 'A', 'Z', 'a', 'z'}) {
    EXPECT_EQ(firsts[static_cast<std::size_t>(digit)], 4) << digit;
  }
}

TEST(MakeSecret, KernelSecretsDiffer) {
  KernelEntropy entropy;
  std::set<std::string> secrets;
  for (int i = 0; i < 100; ++i) {
    Result<std::string> secret = make_secret(entropy);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->size(), secret_prefix.size() + secret_digits);
    secrets.insert(*secret);
  }
  EXPECT_EQ(secrets.size(), 100u);
}

TEST(MakeSecret, WithoutEntropyThereIsNoSecret) {
  EmptyEntropy entropy;
  Result<std::string> secret = make_secret(entropy);
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().message(), "no bytes");
}

TEST(DeclaredSecret, LengthLimits) {
  EXPECT_FALSE(check_declared_secret(std::string(19, 'x')));
  EXPECT_TRUE(check_declared_secret(std::string(20, 'x')));
  EXPECT_TRUE(check_declared_secret(std::string(secret_bytes_max, 'x')));
  EXPECT_FALSE(check_declared_secret(std::string(secret_bytes_max + 1, 'x')));
}

TEST(DeclaredSecret, TheMessageTeachesAndHidesTheSecret) {
  Result<void> checked = check_declared_secret("hunter2hunter2");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message(),
            "the secret has 14 characters and needs at least 20, because a short one can be "
            "guessed; make one with `recloser key create`");
}

TEST(DeclaredSecret, MustFitAHeader) {
  EXPECT_FALSE(check_declared_secret("0123456789 0123456789"));
  EXPECT_FALSE(check_declared_secret("0123456789\n0123456789"));
  EXPECT_FALSE(
      check_declared_secret("0123456789\xc3\xa4"
                            "0123456789"));
}

}  // namespace
}  // namespace recloser::auth
