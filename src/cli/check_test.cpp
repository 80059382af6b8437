// check and sim from the outside.
#include "cli/admin_client.h"
#include "cli/serve.h"
#include "cli/test_process.h"

#include <csignal>
#include <string>
#include <thread>
#include <unistd.h>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view head = "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n";

TEST_F(CliTest, CheckSaysWhatIsInEffect) {
  environment_.files["recloser.yaml"] = std::string(head) + "drain: 5s\n";
  Ran ran = run({"check"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("# recloser.yaml is valid. In effect is:\nlisten:\n"));
  EXPECT_THAT(ran.out, HasSubstr("\ndrain: 5s\n"));
}

TEST_F(CliTest, CheckOfAFileThatIsWrong) {
  environment_.files["a.yaml"] = std::string(head) + "drian: 5s\n";
  Ran ran = run({"check", "a.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr("a.yaml:3:1: "));
  Ran json = run({"check", "a.yaml", "--json"});
  EXPECT_EQ(json.exit, 2);
  EXPECT_TRUE(json.out.starts_with(
      "{\"file\":\"a.yaml\",\"valid\":false,\"findings\":[{\"severity\":\"error\",\"line\":3,"
      "\"column\":1,\"message\":\""))
      << json.out;
}

TEST_F(CliTest, CheckReadsTheDocuments) {
  environment_.files["conf/a.yaml"] = std::string(head) + "policies: [policies/**/*.yaml]\n";
  environment_.files["conf/policies/b.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Budget\nmetadata: {name: all}\n"
      "spec: {unit: usd, limit: 5.50, window: {type: total}}\n";
  Ran good = run({"check", "conf/a.yaml"});
  EXPECT_EQ(good.exit, 0) << good.out;
  EXPECT_THAT(good.out,
              HasSubstr("\n---\nkind: Budget\nmetadata:\n  name: all\nspec:\n  unit: usd\n"
                        "  limit: 5.50\n  window:\n    type: total\n  reserve: clamp\n"));
  environment_.files["conf/policies/team/c.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Budget\nmetadata: {name: b}\n"
      "spec: {unit: usd, limit: -1, window: {type: total}}\n";
  Ran bad = run({"check", "conf/a.yaml"});
  EXPECT_EQ(bad.exit, 2);
  EXPECT_TRUE(bad.out.starts_with(
      "conf/policies/team/c.yaml:4:26: spec.limit must be 0..1000000000; you wrote -1\n"))
      << bad.out;
  EXPECT_THAT(run({"check", "conf/a.yaml", "--json"}).out,
              HasSubstr("{\"severity\":\"error\",\"file\":\"conf/policies/team/c.yaml\",\"line\":4,"
                        "\"column\":26,\"message\":\"spec.limit must be "));
}

TEST_F(CliTest, CheckRefusesMoreLimitsThanACallCanHave) {
  std::string text = std::string(head) + "rateLimits:\n";
  for (int i = 0; i < 16; ++i) text += "  - {name: r" + std::to_string(i) + ", rpm: 1, tpm: 1}\n";
  environment_.files["a.yaml"] = text;
  EXPECT_EQ(run({"check", "a.yaml"}).exit, 0);
  environment_.files["a.yaml"] = text + "keys: [{id: k, secret: 01234567890123456789, rpm: 1}]\n";
  Ran ran = run({"check", "a.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr("a.yaml: 33 budgets and rate limits, 1 of them of one key, could "
                                 "apply to one call; 32 can"));
}

TEST_F(CliTest, CheckOpensTheCertificates) {
  environment_.files["a.yaml"] =
      std::string(head) + "listen: [{address: 127.0.0.1:0, tls: {cert: no.pem, key: no.pem}}]\n";
  Ran ran = run({"check", "a.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.out, HasSubstr("listen[0].tls: the certificate "));
  EXPECT_THAT(ran.out, HasSubstr("no.pem could not be read: "));
  environment_.files["b.yaml"] = std::string(head) +
                                 "providers: {o: {dialect: openai, baseUrl: https://a.example/v1, "
                                 "tls: {ca: no.pem}}}\n";
  EXPECT_THAT(run({"check", "b.yaml"}).out, HasSubstr("no.pem could not be read: "));
}

TEST_F(CliTest, CheckOfAFileThatIsNotThere) {
  Ran ran = run({"check", "none.yaml"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err,
            "recloser: cannot read the configuration none.yaml: No such file or directory\n");
}

TEST_F(CliTest, SimRefusesWhatItCannotDo) {
  Ran seed = run({"sim", "--seed", "x"});
  EXPECT_EQ(seed.exit, 2);
  EXPECT_THAT(seed.err, HasSubstr("--seed must be a whole number from 0 to 18446744073709551615"));
  EXPECT_EQ(run({"sim", "--seed", "18446744073709551616"}).exit, 2);
  Ran listen = run({"sim", "--listen", "nowhere"});
  EXPECT_EQ(listen.exit, 2);
  EXPECT_THAT(listen.err, HasSubstr("--listen: "));
}

// `recloser sim` on a thread of its own, as long as nobody tells it to stop.
TEST_F(CliTest, SimAnswersUntilItIsToldToStop) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  block_signals();
  int out[2];
  ASSERT_EQ(::pipe(out), 0);
  Process process{.environment = environment_,
                  .clock = clock_,
                  .entropy = entropy_,
                  .version = "1",
                  .program_path = {},
                  .out = out[1],
                  .err = err_.descriptor()};
  int exit = -1;
  std::thread simulating([&] {
    const char* argv[] = {"recloser", "sim", "--listen", "127.0.0.1:0", "--seed", "7"};
    exit = run_cli(6, argv, process);
    ::close(out[1]);
  });
  std::string banner(1'000, '\0');
  ssize_t got = ::read(out[0], banner.data(), banner.size());  // one write
  banner.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::size_t at = banner.find("http://");
  EXPECT_NE(at, banner.npos) << banner;
  if (at != banner.npos) {
    std::string url = banner.substr(at, banner.find('\n', at) - at);
    AdminServer server{.url = *config::BaseUrl::parse(url),
                       .token = config::Secret("any"),
                       .url_from = "the test",
                       .token_from = "the test"};
    Result<AdminAnswer> truth =
        ask_admin(server, net::http1::Method::get, "/sim/truth", "", process);
    EXPECT_TRUE(truth && truth->body == "{\"data\":[],\"next\":null}\n") << url;
  }
  if (at != banner.npos) ::kill(::getpid(), SIGTERM);  // else it has ended by itself
  simulating.join();
  ::close(out[0]);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(exit, 0);
}

TEST_F(RemoteTest, SimOnAPortThatIsTaken) {
  std::string taken = server_->address().text();
  Ran ran = run({"sim", "--listen", taken.c_str()});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_THAT(ran.err, HasSubstr("simulated provider: "));
}

}  // namespace
}  // namespace recloser::cli
