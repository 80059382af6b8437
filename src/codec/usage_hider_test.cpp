#include "codec/usage_hider.h"

#include "codec/testing/event_text.h"
#include "core/limits.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

// What the client is shown of `stream`, the same at every split.
std::string shown(std::string_view stream, Operation operation = Operation::chat) {
  std::string whole = testing::tell_whole(operation, stream).shown;
  EXPECT_EQ(testing::tell_bytes(operation, stream).shown, whole);
  for (std::size_t at = 1; at < stream.size(); ++at) {
    EXPECT_EQ(testing::tell_split(operation, stream, at).shown, whole) << "cut at " << at;
  }
  return whole;
}

TEST(UsageHider, RemovesTheChunkAndTheNullsThatWeCaused) {
  EXPECT_EQ(shown("data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],"
                  "\"usage\":null,\"obfuscation\":\"x\"}\n\n"
                  "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},"
                  "\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
                  "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n"
                  "data: [DONE]\n\n"),
            "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],"
            "\"obfuscation\":\"x\"}\n\n"
            "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},"
            "\"finish_reason\":\"stop\"}]}\n\n"
            "data: [DONE]\n\n");
}

TEST(UsageHider, TakesOneCommaWithTheMemberWhereverItStands) {
  EXPECT_EQ(shown("data: {\"usage\":null, \"choices\":[{}]}\n\n"), "data: {\"choices\":[{}]}\n\n");
  EXPECT_EQ(shown("data: {\"choices\":[{}] , \"usage\" : null }\r\n\r\n"),
            "data: {\"choices\":[{}]  }\r\n\r\n");
  EXPECT_EQ(shown("data: {\"usage\":null}\n\n"), "data: {}\n\n");
}

TEST(UsageHider, LeavesEverythingElseAsItIs) {
  for (std::string_view stream : {
           // usage that rides on a chunk with choices
           "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
           "\"usage\":{\"prompt_tokens\":1}}\n\n",
           // Azure's first chunk, which has no choices and no usage
           "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
           // a null that is not the chunk's own
           "data: {\"choices\":[{\"usage\":null}]}\n\n",
           // not JSON, comments, odd fields, an unfinished end
           "data: {\"usage\":null\n\n: usage\n\nid: 1\ndata: \"usage\":null\n\ndata: {\"usage\":nu",
           "\n\n\n: a\r\n\r\ndata: [DONE]",
       }) {
    EXPECT_EQ(shown(stream), stream);
  }
}

TEST(UsageHider, KeepsNothingBackBetweenEvents) {
  UsageHider hider;
  StreamReader reader(Operation::chat);
  std::string out;
  std::string_view stream = "data: {\"choices\":[{}]}\n\ndata: {\"cho";
  std::string_view bytes = stream;
  hider.piece(stream);
  while (std::optional<Event> event = reader.next(bytes)) {
    if (event->last_of_frame) hider.frame(reader.frame(), out);
  }
  hider.piece_end(out);
  EXPECT_EQ(out, "data: {\"choices\":[{}]}\n\n");
  EXPECT_EQ(hider.bytes_held(), 11u);
}

TEST(UsageHider, AnEventBeyondTheLimitIsPassedOnWithoutBeingHeld) {
  std::string big = "data: {\"choices\":[{\"delta\":{\"content\":\"" +
                    std::string(limits::event_bytes_held_max, 'x') + "\"}}],\"usage\":null}\n\n" +
                    "data: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";
  testing::StreamTeller teller(Operation::chat);
  for (std::size_t at = 0; at < big.size(); at += 65'536) {
    teller.feed(std::string_view(big).substr(at, 65'536));
  }
  testing::Told told = teller.finish();
  std::size_t chunk = big.find("data: {\"choices\":[],");
  std::string expected = big.substr(0, chunk) + "data: [DONE]\n\n";
  EXPECT_EQ(told.shown.size(), expected.size());
  EXPECT_TRUE(told.shown == expected) << told.shown.substr(told.shown.size() - 100);
  EXPECT_EQ(told.facts.text_bytes, limits::event_bytes_held_max);
}

}  // namespace
}  // namespace recloser::codec
