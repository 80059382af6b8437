#include "session/json_skip.h"

#include "core/ids.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::session {
namespace {

// The same, one byte after the other.
JsonPlace read(std::string_view json, JsonPlace place) {
  for (char c : json) {
    if (place.in_string) {
      bool ends = c == '"' && !place.backslash;
      place.backslash = c == '\\' && !place.backslash;
      place.in_string = !ends;
    } else if (c == '"') {
      place.in_string = true;
    } else if (c == '{' || c == '[') {
      ++place.depth;
    } else if (c == '}' || c == ']') {
      --place.depth;
    }
  }
  return place;
}

// Random JSON text with balanced brackets, strings full of what looks like structure.
std::string random_json(Random& random, std::size_t bytes) {
  std::string out;
  std::string open;
  while (out.size() < bytes) {
    switch (random.below(6)) {
      case 0:
        out += '{';
        open += '}';
        break;
      case 1:
        out += '[';
        open += ']';
        break;
      case 2:
        if (open.empty()) break;
        out += open.back();
        open.pop_back();
        break;
      case 3:
        out += " 12,:\n";
        break;
      default:
        out += '"';
        for (std::uint64_t n = random.below(40); n > 0; --n) {
          static constexpr std::string_view pieces[] = {"\\\\", "\\\"", "{", "]", "a", "\xc3\xa4"};
          out += pieces[random.below(6)];
        }
        out += '"';
    }
  }
  return out;
}

TEST(SkipBlocks, StandsWhereAReaderOfEachByteStands) {
  Random random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string json = random_json(random, 64 + random.below(600));
    JsonPlace place{.depth = 1000};
    std::size_t skipped = skip_blocks(json, place, 2, 100'000);
    ASSERT_EQ(skipped, json.size() / 64 * 64);
    JsonPlace expected = read(std::string_view(json).substr(0, skipped), {.depth = 1000});
    ASSERT_EQ(place.depth, expected.depth) << json;
    ASSERT_EQ(place.in_string, expected.in_string) << json;
    ASSERT_EQ(place.backslash, expected.backslash) << json;
  }
}

TEST(SkipBlocks, StopsBeforeABlockThatLeavesTheDepths) {
  std::string quiet(64, ' ');
  std::string one_up = "[" + std::string(63, ' ');
  std::string one_down = std::string(63, ' ') + "]";
  JsonPlace place{.depth = 2};
  EXPECT_EQ(skip_blocks(quiet + one_down, place, 2, 9), 64u);
  EXPECT_EQ(place.depth, 2u);
  place.depth = 3;
  EXPECT_EQ(skip_blocks(quiet + one_down, place, 2, 9), 128u);
  EXPECT_EQ(place.depth, 2u);
  place.depth = 8;
  EXPECT_EQ(skip_blocks(one_up + one_up, place, 2, 9), 64u);
  EXPECT_EQ(place.depth, 9u);
  place.depth = 2;  // the order counts: up and down is fine, down and up is not
  EXPECT_EQ(skip_blocks("[][[]]" + std::string(58, ' '), place, 2, 9), 64u);
  EXPECT_EQ(place.depth, 2u);
  EXPECT_EQ(skip_blocks("[]][" + std::string(60, ' '), place, 2, 9), 0u);
  EXPECT_EQ(skip_blocks("][" + std::string(62, ' '), place, 2, 9), 0u);
}

TEST(SkipBlocks, LessThanABlockIsLeft) {
  JsonPlace place{.depth = 5};
  EXPECT_EQ(skip_blocks(std::string(63, '['), place, 2, 100), 0u);
  EXPECT_EQ(skip_blocks("", place, 2, 100), 0u);
  EXPECT_EQ(place.depth, 5u);
}

}  // namespace
}  // namespace recloser::session
