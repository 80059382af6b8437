// Continued: an answer that another target goes on with, should its stream break off.
#pragma once

#include "codec/continuation/delivered.h"
#include "codec/continuation/request.h"
#include "codec/continuation/splice.h"
#include "core/result.h"
#include "core/time.h"
#include "relay/call.h"
#include "relay/stream_pass.h"
#include "route/attempt_end.h"
#include "text/prompt_overhead.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::relay {

// Why a target is left that is answering.
struct Leaving {
  Error cause;
  std::string_view error_class;  // of its attempt, in the row
  route::AttemptEnd end = route::AttemptEnd::broken;
  bool by_operator = false;  // its target is drained, and did nothing wrong
};

// SSE event that tells a client that the answer begins anew behind it.
inline constexpr std::string_view restart_event = "recloser.restart";

// Unescaped.
constexpr std::uint64_t visible_bytes(const codec::StreamFacts& facts) {
  return facts.text_bytes + facts.reasoning_bytes;
}

// Only calls of models that are configured for it have one, from the begin of their stream on. It
// takes about 700 bytes, and as many as the request and the text so far: up to
// codec::Delivered::bytes_max of these.
//
// It stands between the stream, which is one to its end, and what is held of budgets, which is anew
// with every target.
class Continued final : public OutputGate {
 public:
  explicit Continued(Call& call) : delivered(call.route.operation), call_(call) {}

  std::uint64_t let_through(std::uint64_t tokens) override {
    if (call_.held == nullptr) return UINT64_MAX;
    std::uint64_t own = call_.held->let_through(tokens - std::min(tokens, tokens_before));
    return own > UINT64_MAX - tokens_before ? UINT64_MAX : own + tokens_before;
  }
  bool ends_at_our_limit() const override {
    return call_.held != nullptr && call_.held->ends_at_our_limit();
  }
  bool let_call_begin() override { return call_.held == nullptr || call_.held->let_call_begin(); }
  bool may_end_at_sentence() const override {
    return call_.held != nullptr && call_.held->may_end_at_sentence();
  }
  bool in_grace() const override { return call_.held != nullptr && call_.held->in_grace(); }

  codec::Delivered delivered;
  std::unique_ptr<codec::Splice> splice;  // once another target goes on
  codec::Ask ask = codec::Ask::again;     // how that was asked to
  std::uint64_t tokens_before = 0;        // that had come when its stream began ..
  std::uint64_t bytes_before = 0;         // .. their bytes, and ..
  std::uint64_t tokens_out = 0;           // .. of the tokens, those that its client has
  text::TokenRange added;                 // to the prompt, by the answer so far
  std::uint64_t output_left = 0;          // of the client's limit; 0: it set none
  bool limit_is_written = false;          // a lower one, of a budget
  Instant broke_at{};                     // the last time
  std::optional<Leaving> leaving;         // the stream has told why it is over
  std::unique_ptr<Refused> first;         // what its client is told if nobody goes on
  const StreamPass* stream = nullptr;     // on the frame of the call
  bool restarts = false;                  // the answer begins anew, and is not gone on with
  bool drained = false;                   // its target is to be left now
  bool streams = true;                    // false while the next target is looked for

 private:
  Call& call_;
};

}  // namespace recloser::relay
