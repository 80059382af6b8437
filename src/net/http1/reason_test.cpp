#include "net/http1/reason.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

TEST(Reason, HasANameASentenceAndAStatus) {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  for (unsigned i = 1; i <= static_cast<unsigned>(last_reason); ++i) {
    auto reason = static_cast<Reason>(i);
    EXPECT_TRUE(names.insert(name(reason)).second) << name(reason);
    EXPECT_TRUE(sentences.insert(sentence(reason)).second) << sentence(reason);
    EXPECT_FALSE(sentence(reason).ends_with('.')) << sentence(reason);
    EXPECT_TRUE(sentence(reason).starts_with(fault(reason)));
    for (std::string_view advice : {"; ", "send ", "use ", "write ", "remove ", "put "}) {
      EXPECT_EQ(fault(reason).find(advice), std::string_view::npos) << fault(reason);
    }
    EXPECT_TRUE((std::set{400, 414, 417, 431, 501, 505}).contains(status(reason))) << i;
  }
}

TEST(Reason, BecomesAnErrorOfTheSideThatSentIt) {
  Error malformed = error(Reason::bare_line_feed, Side::client);
  EXPECT_EQ(malformed.side(), Side::client);
  EXPECT_EQ(malformed.kind(), Kind::malformed);
  EXPECT_EQ(malformed.message(),
            "a line feed stands without a carriage return before it; end each line with CR LF");
  Error answered = error(Reason::bare_line_feed, Side::provider);
  EXPECT_EQ(answered.side(), Side::provider);
  EXPECT_EQ(answered.message(), "a line feed stands without a carriage return before it")
      << "advice is for who sends requests";
  EXPECT_EQ(error(Reason::head_too_large, Side::client).kind(), Kind::too_large);
  EXPECT_EQ(error(Reason::transfer_encoding_unsupported, Side::client).kind(), Kind::unsupported);
  EXPECT_EQ(error(Reason::body_truncated, Side::provider).kind(), Kind::closed);
  EXPECT_TRUE(error(Reason::body_truncated, Side::provider).retryable());
}

}  // namespace
}  // namespace recloser::net::http1
