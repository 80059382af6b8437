// What is read out of a provider's error: whether it is streaming that it refuses.
#include "codec/provider_error.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

TEST(RefusesStream, AsProvidersSayIt) {
  for (std::string_view body : {
           R"({"error":{"message":"Streaming is not supported for this model","code":null}})",
           R"({"error":{"message":"Unsupported value","param":"stream","code":"x"}})",
           R"({"error":{"message":"no","code":"stream_not_supported"}})",
           R"({"error":"`stream` must be false"})",
           R"({"detail":"this deployment cannot stream"})",
           R"({"message":"InvokeModelWithResponseStream: not supported"})",
           R"({"type":"error","error":{"type":"invalid_request_error","message":"STREAM: no"}})",
           "Streaming responses are not available here",
       }) {
    EXPECT_TRUE(refuses_stream(body)) << body;
  }
}

// It would be asked a second time, and paid for, to no end.
TEST(RefusesStream, NoOtherRefusal) {
  for (std::string_view body : {
           R"({"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}})",
           R"({"error":{"message":"The model does not exist","param":"model"}})",
           R"({"error":{"message":"too many tokens","type":"stream"}})",
           R"({"stream":true,"error":{"message":"Invalid body"}})",
           R"({"error":{"message":{"stream":1}}})",
           R"({"error":{"details":[{"message":"stream"}]}})",
           R"({"error":{"message":["stream"]}})",
           R"({"request":{"stream":true}})",
           "{}",
           "[\"strea\"]",
           "",
           "strea",
           "Bad Gateway",
       }) {
    EXPECT_FALSE(refuses_stream(body)) << body;
  }
}

TEST(RefusesStream, OnlyTheBeginOfWhatIsNoJson) {
  std::string page(4096 - 6, 'x');
  EXPECT_TRUE(refuses_stream(page + "stream"));
  EXPECT_FALSE(refuses_stream(page + "xstream"));
  EXPECT_FALSE(refuses_stream(page + "strea"));
  EXPECT_TRUE(refuses_stream("stream" + page + page));
}

// Cut off anywhere it is read as far as it goes, and never beyond.
TEST(RefusesStream, PiecesOfAnError) {
  std::string_view body =
      R"({"error":{"message":"Streaming is not supported","param":"stream","code":"no"}})";
  for (std::size_t size = 0; size <= body.size(); ++size) {
    std::string piece(body.substr(0, size));
    piece.shrink_to_fit();
    refuses_stream(piece);
  }
}

}  // namespace
}  // namespace recloser::codec
