#include "net/http1/reason.h"

#include "core/check.h"

#include <array>
#include <cstddef>
#include <string>

namespace recloser::net::http1 {
namespace {

struct Entry {
  Reason reason;
  int status;
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array entries{
    Entry{Reason::none, 200, "none", "nothing is wrong with it"},
    Entry{Reason::tls_handshake, 400, "tls_handshake",
          "this is a TLS handshake and the port speaks plain HTTP; use an http:// address"},
    Entry{Reason::tls_alert, 400, "tls_alert",
          "this is a TLS alert: the other side speaks TLS where plain HTTP was tried; use an "
          "https:// address"},
    Entry{Reason::bare_carriage_return, 400, "bare_carriage_return",
          "a carriage return stands without a line feed after it; end each line with CR LF"},
    Entry{Reason::bare_line_feed, 400, "bare_line_feed",
          "a line feed stands without a carriage return before it; end each line with CR LF"},
    Entry{Reason::nul_byte, 400, "nul_byte", "there is a NUL byte in a line; remove it"},
    Entry{Reason::control_byte, 400, "control_byte",
          "there is a control byte in a line; only a tab may stand in a field value"},
    Entry{Reason::blank_lines, 400, "blank_lines",
          "there are blank lines before the first line; begin with the first line"},
    Entry{Reason::method_malformed, 400, "method_malformed",
          "the line does not begin with a method of capital letters and one space"},
    Entry{Reason::connect_unsupported, 501, "connect_unsupported",
          "CONNECT asks for a tunnel and this is not a forward proxy; use the base URL instead"},
    Entry{Reason::target_malformed, 400, "target_malformed",
          "the request target is empty or has a byte that must be percent-encoded"},
    Entry{Reason::target_fragment, 400, "target_fragment",
          "the request target has a fragment; leave out the # and what follows it"},
    Entry{Reason::target_form, 400, "target_form",
          "the request target is neither a path beginning with / nor an http address "
          "(and * goes with OPTIONS only)"},
    Entry{Reason::target_authority, 400, "target_authority",
          "the host of the address in the request line is malformed; write host or host:port"},
    Entry{Reason::version_malformed, 400, "version_malformed",
          "the request line does not end with one space and HTTP/1.1"},
    Entry{Reason::version_unsupported, 505, "version_unsupported",
          "the HTTP version is not one that is spoken here; use HTTP/1.1"},
    Entry{Reason::status_line_malformed, 400, "status_line_malformed",
          "the first line is not an HTTP/1 status line"},
    Entry{Reason::field_folded, 400, "field_folded",
          "a header line begins with white space (a folded line); put the value on one line"},
    Entry{Reason::field_without_colon, 400, "field_without_colon",
          "a header line has no colon; write name: value"},
    Entry{Reason::field_name_empty, 400, "field_name_empty",
          "a header line begins with its colon; write name: value"},
    Entry{Reason::field_name_malformed, 400, "field_name_malformed",
          "a header name has a byte that no name may hold; use letters, digits and -"},
    Entry{Reason::field_space_before_colon, 400, "field_space_before_colon",
          "white space stands between a header name and its colon; remove it"},
    Entry{Reason::field_name_too_long, 431, "field_name_too_long",
          "a header name is longer than 255 bytes"},
    Entry{Reason::request_line_too_long, 414, "request_line_too_long",
          "the request line is longer than 32 KiB"},
    Entry{Reason::head_too_large, 431, "head_too_large",
          "the first line and the headers together are larger than 32 KiB; send fewer or shorter "
          "headers"},
    Entry{Reason::fields_too_many, 431, "fields_too_many",
          "there are more than 128 header lines; send fewer"},
    Entry{Reason::host_missing, 400, "host_missing",
          "there is no Host header; HTTP/1.1 requires one"},
    Entry{Reason::host_repeated, 400, "host_repeated",
          "there is more than one Host header; send one"},
    Entry{Reason::host_malformed, 400, "host_malformed",
          "the Host header is not a host name or address with an optional port"},
    Entry{Reason::host_conflict, 400, "host_conflict",
          "the Host header names another host than the address in the request line"},
    Entry{Reason::content_length_repeated, 400, "content_length_repeated",
          "there is more than one Content-Length header; send one"},
    Entry{Reason::content_length_list, 400, "content_length_list",
          "the Content-Length header holds a list; send one number"},
    Entry{Reason::content_length_malformed, 400, "content_length_malformed",
          "the Content-Length header is not a number of decimal digits"},
    Entry{Reason::content_length_too_large, 400, "content_length_too_large",
          "the Content-Length header is larger than any body can be"},
    Entry{Reason::transfer_encoding_repeated, 400, "transfer_encoding_repeated",
          "there is more than one Transfer-Encoding header; send one"},
    Entry{Reason::transfer_encoding_malformed, 400, "transfer_encoding_malformed",
          "the Transfer-Encoding header is malformed; the one value understood is chunked"},
    Entry{
        Reason::transfer_encoding_unsupported, 501, "transfer_encoding_unsupported",
        "the Transfer-Encoding header names another coding than chunked; send the body chunked or "
        "with a Content-Length"},
    Entry{Reason::transfer_encoding_on_http10, 400, "transfer_encoding_on_http10",
          "an HTTP/1.0 message has a Transfer-Encoding header; use HTTP/1.1 or a Content-Length"},
    Entry{Reason::length_and_transfer_encoding, 400, "length_and_transfer_encoding",
          "there are both a Content-Length and a Transfer-Encoding header; send one of them"},
    Entry{Reason::connection_malformed, 400, "connection_malformed",
          "the Connection header is not a list of names"},
    Entry{Reason::connection_too_long, 431, "connection_too_long",
          "the Connection headers are longer than 512 bytes"},
    Entry{
        Reason::connection_names_framing, 400, "connection_names_framing",
        "the Connection header names Host or Content-Length, which every server on the way needs"},
    Entry{Reason::expectation_unknown, 417, "expectation_unknown",
          "the Expect header asks for something else than 100-continue"},
    Entry{Reason::body_not_allowed, 400, "body_not_allowed",
          "a status that has no body (1xx or 204) came with the length of one"},
    Entry{Reason::upgrade_not_asked_for, 400, "upgrade_not_asked_for",
          "the protocol was switched (status 101) although nobody asked for it"},
    Entry{Reason::chunk_size_malformed, 400, "chunk_size_malformed",
          "a chunk does not begin with its size in hexadecimal digits"},
    Entry{Reason::chunk_size_too_large, 400, "chunk_size_too_large",
          "the size of a chunk is larger than any body can be"},
    Entry{Reason::chunk_extension_too_long, 400, "chunk_extension_too_long",
          "the extension after a chunk size is longer than 256 bytes"},
    Entry{Reason::chunk_end_missing, 400, "chunk_end_missing",
          "the bytes of a chunk are not followed by CR LF: its size is wrong"},
    Entry{Reason::trailers_too_large, 431, "trailers_too_large",
          "the trailer lines after the last chunk are larger than 8 KiB"},
    Entry{Reason::body_truncated, 400, "body_truncated",
          "the connection closed before the end of the body"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].reason != static_cast<Reason>(i)) return false;
  }
  return entries.size() == static_cast<std::size_t>(last_reason) + 1;
}
static_assert(in_order(), "one entry per reason, in the order of the enum");

const Entry& entry(Reason reason) {
  CHECK(reason <= last_reason);
  return entries[static_cast<std::size_t>(reason)];
}

Kind kind(Reason reason) {
  if (reason == Reason::body_truncated) return Kind::closed;
  switch (entry(reason).status) {
    case 414:
    case 431:
      return Kind::too_large;
    case 417:
    case 501:
    case 505:
      return Kind::unsupported;
    default:
      return Kind::malformed;
  }
}

}  // namespace

std::string_view name(Reason reason) { return entry(reason).name; }
std::string_view sentence(Reason reason) { return entry(reason).sentence; }
int status(Reason reason) { return entry(reason).status; }

std::string_view fault(Reason reason) {
  std::string_view all = sentence(reason);
  return all.substr(0, all.find("; "));
}

Error error(Reason reason, Side side) {
  std::string_view text = side == Side::client ? sentence(reason) : fault(reason);
  return Error(side, kind(reason), std::string(text));
}

}  // namespace recloser::net::http1
