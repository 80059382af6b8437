#include "net/http1/target.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

TEST(Authority, IsReadStrictly) {
  struct Case {
    std::string text;
    std::string host;
    std::string port;
  };
  const Case good[] = {
      {"localhost", "localhost", ""},
      {"a-b_c.d:0", "a-b_c.d", "0"},
      {"127.0.0.1:65535", "127.0.0.1", "65535"},
      {"h:", "h", ""},
      {"[::1]", "[::1]", ""},
      {"[2001:DB8::1.2.3.4]:443", "[2001:DB8::1.2.3.4]", "443"},
  };
  for (const Case& c : good) {
    auto authority = read_authority(c.text);
    ASSERT_TRUE(authority) << c.text;
    EXPECT_EQ(authority->host, c.host);
    EXPECT_EQ(authority->port, c.port);
  }
  for (const char* bad : {"",
                          ":80",
                          "x/#@y",
                          "u@h",
                          "h:65536",
                          "h:000080",
                          "h:8x",
                          "h:-1",
                          "h:1:2",
                          "a,b",
                          "a b",
                          "h%41",
                          "\xc3\xa4",
                          "[::1",
                          "[::1]x",
                          "[]",
                          "[a]",
                          "[::1%eth0]",
                          "::1",
                          "h/",
                          "h?",
                          "h\\",
                          "[1234:1234:1234:1234:1234:1234:1234:1234:1234:1]"}) {
    EXPECT_FALSE(read_authority(bad)) << bad;
  }
}

TEST(Authority, IsTheSameWhateverTheCaseAndTheDefaultPort) {
  auto same = [](const char* a, const char* b) {
    return same_authority(*read_authority(a), *read_authority(b), "80");
  };
  EXPECT_TRUE(same("A.b", "a.B"));
  EXPECT_TRUE(same("a", "a:80"));
  EXPECT_TRUE(same("a:", "a:80"));
  EXPECT_FALSE(same("a", "a:81"));
  EXPECT_FALSE(same("a", "b"));
}

TEST(PathIs, UndoesOnlyHarmlessEncoding) {
  EXPECT_TRUE(path_is("/v1/messages", "/v1/messages"));
  EXPECT_TRUE(path_is("/v1/%6dessages", "/v1/messages"));
  EXPECT_TRUE(path_is("/%7E%5f%2D%2e", "/~_-."));
  EXPECT_FALSE(path_is("/v1%2fmessages", "/v1/messages"));
  EXPECT_FALSE(path_is("/v1/messages/", "/v1/messages"));
  EXPECT_FALSE(path_is("/v1/message", "/v1/messages"));
  EXPECT_FALSE(path_is("/v1/./messages", "/v1/messages"));
  EXPECT_FALSE(path_is("/V1/messages", "/v1/messages"));
  EXPECT_FALSE(path_is("/v1/message%7", "/v1/messages"));
  EXPECT_FALSE(path_is("/v1/message%zz", "/v1/messagesz"));
  EXPECT_FALSE(path_is("/%25", "/%"));
  EXPECT_FALSE(path_is("/%", "/%"));
}

TEST(PercentDecoded, IsStrict) {
  EXPECT_EQ(percent_decoded("org%2Fm%2f1"), "org/m/1");
  EXPECT_EQ(percent_decoded("a%252Fb"), "a%2Fb");  // once
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
  EXPECT_EQ(percent_decoded("%00%c3%A9"), std::string("\0\xc3\xa9", 3));
  EXPECT_EQ(percent_decoded(""), "");
  for (const char* bad : {"%", "a%2", "%zz", "%2g", "%%32F", "a%2Fb%"}) {
    EXPECT_EQ(percent_decoded(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace recloser::net::http1
