#include "net/http1/scan.h"

#include "net/http1/http1_test_support.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::net::http1::scan {
namespace {

// Every byte value at every place of buffers around the width of a vector, from every start.
TEST(Scan, AgreesWithThePlainForm) {
  for (std::size_t size : {0u, 1u, 15u, 16u, 17u, 31u, 32u, 33u, 40u}) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        test::Exact exact(text);
        const char* bytes = exact.view().data();
        for (std::size_t from = 0; from <= size; from += 3) {
          ASSERT_EQ(find_control(bytes, from, size), find_control_plain(bytes, from, size))
              << "size " << size << " byte " << byte << " at " << at << " from " << from;
          ASSERT_EQ(token_end(bytes, from, size), token_end_plain(bytes, from, size))
              << "size " << size << " byte " << byte << " at " << at << " from " << from;
          ASSERT_EQ(target_end(bytes, from, size), target_end_plain(bytes, from, size))
              << "size " << size << " byte " << byte << " at " << at << " from " << from;
        }
      }
    }
  }
}

// The walk over ordinary lines stops at the first byte that may end them, or says that it gave up,
// and never looks further than one byte past what it was given.
TEST(Scan, WalksOrdinaryLines) {
  for (std::size_t size : {17u, 32u, 33u, 49u}) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (std::size_t at = 1; at < size; ++at) {
        std::string text(size, 'a');
        char c = static_cast<char>(byte);
        text[at] = c;
        test::Exact exact(text);
        const char* bytes = exact.view().data();
        std::size_t last = last_plain(size);
        bool ends_line = is_control(c) || c == '\t';
        std::size_t end = plain_line_end(bytes, 1, last);
        ASSERT_TRUE(end == gave_up || end >= at || end + 1 == size) << byte << " at " << at;
        if (end == at) ASSERT_TRUE(ends_line || end + 1 == size) << byte;
        if (ends_line && at + 17 < size) ASSERT_EQ(end, at) << byte;
        std::size_t name_end = plain_name_end(bytes, 1, last);
        if (c == ':' && at + 17 < size) ASSERT_EQ(name_end, at);
        if (name_end == at) ASSERT_FALSE(byte == 'a' || byte == 'Z' || byte == '0' || byte == '-');
      }
    }
  }
}

TEST(Scan, KnowsTheTwoClasses) {
  std::size_t controls = 0;
  std::size_t tokens = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    controls += is_control(static_cast<char>(byte)) ? 1 : 0;
    tokens += is_token_byte(static_cast<char>(byte)) ? 1 : 0;
  }
  EXPECT_EQ(controls, 32u);
  EXPECT_EQ(tokens, 77u);
  EXPECT_FALSE(is_control('\t'));
  EXPECT_TRUE(is_control('\x7f'));
  EXPECT_FALSE(is_control('\x80'));
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("x-a_b"));
  EXPECT_FALSE(is_token("a b"));
  EXPECT_FALSE(is_token("a:"));
}

}  // namespace
}  // namespace recloser::net::http1::scan
