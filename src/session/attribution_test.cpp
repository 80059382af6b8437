#include "session/attribution.h"

#include "core/limits.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::session {
namespace {

const std::vector<std::string> nothing_reserved;

std::string labels_of(std::string_view header, const std::vector<std::string>& reserved = {}) {
  Result<Labels> labels = parse_labels(header, reserved);
  return labels ? std::string(labels->joined()) : "!" + labels.error().message();
}

TEST(Labels, AreTrimmedAndKeptOnce) {
  EXPECT_EQ(labels_of("a,b"), "a,b");
  EXPECT_EQ(labels_of(" a ,\tb , a,, c-1:x/y "), "a,b,c-1:x/y");
  EXPECT_EQ(labels_of(""), "");
  EXPECT_EQ(labels_of(" , ,"), "");
}

TEST(Labels, ContainsWholeNamesOnly) {
  Labels labels;
  ASSERT_TRUE(labels.add("abc"));
  ASSERT_TRUE(labels.add("de"));
  EXPECT_TRUE(labels.contains("abc"));
  EXPECT_TRUE(labels.contains("de"));
  EXPECT_FALSE(labels.contains("ab"));
  EXPECT_FALSE(labels.contains("d"));
  EXPECT_FALSE(labels.contains(""));
  EXPECT_EQ(labels.count(), 2u);
}

TEST(Labels, CountLimit) {
  std::string header;
  for (std::size_t i = 0; i < limits::labels_max; ++i) header += std::to_string(i) + ",";
  EXPECT_EQ(labels_of(header).front(), '0');
  EXPECT_EQ(labels_of(header + "0"), labels_of(header));  // a repeated one takes no room
  EXPECT_EQ(labels_of(header + "x"),
            "!x-recloser-labels holds more than 64 labels or 512 characters; send fewer");
}

TEST(Labels, LengthLimits) {
  EXPECT_EQ(labels_of(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(labels_of(std::string(65, 'x')).front(), '!');
  std::string header;
  for (char c = 'a'; c < 'h'; ++c) header += std::string(64, c) + ",";  // 7 x 65 = 455
  EXPECT_EQ(labels_of(header + std::string(57, 'z')).size(), 512u);
  EXPECT_EQ(labels_of(header + std::string(58, 'z')).front(), '!');
}

TEST(Labels, ReservedOnesAreRefusedByName) {
  EXPECT_EQ(
      labels_of("a,gdpr", {"phi", "gdpr"}),
      "!x-recloser-labels holds \"gdpr\", a reserved label that only a key can carry; take it "
      "out");
  EXPECT_EQ(labels_of("gdpr-2", {"phi", "gdpr"}), "gdpr-2");
}

TEST(Labels, HostileBytesAreRefused) {
  EXPECT_EQ(labels_of("a,b\"\\c"), "a,b\"\\c");
  EXPECT_EQ(labels_of("a\nb").front(), '!');
  EXPECT_EQ(labels_of(std::string_view("a\0b", 3)).front(), '!');
  EXPECT_EQ(labels_of("\xff").front(), '!');
}

TEST(Attribution, ClaimsFillWhatTheKeyLeavesOpen) {
  Holder holder{
      .org = "acme", .team = "search", .user = {}, .agent = {}, .key_id = "ci", .labels = {}};
  Result<Attribution> call =
      attribute(holder, {.user = " ann ", .agent = "bot", .labels = "x,y"}, nothing_reserved);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->org, "acme");
  EXPECT_EQ(call->team, "search");
  EXPECT_EQ(call->user, "ann");
  EXPECT_EQ(call->agent, "bot");
  EXPECT_EQ(call->key_id, "ci");
  EXPECT_EQ(call->labels.joined(), "x,y");
}

TEST(Attribution, TheKeyWins) {
  const std::vector<std::string> labels{"gdpr"};
  Holder holder{
      .org = {}, .team = {}, .user = "ann", .agent = "bot", .key_id = "ci", .labels = labels};
  Result<Attribution> call = attribute(
      holder, {.user = "eve", .agent = std::string_view("\n"), .labels = "free,gdpr"}, labels);
  ASSERT_TRUE(call) << call.error().message();
  EXPECT_EQ(call->user, "ann");
  EXPECT_EQ(call->agent, "bot");
  EXPECT_EQ(call->labels.joined(), "gdpr");
}

TEST(Attribution, ABadClaimIsTheClientsError) {
  Holder holder{.org = {}, .team = {}, .user = {}, .agent = {}, .key_id = "ci", .labels = {}};
  EXPECT_TRUE(attribute(holder, {.user = std::string(64, 'u'), .agent = {}, .labels = {}},
                        nothing_reserved));
  std::string long_user(65, 'u');
  Result<Attribution> refused =
      attribute(holder, {.user = long_user, .agent = {}, .labels = {}}, nothing_reserved);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().side(), Side::client);
  EXPECT_EQ(refused.error().message(),
            "x-recloser-user has 65 characters and at most 64 are accepted; use a shorter one");
  EXPECT_FALSE(attribute(holder, {.user = {}, .agent = "a\x01", .labels = {}}, nothing_reserved));
  EXPECT_FALSE(attribute(holder, {.user = {}, .agent = {}, .labels = "\x01"}, nothing_reserved));
}

TEST(Attribution, EveryNameIsPartOfThePrincipal) {
  Attribution base{.org = "o", .team = "t", .user = "u", .agent = "a", .key_id = "k", .labels = {}};
  Hash128 key = base.principal_key();
  for (std::string_view Attribution::* field :
       {&Attribution::org, &Attribution::team, &Attribution::user, &Attribution::agent,
        &Attribution::key_id}) {
    Attribution other = base;
    other.*field = "x";
    EXPECT_NE(other.principal_key(), key);
  }
  Attribution moved = base;  // the same letters in other places
  moved.org = "ot";
  moved.team = "";
  EXPECT_NE(moved.principal_key(), key);
}

}  // namespace
}  // namespace recloser::session
