// KeptPrompt: what a call keeps of its prompt, for the case that its provider never says how many
// tokens it read.
#pragma once

#include "codec/operation.h"
#include "codec/request.h"
#include "core/frame_pool.h"
#include "text/encoding.h"
#include "text/prompt_overhead.h"
#include "text/token_family.h"

#include <cstdint>
#include <string_view>

namespace recloser::relay {

// The body is let go when the answer begins, and most providers tell what they read with its last
// event: a call that ends before has to be booked all the same. A small prompt is kept whole. Of a
// large one, pieces from all over it are, and stand for the rest.
class KeptPrompt {
 public:
  static constexpr std::size_t whole_bytes_max = 8u << 10;
  static constexpr std::size_t windows = 16;
  static constexpr std::size_t window_bytes = 256;

  void keep(std::string_view body, codec::Operation operation, const codec::RequestFacts& facts);
  void forget() {
    bytes_ = 0;
    kept_ = {};
    memory_.reset();
  }
  bool empty() const { return bytes_ == 0; }
  std::size_t memory_bytes() const { return memory_ ? memory_.get_deleter().size : 0; }

  // What a model reads of it by the encoding, for the books: exact where the prompt was kept whole
  // and the tokenizer is known. 60 microseconds for a kilobyte.
  std::uint64_t count(std::string_view model, const text::TokenFamily& family,
                      const text::PromptOverhead& overhead, text::EncodingScratch& scratch) const;

 private:
  bool whole() const { return kept_.size() == bytes_; }
  text::PromptShape shape() const { return {.messages = messages_, .tools = tools_}; }
  std::uint64_t scaled(std::uint64_t tokens) const;

  void make_room(std::size_t bytes);
  void add(std::string_view text);

  PooledBytes memory_;
  std::string_view kept_;    // in it
  std::uint64_t bytes_ = 0;  // of what the model reads, as JSON
  codec::Operation operation_ = codec::Operation::chat;
  std::uint32_t messages_ = 0;
  std::uint32_t tools_ = 0;
};

}  // namespace recloser::relay
