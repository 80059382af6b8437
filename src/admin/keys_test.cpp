// Keys over the admin port: what is made reads back the same, nothing is dropped, revoking is at
// once.
#include "admin/keys.h"

#include "admin/test_api.h"

#include <string>

namespace recloser::admin {
namespace {

using testing::HasSubstr;

constexpr WallTime now{1'790'000'000'000'000'000};

std::string refusal(std::string_view body) {
  Result<NewKey> read = read_new_key(body, now);
  EXPECT_FALSE(read) << body;
  return read ? "" : read.error().message();
}

TEST(NewKey, EveryField) {
  Result<NewKey> key = read_new_key(
      R"({"id":"ci","org":"acme","team":"search","user":"ada","agent":"crawler",)"
      R"("models":["gpt-4o*","claude-*"],"labels":["batch"],"expires":"2027-01-01T00:00:00Z"})",
      now);
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(key->id, "ci");
  EXPECT_EQ(key->org, "acme");
  EXPECT_EQ(key->team, "search");
  EXPECT_EQ(key->user, "ada");
  EXPECT_EQ(key->agent, "crawler");
  EXPECT_EQ(key->models, (std::vector<std::string>{"gpt-4o*", "claude-*"}));
  EXPECT_EQ(key->labels, (std::vector<std::string>{"batch"}));
  EXPECT_EQ(rfc3339(*key->expires_at), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(key->created_at, now);
}

TEST(NewKey, NothingIsAnAnswerToo) {
  EXPECT_TRUE(read_new_key("{}", now));
  EXPECT_TRUE(read_new_key(R"({"team":null,"models":null,"expires":null,"labels":[]})", now));
}

TEST(NewKey, AnUnknownFieldIsRefusedWithTheNearest) {
  EXPECT_EQ(refusal(R"({"modles":["x"]})"),
            "a key has no field 'modles'; did you mean models?; there are id, org, team, user, "
            "agent, models, labels, expires, budget, rpm, tpm and concurrency");
  EXPECT_THAT(refusal(R"({"Team":"x"})"), HasSubstr("did you mean team?"));
  EXPECT_THAT(refusal(R"({"":"x"})"), HasSubstr("a key has no field ''"));
  EXPECT_THAT(refusal(R"({"secret":"mine"})"), HasSubstr("a key has no field 'secret'"));
  EXPECT_THAT(refusal(R"({"unknown":null})"), HasSubstr("a key has no field 'unknown'"));
}

TEST(NewKey, WhatThisVersionCannotEnforceIsRefused) {
  for (std::string_view field : {"plan", "roles", "groups", "residency"}) {
    std::string body = "{\"" + std::string(field) + "\":5}";
    EXPECT_EQ(refusal(body), std::string(field) + " of a key is not supported in this version");
  }
}

TEST(NewKey, AMistypedValueIsNamed) {
  EXPECT_EQ(refusal(R"({"team":5})"), "team must be a string; you sent a number");
  EXPECT_EQ(refusal(R"({"team":["a"]})"), "team must be a string; you sent a list of strings");
  EXPECT_EQ(refusal(R"({"models":"gpt-4o"})"),
            "models must be a list of strings; you sent a string");
  EXPECT_EQ(refusal(R"({"models":["a",1]})"),
            "models must be a list of strings; you sent a list of other things");
  EXPECT_EQ(refusal(R"({"models":[["a"]]})"),
            "models must be a list of strings; you sent a list of other things");
  EXPECT_EQ(refusal(R"({"labels":{"a":true}})"),
            "labels must be a list of strings; you sent an object");
  EXPECT_EQ(refusal(R"({"expires":1893456000})"),
            "expires must be a time such as 2027-01-01T00:00:00Z or a day; you sent a number");
  EXPECT_EQ(refusal(R"({"expires":"soon"})"),
            "expires must be a time such as 2027-01-01T00:00:00Z or a day; you sent 'soon'");
  EXPECT_EQ(refusal(R"({"expires":"2020-01-01"})"),
            "expires is 2020-01-01T00:00:00.000Z, which is over: such a key would never be good");
}

TEST(NewKey, TextThatIsNoObject) {
  EXPECT_THAT(refusal(""), HasSubstr("not valid JSON: incomplete JSON at byte 0"));
  EXPECT_THAT(refusal(R"({"team":"a")"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal(R"({"team":"a"} x)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal("{\"team\":\"\xff\"}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal(R"({"team":"\ud800"})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal(R"({team:"a"})"), HasSubstr("not valid JSON"));
  for (std::string_view other : {"[]", "5", "null", "\"x\"", "[{\"team\":\"a\"}]"}) {
    EXPECT_EQ(refusal(other), "the request body must be a JSON object") << other;
  }
  EXPECT_THAT(refusal(std::string(100'000, '[')), HasSubstr("not valid JSON"));
  EXPECT_EQ(refusal(R"({"team":"a","org":"b","team":"c"})"), "team is given twice");
  EXPECT_EQ(refusal(R"({"team":"a","te\u0061m":"c"})"), "team is given twice") << "escaped";
}

TEST(NewKey, NamesAtTheirLimitsAndOnePast) {
  auto with = [](std::string_view field, std::string_view value) {
    return fmt::format(R"({{"{}":"{}"}})", field, value);
  };
  for (std::string_view field : {"id", "org", "team", "user", "agent"}) {
    EXPECT_TRUE(read_new_key(with(field, std::string(64, 'x')), now)) << field;
    EXPECT_THAT(refusal(with(field, std::string(65, 'x'))),
                HasSubstr(fmt::format("{} has 65 characters", field)));
    EXPECT_THAT(refusal(with(field, "")), HasSubstr(fmt::format("{} is empty", field)));
    EXPECT_THAT(refusal(with(field, "a,b")), HasSubstr("0x2c"));
    EXPECT_THAT(refusal(with(field, "a\\nb")), HasSubstr("0x0a"));
  }
  std::string labels = "\"l0\"";
  for (int i = 1; i < 64; ++i) labels += fmt::format(",\"l{}\"", i);
  EXPECT_TRUE(read_new_key("{\"labels\":[" + labels + "]}", now));
  EXPECT_THAT(refusal("{\"labels\":[" + labels + ",\"one more\"]}"), HasSubstr("at most 64"));
  EXPECT_THAT(refusal(R"({"models":["a,b"]})"), HasSubstr("0x2c"));
  EXPECT_THAT(refusal(R"({"models":[""]})"), HasSubstr("is empty"));
}

TEST_P(BothStoresTest, AKeyIsMadeAndReadsBackTheSame) {
  Heard made =
      post("/admin/keys", R"({"id":"ci","org":"acme","team":"search","user":"ada","agent":"bot",)"
                          R"("models":["gpt-4o*"],"labels":["a","b"],"expires":"2027-01-01"})");
  ASSERT_EQ(made.status, 201) << made.body;
  boost::json::object created = made.json().as_object();
  std::string secret(created.at("secret").as_string());
  EXPECT_TRUE(admits(secret)) << "at once, before the answer";
  created.erase("secret");
  EXPECT_EQ(get("/admin/keys/ci").json(), boost::json::value(created));
  boost::json::value list = get("/admin/keys").json();
  EXPECT_TRUE(list.at("next").is_null());
  ASSERT_EQ(list.at("data").as_array().size(), 1u);
  EXPECT_EQ(list.at("data").at(0), boost::json::value(created));
  EXPECT_EQ(created.at("expires").as_string(), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(created.at("state").as_string(), "active");
}

TEST_F(ApiTest, TheSecretIsShownOnceAndKeptNowhere) {
  Heard made = post("/admin/keys", "{}");
  std::string secret(made.json().at("secret").as_string());
  EXPECT_EQ(secret.size(), auth::secret_prefix.size() + auth::secret_digits);
  EXPECT_EQ(get("/admin/keys").body.find(secret), std::string::npos);
  EXPECT_EQ(loop_.log_text().find(secret), std::string::npos);
  EXPECT_THAT(loop_.log_text(), HasSubstr("a key was made"));
}

TEST_F(ApiTest, AKeyWithoutAnIdGetsOne) {
  Heard first = post("/admin/keys", "{}");
  Heard second = post("/admin/keys", "{}");
  std::string id(first.json().at("id").as_string());
  EXPECT_TRUE(id.starts_with("key-")) << id;
  EXPECT_EQ(id.size(), 14u);
  EXPECT_NE(first.json().at("id"), second.json().at("id"));
}

TEST_P(BothStoresTest, AnIdIsTakenOnce) {
  ASSERT_EQ(post("/admin/keys", R"({"id":"ci"})").status, 201);
  Heard again = post("/admin/keys", R"({"id":"ci"})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code(), "conflict");
  del("/admin/keys/ci");
  EXPECT_EQ(post("/admin/keys", R"({"id":"ci"})").status, 409) << "its calls stand in the books";
}

TEST_P(BothStoresTest, RevokingIsAtOnce) {
  std::string secret(post("/admin/keys", R"({"id":"ci"})").json().at("secret").as_string());
  ASSERT_TRUE(admits(secret));
  Heard revoked = del("/admin/keys/ci");
  EXPECT_FALSE(admits(secret)) << "before the answer went out";
  ASSERT_EQ(revoked.status, 200);
  EXPECT_EQ(revoked.json().at("state").as_string(), "revoked");
  loop_.run_for(1s);
  Heard again = del("/admin/keys/ci");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json().at("revoked_at"), revoked.json().at("revoked_at")) << "the first time";
}

TEST_P(BothStoresTest, AKeyThatIsNotThere) {
  post("/admin/keys", R"({"id":"search-ci"})");
  Heard heard = del("/admin/keys/serach-ci");
  EXPECT_EQ(heard.status, 404);
  EXPECT_EQ(heard.message(), "there is no key 'serach-ci'; did you mean search-ci?");
  EXPECT_EQ(get("/admin/keys/x'%20OR%20'1'='1").status, 404);
}

TEST_F(ApiTest, DeclaredKeysBelongToTheirFile) {
  constexpr std::string_view secret = "a-declared-secret-of-size";
  declare("ci", std::string(secret));
  Heard heard = del("/admin/keys/ci");
  EXPECT_EQ(heard.status, 409);
  EXPECT_EQ(heard.message(),
            "the key 'ci' is declared in recloser.yaml, so it is revoked there: take it out of "
            "`keys` and restart Recloser");
  EXPECT_TRUE(admits(secret));
  EXPECT_EQ(post("/admin/keys", R"({"id":"ci"})").status, 409);
  EXPECT_TRUE(get("/admin/keys/ci").json().at("declared").as_bool());

  std::string made(post("/admin/keys", R"({"id":"other"})").json().at("secret").as_string());
  EXPECT_TRUE(admits(made));
  EXPECT_TRUE(admits(secret)) << "a new ring keeps what is declared";
  EXPECT_EQ(get("/admin/keys").json().at("data").as_array().size(), 2u);
}

TEST(NewKey, AnIdIsWhatTheConfigurationTakesToo) {
  for (std::string_view id : {"ci", "0", "A.b_c-9"}) {
    EXPECT_TRUE(read_new_key(fmt::format(R"({{"id":"{}"}})", id), now)) << id;
  }
  for (std::string_view id : {"bad id", "a/b", "../x", "q?x=1", "%2e", ".", "-x", "_x", "a'b"}) {
    EXPECT_EQ(refusal(fmt::format(R"({{"id":"{}"}})", id)),
              fmt::format("id must be letters, digits, '.', '_' and '-', with a letter or digit "
                          "first, at most 64 of them; you sent '{}'",
                          id));
  }
}

TEST_F(ApiTest, AnIdOfAnEarlierVersionCanBeRevoked) {
  ledger::KeyRow row{.id = "a b/c?d%41", .secret_hash = {}, .created_at = loop_.clock().wall()};
  ASSERT_TRUE(ledger_->store().put_key(row));
  Heard revoked = del("/admin/keys/a%20b%2Fc%3Fd%2541");
  EXPECT_EQ(revoked.status, 200) << revoked.body;
}

TEST_F(ApiTest, WhatIsRefusedIsNotMade) {
  EXPECT_EQ(post("/admin/keys", R"({"id":"ci","plan":"gold"})").status, 400);
  EXPECT_EQ(post("/admin/keys", R"({"id":"ci","rpm":0})").status, 400);
  EXPECT_EQ(post("/admin/keys", R"({"id":"ci","teem":"x"})").status, 400);
  EXPECT_EQ(get("/admin/keys").body, "{\"data\":[],\"next\":null}\n");
}

TEST_F(ApiTest, ABodyAtTheLimitAndOnePast) {
  std::string padding(64 * 1024 - 2, ' ');
  EXPECT_EQ(post("/admin/keys", "{" + padding + "}").status, 201);
  Heard large = post("/admin/keys", "{" + padding + " }");
  EXPECT_EQ(large.status, 413);
  Heard larger = post("/admin/keys", "{\"team\":\"" + std::string(1u << 20, 'x') + "\"}");
  EXPECT_EQ(larger.status, 413);
  EXPECT_EQ(larger.code(), "request_too_large");
}

TEST_F(ApiTest, WithoutRandomnessThereIsNoKey) {
  entropy_.fails = true;
  Heard heard = post("/admin/keys", R"({"id":"ci"})");
  EXPECT_EQ(heard.status, 500);
  EXPECT_THAT(heard.message(), HasSubstr("no random bytes"));
  EXPECT_EQ(get("/admin/keys").body, "{\"data\":[],\"next\":null}\n");
}

TEST_F(ApiTest, AStoreThatFailsMakesAndRevokesNothing) {
  std::string secret(post("/admin/keys", R"({"id":"ci"})").json().at("secret").as_string());
  store_->fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
  EXPECT_EQ(post("/admin/keys", R"({"id":"two"})").status, 503);
  EXPECT_EQ(del("/admin/keys/ci").status, 503);
  EXPECT_TRUE(admits(secret)) << "the answer said that it was not revoked";
  store_->fail_writes_with(std::nullopt);
}

}  // namespace
}  // namespace recloser::admin
