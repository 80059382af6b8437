// Ratings over the admin port: what is taken, and what is refused as a whole.
#include "admin/ratings.h"

#include "admin/test_api.h"

#include <string>

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using testing::HasSubstr;

std::string body_with(std::string_view member, std::string_view value, std::string_view id) {
  std::string body =
      fmt::format(R"({{"reason":"why","who":"ada","price_version":"v1","ratings":[{{"call":"{}",)"
                  R"("cost_usd":"0.5","list_cost_usd":"1"}}]}})",
                  id);
  std::size_t at = body.find(fmt::format("\"{}\":\"", member));
  if (at == body.npos) return body;
  at += member.size() + 3;
  std::size_t end = body.find_first_of(",}", at);
  return body.replace(at, end - at, value);
}

TEST_P(BothStoresTest, RatingsAreAllTakenOrNone) {
  CallId one = book();
  CallId other = book();
  auto post_two = [&](const std::string& second) {
    return post("/admin/ratings",
                fmt::format(R"({{"reason":"why","price_version":"v1","ratings":[)"
                            R"({{"call":"{}","cost_usd":"0.0004","list_cost_usd":"0.0005"}},)"
                            R"({{"call":"{}","cost_usd":"0","list_cost_usd":"0"}}]}})",
                            one.str(), second));
  };
  Heard unknown = post_two("01JD3Z8QK6T2V9M4B7XHPW5RNC");
  EXPECT_EQ(unknown.status, 404) << unknown.body;
  EXPECT_TRUE(ledger_->store().ratings(one)->empty());
  Heard made = post_two(other.str());
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body, "{\"calls\":2}\n");
  std::vector<ledger::Rating> kept = *ledger_->store().ratings(one);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].cost_nano_usd, 400'000);
  EXPECT_EQ(kept[0].list_cost_nano_usd, 500'000);
  EXPECT_EQ(kept[0].at, loop_.clock().wall());
  EXPECT_EQ(kept[0].who, "admin");
  EXPECT_EQ(get("/admin/calls/" + one.str()).json().at("cost_usd").as_string(), "0.000448500");
}

TEST_F(ApiTest, RatingsThatAreNotUnderstood) {
  std::string id = book().str();
  auto refusal = [&](std::string_view member, std::string_view value) {
    Heard heard = post("/admin/ratings", body_with(member, value, id));
    EXPECT_EQ(heard.status, 400) << heard.body;
    return heard.message();
  };
  EXPECT_THAT(refusal("reason", R"("")"), HasSubstr("reason is empty"));
  EXPECT_THAT(refusal("reason", "null"), HasSubstr("reason is empty"));
  EXPECT_THAT(refusal("reason", R"("a\nb")"), HasSubstr("reason has control characters"));
  EXPECT_THAT(refusal("reason", '"' + std::string(501, 'x') + '"'), HasSubstr("501 bytes"));
  EXPECT_THAT(refusal("reason", "7"), HasSubstr("reason must be a string"));
  EXPECT_THAT(refusal("who", R"("a,b")"), HasSubstr("who has"));
  EXPECT_THAT(refusal("price_version", "null"), HasSubstr("price_version is empty"));
  EXPECT_THAT(refusal("cost_usd", R"("-1")"), HasSubstr("cost_usd must be an amount"));
  EXPECT_THAT(refusal("cost_usd", "0.5"), HasSubstr("cost_usd must be a string"));
  EXPECT_THAT(refusal("list_cost_usd", R"("0.0000000001")"), HasSubstr("list_cost_usd must be"));
  EXPECT_THAT(refusal("call", R"("nonsense")"), HasSubstr("you sent 'nonsense'"));
  EXPECT_THAT(refusal("call", R"("x","note":"y")"), HasSubstr("no member 'note'"));
  EXPECT_THAT(post("/admin/ratings", "[]").message(), HasSubstr("must be a JSON object"));
  EXPECT_THAT(
      post("/admin/ratings", R"({"reason":"w","price_version":"v","ratings":[]})").message(),
      HasSubstr("ratings must be a list of 1 to 1000"));
  EXPECT_EQ(post("/admin/ratings", std::string(ratings_bytes_max + 1, ' ')).status, 413);
  EXPECT_EQ(get("/admin/ratings").status, 405);
  EXPECT_EQ(ask("POST", "/admin/ratings", body_with("", "", id), {}).status, 401);
  EXPECT_TRUE(ledger_->store().ratings(*CallId::parse(id))->empty());
}

}  // namespace
}  // namespace recloser::admin
