// The parser as a program, to be compared with other servers: the bytes of one connection on
// standard input, one line of JSON for each message and for how it ends.
#include "core/json_writer.h"
#include "net/http1/body.h"
#include "net/http1/head.h"

#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

namespace recloser::net::http1 {
namespace {

void print(const std::string& json) { std::cout << json << '\n'; }

void print_end(std::string_view verdict, Reason reason, std::size_t at) {
  std::string json;
  JsonWriter writer(json);
  writer.open_object().member("verdict", verdict).member("at", std::uint64_t{at});
  if (reason != Reason::none) {
    writer.member("reason", name(reason)).member("status", status(reason));
  }
  writer.close_object();
  print(json);
}

struct ReadBody {
  BodyStep::Kind kind;
  Reason reason;
  std::size_t end;  // offset in the connection
  std::string payload;
};

ReadBody read_body(Body body, std::string_view bytes, std::size_t at, bool closed) {
  BodyReader reader(body);
  ReadBody result{.kind = BodyStep::Kind::more, .reason = Reason::none, .end = at, .payload = {}};
  for (;;) {
    BodyStep step = reader.next(bytes.substr(result.end));
    result.end += step.consumed;
    result.payload.append(step.payload);
    if (step.kind == BodyStep::Kind::payload) continue;
    if (step.kind == BodyStep::Kind::more && closed) step = reader.closed();
    result.kind = step.kind;
    result.reason = step.reason;
    return result;
  }
}

// False when nothing can follow.
template <class AnyHead>
bool take_body(const AnyHead& head, Body body, bool keep_alive, std::string_view bytes,
               std::size_t& at, bool closed, JsonWriter& writer, std::string& json) {
  std::size_t begin = at;
  ReadBody read = read_body(body, bytes, at + head.size(), closed);
  at = read.end;
  if (read.kind == BodyStep::Kind::refused) {
    print_end("refuse", read.reason, at);
    return false;
  }
  if (read.kind == BodyStep::Kind::more) {
    print_end("more", Reason::none, at);
    return false;
  }
  writer.member("begin", std::uint64_t{begin}).member("end", std::uint64_t{at});
  writer.member("keep_alive", keep_alive).member("body", read.payload).close_object();
  print(json);
  return keep_alive;
}

void read_requests(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    RequestHead head;
    Progress progress = head.read(bytes.substr(at));
    if (progress == Progress::refused) return print_end("refuse", head.reason(), at);
    if (progress == Progress::more) return print_end("more", Reason::none, at);
    std::string json;
    JsonWriter writer(json);
    writer.open_object().member("verdict", "accept").member("method", head.method_text());
    writer.member("target", head.target()).member("authority", head.authority());
    if (!take_body(head, head.body(), head.keep_alive(), bytes, at, false, writer, json)) return;
  }
}

void read_responses(std::string_view bytes, Method requested) {
  for (std::size_t at = 0; at < bytes.size();) {
    ResponseHead head;
    Progress progress = head.read(bytes.substr(at));
    if (progress == Progress::refused) return print_end("refuse", head.reason(), at);
    if (progress == Progress::more) return print_end("refuse", Reason::body_truncated, at);
    if (head.interim()) {
      at += head.size();
      continue;
    }
    std::string json;
    JsonWriter writer(json);
    writer.open_object().member("verdict", "accept").member("status", head.status());
    take_body(head, head.body(requested), head.keep_alive(requested), bytes, at, true, writer,
              json);
    return;
  }
  print_end("refuse", Reason::body_truncated, bytes.size());
}

}  // namespace
}  // namespace recloser::net::http1

// http1_driver request | response [METHOD]
int main(int argc, char** argv) {
  using namespace recloser::net::http1;
  std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode != "request" && mode != "response") {
    std::cerr << "usage: http1_driver request|response [HEAD] < bytes\n";
    return 2;
  }
  std::string bytes(std::istreambuf_iterator<char>(std::cin), {});
  if (mode == "request") {
    read_requests(bytes);
  } else {
    bool head = argc > 2 && std::string_view(argv[2]) == "HEAD";
    read_responses(bytes, head ? Method::head : Method::get);
  }
  return 0;
}
