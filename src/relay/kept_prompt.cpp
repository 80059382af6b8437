#include "relay/kept_prompt.h"

#include "relay/prompt_pieces.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace recloser::relay {
namespace {

// What the JSON around a message has more than the marks that a provider puts there.
constexpr std::uint64_t json_tokens_of_message = 9;

// Base64 and the like: no model reads it as text.
bool looks_like_media(std::string_view window) {
  return window.find_first_of(" \"\\,") == std::string_view::npos;
}

}  // namespace

void KeptPrompt::keep(std::string_view body, codec::Operation operation,
                      const codec::RequestFacts& facts) {
  operation_ = operation;
  messages_ = facts.messages;
  tools_ = facts.tools;
  std::array spans{facts.system_value, facts.messages_value, facts.tools_value};
  if (body.size() <= whole_bytes_max) {
    make_room(body.size());
    add(body);
    bytes_ = body.size();
    return;
  }
  for (codec::Span span : spans) bytes_ += span.size();
  if (bytes_ == 0) return;
  constexpr std::size_t room_bytes = windows * window_bytes;
  make_room(room_bytes);
  for (codec::Span span : spans) {
    // Each part has windows by its size, from all over it.
    std::uint64_t count = (span.size() * windows + bytes_ / 2) / bytes_;
    for (std::uint64_t i = 0; i < count && kept_.size() + window_bytes <= room_bytes; ++i) {
      std::uint64_t room = span.size() - std::min<std::uint64_t>(span.size(), window_bytes);
      std::uint64_t at = span.begin + (count == 1 ? room / 2 : room * i / (count - 1));
      std::string_view window = body.substr(at, std::min<std::uint64_t>(window_bytes, span.size()));
      if (!looks_like_media(window)) add(window);
    }
  }
}

void KeptPrompt::make_room(std::size_t bytes) {
  memory_ = pooled_bytes(bytes);
  kept_ = {memory_.get(), 0};
}

void KeptPrompt::add(std::string_view text) {
  std::memcpy(memory_.get() + kept_.size(), text.data(), text.size());
  kept_ = {memory_.get(), kept_.size() + text.size()};
}

// Windows that look like media are not kept, and stand for what is no text.
std::uint64_t KeptPrompt::scaled(std::uint64_t tokens) const {
  if (whole()) return tokens;
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(tokens) * bytes_ /
                                    std::uint64_t{windows * window_bytes});
}

std::uint64_t KeptPrompt::count(std::string_view model, const text::TokenFamily& family,
                                const text::PromptOverhead& overhead,
                                text::EncodingScratch& scratch) const {
  if (empty()) return 0;
  if (!whole()) {
    std::uint64_t tokens = scaled(family.by_rate(family.encoding().count(kept_, scratch)));
    return tokens - std::min(tokens, messages_ * json_tokens_of_message) +
           overhead.of(shape()).about;
  }
  WholePrompt prompt{.body = kept_,
                     .operation = operation_,
                     .tools = tools_,
                     .model = model,
                     .family = &family,
                     .overhead = &overhead};
  return encode(prompt, scratch).encoded().about;
}

}  // namespace recloser::relay
