#include "net/http1/head.h"
#include "net/http1/http1_test_support.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::net::http1 {
namespace {

using namespace std::string_view_literals;
using test::read_every_way;

struct Case {
  std::string_view bytes;
  std::string_view result;
};

std::string request(std::string_view bytes) { return read_every_way<RequestHead>(bytes); }

TEST(RequestHead, AcceptsWithThisResult) {
  const Case cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / 1.1 @h body=none [Host: h] size=27"},
      {"POST /v1/messages?beta=true HTTP/1.1\r\nhost:api:80\r\ncontent-length:0012\r\n\r\nrest",
       "POST /v1/messages ?beta=true 1.1 @api:80 body=length:12 [host: api:80] "
       "[content-length: 0012] size=74"},
      {"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / 1.1 @h body=none [Host: h] size=29"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / 1.0 @ body=none close size=18"},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       "GET / 1.0 @ body=none [Connection: Keep-Alive] size=42"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n",
       "POST / 1.1 @h body=chunked [Host: h] [Transfer-Encoding: Chunked] size=56"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked \t\r\n\r\n",
       "POST / 1.1 @h body=chunked [Host: h] [Transfer-Encoding: chunked] size=58"},
      {"GET /a?b?c=/d HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /a ?b?c=/d 1.1 @h body=none [Host: h] size=35"},
      {"GET /%2e%2E/\"<>\\^`{|} HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /%2e%2E/\"<>\\^`{|} 1.1 @h body=none [Host: h] size=43"},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * 1.1 @h body=none [Host: h] size=31"},
      {"GET http://a.b/c?d HTTP/1.1\r\nHost: a.b\r\n\r\n",
       "GET /c ?d 1.1 @a.b body=none [Host: a.b] size=42"},
      {"GET HTTP://A.b:80 HTTP/1.1\r\nHost: a.B\r\n\r\n",
       "GET / 1.1 @A.b:80 body=none [Host: a.B] size=41"},
      {"GET https://a.b?q HTTP/1.1\r\nHost: a.b:443\r\n\r\n",
       "GET / ?q 1.1 @a.b body=none [Host: a.b:443] size=45"},
      {"GET http://a.b/ HTTP/1.0\r\n\r\n", "GET / 1.0 @a.b body=none close size=28"},
      {"GET / HTTP/1.1\r\nHost: [::1]:8787\r\n\r\n",
       "GET / 1.1 @[::1]:8787 body=none [Host: [::1]:8787] size=36"},
      {"M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n", "M-SEARCH / 1.1 @h body=none [Host: h] size=32"},
      // A value may be empty, hold tabs, spaces and bytes above 0x7f, and is trimmed at both ends.
      {"GET / HTTP/1.1\r\nHost: h\r\nA:\r\nB: \t \r\nC: \t x\ty \xff\x80 \t\r\n\r\n",
       "GET / 1.1 @h body=none [Host: h] [A: ] [B: ] [C: x\ty \xff\x80] size=53"},
      {"GET / HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n",
       "GET / 1.1 @h body=none [Host: h] [!#$%&'*+-.^_`|~09azAZ: x] size=53"},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\na: 2\r\nA : x"sv.substr(0, 37), "more"},
      {"GET / HTTP/1.1\r\nHost:   h  \r\nA:  b  c\r\nB: d \r\nC: \r\nD:\r\n\r\n",
       "GET / 1.1 @h body=none [Host: h] [A: b  c] [B: d] [C: ] [D: ] size=57"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a:b: c\r\n\r\n",
       "GET / 1.1 @h body=none [Host: h] [X: a:b: c] size=38"},
  };
  for (const Case& c : cases) EXPECT_EQ(request(c.bytes), c.result) << c.bytes;
}

TEST(RequestHead, ReadsWhatIsAskedOfTheConnection) {
  const Case cases[] = {
      {"Connection: close\r\n", "none close"},
      {"Connection: keep-alive, CLOSE\r\n", "none close"},
      {"Connection: , ,keep-alive,,\r\n", "none"},
      {"Connection: keep-alive\r\nConnection: close\r\n", "none close"},
      {"Connection: Upgrade\r\nUpgrade: websocket\r\n", "none websocket"},
      {"Connection: keep-alive, upgrade\r\nUpgrade: foo/2, WebSocket/13\r\n", "none websocket"},
      {"Upgrade: websocket\r\n", "none"},
      {"Connection: upgrade\r\nUpgrade: h2c, websockets\r\n", "none"},
      {"Expect: 100-Continue\r\nContent-Length: 1\r\n", "length:1 continue"},
      {"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "chunked continue"},
      {"Expect: 100-continue\r\nContent-Length: 0\r\n", "length:0"},
      {"Expect: 100-continue\r\n", "none"},
      {"Content-Length: 999999999999999999\r\n", "length:999999999999999999"},
  };
  for (const Case& c : cases) {
    std::string bytes("GET / HTTP/1.1\r\nHost: h\r\n");
    bytes.append(c.bytes).append("\r\n");
    std::string expected("GET / 1.1 @h body=");
    expected.append(c.result).append(" [Host: h]");
    EXPECT_TRUE(request(bytes).starts_with(expected)) << c.bytes << request(bytes);
  }
  // An HTTP/1.0 client knows neither of them.
  EXPECT_EQ(request("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: x\r\n\r\n"),
            "POST / 1.0 @ body=length:1 close [Content-Length: 1] [Expect: x] size=49");
  EXPECT_EQ(request("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            "GET / 1.0 @ body=none close [Connection: upgrade] [Upgrade: websocket] size=59");
}

TEST(RequestHead, RefusesAFirstLineWithThisReason) {
  const Case cases[] = {
      {"\x16\x03\x01\x02"sv, "tls_handshake"},
      {"\n", "bare_line_feed"},
      {"\rG", "bare_carriage_return"},
      {"\r\n\r\nGET / HTTP/1.1\r\n", "blank_lines"},
      {" GET / HTTP/1.1\r\n", "method_malformed"},
      {"get / HTTP/1.1\r\n", "method_malformed"},
      {"GET\t/ HTTP/1.1\r\n", "method_malformed"},
      {"G@T / HTTP/1.1\r\n", "method_malformed"},
      {"GET\r\n", "method_malformed"},
      {"GET \r\n", "target_malformed"},
      {"GET  / HTTP/1.1\r\n", "target_malformed"},
      {"GET /\t HTTP/1.1\r\n", "target_malformed"},
      {"GET /\xc3\xa4 HTTP/1.1\r\n", "target_malformed"},
      {"GET /a\x01 HTTP/1.1\r\n", "control_byte"},
      {"GET /a\0 HTTP/1.1\r\n"sv, "nul_byte"},
      {"GET /a#b HTTP/1.1\r\n", "target_fragment"},
      {"GET # HTTP/1.1\r\n", "target_fragment"},
      {"GET a/b HTTP/1.1\r\n", "target_form"},
      {"GET * HTTP/1.1\r\n", "target_form"},
      {"OPTIONS *x HTTP/1.1\r\n", "target_form"},
      {"GET ftp://h/ HTTP/1.1\r\n", "target_form"},
      {"GET http:/h/ HTTP/1.1\r\n", "target_form"},
      {"GET http:///p HTTP/1.1\r\n", "target_authority"},
      {"GET http://u@h/ HTTP/1.1\r\n", "target_authority"},
      {"GET http://h:x/ HTTP/1.1\r\n", "target_authority"},
      {"CONNECT h:443 HTTP/1.1\r\n", "connect_unsupported"},
      {"GET /\r\n", "version_malformed"},
      {"GET / \r\n", "version_malformed"},
      {"GET /  HTTP/1.1\r\n", "version_malformed"},
      {"GET / HTTP/1.1 \r\n", "version_malformed"},
      {"GET / http/1.1\r\n", "version_malformed"},
      {"GET / HTTP/1.10\r\n", "version_malformed"},
      {"GET / HTTP/11\r\n", "version_malformed"},
      {"GET / HTTP/x.1\r\n", "version_malformed"},
      {"GET / HTTP/1.2\r\n", "version_unsupported"},
      {"GET / HTTP/0.9\r\n", "version_unsupported"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version_unsupported"},
      {"GET / HTTP/1.1\n", "bare_line_feed"},
      {"GET / HTTP/1.1\rX", "bare_carriage_return"},
      {"GET / HTTP/1.1\r\r\n", "bare_carriage_return"},
  };
  for (const Case& c : cases) EXPECT_EQ(request(c.bytes), c.result) << c.bytes;
}

TEST(RequestHead, RefusesAFieldLineWithThisReason) {
  const Case cases[] = {
      {"Host: h\r\n X: y\r\n", "field_folded"},
      {"Host: h\r\nX: y\r\n\tz\r\n", "field_folded"},
      {" Host: h\r\n", "field_folded"},
      {"Host : h\r\n", "field_space_before_colon"},
      {"Host\t: h\r\n", "field_space_before_colon"},
      {"Host h\r\n", "field_name_malformed"},
      {"Host\r\n", "field_without_colon"},
      {": h\r\n", "field_name_empty"},
      {"A\x7f: b\r\n", "control_byte"},
      {"A\xff: b\r\n", "field_name_malformed"},
      {"A(: b\r\n", "field_name_malformed"},
      {"\"A\": b\r\n", "field_name_malformed"},
      {"A,B: b\r\n", "field_name_malformed"},
      {"A: b\x0b\r\n", "control_byte"},
      {"A: b\x1b\r\n", "control_byte"},
      {"A: b\x7f\r\n", "control_byte"},
      {"A: \0\r\n"sv, "nul_byte"},
      {"A: b\n", "bare_line_feed"},
      {"A: b\rC: d\r\n", "bare_carriage_return"},
      {"\rA: b\r\n", "bare_carriage_return"},
      {"A: b\r\n\n", "bare_line_feed"},
      {"A: b\r\n\r\r\n", "bare_carriage_return"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(request("GET / HTTP/1.1\r\n" + std::string(c.bytes)), c.result) << c.bytes;
  }
}

TEST(RequestHead, RefusesADoubtfulMessageWithThisReason) {
  const Case cases[] = {
      {"", "host_missing"},
      {"Host: a\r\nHost: a\r\n", "host_repeated"},
      {"Host:\r\n", "host_malformed"},
      {"Host: x/#@y\r\n", "host_malformed"},
      {"Host: a, b\r\n", "host_malformed"},
      {"Host: a b\r\n", "host_malformed"},
      {"Host: a:65536\r\n", "host_malformed"},
      {"Host: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n", "content_length_repeated"},
      {"Host: h\r\nContent-Length: 1\r\ncontent-LENGTH: 2\r\n", "content_length_repeated"},
      {"Host: h\r\nContent-Length: 1, 1\r\n", "content_length_list"},
      {"Host: h\r\nContent-Length: 1,\r\n", "content_length_list"},
      {"Host: h\r\nContent-Length:\r\n", "content_length_malformed"},
      {"Host: h\r\nContent-Length: +1\r\n", "content_length_malformed"},
      {"Host: h\r\nContent-Length: -1\r\n", "content_length_malformed"},
      {"Host: h\r\nContent-Length: 0x1\r\n", "content_length_malformed"},
      {"Host: h\r\nContent-Length: 1 1\r\n", "content_length_malformed"},
      {"Host: h\r\nContent-Length: 1.0\r\n", "content_length_malformed"},
      {"Host: h\r\nContent-Length: 1000000000000000000\r\n", "content_length_too_large"},
      {"Host: h\r\nContent-Length: 18446744073709551617\r\n", "content_length_too_large"},
      {"Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
       "transfer_encoding_repeated"},
      {"Host: h\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
       "transfer_encoding_repeated"},
      {"Host: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
       "length_and_transfer_encoding"},
      {"Host: h\r\nTransfer-Encoding: x\r\nContent-Length: 1\r\n", "length_and_transfer_encoding"},
      {"Host: h\r\nTransfer-Encoding:\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: chunked, chunked\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: chunked, gzip\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: ,chunked\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: chunked;q=1\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: \"chunked\"\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: chun ked\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nTransfer-Encoding: gzip, chunked\r\n", "transfer_encoding_unsupported"},
      {"Host: h\r\nTransfer-Encoding: identity\r\n", "transfer_encoding_unsupported"},
      {"Host: h\r\nTransfer-Encoding: xchunked\r\n", "transfer_encoding_unsupported"},
      {"Host: h\r\nTransfer-Encoding: \x80\r\n", "transfer_encoding_malformed"},
      {"Host: h\r\nConnection: a b\r\n", "connection_malformed"},
      {"Host: h\r\nConnection: close;x\r\n", "connection_malformed"},
      {"Host: h\r\nConnection: Content-Length\r\n", "connection_names_framing"},
      {"Host: h\r\nConnection: x, host\r\n", "connection_names_framing"},
      {"Host: h\r\nExpect: 200-ok\r\n", "expectation_unknown"},
      {"Host: h\r\nExpect: 100-continue, x\r\n", "expectation_unknown"},
  };
  for (const Case& c : cases) {
    std::string bytes("GET / HTTP/1.1\r\n");
    bytes.append(c.bytes).append("\r\n");
    EXPECT_EQ(request(bytes), c.result) << c.bytes;
  }
  EXPECT_EQ(request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "transfer_encoding_on_http10");
  EXPECT_EQ(request("GET / HTTP/1.0\r\nHost:\r\n\r\n"), "host_malformed");
  EXPECT_EQ(request("GET http://a/ HTTP/1.1\r\n\r\n"), "host_missing");
  EXPECT_EQ(request("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"), "host_conflict");
  EXPECT_EQ(request("GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n"), "host_conflict");
  EXPECT_EQ(request("GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n"), "host_conflict");
}

TEST(RequestHead, TakesItsLimitsAndNotOnePast) {
  auto with_target = [](std::size_t line_size) {
    std::string line = "GET /";
    line.append(line_size - line.size() - "\x20HTTP/1.1\r\n"sv.size(), 'a');
    return line + " HTTP/1.1\r\n";
  };
  auto read = [](const std::string& bytes) {
    RequestHead head;
    Progress progress = head.read(bytes);
    if (progress == Progress::complete) return std::string("complete");
    return std::string(progress == Progress::more ? "more" : name(head.reason()));
  };
  const std::string host = "Host: h\r\n";
  std::size_t max = limits::head_bytes_max;
  EXPECT_EQ(read(with_target(max - host.size() - 2) + host + "\r\n"), "complete");
  EXPECT_EQ(read(with_target(max - host.size() - 1) + host + "\r\n"), "head_too_large");
  EXPECT_EQ(read(with_target(max)), "head_too_large");
  EXPECT_EQ(read(with_target(max).substr(0, max - 1)), "more");
  EXPECT_EQ(read(with_target(max + 1)), "request_line_too_long");
  EXPECT_EQ(read("\r\n" + with_target(max)), "request_line_too_long");

  auto with_name = [&](std::size_t size) {
    return "GET / HTTP/1.1\r\n" + host + std::string(size, 'n') + ": v\r\n\r\n";
  };
  EXPECT_EQ(read(with_name(limits::field_name_bytes_max)), "complete");
  EXPECT_EQ(read(with_name(limits::field_name_bytes_max + 1)), "field_name_too_long");

  auto with_fields = [&](std::size_t count) {
    std::string bytes = "GET / HTTP/1.1\r\n" + host;
    for (std::size_t i = 1; i < count; ++i) bytes += "a:\r\n";
    return bytes + "\r\n";
  };
  EXPECT_EQ(read(with_fields(limits::header_fields_max)), "complete");
  EXPECT_EQ(read(with_fields(limits::header_fields_max + 1)), "fields_too_many");

  auto with_options = [&](std::size_t bytes) {
    return "GET / HTTP/1.1\r\n" + host +
           "Connection: x\r\nConnection: " + std::string(bytes - 1, 'y') + "\r\n\r\n";
  };
  EXPECT_EQ(read(with_options(limits::connection_bytes_max)), "complete");
  EXPECT_EQ(read(with_options(limits::connection_bytes_max + 1)), "connection_too_long");
}

TEST(RequestHead, RefusesTheSameWayWhereverAnOversizedHeadIsSplit) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
  bytes.append(limits::head_bytes_max, 'x');
  for (std::size_t split = 0; split <= bytes.size(); split += 977) {
    EXPECT_EQ(test::read_in_pieces<RequestHead>(bytes, {split, bytes.size()}), "head_too_large");
  }
}

TEST(RequestHead, SaysTheSameAgainOnceItIsDone) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestHead head;
  EXPECT_EQ(head.read(bytes), Progress::complete);
  EXPECT_EQ(head.read(bytes + "more"), Progress::complete);
  EXPECT_EQ(head.size(), bytes.size());

  RequestHead refused;
  EXPECT_EQ(refused.read("\n"), Progress::refused);
  EXPECT_EQ(refused.read(bytes), Progress::refused);
  EXPECT_EQ(refused.reason(), Reason::bare_line_feed);
}

TEST(RequestHead, FindsFieldsByNameAndFollowsAMovedBuffer) {
  std::string bytes =
      "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: one\r\nx-api-key: two\r\nOdd: 3\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(head.read(bytes), Progress::complete);
  EXPECT_EQ(head.find(Name::x_api_key), "one");
  EXPECT_EQ(head.find("X-api-key"), "one");
  EXPECT_EQ(head.find("oDD"), "3");
  EXPECT_EQ(head.find("od"), std::nullopt);
  EXPECT_EQ(head.find(Name::authorization), std::nullopt);
  EXPECT_TRUE(head.repeated(Name::x_api_key));
  EXPECT_FALSE(head.repeated(Name::host));

  std::string moved = bytes;
  bytes.assign(bytes.size(), '#');
  head.moved_to(moved.data());
  EXPECT_EQ(head.find("odd"), "3");
  EXPECT_EQ(head.lines(1, 3), "X-API-Key: one\r\nx-api-key: two\r\n");
  EXPECT_EQ(head.lines(3, 4), "Odd: 3\r\n");
  EXPECT_EQ(head.lines(4, 4), "");
}

TEST(RequestHead, ReadsPipelinedRequestsOneAfterTheOther) {
  std::string_view bytes =
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
  RequestHead first;
  ASSERT_EQ(first.read(bytes), Progress::complete);
  bytes.remove_prefix(first.size() + first.body().bytes);
  RequestHead second;
  ASSERT_EQ(second.read(bytes), Progress::complete);
  EXPECT_EQ(second.path(), "/2");
  EXPECT_EQ(second.size(), bytes.size());
}

TEST(RequestHead, FitsWhereItIsMeantToBe) { EXPECT_LE(sizeof(RequestHead), 1152u); }

}  // namespace
}  // namespace recloser::net::http1
