#include "text/prompt_tokens.h"

#include <algorithm>

namespace recloser::text {
namespace {

// Recorded thinking has five bytes of its seal to a token and more; in a script of three bytes to a
// letter there may be fewer.
constexpr std::uint64_t sealed_bytes_per_token_min = 2;

constexpr std::uint64_t bytes_of(std::uint64_t base64) { return base64 / 4 * 3; }

}  // namespace

void PromptTokens::text(std::string_view text) {
  if (scratch_ != nullptr) counted_ += family_->encoding().count(text, *scratch_);
  part(text, false);
  end_text();
}

void PromptTokens::part(std::string_view part, bool escaped) {
  if (escaped) {
    classes_.add_json(part);
  } else {
    classes_.add(part);
  }
}

void PromptTokens::sealed(std::uint64_t bytes_of_base64) {
  std::uint64_t about = family_->sealed.tokens(1, bytes_of_base64);
  sealed_ += {about, std::max(about, bytes_of_base64 / sealed_bytes_per_token_min)};
}

void PromptTokens::aside(std::uint64_t bytes) { sealed_.max += bytes / sealed_bytes_per_token_min; }

void PromptTokens::user_speaks() {
  if (family_->exact) sealed_.about = 0;
}

void PromptTokens::image(ImageDetail detail) { media_ += image_tokens(model_, {}, detail); }

void PromptTokens::audio(std::uint64_t bytes_of_base64) {
  TokenRange lasts = audio_milliseconds(bytes_of(bytes_of_base64));
  media_ += {audio_tokens(model_, lasts.about).about, audio_tokens(model_, lasts.max).max};
}

void PromptTokens::document(std::uint64_t bytes_of_base64) {
  media_ += document_tokens(model_, bytes_of(bytes_of_base64), 0);
}

TokenRange PromptTokens::pieces() const {
  TokenFamily line = *family_;
  line.more = 0;
  return TokenRange{classes_.tokens_about(line), classes_.tokens_max(*family_)} + media_ +
         declared_ + sealed_;
}

TokenRange PromptTokens::encoded() const {
  TokenRange around = overhead_->of(shape_);
  // A text by itself is counted as what a model has written.
  std::uint64_t texts =
      shape_.messages == 0 ? family_->tokens(counted_) : family_->by_rate(counted_);
  std::uint64_t about = texts + around.about + media_.about + declared_.about + sealed_.about;
  // It was charged with its marks then, which a line through answers has already.
  bool is_answer = shape_.messages == 0 && counted_ > 0 && family_->exact;
  std::uint64_t marks_max = is_answer ? std::max(overhead_->answer.max, answer_tokens_more_max) : 0;
  return {about, std::max(about, pieces().max + around.max) + marks_max};
}

std::uint64_t PromptTokens::encoded_max() const {
  return counted_ + overhead_->of(shape_).max + media_.max + declared_.max + sealed_.max;
}

}  // namespace recloser::text
