// Calls over the admin port: what a query asks for, pages, and that a reader sees what was settled.
#include "admin/calls.h"

#include "admin/test_api.h"

#include <set>
#include <string>

namespace recloser::admin {
namespace {

using testing::HasSubstr;

constexpr WallTime now{1'790'000'000'000'000'000};  // 2026-09-21T14:13:20Z

ledger::CallFilter filter(std::string_view query) {
  Result<ledger::CallFilter> read = read_call_filter(query, now);
  EXPECT_TRUE(read) << read.error().message();
  return read.value_or(ledger::CallFilter{});
}
std::string refusal(std::string_view query) {
  Result<ledger::CallFilter> read = read_call_filter(query, now);
  EXPECT_FALSE(read) << query;
  return read ? "" : read.error().message();
}

TEST(CallFilter, NothingAskedForIsTheNewestPage) {
  ledger::CallFilter plain = filter("");
  EXPECT_EQ(plain.limit, ledger::page_calls_default);
  EXPECT_FALSE(plain.session || plain.team || plain.outcome || plain.since || plain.until ||
               plain.before);
}

TEST(CallFilter, EveryParameter) {
  ledger::CallFilter all = filter(
      "limit=7&session=s%201&team=search&outcome=cut&since=2h&until=1h&cursor="
      "01JD3Z8QK6T2V9M4B7XHPW5RNC");
  EXPECT_EQ(all.limit, 7u);
  EXPECT_EQ(all.session, "s 1");
  EXPECT_EQ(all.team, "search");
  EXPECT_EQ(all.outcome, ledger::Outcome::cut);
  EXPECT_EQ(all.since, now - 2h);
  EXPECT_EQ(all.until, now - 1h);
  EXPECT_EQ(all.before->str(), "01JD3Z8QK6T2V9M4B7XHPW5RNC");
}

TEST(CallFilter, TheLimitAtItsBoundsAndBeyond) {
  EXPECT_EQ(filter("limit=1").limit, 1u);
  EXPECT_EQ(filter("limit=1000").limit, 1000u);
  for (std::string_view wrong :
       {"0", "1001", "-1", "+1", "1.0", "1e2", "ten", "", "99999999999999999999", "0x10", " 5"}) {
    EXPECT_THAT(refusal("limit=" + std::string(wrong)),
                HasSubstr("limit must be a whole number from 1 to 1000; you sent '"))
        << wrong;
  }
}

TEST(CallFilter, SinceIsATimeOrADuration) {
  EXPECT_EQ(filter("since=2026-09-21T14:13:20Z").since, now);
  EXPECT_EQ(filter("since=2026-09-21T16:13:20%2B02:00").since, now);
  EXPECT_EQ(filter("since=2026-09-21T16:13:20+02:00").since, now) << "the plus was not escaped";
  EXPECT_EQ(filter("since=2026-09-21T12:13:20-02:00").since, now);
  EXPECT_EQ(filter("since=2026-09-21").since, now - 14h - 13min - 20s);
  EXPECT_EQ(filter("since=20000d").since, now - 24h * 20000);
  EXPECT_EQ(filter("since=100000d").since, WallTime{}) << "before the first second of all";
  EXPECT_EQ(refusal("since=yesterday"),
            "since must be a time such as 2026-11-21T10:15:30Z or a duration such as 30m, 2h or "
            "7d; you sent 'yesterday'");
  EXPECT_THAT(refusal("since=2026-13-01"), HasSubstr("since must be"));
  EXPECT_THAT(refusal("since=-5m"), HasSubstr("since must be"));
}

TEST(CallFilter, OutcomesAreNamed) {
  EXPECT_EQ(refusal("outcome=complete"),
            "outcome must be one of completed, refused, cut, client_gone, provider_failed and "
            "gateway_failed; you sent 'complete'; did you mean completed?");
  EXPECT_THAT(refusal("outcome=open"), HasSubstr("outcome must be one of"));
}

TEST(CallFilter, WhatIsNoParameterIsNeverIgnored) {
  EXPECT_EQ(refusal("limits=5"),
            "there is no query parameter 'limits'; did you mean limit?; there are limit, session, "
            "team, outcome, since, until and cursor");
  EXPECT_THAT(refusal("until=soon"), HasSubstr("until must be a time"));
  EXPECT_EQ(refusal("team=a&team=b"), "team is given twice");
  EXPECT_EQ(refusal("team=%zz"), "team has a '%' that two hexadecimal digits must follow");
  EXPECT_EQ(refusal("team=%4"), "team has a '%' that two hexadecimal digits must follow");
  EXPECT_EQ(refusal("team=%ff"), "team is not UTF-8");
  EXPECT_EQ(refusal("team=%ed%a0%80"), "team is not UTF-8") << "half a surrogate pair";
  EXPECT_EQ(refusal("team=%c0%af"), "team is not UTF-8") << "an overlong slash";
  EXPECT_EQ(refusal("team=a%00b"), "team holds a zero byte");
  EXPECT_THAT(refusal("team="), HasSubstr("team is empty"));
  EXPECT_THAT(refusal("team=a%0ab"), HasSubstr("team has a byte 0x0a"));
  EXPECT_THAT(refusal("%00=1"), HasSubstr("there is no query parameter"));
  EXPECT_THAT(refusal("cursor=abc"), HasSubstr("cursor must be what `next`"));
}

TEST(CallFilter, NamesAtTheirLimitsAndOnePast) {
  auto of = [](std::size_t size) { return std::string(size, 'x'); };
  EXPECT_EQ(filter("session=" + of(128)).session, of(128));
  EXPECT_THAT(refusal("session=" + of(129)), HasSubstr("session has 129 characters"));
  EXPECT_EQ(filter("team=" + of(64)).team, of(64));
  EXPECT_THAT(refusal("team=" + of(65)), HasSubstr("team has 65 characters"));
}

INSTANTIATE_TEST_SUITE_P(Stores, BothStoresTest, testing::Values("memory", "sqlite"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(BothStoresTest, AReaderSeesWhatWasSettled) {
  for (int i = 0; i < 20; ++i) {
    CallId id = book();
    Heard heard = get("/admin/calls?limit=1");
    ASSERT_EQ(heard.status, 200);
    EXPECT_EQ(heard.json().at("data").at(0).at("id").as_string(), id.str());
  }
}

TEST_P(BothStoresTest, PagesMeetWithoutGapOrOverlap) {
  std::set<std::string> booked;
  for (int i = 0; i < 7; ++i) booked.insert(book().str());
  std::set<std::string> seen;
  std::string target = "/admin/calls?limit=3";
  for (int page = 0; page < 4; ++page) {
    boost::json::value json = get(target).json();
    for (const auto& call : json.at("data").as_array()) {
      EXPECT_TRUE(seen.insert(std::string(call.at("id").as_string())).second);
    }
    if (json.at("next").is_null()) break;
    target = "/admin/calls?limit=3&cursor=" + std::string(json.at("next").as_string());
  }
  EXPECT_EQ(seen, booked);
}

TEST_P(BothStoresTest, ACallByItself) {
  CallId id = book(ledger::Outcome::provider_failed);
  Heard heard = get("/admin/calls/" + id.str());
  ASSERT_EQ(heard.status, 200);
  boost::json::value call = heard.json();
  EXPECT_EQ(call.at("id").as_string(), id.str());
  EXPECT_EQ(call.at("outcome").as_string(), "provider_failed");
  EXPECT_EQ(call.at("input_tokens").as_int64(), 1234);
  EXPECT_EQ(call.at("cost_usd").as_string(), "0.000448500");
  EXPECT_EQ(call.at("cost_source").as_string(), "catalogue");
}

TEST_P(BothStoresTest, ACallThatIsNotThere) {
  EXPECT_EQ(get("/admin/calls/01JD3Z8QK6T2V9M4B7XHPW5RNC").message(),
            "there is no call '01JD3Z8QK6T2V9M4B7XHPW5RNC'; its id is what x-recloser-call said in "
            "the answer");
  EXPECT_EQ(get("/admin/calls/nonsense").status, 404);
  EXPECT_EQ(get("/admin/calls/'%20OR%201=1--").status, 404);
}

TEST_P(BothStoresTest, SqlInAValueIsOnlyAValue) {
  CallId id = book(ledger::Outcome::completed, "x' OR '1'='1");
  book();
  Heard heard = get("/admin/calls?session=x'%20OR%20'1'='1");
  ASSERT_EQ(heard.status, 200) << heard.body;
  ASSERT_EQ(heard.json().at("data").as_array().size(), 1u);
  EXPECT_EQ(heard.json().at("data").at(0).at("id").as_string(), id.str());
  EXPECT_EQ(get("/admin/calls?team='%3BDROP%20TABLE%20calls--").json().at("data").as_array().size(),
            0u);
}

TEST_P(BothStoresTest, EveryFilterNarrows) {
  CallId cut = book(ledger::Outcome::cut, "a");
  CallId done = book(ledger::Outcome::completed, "b");
  auto ids = [&](std::string_view query) {
    std::vector<std::string> found;
    boost::json::value json = get(std::string("/admin/calls?") + std::string(query)).json();
    for (const auto& call : json.at("data").as_array()) {
      found.emplace_back(call.at("id").as_string());
    }
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(""), (Ids{done.str(), cut.str()})) << "newest first";
  EXPECT_EQ(ids("session=a"), Ids{cut.str()});
  EXPECT_EQ(ids("session=c"), Ids{});
  EXPECT_EQ(ids("outcome=cut"), Ids{cut.str()});
  EXPECT_EQ(ids("outcome=completed"), Ids{done.str()});
  EXPECT_EQ(ids("team=search&session=b"), Ids{done.str()});
  EXPECT_EQ(ids("team=other"), Ids{});
  EXPECT_EQ(ids("since=1h").size(), 2u);
  EXPECT_EQ(ids("since=2030-01-01T00:00:00Z"), Ids{});
}

TEST_P(BothStoresTest, UntilIsWhereAListBegins) {
  CallId old = book();
  loop_.run_for(1h);
  WallTime begin = loop_.clock().wall();
  CallId middle = book();
  loop_.run_for(1h);
  book();
  auto ids = [&](std::string query) {
    std::vector<std::string> found;
    boost::json::value json = get("/admin/calls?" + query).json();
    for (const auto& call : json.at("data").as_array()) {
      found.emplace_back(call.at("id").as_string());
    }
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids("until=30m"), (Ids{middle.str(), old.str()}));
  EXPECT_EQ(ids("until=" + rfc3339(begin)), Ids{old.str()}) << "that moment is not included";
  EXPECT_EQ(ids("since=90m&until=30m&session=session-42"), Ids{middle.str()});
  EXPECT_EQ(ids("until=30m&limit=1&cursor=" + middle.str()), Ids{old.str()});
  EXPECT_EQ(ids("until=30m&limit=5&cursor=7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
            (Ids{middle.str(), old.str()}))
      << "a cursor does not widen it";
}

TEST_F(ApiTest, ALedgerThatCannotStoreIsNoEmptyList) {
  book();
  store_->fail_writes_with(Error(Side::operator_, Kind::full, "the disk is full"));
  book();
  Heard heard = get("/admin/calls");
  EXPECT_EQ(heard.status, 503);
  EXPECT_THAT(heard.message(), HasSubstr("the disk is full"));
  store_->fail_writes_with(std::nullopt);
}

TEST_F(ApiTest, ABackupOfTheBooks) {
  use_sqlite();
  CallId id = book();
  std::string file = directory_ / "books.db";
  Heard made = post("/admin/backup?file=" + file, {});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("file").as_string(), file);
  EXPECT_EQ(made.json().at("open_calls").as_int64(), 0);
  auto copy = std::move(*ledger::open_sqlite_store(file, {}, loop_.clock()));
  EXPECT_TRUE(*copy->call(id)) << "settled before it was asked for";
  EXPECT_EQ(post("/admin/backup?file=" + file, {}).status, 409);
  EXPECT_EQ(post("/admin/backup?file=books.db", {}).status, 400);
  EXPECT_EQ(post("/admin/backup", {}).status, 400);
  EXPECT_EQ(get("/admin/backup").status, 405);
}

}  // namespace
}  // namespace recloser::admin
