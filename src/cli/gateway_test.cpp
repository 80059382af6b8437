// A whole gateway with several workers, met over its own port.
#include "cli/gateway.h"

#include "cli/test_process.h"
#include "config/load.h"

#include <arpa/inet.h>
#include <filesystem>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace recloser::cli {
namespace {

struct Silent final : LogSink {
  void write(std::string_view) override {}
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : directory_(testing::TempDir() + "recloser-gateway-" + std::to_string(::getpid())) {}
  ~GatewayTest() override {
    for (int client : clients_) ::close(client);
    gateway_.reset();
    std::filesystem::remove_all(directory_);
  }

  void start(const std::string& settings) {
    config::FakeEnvironment environment;
    config::Checked checked = config::check_text(
        "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n"
        "listen: [{address: 127.0.0.1:0}]\nadmin: {address: 127.0.0.1:0}\n"
        "providers: {sim: {dialect: simulated}}\nstate: {directory: " +
            directory_ + "}\n" + settings,
        "recloser.yaml", environment);
    ASSERT_TRUE(checked.config) << checked.report("recloser.yaml");
    Result<std::unique_ptr<Gateway>> gateway =
        Gateway::start(checked.config, {.clock = clock_,
                                        .log = log_,
                                        .entropy = entropy_,
                                        .program_version = "1.2.3",
                                        .config_file = "recloser.yaml"});
    ASSERT_TRUE(gateway) << gateway.error().message();
    gateway_ = std::move(*gateway);
  }
  // Connects, asks, and keeps the connection; the first line of what is heard.
  std::string ask() {
    int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    clients_.push_back(client);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(gateway_->addresses().front().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    constexpr std::string_view request = "GET /healthz HTTP/1.1\r\nhost: g\r\n\r\n";
    ::send(client, request.data(), request.size(), MSG_NOSIGNAL);
    char own[100];
    ssize_t got = ::recv(client, own, sizeof own, 0);
    std::string heard(own, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return heard.substr(0, heard.find('\r'));
  }

  SystemClock clock_;
  Log log_{LogLevel::error, LogFormat::text, clock_, std::make_unique<Silent>()};
  FixedEntropy entropy_;
  std::string directory_;
  std::vector<int> clients_;
  std::unique_ptr<Gateway> gateway_;
};

// Whichever worker the kernel gives a connection to.
TEST_F(GatewayTest, TheLimitOfConnectionsHoldsForAllWorkersTogether) {
  start("workers: 3\nlimits: {connections: 2}\n");
  EXPECT_EQ(ask(), "HTTP/1.1 200 OK");
  EXPECT_EQ(ask(), "HTTP/1.1 200 OK");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(ask(), "HTTP/1.1 503 Service Unavailable");
}

}  // namespace
}  // namespace recloser::cli
