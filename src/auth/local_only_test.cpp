#include "auth/local_only.h"

#include <gtest/gtest.h>

namespace recloser::auth {
namespace {

TEST(LocalOnly, ProgramsOfThisMachineAreLocal) {
  for (std::string_view host :
       {"", "127.0.0.1", "127.0.0.1:8787", "127.8.9.1:1", "localhost", "LocalHost:8787",
        "localhost.:1", "app.localhost:3", "[::1]:8787", "[::1]"}) {
    EXPECT_TRUE(is_local({.host = host, .origin = {}, .sec_fetch_site = {}})) << host;
  }
}

TEST(LocalOnly, AnotherNameForThisMachineIsNot) {
  for (std::string_view host :
       {"evil.example", "evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example",
        "evillocalhost", "0.0.0.0:8787", "10.0.0.1", "[::]:1", "[::ffff:1.2.3.4]", "[::1",
        "2130706433", "127.1", "gateway"}) {
    EXPECT_FALSE(is_local({.host = host, .origin = {}, .sec_fetch_site = {}})) << host;
  }
}

TEST(LocalOnly, APageOfAnotherSiteIsNot) {
  constexpr std::string_view host = "127.0.0.1:8787";
  for (std::string_view origin : {"https://evil.example", "null", "http://localhost.evil.example",
                                  "chrome-extension://abc", "127.0.0.1"}) {
    EXPECT_FALSE(is_local({.host = host, .origin = origin, .sec_fetch_site = {}})) << origin;
  }
  for (std::string_view origin :
       {"http://localhost:3000", "http://127.0.0.1:8787", "https://[::1]:1"}) {
    EXPECT_TRUE(is_local({.host = host, .origin = origin, .sec_fetch_site = "same-site"}));
    EXPECT_FALSE(is_local({.host = host, .origin = origin, .sec_fetch_site = "cross-site"}));
  }
  EXPECT_FALSE(is_local({.host = host, .origin = {}, .sec_fetch_site = "cross-site"}));
  EXPECT_TRUE(is_local({.host = host, .origin = {}, .sec_fetch_site = "none"}));
}

}  // namespace
}  // namespace recloser::auth
