#include "net/http1/head_writer.h"

#include "core/check.h"
#include "net/http1/scan.h"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace recloser::net::http1 {
namespace {

// Nothing in text[from, end) may end its line.
void clean(char* text, std::size_t from, std::size_t end) {
  for (std::size_t at = from; (at = scan::find_control(text, at, end)) < end;) text[at] = ' ';
}

char* copy(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());  // a view of nothing has no address
  return to + text.size();
}

// Grows `out` once by what the parts need together, in place where it has the room.
template <class... Parts>
void append(std::string& out, const Parts&... parts) {
  std::size_t begin = out.size();
  std::size_t bytes = begin + (parts.size() + ...);
  // libstdc++ 12 gives the capacity for the second argument, so it is not asked.
  out.resize_and_overwrite(bytes, [&](char* text, std::size_t) {
    char* to = text + begin;
    ((to = copy(to, parts)), ...);
    return bytes;
  });
}

// For a method or a target, where a space would end it too.
bool is_one_word(std::string_view text) {
  bool ends_it = false;
  for (char c : text) ends_it |= c <= ' ' || c == 0x7f;
  return !text.empty() && !ends_it;
}

class Digits {
 public:
  explicit Digits(std::uint64_t value)
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr) {}
  std::string_view text() const { return {text_.data(), end_}; }

 private:
  std::array<char, 20> text_;
  char* end_;
};

constexpr std::array phrases{
    std::pair{100, "Continue"},
    std::pair{200, "OK"},
    std::pair{201, "Created"},
    std::pair{202, "Accepted"},
    std::pair{204, "No Content"},
    std::pair{400, "Bad Request"},
    std::pair{401, "Unauthorized"},
    std::pair{402, "Payment Required"},
    std::pair{403, "Forbidden"},
    std::pair{404, "Not Found"},
    std::pair{405, "Method Not Allowed"},
    std::pair{408, "Request Timeout"},
    std::pair{409, "Conflict"},
    std::pair{413, "Content Too Large"},
    std::pair{414, "URI Too Long"},
    std::pair{415, "Unsupported Media Type"},
    std::pair{417, "Expectation Failed"},
    std::pair{422, "Unprocessable Content"},
    std::pair{426, "Upgrade Required"},
    std::pair{429, "Too Many Requests"},
    std::pair{431, "Request Header Fields Too Large"},
    std::pair{499, "Client Closed Request"},
    std::pair{500, "Internal Server Error"},
    std::pair{501, "Not Implemented"},
    std::pair{502, "Bad Gateway"},
    std::pair{503, "Service Unavailable"},
    std::pair{504, "Gateway Timeout"},
    std::pair{505, "HTTP Version Not Supported"},
    std::pair{508, "Loop Detected"},
    std::pair{529, "Overloaded"},
};

}  // namespace

void HeadWriter::request_line(std::string_view method, const Target& target) {
  std::size_t begin = out_.size() + method.size() + 1;
  append(out_, method, std::string_view(" "), target.base, target.path,
         std::string_view(target.query.empty() ? "" : "?"), target.query);
  CHECK(scan::is_token(method) && is_one_word(std::string_view(out_).substr(begin)));
  out_ += " HTTP/1.1\r\n";
}

void HeadWriter::status_line(int status, std::string_view phrase) {
  CHECK(status >= 100 && status <= 599);
  Digits digits(static_cast<std::uint64_t>(status));
  std::size_t begin = out_.size();
  append(out_, std::string_view("HTTP/1.1 "), digits.text(), std::string_view(" "), phrase,
         std::string_view("\r\n"));
  clean(out_.data(), begin, out_.size() - 2);
}

void HeadWriter::field_named(std::string_view name, std::string_view value) {
  CHECK(scan::is_token(name), "a header name is checked where it enters the program");
  write_field(name, value);
}

void HeadWriter::field(Name name, std::string_view value) {
  CHECK(!stands_for_many(name), "this is no header name of its own");
  write_field(text(name), value);
}

void HeadWriter::write_field(std::string_view name, std::string_view value) {
  std::size_t begin = out_.size();
  std::size_t bytes = begin + name.size() + value.size() + 4;
  out_.resize_and_overwrite(bytes, [&](char* text, std::size_t) {
    char* to = copy(text + begin, name);
    *to++ = ':';
    *to++ = ' ';
    char* end = copy(to, value);
    clean(to, 0, value.size());
    end[0] = '\r';
    end[1] = '\n';
    return bytes;
  });
}

void HeadWriter::field(FieldName name, std::uint64_t value) {
  write_field(name.text(), Digits(value).text());
}

void HeadWriter::field(Name name, std::uint64_t value) {
  CHECK(!stands_for_many(name), "this is no header name of its own");
  write_field(text(name), Digits(value).text());
  if (name == Name::content_length) content_length_ = value;
}

void HeadWriter::copy_fields(const Head& head, NameSet drop) {
  drop = drop | hop_by_hop;
  std::size_t count = head.field_count();
  std::size_t run = 0;  // fields [run, i) are kept and not yet copied: they lie side by side
  for (std::size_t i = 0; i < count; ++i) {
    bool dropped = drop.has(head.known(i)) ||
                   (head.connection_names_fields() && head.connection_names(head.field(i).name));
    if (!dropped) continue;
    out_.append(head.lines(run, i));
    run = i + 1;
  }
  out_.append(head.lines(run, count));
  if (head.has(Name::content_length) && !drop.has(Name::content_length)) {
    content_length_ = head.content_length();
  }
}

void HeadWriter::end(Body body) {
  if (body.kind == Body::Kind::length) {
    if (!content_length_) field(Name::content_length, body.bytes);
    CHECK(content_length_ == body.bytes, "a head announces the body that follows it");
  } else if (body.kind == Body::Kind::chunked) {
    CHECK(!content_length_, "a chunked body has no length");
    field(Name::transfer_encoding, "chunked");
  } else if (body.kind == Body::Kind::until_close) {
    CHECK(!content_length_, "a body until the close has no length");
  }
  out_.append("\r\n");
}

std::string_view standard_phrase(int status) {
  for (const auto& [known, phrase] : phrases) {
    if (known == status) return phrase;
  }
  return "";
}

}  // namespace recloser::net::http1
