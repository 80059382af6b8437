// For the HTTP fuzzers: input given in pieces, in buffers of exactly their size, and fields
// compared.
#pragma once

#include "core/check.h"
#include "net/http1/head.h"
#include "net/http1/head_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::net::http1::fuzz {

// A sanitizer sees every read past the end of it.
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

// The first byte of an input says how large the pieces are in which the rest arrives.
struct Input {
  std::size_t step;
  std::string_view bytes;
};

inline Input input_of(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return {.step = 1, .bytes = {}};
  return {.step = data[0] % 61 + 1u, .bytes = {reinterpret_cast<const char*>(data) + 1, size - 1}};
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// The fields that copy_fields() is to keep.
inline Fields kept_fields(const Head& head, NameSet drop) {
  Fields fields;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    Field field = head.field(i);
    if ((drop | hop_by_hop).has(field.known) || head.connection_names(field.name)) continue;
    fields.emplace_back(field.name, field.value);
  }
  return fields;
}

// What a head came to when it arrived in pieces of `step` bytes, in a new place each time.
template <class AnyHead>
struct Outcome {
  Progress progress = Progress::more;
  AnyHead head;
  std::unique_ptr<Exact> buffer;  // what the views of `head` point into

  bool operator==(const Outcome& other) const {
    if (progress != other.progress || head.reason() != other.head.reason()) return false;
    if (progress != Progress::complete) return true;
    return head.size() == other.head.size() &&
           head.connection_names_fields() == other.head.connection_names_fields() &&
           kept_fields(head, {}) == kept_fields(other.head, {});
  }
};

template <class AnyHead>
Outcome<AnyHead> read_in_steps(std::string_view bytes, std::size_t step) {
  Outcome<AnyHead> outcome;
  for (std::size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    auto buffer = std::make_unique<Exact>(bytes.substr(0, end));
    outcome.progress = outcome.head.read(buffer->view());
    outcome.buffer = std::move(buffer);
    if (outcome.progress != Progress::more || end == bytes.size()) return outcome;
  }
}

// Reading does not depend on how the bytes arrive: whole, in pieces, one by one.
template <class AnyHead>
Outcome<AnyHead> read_every_way(const Input& input) {
  auto whole = read_in_steps<AnyHead>(input.bytes, std::max<std::size_t>(input.bytes.size(), 1));
  CHECK(whole == read_in_steps<AnyHead>(input.bytes, input.step), "in pieces it is the same");
  if (input.bytes.size() <= 512) {
    CHECK(whole == read_in_steps<AnyHead>(input.bytes, 1), "byte by byte it is the same");
  }
  return whole;
}

}  // namespace recloser::net::http1::fuzz
