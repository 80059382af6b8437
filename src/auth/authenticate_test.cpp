#include "auth/authenticate.h"

#include "auth/declared_keys.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

constexpr WallTime now{1'790'000'000'000'000'000};
constexpr std::string_view good = "rk-a-secret-of-the-test-suite";

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

Credentials sent(const Fields& fields) {
  Credentials credentials;
  for (const auto& [name, value] : fields) credentials.see(name, value);
  return credentials;
}

std::string secret_of(const Fields& fields) {
  auto secret = sent(fields).secret();
  return secret ? std::string(*secret) : "!" + std::string(name_of(secret.error()));
}

std::shared_ptr<const KeyRing> test_ring() {
  KeyRecord key;
  key.id = "ci";
  key.hash = hash_secret(good);
  key.models = {"gpt-4o*"};
  return *KeyRing::make({key}, {});
}

TEST(Credentials, AreReadFromEachHeader) {
  EXPECT_EQ(secret_of({{"Authorization", "Bearer abc"}}), "abc");
  EXPECT_EQ(secret_of({{"authorization", "bEARER   abc  "}}), "abc");
  EXPECT_EQ(secret_of({{"X-Api-Key", "abc"}}), "abc");
  EXPECT_EQ(secret_of({{"api-key", "\tabc "}}), "abc");
  EXPECT_EQ(secret_of({{"x-recloser-key", "abc"}}), "abc");
}

TEST(Credentials, OtherFieldsPassBy) {
  EXPECT_EQ(secret_of({{"x-api-kez", "abc"},
                       {"api-kez", "abc"},
                       {"authorizatiom", "Bearer abc"},
                       {"x-recloser-kez", "abc"},
                       {"content-type", "application/json"}}),
            "!missing");
}

TEST(Credentials, NoneOrEmptyIsMissing) {
  EXPECT_EQ(secret_of({}), "!missing");
  EXPECT_EQ(secret_of({{"authorization", ""}}), "!missing");
  EXPECT_EQ(secret_of({{"authorization", "Bearer"}}), "!missing");
  EXPECT_EQ(secret_of({{"authorization", "Bearer   "}, {"x-api-key", " "}}), "!missing");
}

TEST(Credentials, AnotherSchemeIsNotSkippedOver) {
  EXPECT_EQ(secret_of({{"authorization", "Basic dXNlcjpwYXNz"}}), "!malformed");
  EXPECT_EQ(secret_of({{"authorization", "Basic dXNlcjpwYXNz"}, {"x-api-key", "abc"}}),
            "!malformed");
  EXPECT_EQ(secret_of({{"authorization", "Bearerabc"}}), "!malformed");
  EXPECT_EQ(secret_of({{"authorization", "abc"}}), "!malformed");
}

TEST(Credentials, SeveralMustAgree) {
  EXPECT_EQ(secret_of({{"authorization", "Bearer abc"}, {"x-api-key", "abc"}}), "abc");
  EXPECT_EQ(secret_of({{"authorization", "Bearer abc"}, {"x-api-key", "abd"}}), "!conflicting");
  EXPECT_EQ(secret_of({{"authorization", "Bearer abc"}, {"authorization", "Bearer abd"}}),
            "!conflicting");
  // The last one agreeing with the first does not undo the quarrel.
  EXPECT_EQ(secret_of({{"x-api-key", "abc"}, {"api-key", "abd"}, {"x-api-key", "abc"}}),
            "!conflicting");
  EXPECT_EQ(secret_of({{"authorization", "Bearer "}, {"x-api-key", "abc"}}), "abc");
}

TEST(Credentials, RecloserKeyLeavesTheOthersToTheProvider) {
  Fields fields{{"authorization", "Bearer sk-of-the-provider"}, {"x-recloser-key", "abc"}};
  EXPECT_EQ(secret_of(fields), "abc");
  EXPECT_TRUE(sent(fields).has_recloser_key());
  EXPECT_EQ(secret_of({{"authorization", "Basic eA=="}, {"x-recloser-key", "abc"}}), "abc");
  EXPECT_EQ(secret_of({{"x-recloser-key", "abc"}, {"x-recloser-key", "abd"}}), "!conflicting");
  EXPECT_FALSE(sent({{"authorization", "Bearer abc"}}).has_recloser_key());
}

TEST(Credentials, LengthLimit) {
  std::string longest(secret_bytes_max, 'x');
  EXPECT_EQ(secret_of({{"x-api-key", longest}}), longest);
  longest += 'x';
  EXPECT_EQ(secret_of({{"x-api-key", longest}}), "!malformed");
}

TEST(Authenticate, AGoodKeyNamesItsPrincipal) {
  SecretMemo memo;
  auto ring = test_ring();
  Admission admitted =
      authenticate(config::AuthMode::keys, ring, memo, sent({{"x-api-key", good}}), now);
  ASSERT_TRUE(admitted.admitted());
  EXPECT_EQ(admitted.principal->key_id, "ci");
}

TEST(Authenticate, HostileCredentialsAreNeverAnonymous) {
  SecretMemo memo;
  auto ring = test_ring();
  for (std::string_view value :
       {"Bearer ' OR '1'='1", "Bearer '; DROP TABLE keys; --", "Bearer \x01\xff", "Bearer null",
        "Bearer undefined", "Bearer *", "Bearer rk-", "Bearer local"}) {
    Admission refused =
        authenticate(config::AuthMode::keys, ring, memo, sent({{"authorization", value}}), now);
    EXPECT_FALSE(refused.admitted()) << value;
    EXPECT_EQ(refused.rejection, Rejection::unknown) << value;
  }
  EXPECT_FALSE(authenticate(config::AuthMode::keys, ring, memo, sent({}), now).admitted());
}

TEST(Authenticate, ASecretSentBeforeIsJudgedAnew) {
  SecretMemo memo;
  auto ring = test_ring();
  auto later = KeyRing::make({}, {});
  ASSERT_TRUE(later.has_value());
  Credentials credentials = sent({{"x-api-key", good}});
  EXPECT_TRUE(authenticate(config::AuthMode::keys, ring, memo, credentials, now).admitted());
  Admission gone = authenticate(config::AuthMode::keys, *later, memo, credentials, now);
  EXPECT_EQ(gone.rejection, Rejection::unknown);
}

TEST(Authenticate, OpenModeIsTheLocalPrincipal) {
  SecretMemo memo;
  auto ring = test_ring();
  for (const Fields& fields : {Fields{}, Fields{{"authorization", "Bearer anything"}},
                               Fields{{"authorization", "Basic eA=="}}}) {
    Admission admitted = authenticate(config::AuthMode::open, ring, memo, sent(fields), now);
    ASSERT_TRUE(admitted.admitted());
    EXPECT_EQ(admitted.principal->org, "local");
    EXPECT_EQ(admitted.principal->user, "local");
    EXPECT_TRUE(admitted.principal->models.allow_all());
  }
}

TEST(Messages, DoNotTellWhichKeysExist) {
  EXPECT_EQ(message_for_client(Rejection::unknown), message_for_client(Rejection::expired));
  EXPECT_EQ(message_for_client(Rejection::unknown), message_for_client(Rejection::revoked));
  EXPECT_EQ(message_for_client(Rejection::unknown), message_for_client(Rejection::disabled));
  EXPECT_EQ(message_for_client(Rejection::unknown), message_for_client(Rejection::malformed));
  EXPECT_NE(message_for_client(Rejection::unknown), message_for_client(Rejection::missing));
}

TEST(Messages, ModelNotAllowedSaysWhatIs) {
  SecretMemo memo;
  auto ring = test_ring();
  Admission admitted =
      authenticate(config::AuthMode::keys, ring, memo, sent({{"x-api-key", good}}), now);
  ASSERT_TRUE(admitted.admitted());
  EXPECT_EQ(message_model_not_allowed(*admitted.principal, "gpt-5\n"),
            "Key ci may not use model \"gpt-5?\". It may use: gpt-4o*. Ask for one of these, or "
            "have the key's models changed.");
}

config::Key declared(std::string_view secret) {
  config::Key key;
  key.id = "ci";
  key.secret = config::Secret(secret);
  key.org = "acme";
  key.team = "search";
  key.models = {"gpt-4o*"};
  key.expires = now + 1h;
  return key;
}

TEST(DeclaredKeys, BecomeRecords) {
  config::Key key = declared("0123456789-0123456789");
  Result<std::vector<KeyRecord>> records = declared_keys(std::span(&key, 1), now);
  ASSERT_TRUE(records);
  auto ring = *KeyRing::make(*records, {});
  Admission found = ring->find("0123456789-0123456789", now);
  ASSERT_TRUE(found.admitted());
  EXPECT_EQ(found.principal->team, "search");
  EXPECT_FALSE(ring->find("0123456789-0123456789", now + 1h).admitted());
  EXPECT_EQ(records->front().created_at, now);
}

TEST(DeclaredKeys, AShortSecretIsRefusedByPlaceAndName) {
  std::vector<config::Key> keys{declared("0123456789-0123456789"), declared("0123456789-01234567")};
  Result<std::vector<KeyRecord>> records = declared_keys(keys, now);
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().message(),
            "keys[1] (ci): the secret has 19 characters and needs at least 20, because a short one "
            "can be guessed; make one with `recloser key create`");
}

}  // namespace
}  // namespace recloser::auth
