#include "body.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace recloser::bench {
namespace {

TEST(ChatRequest, HasExactlyTheSizeAskedFor) {
  for (std::size_t bytes : {1024UL, 1025UL, 2500UL, 4096UL, 4500UL, 400'000UL, 33'554'432UL}) {
    EXPECT_EQ(chat_request({}, "gpt-4o-mini", bytes).size(), bytes);
  }
}

TEST(ChatRequest, OfEverySizeIsTheSizeAskedFor) {
  for (std::size_t bytes = 400; bytes < 9000; ++bytes) {
    ASSERT_EQ(chat_request({}, "m", bytes).size(), bytes);
  }
}

TEST(ChatRequest, ALargeOneHasManyMessagesButNotTooMany) {
  std::string body = chat_request({}, "m", 33'554'432);
  std::size_t roles = 0;
  for (std::size_t at = body.find("\"role\""); at != std::string::npos;
       at = body.find("\"role\"", at + 1)) {
    ++roles;
  }
  EXPECT_GT(roles, 100U);
  EXPECT_LT(roles, 1000U);
}

TEST(OrderReader, ReadsWhatTheRequestOrdersAtEverySplit) {
  Order order{.stream = true, .usage = true, .chunks = 7, .interval = 250us};
  std::string body = chat_request(order, "m", 1024);
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    OrderReader reader;
    reader.add(std::string_view(body).substr(0, cut));
    reader.add(std::string_view(body).substr(cut));
    Order read = reader.order();
    ASSERT_TRUE(read.stream && read.usage);
    ASSERT_EQ(read.chunks, 7U);
    ASSERT_EQ(read.interval, 250us);
  }
}

TEST(OrderReader, SeesUsageAskedForAtTheEndOfALargeBody) {
  std::string body = chat_request({}, "m", 400'000);
  body.pop_back();
  body += R"(,"stream_options":{"include_usage":true}})";
  for (std::size_t piece : {1UL, 4096UL, 65'536UL, 1'000'000UL}) {
    OrderReader reader;
    for (std::size_t at = 0; at < body.size(); at += piece) {
      reader.add(std::string_view(body).substr(at, piece));
    }
    EXPECT_TRUE(reader.order().usage) << piece;
    EXPECT_FALSE(reader.order().stream) << piece;
    reader.restart();
    EXPECT_FALSE(reader.order().usage);
  }
}

}  // namespace
}  // namespace recloser::bench
