// Sums over the admin port: the same from both stores, in JSON and CSV, and what is refused.
#include "admin/usage.h"

#include "admin/test_api.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using testing::HasSubstr;

constexpr std::string_view one_call =
    R"("calls":1,"refused":0,"input_tokens":1234,"cached_input_tokens":1024,)"
    R"("cache_write_tokens":0,"output_tokens":567,"reasoning_tokens":0,"cost_usd":"0.000448500",)"
    R"("list_cost_usd":"0.000448500","fees_usd":"0.000000000","overrun_usd":"0.000000000",)"
    R"("estimated_calls":0,"estimated_cost_usd":"0.000000000","unpriced_calls":0})";

TEST_P(BothStoresTest, SumsAsJson) {
  book();
  std::string one(one_call);
  Heard heard = get("/admin/usage?by=team,day");
  EXPECT_EQ(heard.body, R"({"data":[{"team":"search","day":"2026-09-21",)" + one +
                            R"(],"total":{)" + one + ",\"next\":null}\n");
  EXPECT_THAT(heard.head, HasSubstr("content-type: application/json"));
  EXPECT_EQ(get("/admin/usage?team=nobody&by=team").json().at("data").as_array().size(), 0u);
  EXPECT_EQ(get("/admin/usage").json().at("data").as_array().size(), 1u) << "all in one";
  EXPECT_EQ(get("/admin/usage?by=label").json().at("data").as_array().size(), 2u);
  EXPECT_EQ(get("/admin/usage?until=1h").json().at("total").at("calls").as_int64(), 0);
}

TEST_P(BothStoresTest, SumsAsCsv) {
  book();
  std::string csv =
      "team,calls,refused,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens,"
      "reasoning_tokens,cost_usd,list_cost_usd,fees_usd,overrun_usd,estimated_calls,"
      "estimated_cost_usd,unpriced_calls\r\n"
      "search,1,0,1234,1024,0,567,0,0.000448500,0.000448500,0.000000000,0.000000000,0,0.000000000,"
      "0\r\n";
  Heard asked = get("/admin/usage?by=team&format=csv");
  EXPECT_EQ(asked.body, csv);
  EXPECT_THAT(asked.head, HasSubstr("content-type: text/csv; charset=utf-8"));
  Heard accepted = ask("GET", "/admin/usage?by=team", {}, bearer() + "accept: text/csv\r\n");
  EXPECT_EQ(accepted.body, csv);
}

TEST_P(BothStoresTest, ARatingIsShownAndSummedWhenAskedFor) {
  CallId id = book();
  ASSERT_EQ(get("/admin/calls/" + id.str()).json().at("ratings").as_array().size(), 0u);
  ledger::CallRating rating{.call = id,
                            .rating = {.at = loop_.clock().wall(),
                                       .cost_nano_usd = 400'000,
                                       .list_cost_nano_usd = 500'000,
                                       .price_version = "2026-10-01",
                                       .reason = "the price of output was \"wrong\"",
                                       .who = "ada"}};
  ASSERT_TRUE(ledger_->store().add_ratings(std::span(&rating, 1)));
  Heard heard = get("/admin/calls/" + id.str());
  EXPECT_THAT(heard.body,
              HasSubstr(R"(,"ratings":[{"at":"2026-09-21T14:13:20.000Z","cost_usd":"0.000400000",)"
                        R"("list_cost_usd":"0.000500000","price_version":"2026-10-01",)"
                        R"("reason":"the price of output was \"wrong\"","who":"ada"}]})"));
  EXPECT_EQ(heard.json().at("cost_usd").as_string(), "0.000448500") << "what was booked stays";
  EXPECT_THAT(get("/admin/usage").body, HasSubstr(R"("cost_usd":"0.000448500")"));
  EXPECT_THAT(get("/admin/usage?rated=booked").body, HasSubstr(R"("cost_usd":"0.000448500")"));
  EXPECT_THAT(get("/admin/usage?rated=latest").body, HasSubstr(R"("cost_usd":"0.000400000")"));
}

TEST_F(ApiTest, AQuestionThatIsNotUnderstood) {
  auto refusal = [this](const char* query) {
    Heard heard = get(std::string("/admin/usage?") + query);
    EXPECT_EQ(heard.status, 400) << query;
    return heard.message();
  };
  EXPECT_THAT(refusal("by=teem"), HasSubstr("you sent 'teem'; did you mean team?"));
  EXPECT_THAT(refusal("by=team,team"), HasSubstr("by names team twice"));
  EXPECT_THAT(refusal("by=team,,day"), HasSubstr("you sent ''"));
  EXPECT_THAT(refusal("until=soon"), HasSubstr("until must be a time"));
  EXPECT_THAT(refusal("rated=best"), HasSubstr("rated must be latest or booked"));
  EXPECT_THAT(refusal("format=xml"), HasSubstr("format must be csv or json"));
  EXPECT_THAT(refusal("day=2026-09-21"), HasSubstr("there is no query parameter 'day'"));
  EXPECT_THAT(refusal(("team=" + std::string(513, 'x')).c_str()), HasSubstr("longer than any"));
}

// Names come from clients, and a spreadsheet runs what begins so.
TEST(UsageCsv, NoCellIsAFormulaOrEndsItsRow) {
  ledger::Usage usage;
  std::vector<std::string> names{"=1+1", "+x", "-x", "@x", "a,b", "a\"b", "a\r\nb", "plain"};
  for (const std::string& name : names) usage.rows.push_back({.of = {name}, .sums = {}});
  std::string csv = usage_csv(usage, {.by = {ledger::Dim::user}});
  for (const char* cell :
       {"\r\n\"'=1+1\",0,", "\r\n\"'+x\",0,", "\r\n\"'-x\",0,", "\r\n\"'@x\",0,", "\r\n\"a,b\",0,",
        "\r\n\"a\"\"b\",0,", "\r\n\"a\r\nb\",0,", "\r\nplain,0,"}) {
    EXPECT_THAT(csv, HasSubstr(cell));
  }
}

}  // namespace
}  // namespace recloser::admin
