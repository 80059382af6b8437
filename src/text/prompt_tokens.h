// PromptTokens: adds up what a model reads of a prompt, for whoever walks through its pieces.
#pragma once

#include "text/byte_classes.h"
#include "text/encoding.h"
#include "text/function_tokens.h"
#include "text/media_tokens.h"
#include "text/prompt_overhead.h"
#include "text/token_family.h"

#include <cstdint>
#include <string_view>

namespace recloser::text {

// Every text is weighed by its bytes, which gives a bound; where there is a `scratch` it is encoded
// as well, which is exact where the tokenizer is known, and costs fifty times as much. All that is
// given must outlive it.
class PromptTokens {
 public:
  PromptTokens(std::string_view model, const TokenFamily& family, const PromptOverhead& overhead,
               EncodingScratch* scratch)
      : model_(model), family_(&family), overhead_(&overhead), scratch_(scratch) {}

  void message() { ++shape_.messages; }
  void name() { ++shape_.names; }  // of a participant; the text of it follows
  void call() { ++shape_.calls; }  // its name and its arguments follow
  void tool() { ++shape_.tools; }  // its JSON follows, or it is declared with the others

  // As the model reads it: the content of a message, a name, arguments.
  void text(std::string_view text);
  // The same in parts, cut anywhere, where nothing is encoded; `escaped` as between the quotes of a
  // JSON string.
  void part(std::string_view part, bool escaped);
  void end_text() { classes_.end_text(); }

  void declare(const FunctionTokens& tools) { declared_ += tools.tokens(); }
  // Thinking of an earlier answer that only its provider can read, and what stands beside it, of
  // which nobody knows whether the model is shown it.
  void sealed(std::uint64_t bytes_of_base64);
  void aside(std::uint64_t bytes);
  // A user's message begins: OpenAI leaves out what was thought before it.
  void user_speaks();

  void image(ImageDetail detail);
  void audio(std::uint64_t bytes_of_base64);
  void document(std::uint64_t bytes_of_base64);

  const PromptShape& shape() const { return shape_; }

  // Of the pieces alone, by bytes. Sums of several are those of all, but for the family's `more`,
  // which is for a whole prompt.
  TokenRange pieces() const;

  // With what a provider puts around them; `about` by the encoding.
  TokenRange encoded() const;
  // Of a family whose tokenizer is known: the texts as they are, at most what is not text.
  std::uint64_t encoded_max() const;

 private:
  std::string_view model_;
  const TokenFamily* family_;
  const PromptOverhead* overhead_;
  EncodingScratch* scratch_;
  PromptShape shape_;
  ByteClasses classes_;
  std::uint64_t counted_ = 0;  // by the encoding, of all texts
  TokenRange media_;
  TokenRange sealed_;
  TokenRange declared_;  // tools that are not shown as JSON
};

}  // namespace recloser::text
