// Commands against a real admin port: what they print, and their exit statuses.
#include "cli/test_process.h"

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

TEST_F(RemoteTest, CallsAsATable) {
  std::string older = book().str();
  clock_.advance(24h);
  std::string newer = book(ledger::Outcome::provider_failed).str();
  Ran ran = run({"calls"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "TIME (UTC)      CALL                        KEY  TEAM    MODEL                OUTCOME"
            "          STATUS  INPUT  OUTPUT       COST   FIRST    TOOK\n"
            "14:13:20        " +
                newer +
                "  ci   search  gpt-4o-mini @openai  "
                "provider_failed     200  1,234     567  $0.000448  251 ms  1.43 s\n"
                "09-21 14:13:20  " +
                older +
                "  ci   search  gpt-4o-mini @openai  "
                "completed           200  1,234     567  $0.000448  251 ms  1.43 s\n");
}

TEST_F(RemoteTest, OneCallWithAllThatIsKnown) {
  std::string id = book().str();
  Ran ran = run({"calls", id.c_str()});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "call            " + id +
                         "\n"
                         "started         2026-09-21T14:13:20.000Z\n"
                         "outcome         completed\n"
                         "status          200\n"
                         "took            1.43 s\n"
                         "first token     251 ms\n"
                         "overhead        143 µs\n"
                         "key             ci\n"
                         "org             acme\n"
                         "team            search\n"
                         "user            ada\n"
                         "agent           crawler\n"
                         "session         session-42\n"
                         "trace           4bf92f3577b34da6a3ce929d0e0e4736\n"
                         "labels          nightly,batch\n"
                         "operation       chat (openai)\n"
                         "model           gpt-4o-mini\n"
                         "provider        openai\n"
                         "served model    gpt-4o-mini-2024-07-18\n"
                         "region          us\n"
                         "tokens          1,234 input (1,024 cached), 567 output, exact\n"
                         "cost            $0.000448 (input $0.000032, cached $0.000077, "
                         "output $0.000340), catalogue 2026-09-01\n"
                         "expected cost   $0.000512\n"
                         "highest cost    $0.002600\n"
                         "delivered       567\n"
                         "overshoot       0\n"
                         "attempts        1. openai/gpt-4o-mini, status 200, completed, first byte "
                         "after 250 ms, request id req_0123456789abcdef0123456789abcdef\n");
}

TEST_F(RemoteTest, UsageAsATable) {
  book();
  book(ledger::Outcome::refused);
  Ran ran = run({"usage", "--by", "team,day"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "TEAM    DAY         CALLS  REFUSED  INPUT  CACHED  OUTPUT       COST  AT LIST PRICE  "
            "ESTIMATED  UNPRICED\n"
            "search  2026-09-21      2        1  2,468   2,048   1,134  $0.000897      $0.000897  "
            "        0         0\n"
            "total                   2        1  2,468   2,048   1,134  $0.000897      $0.000897  "
            "        0         0\n");
  Ran csv = run({"usage", "--team", "search", "--csv"});
  EXPECT_TRUE(csv.out.starts_with("model,calls,refused,")) << csv.out;
  EXPECT_THAT(csv.out, HasSubstr("\r\ngpt-4o-mini-2024-07-18,2,1,2468,"));
  EXPECT_THAT(run({"usage", "--json", "--rated"}).out, HasSubstr("\"cost_usd\":\"0.000897000\""));
  EXPECT_EQ(run({"usage", "--team", "nobody"}).out, "There are no such calls.\n");
  EXPECT_EQ(run({"usage", "--csv", "--json"}).exit, 2);
  Ran wrong = run({"usage", "--by", "teem"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean team?"));
}

TEST_F(RemoteTest, JsonIsWhatTheAdminApiSaid) {
  std::string id = book().str();
  Ran list = run({"calls", "--json"});
  EXPECT_THAT(list.out, HasSubstr("{\"data\":[{\"id\":\"" + id));
  EXPECT_TRUE(list.out.ends_with("],\"next\":null}\n"));
  Ran one = run({"calls", id.c_str(), "--json"});
  EXPECT_TRUE(one.out.starts_with("{\"id\":\"" + id)) << one.out;
}

TEST_F(RemoteTest, FiltersReachTheBooks) {
  book();
  book(ledger::Outcome::cut);
  Ran cut = run({"calls", "--outcome", "cut", "--session", "session-42", "--since", "1h"});
  EXPECT_THAT(cut.out, HasSubstr(" cut "));
  EXPECT_EQ(cut.out.find("completed"), cut.out.npos);
  Ran none = run({"calls", "--team", "x' OR '1'='1"});
  EXPECT_EQ(none.exit, 0);
  EXPECT_EQ(none.out, "There are no such calls.\n");
  Ran first = run({"calls", "--limit", "1"});
  std::size_t at = first.out.find("older ones: --cursor ");
  ASSERT_NE(at, first.out.npos) << first.out;
  std::string cursor = first.out.substr(at + 21, 26);
  EXPECT_THAT(run({"calls", "--cursor", cursor.c_str()}).out, HasSubstr("completed"));
}

TEST_F(RemoteTest, WhatTheServerRefusesIsUsage) {
  Ran limit = run({"calls", "--limit", "1001"});
  EXPECT_EQ(limit.exit, 2);
  EXPECT_EQ(limit.err, "recloser: limit must be a whole number from 1 to 1000; you sent '1001'\n");
  EXPECT_EQ(run({"calls", "--outcome", "done"}).exit, 2);
  Ran both = run({"calls", "01JD3Z8QK6T2V9M4B7XHPW5RNC", "--team", "x"});
  EXPECT_EQ(both.exit, 2);
  EXPECT_EQ(both.err, "recloser: --team is for a list; a call with an ID is one\n");
}

TEST_F(RemoteTest, ACallThatIsNotThereIsANo) {
  Ran ran = run({"calls", "01JD3Z8QK6T2V9M4B7XHPW5RNC"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("there is no call '01JD3Z8QK6T2V9M4B7XHPW5RNC'"));
  EXPECT_EQ(ran.out, "");
}

TEST_F(RemoteTest, AKeyFromItsMakingToItsEnd) {
  EXPECT_EQ(run({"key", "list"}).out, "There are no keys; `recloser key create` makes one.\n");
  Ran made = run({"key", "create", "--id", "ci", "--org", "acme", "--team", "search", "--models",
                  "gpt-4o*, claude-*", "--labels", "a,b", "--expires", "2027-01-01"});
  EXPECT_EQ(made.exit, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with(
      "The key ci is made. This is its secret, shown only this once:\n\n    rk-"))
      << made.out;
  EXPECT_EQ(run({"key", "list"}).out,
            "ID  STATE   ORG   TEAM    USER  AGENT  MODELS            LIMITS  CREATED           "
            "EXPIRES     FROM\n"
            "ci  active  acme  search  -     -      gpt-4o*,claude-*  -       2026-09-21 14:13  "
            "2027-01-01  stored\n");
  Ran again = run({"key", "create", "--id", "ci"});
  EXPECT_EQ(again.exit, 1) << "it is there already";
  EXPECT_EQ(run({"key", "revoke", "ci"}).out,
            "The key ci is revoked: calls with it are refused.\n");
  EXPECT_THAT(run({"key", "list"}).out, HasSubstr("ci  revoked  acme"));
  Ran unknown = run({"key", "revoke", "another"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_EQ(unknown.err, "recloser: there is no key 'another'\n");
}

TEST_F(RemoteTest, AKeyIsChangedAndTheOthersAreSet) {
  EXPECT_EQ(run({"key", "create", "--id", "ci"}).exit, 0);
  EXPECT_EQ(run({"key", "disable", "ci"}).exit, 0);
  EXPECT_THAT(run({"key", "list"}).out, HasSubstr("ci  disabled"));
  EXPECT_EQ(run({"key", "enable", "ci"}).exit, 0);
  EXPECT_THAT(run({"key", "list"}).out, HasSubstr("ci  active"));
  EXPECT_EQ(run({"key", "set", "ci", "--rpm", "120"}).exit, 0);
  EXPECT_THAT(run({"key", "list"}).out, HasSubstr("120 rpm"));
  EXPECT_THAT(run({"key", "rotate", "ci", "--grace", "1h"}).out, HasSubstr("    rk-"));
  for (const char* what : {"org", "team", "user"}) {
    Ran set = run({what, "set", "search", "--budget-usd", "5", "--per", "day"});
    EXPECT_EQ(set.exit, 0) << set.err;
    EXPECT_THAT(set.out, HasSubstr("$5 a day"));
    EXPECT_THAT(run({what, "list"}).out, HasSubstr("search"));
    EXPECT_EQ(run({what, "remove", "search"}).exit, 0);
    EXPECT_THAT(run({what, "list"}).out, testing::Not(HasSubstr("search")));
  }
  EXPECT_EQ(run({"team", "set", "search", "--budget-usd", "-5", "--per", "day"}).exit, 2);
}

TEST_F(RemoteTest, AnIdThatIsNoPlainNameIsRefusedWithTheRule) {
  Ran made = run({"key", "create", "--id", "../x"});
  EXPECT_EQ(made.exit, 2);
  EXPECT_EQ(made.err,
            "recloser: id must be letters, digits, '.', '_' and '-', with a letter or digit first, "
            "at most 64 of them; you sent '../x'\n");
}

TEST_F(RemoteTest, AKeyForAProgram) {
  Ran made = run({"key", "create", "--json"});
  EXPECT_TRUE(made.out.starts_with("{\"id\":\"key-")) << made.out;
  EXPECT_THAT(made.out, HasSubstr("\"secret\":\"rk-"));
  EXPECT_THAT(made.out, HasSubstr("\"models\":[],\"labels\":[],\"budget\":null"));
}

TEST_F(RemoteTest, AWrongTokenSaysWhichOneWasSent) {
  environment_.variables["RECLOSER_ADMIN_TOKEN"] = "another";
  Ran ran = run({"calls"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "recloser: the admin token is wrong; where it lies is said in Recloser's log. The one "
            "sent is from RECLOSER_ADMIN_TOKEN\n");
}

TEST_F(RemoteTest, NobodyThere) {
  Ran ran = run({"calls", "--admin", "http://127.0.0.1:1"});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_EQ(ran.err,
            "recloser: no Recloser answers at http://127.0.0.1:1 (from --admin): no connection to "
            "127.0.0.1 (127.0.0.1:1): Connection refused. Start it with `recloser serve`, or say "
            "where it runs with --admin URL or RECLOSER_ADMIN\n");
}

TEST_F(RemoteTest, HostileIdsGoNowhereElse) {
  for (const char* id :
       {"../keys", "a/b", "?limit=1", "x\r\nx-injected: 1", "%2e%2e", "\xff\xfe"}) {
    Ran ran = run({"calls", id});
    EXPECT_EQ(ran.exit, 1) << id << ran.err;
    EXPECT_EQ(run({"key", "revoke", id}).exit, 1) << id;
  }
}

// Somebody else who listens where an admin port was thought to be.
class StrangerTest : public CliTest, private net::HttpHandler {
 public:
  StrangerTest() {
    worker_ = std::move(*net::Worker::create("stranger", clock_, log_.log));
    server_ = std::move(*net::HttpServer::open(*worker_, *net::parse_listen_address("127.0.0.1:0"),
                                               {}, memory_, *this));
    environment_.variables["RECLOSER_ADMIN"] = fmt::format("http://{}", server_->address().text());
    environment_.variables["RECLOSER_ADMIN_TOKEN"] = "t";
    thread_ = std::thread([this] { worker_->run(); });
  }
  ~StrangerTest() override {
    worker_->stop();
    thread_.join();
    server_->drain();
    worker_->run_until([this] { return server_->connections() == 0; });
  }

  // What it answers from now on.
  void says(int status, std::string body) {
    std::lock_guard lock(mutex_);
    status_ = status;
    body_ = std::move(body);
  }

 private:
  Task<void> handle(net::Exchange& exchange) override {
    Said said = now_said();
    co_await exchange.answer(said.status, "", said.body);
  }
  net::PlainAnswer refuse(int status, std::string_view) override { return {.status = status}; }

  struct Said {
    int status;
    std::string body;
  };
  Said now_said() {
    std::lock_guard lock(mutex_);
    return {.status = status_, .body = body_};
  }

  std::mutex mutex_;
  int status_ = 200;  // guarded by mutex_
  std::string body_;  // guarded by mutex_
  SystemClock system_;
  ledger::test::TestLog log_{system_};
  net::MemoryBudget memory_{1u << 20};
  std::unique_ptr<net::Worker> worker_;
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
};

TEST_F(StrangerTest, IsNotTakenForRecloser) {
  for (const char* body :
       {"<html>not found</html>", "{}", R"({"error":"no"})", R"({"error":{"message":"no"}})",
        R"({"error":{"type":"not_found","code":"not_found","message":"the clients' port"}})"}) {
    says(404, body);
    Ran ran = run({"calls"});
    EXPECT_EQ(ran.exit, 3) << body;
    EXPECT_THAT(ran.err, HasSubstr("(from RECLOSER_ADMIN) is not Recloser's admin port: status "
                                   "404\n"))
        << body;
  }
}

TEST_F(StrangerTest, AnAnswerOfAnotherShapeIsNotShown) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"data":5})", "\xff"}) {
    says(200, body);
    for (std::string_view command : {"calls", "list", "revoke", "create", "one"}) {
      Ran ran = command == "calls"    ? run({"calls"})
                : command == "list"   ? run({"key", "list"})
                : command == "revoke" ? run({"key", "revoke", "x"})
                : command == "create" ? run({"key", "create"})
                                      : run({"calls", "x"});
      EXPECT_EQ(ran.exit, 3) << command << " " << body;
      EXPECT_EQ(ran.out, "") << command << " " << body;
      EXPECT_THAT(ran.err, HasSubstr("is it of another version?")) << command << " " << body;
    }
  }
}

TEST_F(StrangerTest, EscapesInAnAnswerDoNotReachTheTerminal) {
  says(200, R"({"data":[{"id":"\u001b[2Jx","team":"\u0007","models":["\u001b"]}],"next":"\n"})");
  EXPECT_EQ(run({"calls"}).out.find('\x1b'), std::string::npos);
  EXPECT_EQ(run({"key", "list"}).out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace recloser::cli
