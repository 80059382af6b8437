#include "core/ascii.h"
#include "net/http1/head.h"
#include "net/http1/scan.h"
#include "net/http1/target.h"

#include <array>

namespace recloser::net::http1 {
namespace {

// Methods are case-sensitive and every registered one is of capitals and '-'; anything else is a
// mistake or not HTTP.
constexpr bool is_method_byte(char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; }

Method method_of(std::string_view text) {
  switch (text.front()) {
    case 'P':
      if (text == "POST") return Method::post;
      if (text == "PUT") return Method::put;
      return text == "PATCH" ? Method::patch : Method::other;
    case 'G':
      return text == "GET" ? Method::get : Method::other;
    case 'H':
      return text == "HEAD" ? Method::head : Method::other;
    case 'D':
      return text == "DELETE" ? Method::delete_ : Method::other;
    case 'O':
      return text == "OPTIONS" ? Method::options : Method::other;
    case 'T':
      return text == "TRACE" ? Method::trace : Method::other;
    default:
      return Method::other;
  }
}

Reason version_fault(std::string_view text) {
  bool well_formed = text.size() == 8 && text.starts_with("HTTP/") && ascii::is_digit(text[5]) &&
                     text[6] == '.' && ascii::is_digit(text[7]);
  return well_formed ? Reason::version_unsupported : Reason::version_malformed;
}

}  // namespace

Progress RequestHead::read(std::string_view buffer) {
  if (stage_ == Stage::complete || stage_ == Stage::refused) return progress();
  for (Line line; next_line(buffer, line);) {
    Reason reason = Reason::none;
    if (stage_ == Stage::first_line) {
      reason = read_first_line(line);
    } else if (line.size() > 0) {
      reason = take_field(buffer, line);
    } else {
      reason = finish();
      if (reason == Reason::none) stage_ = Stage::complete;
    }
    if (reason != Reason::none) return refuse(reason);
    if (stage_ == Stage::complete) break;
    if (stage_ == Stage::fields) take_plain_fields(buffer);
  }
  return progress();
}

Reason RequestHead::read_first_line(Line line) {
  if (line.size() == 0) {
    // RFC 9112 2.2: old clients send one CR LF too many after a body.
    if (blank_line_skipped_) return Reason::blank_lines;
    blank_line_skipped_ = true;
    return Reason::none;
  }
  std::size_t at = line.begin;
  while (at < line.end && is_method_byte(bytes_[at])) ++at;
  if (at == line.begin || at == line.end || bytes_[at] != ' ') return Reason::method_malformed;
  method_at_ = static_cast<std::uint16_t>(line.begin);
  method_size_ = static_cast<std::uint16_t>(at - line.begin);
  method_ = method_of(method_text());

  std::size_t target = at + 1;
  at = scan::target_end(bytes_, target, line.end);
  if (at < line.end && bytes_[at] == '#') return Reason::target_fragment;
  if (at < line.end && bytes_[at] != ' ') return Reason::target_malformed;
  if (at == target) return Reason::target_malformed;
  target_at_ = static_cast<std::uint16_t>(target);
  target_size_ = static_cast<std::uint16_t>(at - target);

  if (at == line.end) return Reason::version_malformed;
  std::string_view version = view(at + 1, line.end - at - 1);
  if (version == "HTTP/1.0") {
    version_minor_ = 0;
  } else if (version != "HTTP/1.1") {
    return version_fault(version);
  }
  stage_ = Stage::fields;
  return read_target();
}

Reason RequestHead::read_target() {
  std::string_view text = target();
  if (method_text() == "CONNECT") return Reason::connect_unsupported;
  if (text.front() == '/') {
    split_path(target_at_, target_at_ + target_size_);
    return Reason::none;
  }
  if (text == "*") {
    path_at_ = target_at_;
    path_size_ = 1;
    return method_ == Method::options ? Reason::none : Reason::target_form;
  }
  return read_address(text);
}

// http://host:port/path?query, as a client sends it that takes us for its proxy.
Reason RequestHead::read_address(std::string_view text) {
  https_ = ascii::starts_with_ignoring_case(text, "https://");
  if (!https_ && !ascii::starts_with_ignoring_case(text, "http://")) return Reason::target_form;
  std::size_t begin = https_ ? 8 : 7;
  std::size_t end = std::min(text.find_first_of("/?", begin), text.size());
  if (!read_authority(text.substr(begin, end - begin))) return Reason::target_authority;
  authority_at_ = static_cast<std::uint16_t>(target_at_ + begin);
  authority_size_ = static_cast<std::uint16_t>(end - begin);
  split_path(target_at_ + end, target_at_ + target_size_);
  return Reason::none;
}

void RequestHead::split_path(std::size_t at, std::size_t end) {
  std::string_view text = view(at, end - at);
  std::size_t path_size = std::min(text.find('?'), text.size());
  path_at_ = static_cast<std::uint16_t>(at);
  path_size_ = static_cast<std::uint16_t>(path_size);
  if (path_size == text.size()) return;
  query_at_ = static_cast<std::uint16_t>(at + path_size + 1);
  query_size_ = static_cast<std::uint16_t>(text.size() - path_size - 1);
}

Reason RequestHead::finish() {
  Reason reason = read_host();
  if (reason == Reason::none) reason = read_framing();
  if (reason == Reason::none) reason = read_connection();
  if (reason == Reason::none) reason = read_expect();
  if (reason == Reason::none) read_upgrade();
  return reason;
}

Reason RequestHead::read_host() {
  if (!has(Name::host)) return version_minor_ == 0 ? Reason::none : Reason::host_missing;
  if (repeated(Name::host)) return Reason::host_repeated;
  std::string_view text = *find(Name::host);
  std::optional<Authority> host = read_authority(text);
  if (!host) return Reason::host_malformed;
  if (authority_size_ == 0) {
    authority_at_ = static_cast<std::uint16_t>(text.data() - bytes_);
    authority_size_ = static_cast<std::uint16_t>(text.size());
    return Reason::none;
  }
  // RFC 9112 3.2.2 would have us forget the Host; a difference is refused, since whoever looked at
  // the other one of the two before us decided about another host.
  std::optional<Authority> target = read_authority(authority());
  bool same = target && same_authority(*target, *host, https_ ? "443" : "80");
  return same ? Reason::none : Reason::host_conflict;
}

Reason RequestHead::read_expect() {
  if (version_minor_ == 0) return Reason::none;  // RFC 9110 10.1.1: to be ignored
  return each_listed(Name::expect, [this](std::string_view expectation) {
    if (!ascii::equal_ignoring_case(expectation, "100-continue")) {
      return Reason::expectation_unknown;
    }
    expects_continue_ = !body().empty();
    return Reason::none;
  });
}

void RequestHead::read_upgrade() {
  if (version_minor_ == 0 || !connection_upgrade_) return;
  each_listed(Name::upgrade, [this](std::string_view protocol) {
    std::string_view name = protocol.substr(0, protocol.find('/'));
    if (ascii::equal_ignoring_case(name, "websocket")) asks_for_websocket_ = true;
    return Reason::none;
  });
}

std::string_view RequestHead::path() const {
  return path_size_ == 0 ? "/" : view(path_at_, path_size_);
}

Body RequestHead::body() const {
  if (chunked_) return Body::chunked();
  return has(Name::content_length) ? Body::length(content_length_) : Body::none();
}

bool RequestHead::keep_alive() const {
  if (connection_close_) return false;
  return version_minor_ == 1 || connection_keep_alive_;
}

}  // namespace recloser::net::http1
