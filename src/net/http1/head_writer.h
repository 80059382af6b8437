// Writes heads: the ones passed on, without what belongs to one connection, and our own.
#pragma once

#include "net/http1/head.h"
#include "net/http1/scan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::net::http1 {

// A header name written down in the program: checked when we are compiled.
class FieldName {
 public:
  consteval FieldName(const char* text) : text_(text) {  // NOLINT(google-explicit-constructor)
    if (text_.empty()) throw "a header name is not empty";
    for (char c : text_) {
      if (!scan::is_token_byte(c)) throw "a header name is a token";
    }
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// Appends one head to `out`, which the caller owns, clears and uses again. Nothing that is given
// can break out of its line: control bytes in values become spaces.
//
// Use: HeadWriter w(out); w.request_line("POST", {.base = "/v1", .path = "/messages"});
// w.field(Name::host, authority);
//      w.copy_fields(head, NameSet{Name::host, Name::x_api_key}); w.end(body);
class HeadWriter {
 public:
  explicit HeadWriter(std::string& out) : out_(out) {}

  // Both of printable ASCII without a space, as read or as written down by us.
  // The target comes in its parts, as "/v1", "/messages" and "beta=true".
  struct Target {
    std::string_view base;
    std::string_view path;
    std::string_view query;  // without its '?'; none when empty
  };
  void request_line(std::string_view method, const Target& target);
  void status_line(int status, std::string_view phrase);

  void field(FieldName name, std::string_view value) { write_field(name.text(), value); }
  void field(FieldName name, std::uint64_t value);
  void field(Name name, std::string_view value);
  void field(Name name, std::uint64_t value);
  // A name that was read or configured; it must be a token.
  void field_named(std::string_view name, std::string_view value);

  // The fields of `head`, byte for byte, but those in `drop`, those of one connection (hop_by_hop)
  // and those `Connection` names. Content-Length is copied unless it is in `drop`.
  void copy_fields(const Head& head, NameSet drop);

  // The framing of the body that will follow, and the blank line. A copied Content-Length must say
  // the same as `body`; with Body::none it may say anything (answers to HEAD, 304).
  void end(Body body);

 private:
  void write_field(std::string_view name, std::string_view value);

  std::string& out_;
  std::optional<std::uint64_t> content_length_;  // as written so far
};

// "OK" for 200; "" for a status without a registered phrase.
std::string_view standard_phrase(int status);

}  // namespace recloser::net::http1
