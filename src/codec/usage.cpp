#include "codec/usage.h"

namespace recloser::codec {

Usage usage_of_openai(const UsageFields& fields) {
  Usage usage{
      .input_tokens = fields.input,
      .output_tokens = fields.output,
      .cached_input_tokens = fields.cached,
      .cache_write_tokens = fields.cache_write,
      .reasoning_tokens = fields.reasoning,
  };
  // A hostile provider may send any number; sums that would wrap are left alone.
  if (fields.input > UINT64_MAX - fields.output) return usage;
  std::uint64_t named = fields.input + fields.output;
  if (fields.total <= named) return usage;
  std::uint64_t beyond = fields.total - named;
  if (beyond == fields.audio_input) {
    usage.input_tokens += beyond;
  } else if (beyond == fields.reasoning) {
    usage.output_tokens += beyond;
  } else if (fields.reasoning == 0) {
    usage.output_tokens += beyond;
    usage.reasoning_tokens = beyond;
  }
  return usage;
}

Usage usage_of_anthropic(const UsageFields& fields) {
  return Usage{
      .input_tokens = fields.input + fields.cached + fields.cache_write,
      .output_tokens = fields.output,
      .cached_input_tokens = fields.cached,
      .cache_write_tokens = fields.cache_write,
      .reasoning_tokens = fields.reasoning,
  };
}

}  // namespace recloser::codec
