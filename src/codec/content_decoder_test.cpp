#include "codec/content_decoder.h"

#include "codec/testing/encode.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

using testing::codings;
using testing::encode;
using testing::encode_pieces;

struct Decoded {
  std::string text;
  std::string fault;
  friend bool operator==(const Decoded&, const Decoded&) = default;
  friend void PrintTo(const Decoded& d, std::ostream* out) {
    *out << d.text.size() << " bytes '" << d.text.substr(0, 60) << "' fault '" << d.fault << "'";
  }
};

class Decoding {
 public:
  explicit Decoding(const ContentCodings& codings, DecodingLimits limits = {},
                    std::size_t room = ContentDecoder::room_bytes)
      : decoder_(codings, limits), room_(room, '\0') {}

  std::string feed(std::string_view piece, bool last = false) {
    std::string copy(piece);  // exactly as large: what is read beyond it is seen
    std::string out(decoder_.next(copy, last, room_));
    copy.assign(copy.size(), '?');
    while (decoder_.more() && decoder_.fault().empty()) out += decoder_.next("", last, room_);
    return out;
  }
  std::string fault() const { return std::string(decoder_.fault()); }
  const ContentDecoder& decoder() const { return decoder_; }

 private:
  ContentDecoder decoder_;
  std::string room_;
};

Decoded decode(const ContentCodings& codings, std::string_view bytes, std::size_t first,
               std::size_t step, DecodingLimits limits = {},
               std::size_t room = ContentDecoder::room_bytes) {
  Decoding decoding(codings, limits, room);
  Decoded decoded;
  std::size_t at = 0;
  do {
    std::size_t size = std::min(at == 0 && first != 0 ? first : step, bytes.size() - at);
    decoded.text += decoding.feed(bytes.substr(at, size), at + size == bytes.size());
    at += size;
  } while (at < bytes.size());
  decoded.fault = decoding.fault();
  return decoded;
}

Decoded decode(std::string_view list, std::string_view bytes) {
  return decode(codings(list), bytes, 0, bytes.size());
}

struct Named {
  std::string_view name;
  ContentCoding coding;
  bool raw = false;
};
constexpr Named every[] = {{"gzip", ContentCoding::gzip},
                           {"deflate", ContentCoding::deflate},
                           {"deflate", ContentCoding::deflate, true},
                           {"br", ContentCoding::br},
                           {"zstd", ContentCoding::zstd}};

std::string sample(std::size_t bytes) {
  std::string text;
  for (std::uint64_t i = 1; text.size() < bytes;
       i = i * 6364136223846793005u + 1442695040888963407u) {
    text += "data: {\"n\":" + std::to_string(i >> 40) + "}\n\n";
  }
  return text;
}

constexpr std::string_view broken = "its encoded data is broken";
constexpr std::string_view torn = "its encoded data ends too early";
constexpr std::string_view too_much = "its encoded data becomes too many bytes";

TEST(ContentCodings, KnowsNamesInAnyCase) {
  ContentCodings some;
  EXPECT_TRUE(some.add("identity"));
  EXPECT_TRUE(some.empty());
  EXPECT_TRUE(some.add("GZip"));
  EXPECT_TRUE(some.add("x-gzip"));
  EXPECT_EQ(some.list().size(), 2u);
  EXPECT_FALSE(some.add("br")) << "one too many";
  ContentCodings none;
  for (std::string_view name : {"compress", "x-compress", "gz", "", "gzip2", "dcz"}) {
    EXPECT_FALSE(none.add(name)) << name;
  }
}

TEST(ContentDecoder, DecodesTheSameAtEverySplit) {
  std::string text = sample(600);
  for (const Named& each : every) {
    SCOPED_TRACE(each.name);
    std::string bytes = encode(each.coding, text, each.raw);
    ContentCodings list = codings(each.name);
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      ASSERT_EQ(decode(list, bytes, at, bytes.size()), (Decoded{text, ""})) << "cut at " << at;
    }
    EXPECT_EQ(decode(list, bytes, 0, 1), (Decoded{text, ""})) << "byte by byte";
    EXPECT_EQ(decode(list, bytes, 0, bytes.size(), {}, 7), (Decoded{text, ""})) << "little room";
  }
}

TEST(ContentDecoder, DecodesLargeAnswersInBoundedSteps) {
  std::string text = sample(600'000);
  for (const Named& each : every) {
    SCOPED_TRACE(each.name);
    std::string bytes = encode(each.coding, text, each.raw);
    EXPECT_EQ(decode(codings(each.name), bytes, 0, bytes.size()), (Decoded{text, ""}));
    EXPECT_EQ(decode(codings(each.name), bytes, 1000, 64u << 10), (Decoded{text, ""}));
  }
}

TEST(ContentDecoder, GivesWhatWasFlushedAtOnceAndKeepsNothingElse) {
  std::vector<std::string_view> texts{"data: one\n\n", "data: two\n\n", "data: two\n\n"};
  for (const Named& each : every) {
    SCOPED_TRACE(each.name);
    std::vector<std::string> pieces = encode_pieces(each.coding, texts, each.raw);
    Decoding decoding(codings(each.name));
    std::size_t memory = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(decoding.feed(pieces[i]), texts[i]);
      EXPECT_FALSE(decoding.decoder().more());
      if (i == 1) memory = decoding.decoder().memory_bytes();
    }
    EXPECT_EQ(decoding.decoder().memory_bytes(), memory);
    EXPECT_GT(memory, 0u);
    EXPECT_LT(memory, 9u << 20);
    EXPECT_EQ(decoding.feed(pieces.back(), true), "");
    EXPECT_EQ(decoding.fault(), "");
  }
}

TEST(ContentDecoder, OneCodingUponAnother) {
  std::string text = sample(30'000);
  for (const Named& inner : every) {
    for (const Named& outer : every) {
      std::string bytes = encode(outer.coding, encode(inner.coding, text, inner.raw), outer.raw);
      ContentCodings list = codings(std::string(inner.name) + ", " + std::string(outer.name));
      EXPECT_EQ(decode(list, bytes, 0, bytes.size()), (Decoded{text, ""}))
          << inner.name << outer.name;
      EXPECT_EQ(decode(list, bytes, 0, 1), (Decoded{text, ""})) << inner.name << outer.name;
    }
  }
}

TEST(ContentDecoder, EveryTornAnswerIsAFault) {
  std::string text = sample(300);
  for (const Named& each : every) {
    SCOPED_TRACE(each.name);
    std::string bytes = encode(each.coding, text, each.raw);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      Decoded decoded = decode(each.name, std::string_view(bytes).substr(0, size));
      EXPECT_EQ(decoded.fault, torn) << size;
      EXPECT_TRUE(text.starts_with(decoded.text)) << size;
    }
  }
}

TEST(ContentDecoder, ATornAnswerWithinTwoCodingsIsAFault) {
  std::string inner = encode(ContentCoding::gzip, "hello");
  EXPECT_EQ(decode("gzip, br", encode(ContentCoding::br, inner.substr(0, 12))).fault, torn);
  std::string outer = encode(ContentCoding::br, inner);
  EXPECT_EQ(decode("gzip, br", outer.substr(0, outer.size() - 1)).fault, torn);
}

TEST(ContentDecoder, OfNothingComesNothing) {
  for (const Named& each : every) EXPECT_EQ(decode(each.name, ""), (Decoded{"", ""})) << each.name;
  EXPECT_EQ(decode("gzip, br", ""), (Decoded{"", ""}));
}

TEST(ContentDecoder, BrokenDataIsAFaultBehindWhatWasGood) {
  for (const Named& each : every) {
    SCOPED_TRACE(each.name);
    std::vector<std::string> pieces = encode_pieces(each.coding, {"data: one\n\n"}, each.raw);
    Decoding decoding(codings(each.name));
    EXPECT_EQ(decoding.feed(pieces.front()), "data: one\n\n");
    EXPECT_EQ(decoding.feed(std::string(200, '\xff')), "");
    EXPECT_EQ(decoding.fault(), broken);
    EXPECT_TRUE(decoding.decoder().more());
    EXPECT_EQ(decoding.feed("more", true), "");
  }
  EXPECT_EQ(decode("gzip", "{\"plain\":1}").fault, broken);
  EXPECT_EQ(decode("zstd", "{\"plain\":1}").fault, broken);
  std::string bad_sum = encode(ContentCoding::gzip, "hello");
  bad_sum[bad_sum.size() - 6] ^= 1;
  EXPECT_EQ(decode("gzip", bad_sum).fault, broken);
}

TEST(ContentDecoder, MembersAndFramesFollowEachOther) {
  for (ContentCoding coding : {ContentCoding::gzip, ContentCoding::zstd}) {
    std::string_view name = coding == ContentCoding::gzip ? "gzip" : "zstd";
    std::string bytes = encode(coding, "one ") + encode(coding, "") + encode(coding, "two");
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      EXPECT_EQ(decode(codings(name), bytes, at, bytes.size()), (Decoded{"one two", ""}))
          << name << " cut at " << at;
    }
    EXPECT_EQ(decode(codings(name), bytes, 0, 1), (Decoded{"one two", ""}));
    EXPECT_EQ(decode(name, std::string_view(bytes).substr(0, bytes.size() - 1)).fault, torn);
  }
  using namespace std::string_literals;
  std::string skipped = "\x51\x2a\x4d\x18\x03\x00\x00\x00"s + "abc";
  EXPECT_EQ(decode("zstd", skipped + encode(ContentCoding::zstd, "a") + skipped),
            (Decoded{"a", ""}));
}

TEST(ContentDecoder, DropsWhatStandsBehindTheEnd) {
  for (const Named& each : every) {
    std::string bytes = encode(each.coding, "hello", each.raw) + std::string(5000, '\0') + "\x1f(";
    EXPECT_EQ(decode(each.name, bytes), (Decoded{"hello", ""})) << each.name;
    EXPECT_EQ(decode(codings(each.name), bytes, 0, 1), (Decoded{"hello", ""})) << each.name;
  }
}

TEST(ContentDecoder, ABombIsStoppedByItsRatio) {
  std::string text(9u << 20, 'a');
  for (const Named& each : every) {
    SCOPED_TRACE(each.name);
    std::string bytes = encode(each.coding, text, each.raw);
    Decoded decoded = decode(each.name, bytes);
    EXPECT_EQ(decoded.fault, too_much);
    EXPECT_LE(decoded.text.size(), limits::decoded_free_bytes +
                                       bytes.size() * limits::decoded_ratio_max +
                                       ContentDecoder::room_bytes);
    DecodingLimits none{.ratio_max = UINT64_MAX};
    EXPECT_EQ(decode(codings(each.name), bytes, 0, bytes.size(), none).fault, "");
  }
}

TEST(ContentDecoder, AnAnswerIsStoppedByItsSize) {
  std::string text = sample(100'000);
  DecodingLimits exact{.bytes_max = text.size()};
  DecodingLimits less{.bytes_max = text.size() - 1};
  for (const Named& each : every) {
    std::string bytes = encode(each.coding, text, each.raw);
    ContentCodings list = codings(each.name);
    EXPECT_EQ(decode(list, bytes, 0, bytes.size(), exact).fault, "") << each.name;
    EXPECT_EQ(decode(list, bytes, 0, bytes.size(), less).fault, too_much) << each.name;
  }
}

TEST(ContentDecoder, AWindowOverItsLimitIsAFault) {
  using namespace std::string_literals;
  // A frame header that asks for a window of 16 MiB: 1 << (10 + 14).
  EXPECT_EQ(decode("zstd", "\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00"s).fault, broken);
  EXPECT_EQ(decode("zstd", "\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00"s), (Decoded{"", ""}));
}

}  // namespace
}  // namespace recloser::codec
