// Tokens of one worker: what is remembered of them, and for how long.
#include "auth/jwt/tokens.h"

#include "auth/authenticate.h"
#include "auth/jwt/verify.h"
#include "auth/testing/test_signer.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::auth::jwt {
namespace {

constexpr std::int64_t now_s = 1'790'000'000;
constexpr WallTime now{now_s * 1'000'000'000};

const TestSigner& signer() {
  static const TestSigner made(Algorithm::es256, "ec-1");
  return made;
}

class TokensTest : public testing::Test {
 protected:
  TokensTest() { show(key_set({signer().jwk()})); }

  static std::shared_ptr<const config::Config> a_config() {
    auto config = std::make_shared<config::Config>();
    config::TokenIssuer& issuer = config->auth.jwt.emplace_back();
    issuer.issuer = "https://idp.test";
    issuer.audience.names = {"llm"};
    issuer.fallback.org = "acme";
    issuer.clock_skew = 0s;
    return config;
  }
  static std::string token(std::string_view subject, std::int64_t seconds = 600) {
    return signer().token(fmt::format(R"({{"iss":"https://idp.test","aud":"llm","sub":"{}",)"
                                      R"("exp":{}}})",
                                      subject, now_s + seconds));
  }
  void show(std::string_view document) { issuers_.fetched(0, *KeySet::parse(document), now); }
  Admission admit(std::string_view text, WallTime at = now) {
    return tokens_.admit(hash_secret(text), text, ring_, at);
  }
  Admission ask(const std::string& secret) {
    Credentials sent;
    sent.see("authorization", secret);
    return authenticate(config::AuthMode::keys, ring_, memo_, sent, now, &tokens_);
  }

  Issuers issuers_{a_config()};
  Tokens tokens_{issuers_};
  SecretMemo memo_;
  std::shared_ptr<const KeyRing> ring_ = *KeyRing::make({}, {});
};

TEST_F(TokensTest, ATokenIsVerifiedOnce) {
  std::string good = token("u-1");
  Admission first = admit(good);
  Admission second = admit(good);
  ASSERT_TRUE(first.admitted() && second.admitted());
  EXPECT_EQ(first.principal, second.principal);
  EXPECT_EQ(first.key_id, first.principal->key_id);
  EXPECT_NE(admit(token("u-2")).principal, first.principal);
}

TEST_F(TokensTest, WhatIsRememberedEndsWithTheToken) {
  std::string good = token("u-1");
  EXPECT_TRUE(admit(good).admitted());
  EXPECT_TRUE(admit(good, now + 599s).admitted());
  EXPECT_EQ(admit(good, now + 600s).rejection, Rejection::token_expired);
}

TEST_F(TokensTest, WhatIsRememberedEndsWithTheKey) {
  std::string good = token("u-1");
  Admission before = admit(good);
  ASSERT_TRUE(before.admitted());
  TestSigner next(Algorithm::es256, "ec-2");
  show(key_set({next.jwk()}));
  EXPECT_EQ(admit(good).rejection, Rejection::token_key_unknown);
  EXPECT_TRUE(issuers_.take_wish(0));
  EXPECT_FALSE(issuers_.take_wish(0));
  // A call that began before keeps its principal.
  EXPECT_EQ(before.principal->user, "u-1");
}

TEST_F(TokensTest, TheSameKeysAgainForgetNothing) {
  std::string good = token("u-1");
  Admission before = admit(good);
  show(key_set({signer().jwk()}));
  EXPECT_EQ(admit(good).principal, before.principal);
}

// CVE-2026-35030: a memo by a part of the token gave one caller the identity of another.
TEST_F(TokensTest, AForgedSignatureIsNotRemembered) {
  std::string good = token("u-1");
  ASSERT_TRUE(admit(good).admitted());
  std::string forged = good;
  std::size_t last = forged.size() - 5;
  forged[last] = forged[last] == 'A' ? 'B' : 'A';
  EXPECT_EQ(admit(forged).rejection, Rejection::token_signature);
  EXPECT_EQ(admit(forged).rejection, Rejection::token_signature) << "nor is it learned";
  EXPECT_TRUE(admit(good).admitted());
}

TEST_F(TokensTest, TokensStandBesideKeys) {
  KeyRecord key;
  key.id = "ci";
  key.hash = hash_secret("a.key.with-two-dots-0123");
  ring_ = *KeyRing::make({key}, {});
  EXPECT_EQ(ask("Bearer a.key.with-two-dots-0123").key_id, "ci");
  Admission who = ask("Bearer " + token("u-1"));
  ASSERT_TRUE(who.admitted());
  EXPECT_TRUE(who.key_id.starts_with("jwt:"));
  EXPECT_EQ(ask("Bearer rk-unknown-0123456789").rejection, Rejection::unknown);
  EXPECT_EQ(ask("Bearer eyJ.eyJ.eyJ").rejection, Rejection::token_malformed);
}

// An org, a team or a user that is kept out is so with any credential.
TEST_F(TokensTest, WhatIsSaidOfTheirUserHoldsForThemToo) {
  std::string good = token("ada");
  ASSERT_TRUE(admit(good).admitted());
  config::Holder user;
  user.kind = config::HolderKind::user;
  user.name = "ada";
  user.models = {"gpt-*"};
  user.expires = now + 60s;
  ring_ = *KeyRing::make({}, {}, Holders({user}));
  Admission who = admit(good);
  ASSERT_TRUE(who.admitted());
  EXPECT_FALSE(who.principal->models.allow("claude")) << "which was another's leave";
  Admission later = admit(good, now + 60s);
  EXPECT_EQ(later.rejection, Rejection::expired);
  EXPECT_EQ(later.by, "user");
  EXPECT_EQ(later.key_id, who.key_id);
  EXPECT_TRUE(admit(token("bob")).principal->models.allow("claude"));
  user.disabled = true;
  ring_ = *KeyRing::make({}, {}, Holders({user}));
  EXPECT_EQ(admit(good).rejection, Rejection::disabled);
  ring_ = *KeyRing::make({}, {});
  EXPECT_TRUE(admit(good).admitted());
  EXPECT_EQ(who.principal->user, "ada") << "a call that runs keeps its own";
}

TEST_F(TokensTest, LongOnesAreTakenWhereTokensAre) {
  std::string name(2000, 'x');
  std::string good = signer().token(
      fmt::format(R"({{"iss":"https://idp.test","aud":"llm","sub":"u","exp":{},"x":"{}"}})",
                  now_s + 600, name));
  EXPECT_GT(good.size(), secret_bytes_max);
  EXPECT_TRUE(ask("Bearer " + good).admitted());
  EXPECT_EQ(ask("Bearer " + std::string(token_bytes_max + 1, 'x')).rejection, Rejection::malformed);
  EXPECT_EQ(ask("Bearer " + std::string(token_bytes_max, 'x')).rejection, Rejection::unknown);
}

TEST_F(TokensTest, TheClientIsToldTheSameOfEachFault) {
  Admission expired = ask("Bearer " + token("u-1", -1));
  EXPECT_EQ(expired.rejection, Rejection::token_expired);
  for (auto why = static_cast<int>(Rejection::token_malformed);
       why <= static_cast<int>(Rejection::token_names); ++why) {
    auto rejection = static_cast<Rejection>(why);
    EXPECT_EQ(message_for_client(rejection), message_for_client(Rejection::unknown));
    EXPECT_TRUE(name_of(rejection).starts_with("bad_token_"));
  }
}

// Keys are swapped by one thread while others verify: each sees the old ones or the new ones.
TEST(TokenThreads, KeysAreSwappedUnderThem) {
  auto config = std::make_shared<config::Config>();
  config::TokenIssuer& rules = config->auth.jwt.emplace_back();
  rules.issuer = "i";
  rules.audience.names = {"a"};
  Issuers issuers(config);
  std::string good =
      signer().token(fmt::format(R"({{"iss":"i","aud":"a","sub":"s","exp":{}}})", now_s + 600));
  std::atomic<int> admitted = 0;
  std::atomic<bool> over = false;
  std::shared_ptr<const KeyRing> ring = *KeyRing::make({}, {});
  auto work = [&] {
    Tokens tokens(issuers);
    while (!over) {
      Admission who = tokens.admit(hash_secret(good), good, ring, now);
      bool known = who.admitted() && who.principal->user == "s";
      EXPECT_TRUE(known || who.rejection == Rejection::token_key_unknown ||
                  who.rejection == Rejection::token_keys_missing);
      if (known) ++admitted;
    }
  };
  std::thread first(work);
  std::thread second(work);
  for (int i = 0; i < 50 || admitted == 0; ++i) {
    issuers.fetched(0, *KeySet::parse(i % 2 == 0 ? key_set({signer().jwk()}) : key_set({})), now);
    issuers.take_wish(0);
    EXPECT_TRUE(issuers.asked());
    std::this_thread::yield();
  }
  over = true;
  first.join();
  second.join();
}

TEST(TokenMemo, IsBoundedAndKeepsWhatLastsLongest) {
  Memo memo;
  auto principal = std::make_shared<const Known>();
  auto hash = [](std::uint8_t i) {  // all of one place
    KeyHash made;
    made.bytes[31] = i;
    return made;
  };
  EXPECT_EQ(memo.find(hash(0), now), nullptr);
  for (std::uint8_t i = 0; i < 4; ++i) memo.keep(hash(i), principal, now + (i + 1) * 1s);
  for (std::uint8_t i = 0; i < 4; ++i) EXPECT_NE(memo.find(hash(i), now), nullptr);
  memo.keep(hash(9), principal, now + 9s);
  EXPECT_EQ(memo.find(hash(0), now), nullptr) << "the first to expire";
  EXPECT_NE(memo.find(hash(9), now), nullptr);
  EXPECT_NE(memo.find(hash(1), now + 1999ms), nullptr);
  EXPECT_EQ(memo.find(hash(1), now + 2s), nullptr);
  memo.keep(hash(3), principal, now + 20s);
  EXPECT_NE(memo.find(hash(3), now + 19s), nullptr) << "one entry, not two";
  memo.clear();
  EXPECT_EQ(memo.find(hash(9), now), nullptr);
}

TEST(TokenIssuers, HaveBeenAskedWhenEachWas) {
  auto config = std::make_shared<config::Config>();
  config->auth.jwt.resize(2);
  Issuers issuers(config);
  EXPECT_FALSE(issuers.asked());
  issuers.failed(0);
  issuers.failed(0);
  EXPECT_FALSE(issuers.asked());
  issuers.fetched(1, *KeySet::parse(R"({"keys":[]})"), now);
  EXPECT_TRUE(issuers.asked());
  issuers.failed(1);
  EXPECT_TRUE(issuers.asked());
  EXPECT_EQ(issuers.status()[0].failures, 2u);
  EXPECT_EQ(issuers.status()[1].fetches, 1u);
  EXPECT_EQ(issuers.status()[1].fetched_at, now);
}

}  // namespace
}  // namespace recloser::auth::jwt
