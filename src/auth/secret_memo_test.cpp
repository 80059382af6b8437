#include "auth/secret_memo.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

TEST(SecretMemo, GivesTheHashOfWhatWasAsked) {
  SecretMemo memo;
  for (std::string_view secret : {"a-secret-of-twenty-two", "a-secret-of-twenty-two", "another",
                                  "a-secret-of-twenty-two", ""}) {
    EXPECT_EQ(memo.hash_of(secret), hash_secret(secret)) << secret;
  }
}

TEST(SecretMemo, EveryByteAndTheLengthDecide) {
  for (std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{9},
                           std::size_t{41}, secret_bytes_max}) {
    const std::string known(size, 'x');
    for (std::size_t at = 0; at < size; ++at) {
      SecretMemo memo;
      memo.hash_of(known);
      std::string other = known;
      other[at] = 'y';
      ASSERT_EQ(memo.hash_of(other), hash_secret(other)) << size << " at " << at;
    }
    SecretMemo memo;
    memo.hash_of(known);
    std::string_view shorter = std::string_view(known).substr(1);
    EXPECT_EQ(memo.hash_of(shorter), hash_secret(shorter)) << size;
  }
}

TEST(SecretMemo, ALongSecretLeavesNothingInAShortOne) {
  SecretMemo memo;
  memo.hash_of(std::string(100, 'x'));
  EXPECT_EQ(memo.hash_of("xxx"), hash_secret("xxx"));
  EXPECT_EQ(memo.hash_of(std::string(100, 'x')), hash_secret(std::string(100, 'x')));
}

}  // namespace
}  // namespace recloser::auth
