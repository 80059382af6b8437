#include "net/http1/names.h"

#include "core/ascii.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
  }
  return out;
}

TEST(KnownName, KnowsEachNameInAnyCaseAndNoNeighbour) {
  for (unsigned i = 1; i <= static_cast<unsigned>(last_name); ++i) {
    auto known = static_cast<Name>(i);
    std::string name(text(known));
    EXPECT_EQ(known_name(name), known) << name;
    EXPECT_EQ(known_name(upper(name)), known) << name;
    if (name.ends_with('-')) continue;
    for (std::size_t at = 0; at < name.size(); ++at) {
      std::string other = name;
      other[at] = other[at] == '~' ? '!' : '~';
      Name found = known_name(other);
      EXPECT_TRUE(found == Name::other || found == Name::x_recloser_any) << other;
    }
    EXPECT_NE(known_name(name + "x"), known);
    EXPECT_NE(known_name(name.substr(1)), known);
  }
}

TEST(KnownName, KnowsPrefixes) {
  EXPECT_EQ(known_name("Proxy-Anything"), Name::proxy_any);
  EXPECT_EQ(known_name("proxy"), Name::other);
  EXPECT_EQ(known_name("X-Recloser-Later"), Name::x_recloser_any);
  EXPECT_EQ(known_name("x-recloser-key"), Name::x_recloser_key);
  EXPECT_EQ(known_name("x-reclose"), Name::other);
  EXPECT_EQ(known_name("X-RateLimit-Limit-Requests"), Name::x_ratelimit_any);
  EXPECT_EQ(known_name("Anthropic-RateLimit-Tokens-Reset"), Name::anthropic_ratelimit_any);
  EXPECT_EQ(known_name("anthropic-ratelimi"), Name::other);
  EXPECT_EQ(known_name(""), Name::other);
}

TEST(KnownName, FoldsNoCharacterButLetters) {
  // 0x0d | 0x20 is '-': no token holds it, and yet nothing may come of it.
  EXPECT_EQ(known_name("x_api_key"), Name::other);
  EXPECT_EQ(known_name("content_length"), Name::other);
}

TEST(NameSet, HoldsWhatWasPutIn) {
  NameSet set{Name::host, Name::x_recloser_any};
  EXPECT_TRUE(set.has(Name::host));
  EXPECT_TRUE(set.has(Name::x_recloser_any));
  EXPECT_FALSE(set.has(Name::other));
  EXPECT_FALSE((NameSet{}).has(Name::host));
  EXPECT_EQ((set | hop_by_hop).has(Name::te), true);
  EXPECT_TRUE(NameSet{}.empty());
}

}  // namespace
}  // namespace recloser::net::http1
