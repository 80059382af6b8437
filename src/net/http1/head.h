// The heads of HTTP/1.1 messages, read strictly and in place: views into the caller's buffer, no
// allocation, and each byte looked at once however it arrives.
#pragma once

#include "net/http1/body.h"
#include "net/http1/field_line.h"
#include "net/http1/list.h"
#include "net/http1/names.h"
#include "net/http1/reason.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::net::http1 {

enum class Progress : std::uint8_t {
  more,      // nothing is wrong so far; read again when there are more bytes
  complete,  // the head is read and the message is framed without doubt
  refused,   // reason() says why; nothing after it on this connection can be trusted
};

struct Field {
  Name known;
  std::string_view name;   // as sent
  std::string_view value;  // without white space around it; may be empty
};

// What requests and responses share. A head is about 1 KiB: keep one per worker, or on the stack of
// plain code, not in a frame that lives as long as a stream.
//
// Use: RequestHead head; head.read(buffer) with all bytes since the head began, again with the same
// bytes and more behind them until it is not `more`. The views point into the buffer last given; a
// buffer that moved since is told with moved_to(). For the next message assign a new one:
// head = RequestHead(); costs a few stores.
class Head {
 public:
  Reason reason() const { return reason_; }

  // As it came, the blank line included. Once complete.
  std::string_view bytes() const { return view(0, size()); }

  // Bytes of the buffer that the head takes, the blank line included. Once complete.
  std::size_t size() const { return line_; }

  std::size_t field_count() const { return fields_.size(); }
  Field field(std::size_t index) const;
  Name known(std::size_t index) const { return fields_[index].known; }

  // Field lines [first, last) as they came, each with its CR LF.
  std::string_view lines(std::size_t first, std::size_t last) const;

  bool has(Name name) const { return present_.has(name); }
  bool repeated(Name name) const { return repeated_.has(name); }

  // The value of the first field of that name. `wanted` may be any, in any case.
  std::optional<std::string_view> find(Name name) const;
  std::optional<std::string_view> find(std::string_view wanted) const;

  int version_minor() const { return version_minor_; }  // 1 or 0
  std::optional<std::uint64_t> content_length() const;

  // Whether `Connection` declares this field to be for one connection only.
  bool connection_names(std::string_view field) const;
  bool connection_names_fields() const { return connection_names_fields_; }  // any, that is

  void moved_to(const char* begin) { bytes_ = begin; }

 protected:
  enum class Stage : std::uint8_t { first_line, fields, complete, refused };

  struct Line {
    std::size_t begin;
    std::size_t end;
    std::size_t size() const { return end - begin; }
  };

  Head() noexcept {}

  // The next whole line of the buffer; false when there is none yet, or a fault.
  bool next_line(std::string_view buffer, Line& line);
  Progress progress() const;
  Progress refuse(Reason reason);

  std::string_view view(std::size_t at, std::size_t size) const { return {bytes_ + at, size}; }
  std::string_view name(const FieldLine& line) const { return view(line.name_at, line.name_size); }
  std::string_view value(const FieldLine& line) const {
    return view(line.value_at, line.value_size);
  }
  Reason take_field(std::string_view buffer, Line line);
  void take_plain_fields(std::string_view buffer);
  void keep_field();
  Reason read_framing();
  Reason read_content_length(std::string_view value);
  Reason read_transfer_encoding(std::string_view value) const;
  Reason read_connection();
  Reason take_connection_option(std::string_view option);

  // Calls take(item) for each item of all fields of that name, until it finds a fault.
  template <class Take>
  Reason each_listed(Name name, Take take) const {
    if (!present_.has(name)) return Reason::none;
    for (const FieldLine& line : fields_) {
      if (line.known != name) continue;
      for (ListItems items(value(line)); items.next();) {
        if (Reason reason = take(items.item()); reason != Reason::none) return reason;
      }
    }
    return Reason::none;
  }

  const char* bytes_ = nullptr;
  std::uint64_t content_length_ = 0;
  NameSet present_;
  NameSet repeated_;
  std::uint16_t line_ = 0;  // where the line being read begins; in the end, the size of the head
  std::uint16_t scanned_ = 0;
  std::uint8_t version_minor_ = 1;
  Stage stage_ = Stage::first_line;
  Reason reason_ = Reason::none;
  bool chunked_ = false;
  bool connection_close_ = false;
  bool connection_keep_alive_ = false;
  bool connection_upgrade_ = false;
  bool connection_names_fields_ = false;
  FieldTable fields_;
};

enum class Method : std::uint8_t { other, delete_, get, head, options, patch, post, put, trace };

class RequestHead final : public Head {
 public:
  RequestHead() noexcept {}  // user-provided, so that `RequestHead()` does not clear the table

  Progress read(std::string_view buffer);

  Method method() const { return method_; }
  std::string_view method_text() const { return view(method_at_, method_size_); }

  // The request target as sent: "/v1/messages?beta=true", "http://host/v1/messages", "*".
  std::string_view target() const { return view(target_at_, target_size_); }
  // The path as sent, percent-encoding and all; "/" for an address without one; "*".
  std::string_view path() const;
  std::string_view query() const { return view(query_at_, query_size_); }  // without '?'

  // Host and port the request is for: from the target if it is an address, else from Host. Empty
  // only when an HTTP/1.0 request names none.
  std::string_view authority() const { return view(authority_at_, authority_size_); }

  Body body() const;
  bool keep_alive() const;
  // An interim 100 is waited for before the body is sent.
  bool expects_continue() const { return expects_continue_; }
  bool asks_for_websocket() const { return asks_for_websocket_; }

 private:
  Reason read_first_line(Line line);
  Reason read_method(std::string_view method);
  Reason read_target();
  Reason read_address(std::string_view target);
  void split_path(std::size_t at, std::size_t end);
  Reason finish();
  Reason read_host();
  Reason read_expect();
  void read_upgrade();

  std::uint16_t method_at_ = 0;
  std::uint16_t method_size_ = 0;
  std::uint16_t target_at_ = 0;
  std::uint16_t target_size_ = 0;
  std::uint16_t path_at_ = 0;
  std::uint16_t path_size_ = 0;
  std::uint16_t query_at_ = 0;
  std::uint16_t query_size_ = 0;
  std::uint16_t authority_at_ = 0;
  std::uint16_t authority_size_ = 0;
  Method method_ = Method::other;
  bool https_ = false;  // the scheme of a target that is an address
  bool blank_line_skipped_ = false;
  bool expects_continue_ = false;
  bool asks_for_websocket_ = false;
};

class ResponseHead final : public Head {
 public:
  ResponseHead() noexcept {}

  Progress read(std::string_view buffer);

  int status() const { return status_; }
  std::string_view phrase() const { return view(phrase_at_, phrase_size_); }  // may be empty

  // 1xx: another head follows on the same connection. (101 is refused: we never ask for it.)
  bool interim() const { return status_ < 200; }

  Body body(Method requested) const;
  // Whether the connection may carry another request once this body is read to its end.
  bool keep_alive(Method requested) const;

 private:
  Reason read_first_line(Line line);
  Reason finish();

  std::uint16_t status_ = 0;
  std::uint16_t phrase_at_ = 0;
  std::uint16_t phrase_size_ = 0;
};

}  // namespace recloser::net::http1
