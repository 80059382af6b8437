// The live feed: what is told, to whom, what is lost; and over the admin port.
#include "admin/live_feed.h"

#include "admin/test_api.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace recloser::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class LiveFeedTest : public testing::Test {
 protected:
  std::unique_ptr<LiveFeed::Follower> follow() { return feed_.follow(loop_.worker()); }

  static std::string taken(LiveFeed::Follower& follower) {
    std::string events;
    follower.take(events);
    return events;
  }
  // Counts how often a follower was woken, and keeps what it took.
  static Task<void> read_on(LiveFeed::Follower& follower, Instant until, std::string& all) {
    for (bool more = true; more;) {
      co_await follower.wait(until);
      all += '|';
      more = follower.take(all);
      if (all.ends_with('|')) co_return;
    }
  }

  LiveFeed feed_;
  net::TestLoop loop_;
};

TEST_F(LiveFeedTest, WhoFollowsHearsFromThenOn) {
  feed_.tell("early", "{}");
  EXPECT_FALSE(feed_.followed());
  std::unique_ptr<LiveFeed::Follower> one = follow();
  feed_.tell("a", R"({"n":1})");
  std::unique_ptr<LiveFeed::Follower> two = follow();
  feed_.tell("b", "{}");
  EXPECT_EQ(taken(*one), "event: a\ndata: {\"n\":1}\n\nevent: b\ndata: {}\n\n");
  EXPECT_EQ(taken(*one), "");
  EXPECT_EQ(taken(*two), "event: b\ndata: {}\n\n");
  one.reset();
  EXPECT_TRUE(feed_.followed());
  two.reset();
  EXPECT_FALSE(feed_.followed());
}

TEST_F(LiveFeedTest, WhatIsNotTakenInTimeIsLostAndCounted) {
  std::unique_ptr<LiveFeed::Follower> slow = follow();
  std::unique_ptr<LiveFeed::Follower> quick = follow();
  for (std::size_t i = 0; i < LiveFeed::waiting_events_max; ++i) feed_.tell("e", "{}");
  taken(*quick);
  for (std::size_t i = 0; i < 3; ++i) feed_.tell("late", "{}");
  std::string events = taken(*slow);
  EXPECT_TRUE(events.starts_with("event: e\n"));
  EXPECT_THAT(events, EndsWith("event: e\ndata: {}\n\nevent: lost\ndata: {\"events\":3}\n\n"));
  EXPECT_THAT(events, Not(HasSubstr("late")));
  feed_.tell("e", "{}");
  EXPECT_EQ(taken(*slow), "event: e\ndata: {}\n\n") << "told once";
  EXPECT_THAT(taken(*quick), Not(HasSubstr("lost"))) << "one does not lose for another";
}

// However large events are; and a small one does not come between what was lost and its count.
TEST_F(LiveFeedTest, WhatWaitsForOneHasALimitInBytesToo) {
  std::unique_ptr<LiveFeed::Follower> slow = follow();
  std::string large(LiveFeed::waiting_bytes_max * 3 / 4, 'x');
  feed_.tell("large", large);
  feed_.tell("large", large);
  feed_.tell("small", "{}");  // there were room for it
  std::string events = taken(*slow);
  EXPECT_TRUE(events.starts_with("event: large\n"));
  EXPECT_THAT(events.substr(large.size()), EndsWith("x\n\nevent: lost\ndata: {\"events\":2}\n\n"));
  feed_.tell("larger", std::string(LiveFeed::waiting_bytes_max * 2, 'x'));
  EXPECT_TRUE(taken(*slow).starts_with("event: larger\n")) << "one finds room, whatever its size";
}

TEST_F(LiveFeedTest, SoManyFollowAndNoMore) {
  std::vector<std::unique_ptr<LiveFeed::Follower>> all;
  for (std::size_t i = 0; i < LiveFeed::followers_max; ++i) all.push_back(follow());
  EXPECT_EQ(follow(), nullptr);
  all.pop_back();
  EXPECT_NE(follow(), nullptr);
}

TEST_F(LiveFeedTest, AnEventWakesWhoWaitsAtOnceAndSoDoesTheEnd) {
  std::unique_ptr<LiveFeed::Follower> follower = follow();
  Instant begun = loop_.worker().now();
  std::string all;
  bool done = false;
  auto mark = [](Task<void> task, bool& over) -> Task<void> {
    co_await std::move(task);
    over = true;
  };
  loop_.worker().tasks().spawn("follower", mark(read_on(*follower, begun + 1h, all), done));
  std::thread([&] { feed_.tell("e", "1"); }).join();
  loop_.worker().run_until([&] { return !all.empty(); });
  EXPECT_EQ(all, "|event: e\ndata: 1\n\n");
  feed_.tell("e", "2");
  loop_.worker().run_until([&] { return all.contains("data: 2"); });
  std::thread([&] { feed_.end(); }).join();
  feed_.tell("e", "too late");
  loop_.worker().run_until([&] { return done; });
  EXPECT_EQ(all, "|event: e\ndata: 1\n\n|event: e\ndata: 2\n\n|");
  EXPECT_LT(loop_.worker().now() - begun, 1h) << "nobody waited for the time";
}

TEST_F(LiveFeedTest, ItsTimeAndACancelEndAWait) {
  std::unique_ptr<LiveFeed::Follower> follower = follow();
  std::string all;
  Instant until = loop_.worker().now() + 15s;
  loop_.run(read_on(*follower, until, all));
  EXPECT_EQ(all, "|");
  EXPECT_GE(loop_.worker().now(), until);
  until = loop_.worker().now() + 1h;
  bool done = false;
  auto mark = [](Task<void> task, bool& over) -> Task<void> {
    co_await std::move(task);
    over = true;
  };
  loop_.worker().tasks().spawn("follower", mark(read_on(*follower, until, all), done));
  follower->cancel();
  loop_.worker().run_until([&] { return done; });
  EXPECT_EQ(all, "||");
  EXPECT_LT(loop_.worker().now(), until);
}

TEST_F(LiveFeedTest, ThreadsTellWhileFollowersComeAndGo) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 3000; ++i) feed_.tell("e", "{}");
    });
  }
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([this] {
      net::TestLoop loop;  // a worker of its own
      for (int i = 0; i < 100; ++i) {
        std::unique_ptr<LiveFeed::Follower> follower = feed_.follow(loop.worker());
        std::string all;
        loop.run(read_on(*follower, loop.worker().now() + 1ms, all));
      }
      EXPECT_GE(loop.worker().turns(), 100u);
    });
  }
  threads.clear();
  EXPECT_FALSE(feed_.followed());
}

class LiveTest : public ApiTest {
 protected:
  ~LiveTest() override {
    loop_.worker().tasks().clear();
    stop();
  }

  // One who follows over the admin port, from now on.
  struct Client {
    int status = 0;
    std::string all;    // since it was let in
    bool reads = true;  // not: what comes piles up
    bool ended = false;
    net::CancelPoint cancel;
  };
  Client& client() {
    if (!server_) start(services());
    Client& client = *all_.emplace_back(std::make_unique<Client>());
    loop_.worker().tasks().spawn("a follower", follow(client));
    loop_.worker().run_until([&] { return !client.all.empty(); });
    return client;
  }
  void until_heard(const Client& client, std::string_view what) {
    loop_.worker().run_until([&] { return client.all.contains(what); });
  }

 private:
  Task<void> follow(Client& client) {
    net::HttpCall call(clients_, target_, {.first_byte = 1h, .idle = 24h}, client.cancel);
    std::string head = fmt::format("GET /admin/live HTTP/1.1\r\nhost: a\r\n{}\r\n", bearer());
    net::HttpRequest request{.method = net::http1::Method::get, .head = head, .body = {}};
    Result<const net::http1::ResponseHead*> answer = co_await call.start(request);
    if (answer) client.status = (*answer)->status();
    while (answer && !call.body_ended()) {
      while (!client.reads) {
        Instant later = loop_.worker().now() + 1s;
        co_await loop_.worker().sleep_until(later);
      }
      Result<std::string_view> piece = co_await call.next(call.idle_deadline());
      if (!piece) co_return;
      client.all += *piece;
    }
    call.finish();
    client.ended = true;
  }

  std::vector<std::unique_ptr<Client>> all_;
};

TEST_F(LiveTest, ACallThatEndsIsToldWithItsRow) {
  Client& follower = client();
  std::string id = book().str();
  ASSERT_TRUE(ledger_->flush());
  until_heard(follower, "event: call");
  EXPECT_THAT(follower.all, HasSubstr("\n\nevent: call\ndata: {\"id\":\"" + id + "\""));
  EXPECT_THAT(follower.all, HasSubstr("\"session\":\"session-42\""));
  std::string row = get("/admin/calls/" + id).body;
  row.resize(row.find(",\"ratings\""));
  EXPECT_THAT(follower.all, HasSubstr(row)) << "as the list has it";
}

TEST_F(LiveTest, WhatWasDecidedAboutACallComesBeforeIt) {
  Client& follower = client();
  CallId id = ids_.next(loop_.clock().wall());
  {
    Result<ledger::OpenCall> call =
        ledger_->begin(id, loop_.clock().now(), loop_.clock().wall(), ledger::test::someone);
    ASSERT_TRUE(call->record().add_decision({.phase = "request",
                                             .policy = "",
                                             .rule = "budget/all",
                                             .action = "deny",
                                             .reason = "it is spent"}));
    call->settle(ledger::Outcome::refused, loop_.clock().now());
  }
  ASSERT_TRUE(ledger_->flush());
  until_heard(follower, "event: call");
  std::string begins = fmt::format(
      "event: decision\ndata: {{\"call\":\"{0}\",\"decisions\":[{{\"id\":\"{0}-1\","
      "\"phase\":\"request\",\"policy\":null,\"rule\":\"budget/all\"",
      id.str());
  EXPECT_THAT(follower.all, HasSubstr(begins));
  EXPECT_LT(follower.all.find("event: decision"), follower.all.find("event: call"));
}

TEST_F(LiveTest, ASwitchThatIsThrownIsToldAsItIsShown) {
  Client& follower = client();
  Heard thrown = put("/admin/switches/all", R"({"on":true,"reason":"an incident","who":"ada"})");
  ASSERT_EQ(thrown.status, 200) << thrown.body;
  until_heard(follower, "event: switch");
  EXPECT_THAT(follower.all, HasSubstr("event: switch\ndata: " + thrown.body + "\n"));
  std::size_t heard = follower.all.size();
  EXPECT_EQ(put("/admin/switches/all", R"({"on":true})").status, 400);
  loop_.run_for(1s);
  EXPECT_EQ(follower.all.size(), heard) << "what was refused did not happen";
}

TEST_F(LiveTest, AnAlertIsToldAsItIsSent) {
  Client& follower = client();
  alerts_->raise({.id = {},
                  .severity = config::AlertSeverity::warning,
                  .type = "dev.recloser.budget.threshold",
                  .at = loop_.clock().wall(),
                  .data = R"({"budget":"all"})"});
  until_heard(follower, "event: alert");
  EXPECT_THAT(follower.all, HasSubstr("event: alert\ndata: {\"specversion\":\"1.0\""));
  EXPECT_THAT(follower.all, HasSubstr(R"("type":"dev.recloser.budget.threshold")"));
  EXPECT_THAT(follower.all, HasSubstr(R"("data":{"budget":"all"}})"));
}

TEST_F(LiveTest, SilenceIsBrokenEveryFifteenSeconds) {
  Client& follower = client();
  loop_.run_for(14s);
  EXPECT_EQ(follower.all, ": what happens from here on\n\n");
  loop_.run_for(17s);
  EXPECT_EQ(follower.all,
            ": what happens from here on\n\n: nothing happened\n\n: nothing happened\n\n");
}

// The admin port and those who tell go on meanwhile.
TEST_F(LiveTest, WhoDoesNotReadIsToldHowMuchWasLost) {
  Client& slow = client();
  Client& quick = client();
  slow.reads = false;
  std::string event = '"' + std::string(64u << 10, 'x') + '"';
  constexpr int events = 400;  // beyond what two sockets hold
  for (int i = 0; i < events; ++i) {
    live_.tell("e", event);
    std::size_t before = quick.all.size();
    loop_.worker().run_until([&] { return quick.all.size() >= before + event.size(); });
  }
  EXPECT_EQ(get("/admin/alerts").status, 200);
  slow.reads = true;
  until_heard(slow, "event: lost\ndata: {\"events\":");
  int came = 0;
  for (std::size_t at = 0; (at = slow.all.find("event: e\n", at)) != slow.all.npos; ++at) ++came;
  EXPECT_LT(came, events);
  EXPECT_THAT(slow.all, HasSubstr(fmt::format("{{\"events\":{}}}\n\n", events - came)));
  EXPECT_THAT(quick.all, Not(HasSubstr("lost")));
}

TEST_F(LiveTest, AClientThatLeavesMakesRoomForAnother) {
  Client& first = client();
  while (live_.followers() < LiveFeed::followers_max) client();
  Heard refused = get("/admin/live");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.message(), "16 follow /admin/live already; one has to leave first");
  first.cancel.cancel(net::CancelReason::stopped, loop_.worker().now());
  loop_.worker().run_until([&] { return live_.followers() < LiveFeed::followers_max; });
  EXPECT_EQ(client().status, 200);
}

TEST_F(LiveTest, TheEndOfTheFeedIsAWholeAnswer) {
  Client& follower = client();
  live_.tell("e", "{}");
  live_.end();
  loop_.worker().run_until([&] { return follower.ended; });
  EXPECT_EQ(follower.all, ": what happens from here on\n\nevent: e\ndata: {}\n\n");
  EXPECT_FALSE(live_.followed());
}

TEST_F(LiveTest, NobodyFollowsWithoutTheTokenOrInAnotherWay) {
  Heard nobody = ask("GET", "/admin/live", {}, "");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(ask("GET", "/admin/live", {}, bearer("adm-wrong")).status, 401);
  EXPECT_EQ(post("/admin/live", "{}").status, 405);
  EXPECT_EQ(ask("HEAD", "/admin/live", {}, bearer()).status, 405);
  EXPECT_EQ(get("/admin/live?team=search").message(),
            "/admin/live takes no parameters; it tells all");
  EXPECT_FALSE(live_.followed());
}

}  // namespace
}  // namespace recloser::admin
