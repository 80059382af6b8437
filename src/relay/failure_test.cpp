// What is told and booked when a provider cannot be reached, or breaks off.
#include "relay/request.h"
#include "relay/testing/test_gateway.h"

#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

class FailureTest : public testing::Test {
 protected:
  FailureTest()
      : gateway_(testing::TempDir() + "recloser-failure-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  TestGateway gateway_;
};

// The shortage of descriptors is ours: the provider was not even asked.
TEST_F(FailureTest, WithoutDescriptorsForAProviderItIsWeWhoAreOverloaded) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "UBSan looks at an object through a pipe, for which no descriptor is left";
#endif
#endif
  gateway_.start();
  // The client's connection is made before the limit falls.
  gateway_.request("GET /healthz HTTP/1.1\r\nhost: g\r\n\r\n", "");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  int next_free = ::dup(0);
  ::close(next_free);
  rlimit none{.rlim_cur = static_cast<rlim_t>(next_free), .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  Seen seen = gateway_.post("/v1/chat/completions", R"({"model":"same"})");
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(seen.status, 503) << seen.body;
  EXPECT_NE(seen.body.find("gateway_overloaded"), std::string::npos) << seen.body;
  EXPECT_NE(seen.head.find("retry-after: 1\n"), std::string::npos) << seen.head;
  ledger::StoredCall row = gateway_.books().at(0);
  EXPECT_EQ(row.outcome, ledger::Outcome::refused);
  EXPECT_NE(row.attempts.find("\"outcome\":\"gateway_failed\""), std::string::npos) << row.attempts;
  EXPECT_NE(row.attempts.find("gateway_overloaded"), std::string::npos) << row.attempts;
}

class RefusedBy : public testing::Test {
 protected:
  RefusedBy() {
    config_.name = "p";
    provider_.config = &config_;
  }
  config::Provider config_;
  Provider provider_;
};

TEST_F(RefusedBy, SaysWhoCanDoWhatAndNoAddress) {
  constexpr std::string_view cause = "api.secret.example (10.1.2.3:443): Connection refused";
  for (Kind kind : {Kind::unreachable, Kind::name_lookup, Kind::tls, Kind::refused, Kind::timed_out,
                    Kind::closed, Kind::io}) {
    Error error(Side::provider, kind, std::string(cause));
    Refused told = refused_by(error, provider_, Reached::no);
    EXPECT_TRUE(told.message.starts_with("provider p ")) << told.message;
    EXPECT_NE(told.message.find("whoever runs Recloser"), std::string::npos) << told.message;
    for (const char* leak : {"10.1.2.3", "443", "example"}) {
      EXPECT_EQ(told.message.find(leak), std::string::npos) << told.message;
    }
    EXPECT_EQ(told.detail, cause);
  }
  Error silent(Side::provider, Kind::timed_out, "the provider sent nothing more within 1m");
  EXPECT_EQ(refused_by(silent, provider_, Reached::yes).message,
            "provider p sent nothing more within 1m: try again; whoever runs Recloser can raise "
            "its timeouts");
  Error gone(Side::provider, Kind::closed, "the provider reset the connection");
  EXPECT_EQ(refused_by(gone, provider_, Reached::yes).message,
            "provider p reset the connection: try again or use another model");
  Error odd(Side::provider, Kind::malformed, "a chunk does not begin with its size");
  EXPECT_EQ(refused_by(odd, provider_, Reached::yes).message,
            "the answer of provider p cannot be passed on (a chunk does not begin with its size): "
            "try again; if it stays so, whoever runs Recloser can check that its baseUrl is that "
            "of the API");
}

TEST_F(RefusedBy, AShortageOfOursIsNoFaultOfTheProvider) {
  Error full(Side::gateway, Kind::full, "no descriptors");
  Error odd(Side::gateway, Kind::io, "epoll_ctl: No space left on device");
  for (const Error& error : {full, odd}) {
    EXPECT_EQ(refused_by(error, provider_, Reached::no).refusal,
              codec::Refusal::gateway_overloaded);
    EXPECT_EQ(outcome_of(error), ledger::Outcome::gateway_failed);
    EXPECT_EQ(error_class_of(error), "gateway_overloaded");
  }
  EXPECT_EQ(refused_by(odd, provider_, Reached::no).message.find("epoll"), std::string::npos);
  EXPECT_EQ(outcome_of(Error(Side::provider, Kind::closed, "x")), ledger::Outcome::provider_failed);
}

TEST_F(RefusedBy, TellsOurOwnLimitsFromFaultsOfTheProvider) {
  auto told = [this](Side side, Kind kind) {
    return refused_by(Error(side, kind, "x"), provider_, Reached::yes).refusal;
  };
  EXPECT_EQ(told(Side::gateway, Kind::full), codec::Refusal::gateway_overloaded);
  EXPECT_EQ(told(Side::provider, Kind::unsupported), codec::Refusal::provider_error);
  EXPECT_EQ(told(Side::provider, Kind::too_large), codec::Refusal::provider_error);
  EXPECT_EQ(told(Side::provider, Kind::malformed), codec::Refusal::provider_error);
  EXPECT_EQ(told(Side::provider, Kind::timed_out), codec::Refusal::provider_timeout);
  EXPECT_EQ(told(Side::provider, Kind::closed), codec::Refusal::provider_unavailable);
  EXPECT_EQ(told(Side::operator_, Kind::refused), codec::Refusal::provider_unavailable);
}

}  // namespace
}  // namespace recloser::relay
