#include "net/http1/head_writer.h"

#include "net/http1/http1_test_support.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

using namespace std::string_view_literals;

std::string forwarded(std::string_view fields, NameSet drop, Body body) {
  std::string bytes = "POST /v1/x HTTP/1.1\r\n" + std::string(fields) + "\r\n";
  RequestHead head;
  EXPECT_EQ(head.read(bytes), Progress::complete) << name(head.reason());
  std::string out;
  HeadWriter writer(out);
  writer.copy_fields(head, drop);
  writer.end(body);
  return out;
}

TEST(HeadWriter, CopiesFieldsByteForByteButThoseOfOneConnection) {
  EXPECT_EQ(forwarded("Host:h\r\n"
                      "Keep-Alive: timeout=5\r\n"
                      "X-ODD:  a  b \r\n"
                      "Proxy-Authorization: secret\r\n"
                      "proxy-whatever: x\r\n"
                      "TE: trailers\r\n"
                      "Trailer: X-Sum\r\n"
                      "Transfer-Encoding: chunked\r\n"
                      "Upgrade: h2c\r\n"
                      "X-odd: again\r\n"
                      "Connection: upgrade\r\n"
                      "Z: \r\n",
                      {}, Body::chunked()),
            "Host:h\r\nX-ODD:  a  b \r\nX-odd: again\r\nZ: \r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST(HeadWriter, DropsWhatConnectionNames) {
  EXPECT_EQ(forwarded("Host: h\r\nConnection: close, X-Hop\r\nx-hop: 1\r\nX-Hopper: 2\r\n"
                      "Connection: http2-settings\r\nHTTP2-Settings: AAA\r\n",
                      {}, Body::none()),
            "Host: h\r\nX-Hopper: 2\r\n\r\n");
}

TEST(HeadWriter, DropsWhatTheCallerReplaces) {
  std::string_view fields =
      "Host: h\r\nAuthorization: Bearer a\r\nX-Recloser-Session: s\r\nx-recloser-new: n\r\n"
      "Content-Length: 5\r\nA: b\r\n";
  NameSet drop = recloser_names | NameSet{Name::host, Name::authorization};
  EXPECT_EQ(forwarded(fields, drop, Body::length(5)), "Content-Length: 5\r\nA: b\r\n\r\n");
  EXPECT_EQ(forwarded(fields, drop | NameSet{Name::content_length}, Body::length(7)),
            "A: b\r\ncontent-length: 7\r\n\r\n");
  EXPECT_EQ(forwarded(fields, drop | NameSet{Name::content_length}, Body::chunked()),
            "A: b\r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST(HeadWriter, WritesHeadsThatAreReadBack) {
  std::string out;
  HeadWriter writer(out);
  writer.request_line("POST", {.base = "/v1", .path = "/messages", .query = "beta=true"});
  writer.field(Name::host, "api.example.com");
  writer.field("x-own", "");
  writer.end(Body::length(12));
  EXPECT_EQ(test::read_every_way<RequestHead>(out),
            "POST /v1/messages ?beta=true 1.1 @api.example.com body=length:12 "
            "[host: api.example.com] [x-own: ] [content-length: 12] size=" +
                std::to_string(out.size()));

  out.clear();
  HeadWriter answer(out);
  answer.status_line(429, standard_phrase(429));
  answer.field(Name::content_length, 0);
  answer.end(Body::length(0));
  EXPECT_EQ(out, "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n");
}

TEST(HeadWriter, KeepsTheLengthOfABodyThatIsNotSent) {
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  ResponseHead head;
  ASSERT_EQ(head.read(bytes), Progress::complete);
  std::string out;
  HeadWriter writer(out);
  writer.status_line(head.status(), head.phrase());
  writer.copy_fields(head, {});
  writer.end(head.body(Method::head));
  EXPECT_EQ(out, bytes);
}

TEST(HeadWriter, LetsNothingBreakOutOfItsLine) {
  std::string out;
  HeadWriter writer(out);
  writer.status_line(200, "a\r\nb: c");
  writer.field("x", "one\r\nInjected: two\n\rthree\0four\x7f\tfive\r\n"sv);
  writer.end(Body::length(0));
  EXPECT_EQ(out,
            "HTTP/1.1 200 a  b: c\r\n"
            "x: one  Injected: two  three four \tfive  \r\n"
            "content-length: 0\r\n\r\n");
}

TEST(HeadWriterDeathTest, StopsOnOurOwnMistakes) {
  std::string out;
  HeadWriter writer(out);
  EXPECT_DEATH(writer.field_named("a b", "c"), "token");
  EXPECT_DEATH(writer.request_line("GET", {.path = "/a b"}), "is_one_word");
  EXPECT_DEATH(forwarded("Host: h\r\nContent-Length: 5\r\n", {}, Body::length(6)), "announces");
  EXPECT_DEATH(forwarded("Host: h\r\nContent-Length: 5\r\n", {}, Body::chunked()), "no length");
}

TEST(StandardPhrase, IsEmptyForAStatusWithoutOne) {
  EXPECT_EQ(standard_phrase(200), "OK");
  EXPECT_EQ(standard_phrase(299), "");
}

}  // namespace
}  // namespace recloser::net::http1
