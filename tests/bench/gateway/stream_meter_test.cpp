#include "stream_meter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::bench {
namespace {

std::string marked(std::int64_t ns, std::uint32_t number) {
  std::string mark(mark_bytes, ' ');
  write_mark(mark.data(), {ns}, number);
  return mark;
}

TEST(StreamMeter, AMarkIsDigitsOnly) { EXPECT_EQ(marked(123, 45), "@00000000000000000123;000045"); }

TEST(StreamMeter, FindsEveryMarkAtEverySplit) {
  std::string stream = "data: {\"content\":\"" + marked(1'234'567'890'123, 0) + " \"}\n\n" +
                       "data: " + marked(99, 999'999) + marked(100, 1) + "tail";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    StreamMeter meter;
    std::vector<StreamMeter::Chunk> chunks;
    for (std::string_view piece :
         {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) {
      StreamMeter::Chunk chunk;
      while (meter.next(piece, chunk)) chunks.push_back(chunk);
    }
    ASSERT_EQ(chunks.size(), 3U) << cut;
    EXPECT_EQ(chunks[0].sent, Instant{1'234'567'890'123});
    EXPECT_EQ(chunks[1].number, 999'999U);
    EXPECT_EQ(chunks[2].sent, Instant{100});
    EXPECT_EQ(chunks[2].number, 1U);
  }
}

}  // namespace
}  // namespace recloser::bench
