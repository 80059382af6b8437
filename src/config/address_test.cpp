#include "config/address.h"

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

bool forbidden(std::string_view text, bool allow_link_local = false) {
  std::optional<IpAddress> ip = IpAddress::parse(text);
  EXPECT_TRUE(ip) << text;
  return ip && is_forbidden_address(ip->bytes(), allow_link_local);
}

TEST(ForbiddenAddress, EachRangeAtItsEndsAndOnePast) {
  struct Range {
    const char *before, *first, *last, *after;  // "": there is none
  };
  constexpr Range ranges[] = {
      {"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
      {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
      {"223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0"},
      {"255.255.255.254", "255.255.255.255", "255.255.255.255", ""},
      {"100.100.100.199", "100.100.100.200", "100.100.100.200", "100.100.100.201"},
      {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
      {"192.0.0.191", "192.0.0.192", "192.0.0.192", "192.0.0.193"},
      {"fe7f:ffff::1", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::"},
      {"feff::1", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
      {"fd00:ec2::253", "fd00:ec2::254", "fd00:ec2::254", "fd00:ec2::255"},
      {"::1", "::", "::", "::1"},
  };
  for (const Range& range : ranges) {
    EXPECT_TRUE(forbidden(range.first)) << range.first;
    EXPECT_TRUE(forbidden(range.last)) << range.last;
    if (*range.before) EXPECT_FALSE(forbidden(range.before)) << range.before;
    if (*range.after) EXPECT_FALSE(forbidden(range.after)) << range.after;
  }
}

TEST(ForbiddenAddress, LoopbackAndPrivateAreFine) {
  for (const char* text : {"127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "192.168.1.1",
                           "100.64.0.1", "8.8.8.8", "::1", "fd00::1", "2001:4860:4860::8888",
                           "::ffff:127.0.0.1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(forbidden(text)) << text;
  }
}

TEST(ForbiddenAddress, AnIpv6FormDoesNotHideAnIpv4Address) {
  for (const char* text :
       {"::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254",
        "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
        "64:ff9b:1::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::",
        "64:ff9b:1:0:a9:fea9:fe00::", "64:ff9b:1:6464:64:c800::", "::ffff:0.0.0.0",
        "::ffff:224.0.0.1", "::ffff:100.100.100.200"}) {
    EXPECT_TRUE(forbidden(text)) << text;
  }
  EXPECT_FALSE(forbidden("64:ff9b::8.8.8.8"));
  EXPECT_FALSE(forbidden("64:ff9b:1:808:8:800::"));
  EXPECT_FALSE(forbidden("2002:808:808::1"));
}

TEST(ForbiddenAddress, AllowedWhenTheOperatorSaysSo) {
  for (const char* text : {"169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0"}) {
    EXPECT_FALSE(forbidden(text, true)) << text;
  }
}

TEST(ForbiddenAddress, WhatIsNoAddressIsForbidden) {
  std::uint8_t bytes[17] = {8, 8, 8, 8};
  for (std::size_t size : {0u, 3u, 5u, 15u, 17u}) {
    EXPECT_TRUE(is_forbidden_address(std::span(bytes, size), true)) << size;
  }
  EXPECT_FALSE(is_forbidden_address(std::span(bytes, 4), false));
}

TEST(IpAddress, ParsesOnlyTheUsualForms) {
  EXPECT_EQ(IpAddress::parse("127.0.0.1")->str(), "127.0.0.1");
  EXPECT_EQ(IpAddress::parse("0:0:0:0:0:0:0:1")->str(), "::1");
  for (const char* text : {"", "127.1", "127.0.0.01", "0x7f.0.0.1", "2130706433", "256.0.0.1",
                           "1.2.3.4.5", "1.2.3.4 ", "[::1]", "fe80::1%eth0", ":::1", "localhost"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("127.0.0.1\0", 10)));
}

TEST(ListenAddress, ParsesAndPrints) {
  EXPECT_EQ(ListenAddress::parse("127.0.0.1:8787")->str(), "127.0.0.1:8787");
  EXPECT_EQ(ListenAddress::parse("[::1]:0")->str(), "[::1]:0");
  EXPECT_EQ(ListenAddress::parse("localhost:65535")->str(), "127.0.0.1:65535");
  EXPECT_TRUE(ListenAddress::parse("127.9.9.9:1")->ip.is_loopback());
  EXPECT_TRUE(ListenAddress::parse("[::1]:1")->ip.is_loopback());
  EXPECT_FALSE(ListenAddress::parse("0.0.0.0:1")->ip.is_loopback());
  EXPECT_FALSE(ListenAddress::parse("[::]:1")->ip.is_loopback());
}

TEST(ListenAddress, SaysWhatIsWrong) {
  struct Case {
    const char *text, *why;
  };
  constexpr Case cases[] = {
      {"127.0.0.1", "the port is missing"},     {"127.0.0.1:", "the port must be 0..65535"},
      {"127.0.0.1:65536", "the port must be"},  {"127.0.0.1:-1", "the port must be"},
      {"127.0.0.1:+1", "the port must be"},     {"127.0.0.1:000080", "the port must be"},
      {":8787", "write 0.0.0.0 or [::]"},       {"*:8787", "write 0.0.0.0 or [::]"},
      {"gateway:8787", "a name is not looked"}, {"::1:8787", "IPv6 goes in brackets"},
      {"[127.0.0.1]:1", "IPv4 does not"},
  };
  for (const Case& c : cases) {
    Result<ListenAddress> address = ListenAddress::parse(c.text);
    ASSERT_FALSE(address) << c.text;
    EXPECT_NE(address.error().message().find(c.why), std::string::npos)
        << address.error().message();
  }
}

}  // namespace
}  // namespace recloser::config
