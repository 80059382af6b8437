// The bytes of stream events as each dialect writes them: what the provider sends and, when nothing
// changed them, what the client must get.
#pragma once

#include "codec/operation.h"
#include "wire/scenario.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::wire {

inline constexpr std::string_view served_model = "m-large-2026";

// One for each end of a stream; both count the events alike.
class EventWriter {
 public:
  // `null_usage`: OpenAI's chunks carry `"usage":null` once usage was asked for.
  EventWriter(codec::Operation operation, bool null_usage)
      : operation_(operation), null_usage_(null_usage) {}

  // What `step` says; "" where the dialect has no such event.
  std::string event(const Step& step);

 private:
  std::string chat(const Step& step) const;
  std::string completions(const Step& step) const;
  std::string responses(const Step& step);
  std::string messages(const Step& step) const;

  codec::Operation operation_;
  bool null_usage_;
  std::uint64_t sequence_ = 0;
};

// A whole request body of this operation with the members that `options` name.
std::string request_body(codec::Operation operation, const Pairs& options);

// "/v1/chat/completions", "/chat/completions" and the like; chat where it is none of them.
codec::Operation operation_of_path(std::string_view path);

}  // namespace recloser::wire
