// For the tests of this folder: heads told as one line of text, and every way to split the bytes.
#pragma once

#include "net/http1/head.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::net::http1::test {

// Bytes in an allocation of exactly their size, so that a sanitizer sees a read past them.
class Exact {
 public:
  explicit Exact(std::string_view bytes)
      : bytes_(std::make_unique_for_overwrite<char[]>(bytes.size())), size_(bytes.size()) {
    std::ranges::copy(bytes, bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

inline std::string told(Body body) {
  switch (body.kind) {
    case Body::Kind::none:
      return "none";
    case Body::Kind::length:
      return "length:" + std::to_string(body.bytes);
    case Body::Kind::chunked:
      return "chunked";
    case Body::Kind::until_close:
      return "until-close";
  }
  return "?";
}

inline std::string told_fields(const Head& head) {
  std::string out;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    Field field = head.field(i);
    out.append(" [").append(field.name).append(": ").append(field.value).append("]");
  }
  return out;
}

inline std::string told(const RequestHead& head) {
  std::string out(head.method_text());
  out.append(" ").append(head.path());
  if (!head.query().empty()) out.append(" ?").append(head.query());
  out.append(" 1.").append(std::to_string(head.version_minor()));
  out.append(" @").append(head.authority());
  out.append(" body=").append(told(head.body()));
  if (!head.keep_alive()) out.append(" close");
  if (head.expects_continue()) out.append(" continue");
  if (head.asks_for_websocket()) out.append(" websocket");
  return out + told_fields(head);
}

inline std::string told(const ResponseHead& head, Method requested = Method::post) {
  std::string out = std::to_string(head.status());
  out.append(" '").append(head.phrase()).append("'");
  out.append(" 1.").append(std::to_string(head.version_minor()));
  out.append(" body=").append(told(head.body(requested)));
  if (!head.keep_alive(requested)) out.append(" close");
  if (head.interim()) out.append(" interim");
  return out + told_fields(head);
}

// What reading `bytes`, given in pieces that end at `ends`, comes to: the head told, "more", or the
// name of the reason. The buffer moves at every piece.
template <class AnyHead>
std::string read_in_pieces(std::string_view bytes, const std::vector<std::size_t>& ends) {
  AnyHead head;
  std::string result = "more";
  for (std::size_t end : ends) {
    Exact piece(bytes.substr(0, end));
    Progress progress = head.read(piece.view());
    if (progress == Progress::refused) return std::string(name(head.reason()));
    if (progress == Progress::complete) {
      return told(head) + " size=" + std::to_string(head.size());
    }
  }
  return result;
}

// The one result of all splits in two pieces, of one byte at a time, and of a buffer in which much
// follows (which is when lines are read sixteen bytes at a time).
template <class AnyHead>
std::string read_every_way(std::string_view bytes) {
  std::string whole = read_in_pieces<AnyHead>(bytes, {bytes.size()});
  for (std::size_t split = 0; split < bytes.size(); ++split) {
    EXPECT_EQ(whole, read_in_pieces<AnyHead>(bytes, {split, bytes.size()})) << "split " << split;
  }
  std::vector<std::size_t> each(bytes.size());
  for (std::size_t i = 0; i < each.size(); ++i) each[i] = i + 1;
  EXPECT_EQ(whole, read_in_pieces<AnyHead>(bytes, each)) << "one byte at a time";
  if (whole != "more") {
    std::string followed = std::string(bytes) + std::string(64, 'x');
    EXPECT_EQ(whole, read_in_pieces<AnyHead>(followed, {followed.size()})) << "much follows";
  }
  return whole;
}

}  // namespace recloser::net::http1::test
