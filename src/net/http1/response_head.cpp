#include "core/ascii.h"
#include "net/http1/head.h"

namespace recloser::net::http1 {
namespace {

constexpr int switching_protocols = 101;
constexpr int no_content = 204;
constexpr int not_modified = 304;

}  // namespace

Progress ResponseHead::read(std::string_view buffer) {
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

// "HTTP/1.1 200 OK". The space before a phrase that is left out is left out too by some servers,
// and nothing can be mistaken for it.
Reason ResponseHead::read_first_line(Line line) {
  std::string_view text = view(line.begin, line.size());
  if (text.size() < 12 || !text.starts_with("HTTP/")) return Reason::status_line_malformed;
  std::string_view version = text.substr(5, 3);
  if (!ascii::is_digit(version[0]) || version[1] != '.' || !ascii::is_digit(version[2])) {
    return Reason::status_line_malformed;
  }
  if (version != "1.1" && version != "1.0") return Reason::version_unsupported;
  version_minor_ = version == "1.1" ? 1 : 0;

  std::string_view digits = text.substr(9, 3);
  bool is_status = text[8] == ' ' && digits[0] >= '1' && digits[0] <= '5' &&
                   ascii::is_digit(digits[1]) && ascii::is_digit(digits[2]);
  if (!is_status || (text.size() > 12 && text[12] != ' ')) return Reason::status_line_malformed;
  status_ = static_cast<std::uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 +
                                       (digits[2] - '0'));
  if (text.size() > 13) {
    phrase_at_ = static_cast<std::uint16_t>(line.begin + 13);
    phrase_size_ = static_cast<std::uint16_t>(text.size() - 13);
  }
  stage_ = Stage::fields;
  return Reason::none;
}

Reason ResponseHead::finish() {
  Reason reason = read_framing();
  if (reason == Reason::none) reason = read_connection();
  if (reason != Reason::none) return reason;
  if (status_ == switching_protocols) return Reason::upgrade_not_asked_for;
  // Whoever frames a body where none can be would be read differently by others.
  bool bodiless = interim() || status_ == no_content;
  if (bodiless && (chunked_ || content_length_ > 0)) return Reason::body_not_allowed;
  return Reason::none;
}

Body ResponseHead::body(Method requested) const {
  if (requested == Method::head || interim() || status_ == no_content || status_ == not_modified) {
    return Body::none();
  }
  if (chunked_) return Body::chunked();
  return has(Name::content_length) ? Body::length(content_length_) : Body::until_close();
}

bool ResponseHead::keep_alive(Method requested) const {
  if (connection_close_ || body(requested).kind == Body::Kind::until_close) return false;
  return version_minor_ == 1 || connection_keep_alive_;
}

}  // namespace recloser::net::http1
