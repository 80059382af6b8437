#include "config/base_url.h"

#include <span>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

TEST(BaseUrl, TakesAnOrdinaryOneApart) {
  Result<BaseUrl> url = BaseUrl::parse("HTTPS://API.OpenAI.com/v1/");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "api.openai.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_FALSE(url->ip);
  EXPECT_EQ(url->host_field(), "api.openai.com");
  EXPECT_EQ(url->str(), "https://api.openai.com/v1");
}

TEST(BaseUrl, PrintsWhatItMeans) {
  struct Case {
    const char *text, *means;
  };
  constexpr Case cases[] = {
      {"http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"},
      {"http://localhost", "http://localhost"},
      {"http://localhost/", "http://localhost"},
      {"http://localhost:80", "http://localhost"},
      {"https://localhost:80", "https://localhost:80"},
      {"http://[::1]:8000", "http://[::1]:8000"},
      {"http://[0:0::1]", "http://[::1]"},
      {"http://my_service:8000/openai/deployments/gpt-4o/~x",
       "http://my_service:8000/openai/deployments/gpt-4o/~x"},
      {"https://a.b-c.d:65535/x/y/", "https://a.b-c.d:65535/x/y"},
      {"http://10.0.0.7:1", "http://10.0.0.7:1"},
      {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
  };
  for (const Case& c : cases) {
    Result<BaseUrl> url = BaseUrl::parse(c.text);
    ASSERT_TRUE(url) << c.text << " " << url.error().message();
    EXPECT_EQ(url->str(), c.means);
  }
  EXPECT_TRUE(BaseUrl::parse("http://[::1]:8000")->ip);
  EXPECT_TRUE(BaseUrl::parse("http://x/%C3%A9"));
}

struct Refused {
  const char *text, *why;
};

void expect_refused(std::span<const Refused> cases) {
  for (const Refused& c : cases) {
    Result<BaseUrl> url = BaseUrl::parse(c.text);
    ASSERT_FALSE(url) << c.text;
    EXPECT_NE(url.error().message().find(c.why), std::string::npos)
        << c.text << ": " << url.error().message();
    EXPECT_TRUE(url.error().message().starts_with("must ")) << url.error().message();
    EXPECT_EQ(url.error().message().find("secret"), std::string::npos);
  }
}

TEST(BaseUrl, RefusesWhatTwoReadersCouldUnderstandInTwoWays) {
  constexpr Refused cases[] = {
      {"", "begin with https://"},
      {"api.openai.com/v1", "begin with https://"},
      {"ftp://x", "begin with https://"},
      {"https:/x", "begin with https://"},
      {"https://", "a host"},
      {"https:///v1", "a host"},
      {"https://:443", "a host"},
      {"http://user:secret@x/", "user or password"},
      {"http://good.example@169.254.169.254/", "user or password"},
      {"http://x?y=1", "query"},
      {"http://x/?", "query"},
      {"http://x#y", "fragment"},
      {"http://169.254.169.254#@good.example/", "fragment"},
      {"http://x/%23", "%-escape"},
      {"http://x/a%2Fb", "%-escape"},
      {"http://x/%2e%2e/", "%-escape"},
      {"http://x/%00", "%-escape"},
      {"http://x/a%20b", "%-escape"},
      {"http://x/%7f", "%-escape"},
      {"http://x/%", "%-escape"},
      {"http://x/%4", "%-escape"},
      {"http://x/%zz", "%-escape"},
      {"http://x/%2523", "%-escape"},
      {"http://x/a b", "spaces"},
      {"http://x/\x01", "control bytes"},
      {"http://x/\r\nHost: y", "control bytes"},
      {"http://b\xc3\xbc"
       "cher.example",
       "beyond ASCII"},
      {"http://x\\@y/", "user or password"},
      {"http://x\\y/", "a host of letters"},
      {"http://x/a\\b", "a path of letters"},
      {"http://x/a//b", "empty, '.'"},
      {"http://x//", "empty, '.'"},
      {"http://x/./b", "empty, '.'"},
      {"http://x/a/..", "empty, '.'"},
  };
  expect_refused(cases);
  EXPECT_FALSE(BaseUrl::parse(std::string_view("http://x\0y", 10)));
}

TEST(BaseUrl, RefusesHostsAndPortsThatAreNone) {
  constexpr Refused cases[] = {
      {"http://x.", "single dots"},
      {"http://x..y", "single dots"},
      {"http://.x", "single dots"},
      {"http://-x", "a host of letters"},
      {"http://x%41", "a host of letters"},
      {"http://x:", "a port"},
      {"http://x:0", "a port"},
      {"http://x:65536", "a port"},
      {"http://x:80:80", "a port"},
      {"http://x:+80", "a port"},
      {"http://[::1", "a host"},
      {"http://[::1]x", "a host"},
      {"http://[fe80::1%25eth0]", "IPv6 address without a zone"},
      {"http://[127.0.0.1]", "IPv6 address"},
      {"http://2852039166", "four decimal numbers"},
      {"http://0251.0376.0251.0376", "four decimal numbers"},
      {"http://0xa9fea9fe", "four decimal numbers"},
      {"http://0xA9.0xFE.0xA9.0xFE", "four decimal numbers"},
      {"http://169.254.43518", "four decimal numbers"},
      {"http://127.1", "four decimal numbers"},
      {"http://1.2.3.256", "four decimal numbers"},
      {"http://1.2.3.4.5", "four decimal numbers"},
      {"http://a.0x", "four decimal numbers"},
  };
  expect_refused(cases);
}

TEST(BaseUrl, LengthsAtTheLimitAndOnePast) {
  std::string longest = "http://x/" + std::string(BaseUrl::bytes_max - 9, 'a');
  EXPECT_TRUE(BaseUrl::parse(longest));
  EXPECT_FALSE(BaseUrl::parse(longest + "a"));
  EXPECT_TRUE(BaseUrl::parse("http://" + std::string(63, 'a')));
  EXPECT_FALSE(BaseUrl::parse("http://" + std::string(64, 'a')));
  std::string label = std::string(49, 'a') + ".";
  std::string name = label + label + label + label + label;  // 250
  EXPECT_TRUE(BaseUrl::parse("http://" + name + "aaa"));
  EXPECT_FALSE(BaseUrl::parse("http://" + name + "aaaa"));
}

}  // namespace
}  // namespace recloser::config
