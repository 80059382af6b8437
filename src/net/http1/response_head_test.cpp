#include "net/http1/head.h"
#include "net/http1/http1_test_support.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

using namespace std::string_view_literals;

struct Case {
  std::string_view bytes;
  std::string_view result;
};

std::string response(std::string_view bytes) { return test::read_every_way<ResponseHead>(bytes); }

TEST(ResponseHead, AcceptsWithThisResult) {
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
       "200 'OK' 1.1 body=length:5 [Content-Length: 5] size=38"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       "200 'OK' 1.1 body=chunked [Transfer-Encoding: chunked] size=47"},
      {"HTTP/1.1 200 OK\r\n\r\n", "200 'OK' 1.1 body=until-close close size=19"},
      {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
       "200 'OK' 1.1 body=until-close close [Connection: keep-alive] size=43"},
      {"HTTP/1.1 429 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
       "429 '' 1.1 body=length:0 close [Content-Length: 0] [Connection: close] size=55"},
      {"HTTP/1.1 429\r\nContent-Length: 0\r\n\r\n",
       "429 '' 1.1 body=length:0 [Content-Length: 0] size=35"},
      {"HTTP/1.1 404 Not  Found \t\xe4\r\ncontent-length: 0\r\n\r\n",
       "404 'Not  Found \t\xe4' 1.1 body=length:0 [content-length: 0] size=49"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
       "200 'OK' 1.0 body=length:1 close [Content-Length: 1] size=38"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n",
       "200 'OK' 1.0 body=length:1 [Content-Length: 1] [Connection: keep-alive] size=62"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "100 'Continue' 1.1 body=none interim size=25"},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200",
       "103 'Early Hints' 1.1 body=none interim [Link: x] size=37"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
       "204 'No Content' 1.1 body=none [Content-Length: 0] size=46"},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
       "304 'Not Modified' 1.1 body=none [Content-Length: 7] size=48"},
      {"HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n",
       "200 'OK' 1.1 body=chunked [Connection: Transfer-Encoding] [Transfer-Encoding: chunked] "
       "size=78"},
      {"HTTP/1.1 200 O", "more"},
  };
  for (const Case& c : cases) EXPECT_EQ(response(c.bytes), c.result) << c.bytes;
}

TEST(ResponseHead, RefusesWithThisReason) {
  const Case cases[] = {
      {"\x15\x03\x01"sv, "tls_alert"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "status_line_malformed"},
      {"HTTP/1.1 \r\n", "status_line_malformed"},
      {"HTTP/1.1  200 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1 20 OK!\r\n", "status_line_malformed"},
      {"HTTP/1.1 2000 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1 099 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1 600 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1 2x0 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1 -20 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1\t200 OK\r\n", "status_line_malformed"},
      {"HTTP/1.1 200\tOK\r\n", "status_line_malformed"},
      {"http/1.1 200 OK\r\n", "status_line_malformed"},
      {"ICY 200 OK 1234\r\n", "status_line_malformed"},
      {"<html><body>no</body>\r\n", "status_line_malformed"},
      {"HTTP/x.1 200 OK\r\n", "status_line_malformed"},
      {"HTTP/2.0 200 OK\r\n", "version_unsupported"},
      {"HTTP/1.2 200 OK\r\n", "version_unsupported"},
      {"HTTP/1.1 200 O\0K\r\n"sv, "nul_byte"},
      {"HTTP/1.1 200 OK\n", "bare_line_feed"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "field_folded"},
      {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "field_space_before_colon"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       "length_and_transfer_encoding"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
       "content_length_repeated"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "content_length_list"},
      {"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", "content_length_malformed"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       "transfer_encoding_unsupported"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding_on_http10"},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n", "body_not_allowed"},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "body_not_allowed"},
      {"HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n", "body_not_allowed"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "upgrade_not_asked_for"},
  };
  for (const Case& c : cases) EXPECT_EQ(response(c.bytes), c.result) << c.bytes;
}

TEST(ResponseHead, FramesByTheMethodThatWasAsked) {
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  ResponseHead head;
  ASSERT_EQ(head.read(bytes), Progress::complete);
  EXPECT_EQ(head.body(Method::head), Body::none());
  EXPECT_EQ(head.body(Method::get), Body::length(5));
  EXPECT_EQ(head.content_length(), 5u);

  // Without a length only the answer to HEAD has an end of its own.
  std::string open = "HTTP/1.1 200 OK\r\n\r\n";
  ResponseHead endless;
  ASSERT_EQ(endless.read(open), Progress::complete);
  EXPECT_TRUE(endless.keep_alive(Method::head));
  EXPECT_FALSE(endless.keep_alive(Method::get));
}

TEST(ResponseHead, TakesTheLimitOfAHeadAndNotOnePast) {
  auto result = [](std::size_t size) {
    std::string bytes = "HTTP/1.1 200 OK\r\nA: ";
    bytes.append(size - bytes.size() - 4, 'x').append("\r\n\r\n");
    ResponseHead head;
    return head.read(bytes) == Progress::complete ? "complete" : name(head.reason());
  };
  EXPECT_EQ(result(limits::head_bytes_max), "complete");
  EXPECT_EQ(result(limits::head_bytes_max + 1), "head_too_large");
}

}  // namespace
}  // namespace recloser::net::http1
