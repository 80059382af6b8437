#include "auth/key_ring.h"

#include "core/limits.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

constexpr WallTime now{1'790'000'000'000'000'000};

KeyRecord record(std::string id, std::string_view secret) {
  KeyRecord key;
  key.id = std::move(id);
  key.hash = hash_secret(secret);
  key.org = "acme";
  return key;
}

std::shared_ptr<const KeyRing> ring_of(std::vector<KeyRecord> declared,
                                       std::vector<KeyRecord> stored = {}) {
  Result<std::shared_ptr<const KeyRing>> ring =
      KeyRing::make(std::move(declared), std::move(stored));
  EXPECT_TRUE(ring) << (ring ? "" : ring.error().message());
  return ring ? *ring : nullptr;
}

std::string refusal_of(std::vector<KeyRecord> declared) {
  Result<std::shared_ptr<const KeyRing>> ring = KeyRing::make(std::move(declared), {});
  return ring ? "" : ring.error().message();
}

TEST(KeyRing, FindsThePrincipalOfASecret) {
  KeyRecord key = record("ci", "rk-secret-of-ci");
  key.team = "search";
  key.models = {"gpt-4o*"};
  key.labels = {"batch"};
  auto ring = ring_of({key});
  Admission found = ring->find("rk-secret-of-ci", now);
  ASSERT_TRUE(found.admitted());
  EXPECT_EQ(found.principal->key_id, "ci");
  EXPECT_EQ(found.principal->org, "acme");
  EXPECT_EQ(found.principal->team, "search");
  EXPECT_EQ(found.principal->user, "");
  EXPECT_EQ(found.principal->labels, std::vector<std::string>{"batch"});
  EXPECT_TRUE(found.principal->models.allow("gpt-4o-mini"));
  EXPECT_FALSE(found.principal->models.allow("gpt-5"));
  EXPECT_EQ(found.key_id, "ci");
}

TEST(KeyRing, UnknownSecrets) {
  auto ring = ring_of({record("ci", "rk-secret-of-ci")});
  for (std::string_view secret :
       {std::string_view("rk-secret-of-cj"), std::string_view(""), std::string_view("ci"),
        std::string_view("' OR 1=1; DROP TABLE keys; --"), std::string_view("\0\xff\r\n", 4)}) {
    Admission found = ring->find(secret, now);
    EXPECT_FALSE(found.admitted());
    EXPECT_EQ(found.rejection, Rejection::unknown);
    EXPECT_EQ(found.key_id, "");
  }
}

TEST(KeyRing, TheHashItselfIsNotAKey) {
  auto ring = ring_of({record("ci", "rk-secret-of-ci")});
  KeyHash hash = hash_secret("rk-secret-of-ci");
  EXPECT_FALSE(ring->find(hash.hex(), now).admitted());
}

TEST(KeyRing, AnEmptyRingKnowsNobody) { EXPECT_FALSE(ring_of({})->find("x", now).admitted()); }

TEST(KeyRing, ExpiresAtTheInstant) {
  KeyRecord key = record("ci", "s");
  key.expires_at = now;
  auto ring = ring_of({key});
  EXPECT_TRUE(ring->find("s", now - 1ns).admitted());
  Admission late = ring->find("s", now);
  EXPECT_FALSE(late.admitted());
  EXPECT_EQ(late.rejection, Rejection::expired);
  EXPECT_EQ(late.key_id, "ci");  // the log may name it
}

TEST(KeyRing, RevokedAndDisabledAreToldApart) {
  KeyRecord revoked = record("a", "secret-a");
  revoked.revoked_at = now - 1h;
  revoked.expires_at = now - 2h;  // the operator's act is the better reason
  KeyRecord disabled = record("b", "secret-b");
  disabled.disabled = true;
  auto ring = ring_of({revoked, disabled});
  EXPECT_EQ(ring->find("secret-a", now).rejection, Rejection::revoked);
  EXPECT_EQ(ring->find("secret-b", now).rejection, Rejection::disabled);
  EXPECT_FALSE(ring->find("secret-a", now).admitted());
  EXPECT_FALSE(ring->find("secret-b", now).admitted());
}

TEST(KeyRing, ARevocationDatedLaterHoldsAtOnce) {
  KeyRecord key = record("a", "secret-a");
  key.revoked_at = now + 1h;  // the wall clock went back after the revocation
  EXPECT_FALSE(ring_of({key})->find("secret-a", now).admitted());
}

TEST(KeyRing, HoldsThousands) {
  std::vector<KeyRecord> keys;
  for (int i = 0; i < 5000; ++i)
    keys.push_back(record(fmt::format("k{}", i), fmt::format("s{}", i)));
  auto ring = ring_of({}, keys);
  EXPECT_EQ(ring->size(), 5000u);
  for (int i = 0; i < 5000; ++i) {
    Admission found = ring->find(fmt::format("s{}", i), now);
    ASSERT_TRUE(found.admitted());
    ASSERT_EQ(found.principal->key_id, fmt::format("k{}", i));
  }
  EXPECT_FALSE(ring->find("s5000", now).admitted());
}

TEST(KeyRing, HashesThatShareTheirFirstBytesAreKeptApart) {
  KeyRecord a = record("a", "secret");
  KeyRecord b = record("b", "secret");
  b.hash.bytes[31] ^= 1;  // same place in the table, another key
  auto ring = ring_of({b, a});
  EXPECT_EQ(ring->size(), 2u);
  ASSERT_TRUE(ring->find("secret", now).admitted());
  EXPECT_EQ(ring->find("secret", now).principal->key_id, "a");
}

TEST(KeyRing, ADeclaredKeyReplacesAStoredOneOfItsName) {
  auto ring = ring_of({record("ci", "new")}, {record("ci", "old"), record("other", "third")});
  EXPECT_TRUE(ring->find("new", now).admitted());
  EXPECT_FALSE(ring->find("old", now).admitted());
  EXPECT_TRUE(ring->find("third", now).admitted());
}

TEST(KeyRing, RefusesWhatCannotBeToldApart) {
  EXPECT_EQ(refusal_of({record("ci", "a"), record("ci", "b")}),
            "two keys are named ci; give each its own id");
  EXPECT_EQ(refusal_of({record("ci", "a"), record("build", "a")}),
            "keys ci and build have the same secret; change one of them");
}

TEST(KeyRing, ChecksNames) {
  KeyRecord key = record("ci", "a");
  key.team = std::string(limits::principal_name_bytes_max, 'x');
  EXPECT_EQ(refusal_of({key}), "");
  key.team += 'x';
  EXPECT_EQ(refusal_of({key}),
            "team of key ci has 65 characters and at most 64 are accepted; use a shorter one");
  EXPECT_NE(refusal_of({record("", "a")}), "");
  EXPECT_NE(refusal_of({record("a\nb", "a")}), "");
}

TEST(KeyRing, LimitsLabels) {
  KeyRecord key = record("ci", "a");
  for (std::size_t i = 0; i < limits::labels_max; ++i) key.labels.push_back(fmt::format("l{}", i));
  EXPECT_EQ(refusal_of({key}), "");
  key.labels.push_back("one-more");
  EXPECT_EQ(refusal_of({key}), "labels of key ci are 65; at most 64 are kept");

  key.labels.assign(8, std::string(63, 'x'));  // 8 x 63 + 7 commas = 511
  EXPECT_EQ(refusal_of({key}), "");
  key.labels.back() += "x";  // 512
  EXPECT_EQ(refusal_of({key}), "");
  key.labels.front() += "x";  // 513
  EXPECT_EQ(refusal_of({key}),
            "labels of key ci take 513 characters together; at most 512 are kept");
  key.labels = {"a,b"};
  EXPECT_NE(refusal_of({key}), "");
}

}  // namespace
}  // namespace recloser::auth
