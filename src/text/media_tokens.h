// Tokens of images, audio and documents: by the providers' formulas where the size is known, else
// what the largest would have.
#pragma once

#include "text/prompt_overhead.h"

#include <cstdint>
#include <string_view>

namespace recloser::text {

// In pixels; 0: not known, because the image is named by a URL or lies in a form we do not read.
struct ImageSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool known() const { return width > 0 && height > 0; }
};

// `any` is what the client did not say, which providers take for `high` or decide by themselves.
enum class ImageDetail : std::uint8_t { low, high, any };

// Exact by the published formula where that is known for the model and the size; about is then max.
TokenRange image_tokens(std::string_view model, ImageSize size, ImageDetail detail);

// Of so many milliseconds that are heard.
TokenRange audio_tokens(std::string_view model, std::uint64_t milliseconds);
// How long audio of so many bytes lasts: about as speech is usually packed, and at most as tightly
// as anything packs it.
TokenRange audio_milliseconds(std::uint64_t bytes);

// A document (PDF) of so many bytes; 0 pages: not known. Some providers look at each page as an
// image as well. What a file inflates to has no limit but the number of pages a provider takes.
TokenRange document_tokens(std::string_view model, std::uint64_t bytes, std::uint32_t pages);

}  // namespace recloser::text
