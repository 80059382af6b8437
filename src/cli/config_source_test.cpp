// Which configuration and which gateway a command means, and what it says when there is none.
#include "cli/config_source.h"

#include "cli/admin_client.h"
#include "cli/test_process.h"
#include "config/load.h"

#include <string>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

class SourceTest : public CliTest {
 public:
  Process process(std::string program_path = {}) {
    return {.environment = environment_,
            .clock = clock_,
            .entropy = entropy_,
            .version = "1.2.3",
            .program_path = std::move(program_path),
            .out = out_.descriptor(),
            .err = err_.descriptor()};
  }
  std::string refusal(std::string_view admin = {}, std::string_view file = {}) {
    Process here = process();
    Result<AdminServer> server = find_admin(admin, file, here);
    EXPECT_FALSE(server);
    return server ? "" : server.error().message();
  }
  static std::string config(std::string_view rest) {
    return fmt::format("apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n{}", rest);
  }
};

TEST_F(SourceTest, TheFileThatIsAskedForComesFirst) {
  environment_.files["mine.yaml"] = "mine";
  environment_.files["recloser.yaml"] = "usual";
  EXPECT_EQ(find_config("mine.yaml", process())->text, "mine");
  EXPECT_EQ(find_config("", process())->text, "usual");
  Result<ConfigSource> missing = find_config("none.yaml", process());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(),
            "cannot read the configuration none.yaml: No such file or directory");
}

TEST_F(SourceTest, ThenTheQuickstartBesideTheProgram) {
  environment_.files["/opt/project/config/quickstart.yaml"] = "quick";
  Result<ConfigSource> source = find_config("", process("/opt/project/build/release/recloser"));
  EXPECT_EQ(source->text, "quick");
  EXPECT_EQ(source->file, "/opt/project/config/quickstart.yaml");
  environment_.files["/usr/share/recloser/config/quickstart.yaml"] = "installed";
  EXPECT_EQ(find_config("", process("/usr/bin/recloser"))->text, "installed");
}

TEST_F(SourceTest, ThenWhatIsBuiltInWhichIsValid) {
  Result<ConfigSource> source = find_config("", process());
  EXPECT_TRUE(source->built_in);
  config::Checked checked = config::check_text(source->text, source->file, environment_);
  ASSERT_NE(checked.config, nullptr) << checked.report(source->file);
  EXPECT_EQ(checked.config->admin.address.str(), "127.0.0.1:8788");
}

TEST_F(SourceTest, TheServerIsFoundInTheOrderThatIsPromised) {
  environment_.files["recloser.yaml"] = config("admin: {address: '127.0.0.1:9001'}\n");
  environment_.files["state/admin.token"] = "from-the-file\n";
  Process here = process();
  Result<AdminServer> server = find_admin("", "", here);
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->url.str(), "http://127.0.0.1:9001");
  EXPECT_EQ(server->url_from, "recloser.yaml");
  EXPECT_EQ(server->token.reveal(), "from-the-file");
  EXPECT_EQ(server->token_from, "state/admin.token");

  environment_.variables["RECLOSER_ADMIN"] = "http://gateway:9002";
  environment_.variables["RECLOSER_ADMIN_TOKEN"] = "from-the-environment";
  server = find_admin("", "", here);
  EXPECT_EQ(server->url.str(), "http://gateway:9002");
  EXPECT_EQ(server->token.reveal(), "from-the-environment");

  server = find_admin("http://[::1]:9003", "", here);
  EXPECT_EQ(server->url.str(), "http://[::1]:9003");
  EXPECT_EQ(server->url_from, "--admin");
}

TEST_F(SourceTest, AWildcardAddressIsReachedOnLoopback) {
  environment_.variables["RECLOSER_ADMIN_TOKEN"] = "t";
  for (auto [listen, reached] : {std::pair{"0.0.0.0:9001", "http://127.0.0.1:9001"},
                                 {"'[::]:9001'", "http://[::1]:9001"},
                                 {"'[::1]:9001'", "http://[::1]:9001"}}) {
    environment_.files["recloser.yaml"] = config(fmt::format("admin: {{address: {}}}\n", listen));
    Process here = process();
    Result<AdminServer> server = find_admin("", "", here);
    ASSERT_TRUE(server) << server.error().message();
    EXPECT_EQ(server->url.str(), reached);
  }
}

// The gateway has the keys of its providers; this shell need not.
TEST_F(SourceTest, VariablesOfTheGatewayNeedNotBeSetHere) {
  environment_.files["recloser.yaml"] = config(
      "admin: {address: '127.0.0.1:9001'}\n"
      "providers: {openai: {dialect: openai, baseUrl: http://127.0.0.1:1/v1, "
      "apiKey: '${OPENAI_API_KEY}'}}\n"
      "keys: [{id: a, secret: '${A_KEY}'}, {id: b, secret: file:///run/secrets/b}]\n");
  environment_.files["state/admin.token"] = "t";
  Process here = process();
  Result<AdminServer> server = find_admin("", "", here);
  EXPECT_TRUE(server) << server.error().message();
}

TEST_F(SourceTest, ATokenThatCannotBeKnownHereIsNeverMadeUp) {
  environment_.files["recloser.yaml"] = config("admin: {token: '${ADMIN_TOKEN}'}\n");
  EXPECT_EQ(refusal(),
            "`admin.token` in recloser.yaml comes from a variable or a file that cannot be read "
            "here; set RECLOSER_ADMIN_TOKEN");
  environment_.files["recloser.yaml"] = config("");
  EXPECT_THAT(refusal(), HasSubstr("cannot read the admin token state/admin.token: No such file"));
  environment_.files["state/admin.token"] = "\n";
  EXPECT_EQ(refusal(), "state/admin.token is empty");
  environment_.files["state/admin.token"] = "a\r\nx-injected: 1";
  EXPECT_EQ(refusal(),
            "the admin token from state/admin.token holds a byte that cannot stand in a header");
}

TEST_F(SourceTest, WhatIsWrongIsSaidWithTheWayAround) {
  EXPECT_THAT(refusal("ftp://x"), HasSubstr("--admin must"));
  EXPECT_THAT(refusal("http://user@host"), HasSubstr("--admin must"));
  environment_.files["recloser.yaml"] = config("admin: {address: '127.0.0.1:0'}\n");
  EXPECT_THAT(refusal(), HasSubstr("has port 0, so Recloser took a free one"));
  environment_.files["recloser.yaml"] = config("admn: {}\n");
  EXPECT_THAT(refusal(), HasSubstr("with --admin URL and RECLOSER_ADMIN_TOKEN none is needed\n"
                                   "recloser.yaml:3:1: "));
  environment_.variables["RECLOSER_ADMIN_TOKEN"] = "t";
  Process here = process();
  EXPECT_TRUE(find_admin("http://127.0.0.1:9", "", here)) << "and then none is read";
}

TEST(PercentEncoding, LeavesOnlyWhatIsPlain) {
  EXPECT_EQ(percent_encoded("aZ0-._~"), "aZ0-._~");
  EXPECT_EQ(percent_encoded("a b/c?d&e=%+\n\xff"), "a%20b%2Fc%3Fd%26e%3D%25%2B%0A%FF");
}

}  // namespace
}  // namespace recloser::cli
