#include "relay/kept_prompt.h"

#include "codec/event.h"
#include "codec/prompt_reader.h"
#include "text/byte_classes.h"
#include "text/media_tokens.h"

#include <algorithm>
#include <array>

namespace recloser::relay {
namespace {

// What the JSON around a message has more than the marks that a provider puts there.
constexpr std::uint64_t json_tokens_of_message = 9;

bool has_messages(codec::Operation operation) {
  return operation != codec::Operation::completions && operation != codec::Operation::embeddings &&
         operation != codec::Operation::moderations;
}

// Base64 and the like: no model reads it as text.
bool looks_like_media(std::string_view window) {
  return window.find_first_of(" \"\\,") == std::string_view::npos;
}

// Adds up the tokens of all pieces of a prompt.
class Count final : public codec::PromptSink {
 public:
  Count(std::string_view model, const text::TokenFamily& family, text::EncodingScratch& scratch)
      : model_(model), family_(family), scratch_(scratch) {}

  void take(const codec::PromptPiece& piece) override {
    switch (piece.part) {
      case codec::PromptPart::message:
        ++shape.messages;
        break;
      case codec::PromptPart::role:
      case codec::PromptPart::remote:
        break;
      case codec::PromptPart::image:
        media += text::image_tokens(model_, {}, text::ImageDetail::any).about;
        break;
      case codec::PromptPart::audio:
        media += text::audio_tokens(model_, audio_ms(piece.raw)).about;
        break;
      case codec::PromptPart::file:
        media += text::document_tokens(model_, piece.raw.size() / 4 * 3, 0).about;
        break;
      case codec::PromptPart::name:
        ++shape.names;
        add(piece);
        break;
      case codec::PromptPart::call_name:
        ++shape.calls;
        add(piece);
        break;
      default:
        add(piece);
        break;
    }
  }

  std::uint64_t tokens() const { return family_.tokens(counted_) + media; }

  text::PromptShape shape;
  std::uint64_t media = 0;

 private:
  static std::uint64_t audio_ms(std::string_view base64) {
    return text::audio_milliseconds(base64.size() / 4 * 3).about;
  }

  void add(const codec::PromptPiece& piece) {
    std::string_view text = piece.raw;
    if (piece.escaped) {
      unescaped_.clear();
      codec::unescape(unescaped_, piece.raw);
      text = unescaped_;
    }
    counted_ += family_.encoding().count(text, scratch_);
  }

  std::string_view model_;
  const text::TokenFamily& family_;
  text::EncodingScratch& scratch_;
  std::uint64_t counted_ = 0;
  std::string unescaped_;
};

}  // namespace

void KeptPrompt::keep(std::string_view body, codec::Operation operation,
                      const codec::RequestFacts& facts) {
  operation_ = operation;
  messages_ = facts.messages;
  tools_ = facts.tools;
  std::array spans{facts.system_value, facts.messages_value, facts.tools_value};
  if (body.size() <= whole_bytes_max) {
    kept_ = body;
    bytes_ = body.size();
    return;
  }
  for (codec::Span span : spans) bytes_ += span.size();
  if (bytes_ == 0) return;
  kept_.reserve(windows * window_bytes);
  for (codec::Span span : spans) {
    // Each part has windows by its size, from all over it.
    std::uint64_t count = (span.size() * windows + bytes_ / 2) / bytes_;
    for (std::uint64_t i = 0; i < count && kept_.size() < windows * window_bytes; ++i) {
      std::uint64_t room = span.size() - std::min<std::uint64_t>(span.size(), window_bytes);
      std::uint64_t at = span.begin + (count == 1 ? room / 2 : room * i / (count - 1));
      std::string_view window = body.substr(at, std::min<std::uint64_t>(window_bytes, span.size()));
      if (!looks_like_media(window)) kept_ += window;
    }
  }
}

// Windows that look like media are not kept, and stand for what is no text.
std::uint64_t KeptPrompt::scaled(std::uint64_t tokens) const {
  if (whole()) return tokens;
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(tokens) * bytes_ /
                                    (windows * window_bytes));
}

text::TokenRange KeptPrompt::estimate(std::string_view body, const codec::RequestFacts& facts,
                                      const text::TokenFamily& family,
                                      const text::PromptOverhead& overhead) const {
  if (empty()) return {};
  text::ByteClasses classes;
  if (!whole()) {
    classes.add_json(kept_);
  } else {
    for (codec::Span span : {facts.system_value, facts.messages_value, facts.tools_value}) {
      classes.add_json(body.substr(span.begin, span.size()));
      classes.end_text();
    }
  }
  std::uint64_t about = scaled(classes.tokens_about(family));
  std::uint64_t json = messages_ * json_tokens_of_message;
  text::TokenRange range = overhead.of(shape());
  range.about += about - std::min(about, json);
  range.max += whole() ? classes.tokens_max(family) : bytes_;
  return range;
}

std::uint64_t KeptPrompt::count(std::string_view model, const text::TokenFamily& family,
                                const text::PromptOverhead& overhead,
                                text::EncodingScratch& scratch) const {
  if (empty()) return 0;
  if (!whole()) {
    std::uint64_t tokens = scaled(family.tokens(family.encoding().count(kept_, scratch)));
    return tokens - std::min(tokens, messages_ * json_tokens_of_message) +
           overhead.of(shape()).about;
  }
  Count count(model, family, scratch);
  codec::read_prompt(operation_, kept_, count);
  if (!has_messages(operation_)) return count.tokens();
  count.shape.tools = tools_;
  return count.tokens() + overhead.of(count.shape).about;
}

}  // namespace recloser::relay
