#include "relay/refused_sessions.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::relay {
namespace {

constexpr session::Hash128 ada{1, 2};
constexpr session::Hash128 bob{3, 4};
constexpr Instant start{1'000'000'000};

TEST(RefusedSessions, TheThirdWithinTheWindowIsUnheard) {
  RefusedSessions sessions;
  EXPECT_FALSE(sessions.refuse(ada, "s", start));
  EXPECT_FALSE(sessions.refuse(ada, "s", start + 1s));
  EXPECT_TRUE(sessions.refuse(ada, "s", start + 2s));
  EXPECT_TRUE(sessions.refuse(ada, "s", start + 3s));
  EXPECT_FALSE(sessions.refuse(ada, "s", start + 60s)) << "it came back later";
}

TEST(RefusedSessions, AreToldApartByPrincipalAndName) {
  RefusedSessions sessions;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(sessions.refuse(ada, "s", start));
  EXPECT_FALSE(sessions.refuse(bob, "s", start));
  EXPECT_FALSE(sessions.refuse(ada, "t", start));
  EXPECT_TRUE(sessions.refuse(ada, "s", start));
}

TEST(RefusedSessions, OfTooManyTheOldestAreForgotten) {
  RefusedSessions sessions(4);
  for (int i = 0; i < 2; ++i) sessions.refuse(ada, "s", start);
  for (int i = 0; i < 3; ++i) sessions.refuse(ada, std::to_string(i), start);
  EXPECT_TRUE(sessions.refuse(ada, "s", start));
  for (int i = 0; i < 4; ++i) sessions.refuse(bob, std::to_string(i), start);
  EXPECT_FALSE(sessions.refuse(ada, "s", start));
}

}  // namespace
}  // namespace recloser::relay
