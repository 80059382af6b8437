#include "core/limits.h"
#include "net/http1/body.h"
#include "net/http1/http1_test_support.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

using namespace std::string_view_literals;

// "payload | trailers | how it stands", e.g. "hello||end 15": the end with the bytes it took.
std::string read_body(Body body, std::string_view bytes, const std::vector<std::size_t>& ends) {
  BodyReader reader(body);
  std::string payload;
  std::size_t from = 0;
  std::size_t taken = 0;
  for (std::size_t end : ends) {
    test::Exact piece(bytes.substr(from, end - from));
    std::string_view input = piece.view();
    for (bool more = false; !more;) {
      BodyStep step = reader.next(input);
      taken += step.consumed;
      input.remove_prefix(step.consumed);
      payload.append(step.payload);
      if (step.kind == BodyStep::Kind::refused) return std::string(name(step.reason));
      if (step.kind == BodyStep::Kind::end) {
        return payload + "|" + std::string(reader.trailers()) + "|end " + std::to_string(taken);
      }
      more = step.kind == BodyStep::Kind::more;
    }
    EXPECT_TRUE(input.empty()) << "`more` leaves nothing unread";
    from = end;
  }
  return payload + "||more";
}

std::string read_every_way(Body body, std::string_view bytes) {
  std::string whole = read_body(body, bytes, {bytes.size()});
  for (std::size_t split = 0; split < bytes.size(); ++split) {
    EXPECT_EQ(whole, read_body(body, bytes, {split, bytes.size()})) << "split " << split;
  }
  std::vector<std::size_t> each(bytes.size());
  for (std::size_t i = 0; i < each.size(); ++i) each[i] = i + 1;
  EXPECT_EQ(whole, read_body(body, bytes, each)) << "one byte at a time";
  return whole;
}

std::string chunked(std::string_view bytes) { return read_every_way(Body::chunked(), bytes); }

struct Case {
  std::string_view bytes;
  std::string_view result;
};

TEST(Chunked, AcceptsWithThisResult) {
  const Case cases[] = {
      {"0\r\n\r\n", "||end 5"},
      {"5\r\nhello\r\n0\r\n\r\n", "hello||end 15"},
      {"5\r\nhello\r\n0\r\n\r\nGET /", "hello||end 15"},
      {"1\r\na\r\nA\r\n0123456789\r\n00\r\n\r\n", "a0123456789||end 27"},
      {"a\r\n\r\n0\r\n\r\n!!!\r\n000\r\n\r\n", "\r\n0\r\n\r\n!!!||end 22"},
      {"0000000000000001\r\na\r\n0000000000000000\r\n\r\n", "a||end 41"},
      {"5;x\r\nhello\r\n0;y=\"z;\"\r\n\r\n", "hello||end 24"},
      {"5 \t;a=b\r\nhello\r\n0;\t\r\n\r\n", "hello||end 23"},
      {"0\r\nX-Sum: abc\r\n\r\n", "|X-Sum: abc\r\n|end 17"},
      {"0\r\nA: 1\r\nContent-Length: 5\r\nHost: x\r\nB:2\r\nAuthorization: s\r\n\r\n",
       "|A: 1\r\nB:2\r\n|end 62"},
      {"0\r\nTransfer-Encoding: chunked\r\n\r\n", "||end 33"},
      {"5\r\nhel", "hel||more"},
      {"5\r\nhello\r", "hello||more"},
      {"0\r\n\r", "||more"},
  };
  for (const Case& c : cases) EXPECT_EQ(chunked(c.bytes), c.result) << c.bytes;
}

TEST(Chunked, RefusesWithThisReason) {
  const Case cases[] = {
      {"\r\n", "chunk_size_malformed"},
      {"g\r\n", "chunk_size_malformed"},
      {" 5\r\nhello\r\n", "chunk_size_malformed"},
      {"+5\r\nhello\r\n", "chunk_size_malformed"},
      {"-1\r\n", "chunk_size_malformed"},
      {"0x5\r\nhello\r\n", "chunk_size_malformed"},
      {"5 \r\nhello\r\n", "chunk_size_malformed"},
      {"5 5\r\nhello\r\n", "chunk_size_malformed"},
      {"5,\r\n", "chunk_size_malformed"},
      {"\xff\r\n", "chunk_size_malformed"},
      {"5\0\r\n"sv, "chunk_size_malformed"},
      {";x\r\n", "chunk_size_malformed"},
      {"5\nhello\n", "bare_line_feed"},
      {"5 \nhello", "bare_line_feed"},
      {"5;x\nhello\n", "bare_line_feed"},
      {"5\rhello", "bare_carriage_return"},
      {"5;x\ry\r\n", "bare_carriage_return"},
      {"5;\x01\r\n", "control_byte"},
      {"5;\0\r\n"sv, "nul_byte"},
      {"8000000000000000\r\n", "chunk_size_too_large"},
      {"ffffffffffffffff\r\n", "chunk_size_too_large"},
      {"00000000000000000\r\n", "chunk_size_too_large"},
      {"5\r\nhello0\r\n", "chunk_end_missing"},
      {"5\r\nhello\n0\r\n", "chunk_end_missing"},
      {"5\r\nhello\r0\r\n", "chunk_end_missing"},
      {"0\r\nA: b\n\r\n", "bare_line_feed"},
      {"0\r\n\n", "bare_line_feed"},
      {"0\r\n\rx", "bare_carriage_return"},
      {"0\r\nGET / HTTP/1.1\r\n\r\n", "field_name_malformed"},
      {"0\r\nA\r\n\r\n", "field_without_colon"},
      {"0\r\nA : b\r\n\r\n", "field_space_before_colon"},
      {"0\r\nA: b\r\n c\r\n\r\n", "field_folded"},
      {"0\r\n: b\r\n\r\n", "field_name_empty"},
      {"0\r\nA: \x02\r\n\r\n", "control_byte"},
  };
  for (const Case& c : cases) EXPECT_EQ(chunked(c.bytes), c.result) << c.bytes;
}

TEST(Chunked, TakesTheLargestSizeAndNotOnePast) {
  BodyReader reader(Body::chunked());
  BodyStep step = reader.next("7fffffffffffffff\r\nx");
  EXPECT_EQ(step.kind, BodyStep::Kind::payload);
  EXPECT_EQ(step.payload, "x");
  EXPECT_EQ(step.consumed, 19u);
  EXPECT_EQ(reader.next({}).kind, BodyStep::Kind::more);
  EXPECT_EQ(reader.closed().reason, Reason::body_truncated);
}

TEST(Chunked, TakesTheLongestExtensionAndTrailersAndNotOnePast) {
  auto with_extension = [](std::size_t bytes) {
    return "1;" + std::string(bytes - 1, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  EXPECT_TRUE(chunked(with_extension(limits::chunk_extension_bytes_max)).starts_with("a||end"));
  EXPECT_EQ(chunked(with_extension(limits::chunk_extension_bytes_max + 1)),
            "chunk_extension_too_long");
  EXPECT_EQ(chunked("1" + std::string(limits::chunk_extension_bytes_max + 1, ' ')),
            "chunk_extension_too_long");
  // Each chunk may have its own.
  std::string twice = "1;" + std::string(200, 'x') + "\r\na\r\n";
  EXPECT_TRUE(chunked(twice + twice + "0\r\n\r\n").starts_with("aa||end"));

  // Trailers count whole lines, the forbidden ones too.
  auto with_trailers = [](std::size_t bytes) {
    std::string lines = "Host: dropped\r\nA:";
    return "0\r\n" + lines.append(bytes - lines.size() - 2, 'x') + "\r\n\r\n";
  };
  auto whole = [](const std::string& bytes) {
    return read_body(Body::chunked(), bytes, {bytes.size()});
  };
  for (std::size_t split : {1u, 100u, 8000u, 8190u, 8194u}) {
    std::string fits = with_trailers(limits::trailer_bytes_max);
    std::string too_long = with_trailers(limits::trailer_bytes_max + 1);
    EXPECT_EQ(read_body(Body::chunked(), fits, {split, fits.size()}), whole(fits));
    EXPECT_TRUE(whole(fits).ends_with("|end " + std::to_string(fits.size())));
    EXPECT_EQ(read_body(Body::chunked(), too_long, {split, too_long.size()}), "trailers_too_large");
  }
  EXPECT_EQ(whole("0\r\nA:" + std::string(limits::trailer_bytes_max, 'x')), "trailers_too_large");
}

TEST(Chunked, PayloadLiesInTheInput) {
  std::string_view input = "5\r\nhello\r\n";
  BodyReader reader(Body::chunked());
  EXPECT_EQ(reader.next(input).payload.data(), input.data() + 3);
}

TEST(Chunked, StaysEndedAndStaysRefused) {
  BodyReader reader(Body::chunked());
  EXPECT_EQ(reader.next("0\r\n\r\n").kind, BodyStep::Kind::end);
  BodyStep again = reader.next("5\r\n");
  EXPECT_EQ(again.kind, BodyStep::Kind::end);
  EXPECT_EQ(again.consumed, 0u);
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(reader.closed().kind, BodyStep::Kind::end);

  BodyReader refused(Body::chunked());
  EXPECT_EQ(refused.next("x").kind, BodyStep::Kind::refused);
  EXPECT_EQ(refused.next("0\r\n\r\n").reason, Reason::chunk_size_malformed);
}

TEST(ChunkHead, WritesTheSizeOfAChunk) {
  EXPECT_EQ(ChunkHead(1).text(), "1\r\n");
  EXPECT_EQ(ChunkHead(0x1f4).text(), "1f4\r\n");
  EXPECT_EQ(ChunkHead(UINT64_MAX).text(), "ffffffffffffffff\r\n");
}

TEST(ChunkHead, IsReadBackByTheDecoder) {
  std::string wire;
  for (std::string_view piece : {"a"sv, "0123456789abcdef"sv, "\r\n"sv}) {
    wire.append(ChunkHead(piece.size()).text()).append(piece).append(chunk_end);
  }
  EXPECT_EQ(chunked(wire + std::string(last_chunk)),
            "a0123456789abcdef\r\n||end " + std::to_string(wire.size() + last_chunk.size()));
  EXPECT_EQ(chunked(std::string(last_chunk_head) + "A: b\r\n" + std::string(chunk_end)),
            "|A: b\r\n|end 11");
}

TEST(BodyReader, ReadsTheOtherKindsToTheirEnds) {
  EXPECT_EQ(read_every_way(Body::none(), "next"), "||end 0");
  EXPECT_EQ(read_every_way(Body::length(0), "next"), "||end 0");
  EXPECT_EQ(read_every_way(Body::length(4), "bodynext"), "body||end 4");
  EXPECT_EQ(read_every_way(Body::length(4), "bod"), "bod||more");
  EXPECT_EQ(read_every_way(Body::until_close(), "all of it"), "all of it||more");
}

TEST(BodyReader, KnowsWhatACloseMeans) {
  BodyReader open(Body::until_close());
  EXPECT_EQ(open.closed().kind, BodyStep::Kind::end);

  BodyReader none(Body::none());
  EXPECT_EQ(none.closed().kind, BodyStep::Kind::end);

  BodyReader length(Body::length(2));
  length.next("a");
  EXPECT_FALSE(length.ended());
  EXPECT_EQ(length.closed().reason, Reason::body_truncated);
  length.next("b");
  EXPECT_TRUE(length.ended());
  EXPECT_EQ(length.closed().kind, BodyStep::Kind::end);
}

}  // namespace
}  // namespace recloser::net::http1
