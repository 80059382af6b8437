// Orgs, teams and users: what they add to the keys of theirs, and whom they keep out.
#include "auth/holders.h"

#include "auth/key_ring.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

using config::Holder;
using config::HolderKind;

constexpr WallTime now{1'790'000'000'000'000'000};

Holder holder(HolderKind kind, std::string name, std::string org = {}) {
  Holder holder;
  holder.kind = kind;
  holder.name = std::move(name);
  holder.org = std::move(org);
  return holder;
}

KeyRecord record(std::string org, std::string team, std::string user = {}) {
  KeyRecord key;
  key.id = "k";
  key.hash = hash_secret("s");
  key.org = std::move(org);
  key.team = std::move(team);
  key.user = std::move(user);
  return key;
}

std::shared_ptr<const KeyRing> ring_of(KeyRecord key, std::vector<Holder> holders) {
  Result<std::shared_ptr<const KeyRing>> ring =
      KeyRing::make({std::move(key)}, {}, Holders(std::move(holders)));
  EXPECT_TRUE(ring) << (ring ? "" : ring.error().message());
  return ring ? *ring : nullptr;
}

std::string place_of(KeyRecord key, std::vector<Holder> holders) {
  auto ring = ring_of(std::move(key), std::move(holders));
  Admission who = ring->find("s", now);
  if (!who.admitted()) return std::string(name_of(who.rejection));
  return who.principal->org + "/" + who.principal->team + "/" + who.principal->user;
}

TEST(Holders, WhatAKeyLeavesOpenItsTeamAndUserTell) {
  std::vector<Holder> all{holder(HolderKind::team, "search", "acme"),
                          holder(HolderKind::user, "ada")};
  all[1].team = "search";
  EXPECT_EQ(place_of(record("", "search"), all), "acme/search/");
  EXPECT_EQ(place_of(record("", "", "ada"), all), "acme/search/ada") << "one by the other";
  EXPECT_EQ(place_of(record("", "ops", "ada"), all), "/ops/ada") << "the key's own word stands";
  EXPECT_EQ(place_of(record("beta", "search"), all), "beta/search/") << "another team";
  EXPECT_EQ(place_of(record("", ""), all), "//");
  EXPECT_EQ(place_of(record("beta", "", "ada"), all), "beta/search/ada") << "and so does its org";
}

TEST(Holders, WhoseOrgIsNotClearIsKeptOut) {
  std::vector<Holder> all{holder(HolderKind::team, "search", "acme"),
                          holder(HolderKind::team, "search", "beta")};
  EXPECT_EQ(place_of(record("", "search"), all), "unplaced");
  EXPECT_EQ(place_of(record("beta", "search"), all), "beta/search/");
}

// A name that is of two orgs is one's user as soon as the team has told the org.
TEST(Holders, ATeamTellsWhichUserIsMeant) {
  std::vector<Holder> all{holder(HolderKind::team, "search", "acme"),
                          holder(HolderKind::user, "ada", "acme"),
                          holder(HolderKind::user, "ada", "beta")};
  EXPECT_EQ(place_of(record("", "search", "ada"), all), "acme/search/ada");
  EXPECT_EQ(place_of(record("", "", "ada"), all), "unplaced");
  all[1].disabled = true;
  EXPECT_EQ(place_of(record("", "search", "ada"), all), "disabled");
}

TEST(Holders, TheyStopAllTheirKeysAndTheLogLearnsWhichDid) {
  for (HolderKind kind : {HolderKind::org, HolderKind::team, HolderKind::user}) {
    Holder out = holder(kind, kind == HolderKind::org ? "acme" : "x");
    std::string by(config::name_of(kind));
    out.disabled = true;
    auto stopped = ring_of(record("acme", "x", "x"), {out});
    Admission who = stopped->find("s", now);
    EXPECT_EQ(who.rejection, Rejection::disabled);
    EXPECT_EQ(who.by, by);
    EXPECT_FALSE(who.admitted());
    EXPECT_EQ(who.key_id, "k");
    out.disabled = false;
    out.expires = now;
    auto ring = ring_of(record("acme", "x", "x"), {out});
    EXPECT_TRUE(ring->find("s", now - 1ns).admitted());
    EXPECT_EQ(ring->find("s", now).rejection, Rejection::expired);
    EXPECT_EQ(ring->find("s", now).by, by);
    EXPECT_TRUE(ring_of(record("beta", "y", "y"), {out})->find("s", now).admitted());
  }
}

TEST(Holders, ModelsAreThoseThatAllAllow) {
  std::vector<Holder> all{holder(HolderKind::org, "acme"), holder(HolderKind::team, "t", "acme"),
                          holder(HolderKind::user, "ada", "acme")};
  all[0].models = {"gpt-*", "claude-*"};
  all[1].models = {"*-mini", "claude-*"};
  KeyRecord key = record("acme", "t");
  key.models = {"gpt-*", "o3-mini"};
  auto ring = ring_of(key, all);
  const ModelPatterns& models = ring->find("s", now).principal->models;
  EXPECT_TRUE(models.allow("gpt-4o-mini"));
  EXPECT_FALSE(models.allow("gpt-4o")) << "not of the team";
  EXPECT_FALSE(models.allow("o3-mini")) << "not of the org";
  EXPECT_FALSE(models.allow("claude-x")) << "not of the key";
  EXPECT_EQ(models.human(),
            "gpt-*, o3-mini; of these: gpt-*, claude-*; of these: *-mini, claude-*");
}

TEST(Holders, TheNearestDefaultOfAUsersModelsHolds) {
  std::vector<Holder> all{holder(HolderKind::org, "acme"), holder(HolderKind::team, "t", "acme"),
                          holder(HolderKind::user, "ada", "acme")};
  all[0].user_defaults.models = {"of-org"};
  auto allows = [&](std::string user, std::string_view model) {
    auto ring = ring_of(record("acme", "t", std::move(user)), all);
    return ring->find("s", now).principal->models.allow(model);
  };
  EXPECT_TRUE(allows("ada", "of-org"));
  EXPECT_FALSE(allows("ada", "of-team"));
  all[1].user_defaults.models = {"of-team"};
  EXPECT_TRUE(allows("ada", "of-team"));
  EXPECT_FALSE(allows("ada", "of-org")) << "the team's stands in for it";
  all[2].models = {"of-ada"};
  EXPECT_TRUE(allows("ada", "of-ada"));
  EXPECT_FALSE(allows("ada", "of-team"));
  EXPECT_TRUE(allows("bob", "of-team"));
  EXPECT_TRUE(allows("", "any")) << "a key of no user";
}

TEST(Holders, LabelsComeTogetherAndHaveALimit) {
  std::vector<Holder> all{holder(HolderKind::org, "acme"), holder(HolderKind::team, "t", "acme")};
  all[0].labels = {"a", "b"};
  all[1].labels = {"b", "c"};
  KeyRecord key = record("acme", "t");
  key.labels = {"k", "a"};
  auto ring = ring_of(key, all);
  EXPECT_EQ(ring->find("s", now).principal->labels, (std::vector<std::string>{"k", "a", "b", "c"}));
  for (int i = 0; i < 63; ++i) all[0].labels.push_back("l" + std::to_string(i));
  Result<std::shared_ptr<const KeyRing>> too_many = KeyRing::make({key}, {}, Holders(all));
  ASSERT_FALSE(too_many);
  EXPECT_NE(too_many.error().message().find("of its org, team and user"), std::string::npos);
}

TEST(KeyRotation, BothSecretsAreGoodUntilTheGraceEnds) {
  KeyRecord key = record("acme", "t");
  key.hash = hash_secret("new");
  key.old_hash = hash_secret("old");
  key.old_until = now;
  auto ring = ring_of(key, {});
  Admission by_old = ring->find("old", now - 1ns);
  Admission by_new = ring->find("new", now - 1ns);
  ASSERT_TRUE(by_old.admitted());
  EXPECT_EQ(by_old.principal, by_new.principal) << "one key, and so one budget";
  EXPECT_EQ(ring->find("old", now).rejection, Rejection::rotated);
  EXPECT_TRUE(ring->find("new", now + 1000 * 24h).admitted());
  EXPECT_FALSE(KeyRing::make({key}, {record("a", "b"),
                                     [] {
                                       KeyRecord other;
                                       other.id = "other";
                                       other.hash = hash_secret("old");
                                       return other;
                                     }()}))
      << "an old secret is a secret";
}

TEST(KeyRotation, WhatStopsTheKeyStopsBothSecrets) {
  KeyRecord key = record("acme", "t");
  key.old_hash = hash_secret("old");
  key.old_until = now + 1h;
  key.disabled = true;
  EXPECT_EQ(ring_of(key, {})->find("old", now).rejection, Rejection::disabled);
  EXPECT_EQ(ring_of(key, {})->find("s", now).rejection, Rejection::disabled);
  key.revoked_at = now;
  EXPECT_EQ(ring_of(key, {})->find("old", now).rejection, Rejection::revoked);
}

}  // namespace
}  // namespace recloser::auth
