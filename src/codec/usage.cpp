#include "codec/usage.h"

#include "core/limits.h"

#include <algorithm>
#include <array>

namespace recloser::codec {
namespace {

bool believable(const UsageFields& fields) {
  return std::max({fields.input, fields.output, fields.total, fields.cached, fields.cache_write,
                   fields.reasoning, fields.audio_input}) <= limits::tokens_of_a_call_max;
}

}  // namespace

std::string_view name_of(ServiceTier tier) {
  static constexpr std::array<std::string_view, service_tier_count> names{
      "standard", "batch", "flex", "priority", "fast"};
  return names[static_cast<std::size_t>(tier)];
}

ServiceTier service_tier_named(std::string_view name) {
  for (unsigned i = 1; i < service_tier_count; ++i) {
    if (name == name_of(ServiceTier{static_cast<unsigned char>(i)})) return ServiceTier(i);
  }
  return ServiceTier::standard;
}

std::optional<Usage> usage_of_openai(const UsageFields& fields, bool writes) {
  if (!believable(fields)) return std::nullopt;
  Usage usage{
      .input_tokens = fields.input,
      .output_tokens = fields.output,
      .cached_input_tokens = fields.cached,
      .cache_write_tokens = fields.cache_write,
      .reasoning_tokens = fields.reasoning,
  };
  if (!writes) {
    if (!fields.input_said) usage.input_tokens = fields.total;
    return usage;
  }
  if (!fields.input_said && !fields.output_said) return std::nullopt;
  std::uint64_t beyond_one = fields.total - std::min(fields.total, fields.input + fields.output);
  usage.input_known = fields.input_said || beyond_one > 0;
  usage.output_known = fields.output_said || beyond_one > 0;
  if (!fields.input_said) usage.input_tokens = beyond_one;
  if (!fields.output_said) usage.output_tokens = beyond_one;
  if (!fields.input_said || !fields.output_said) return usage;
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

std::optional<Usage> usage_of_anthropic(const UsageFields& fields) {
  if (!believable(fields)) return std::nullopt;
  return Usage{
      .input_tokens = fields.input + fields.cached + fields.cache_write,
      .output_tokens = fields.output,
      .cached_input_tokens = fields.cached,
      .cache_write_tokens = fields.cache_write,
      .reasoning_tokens = fields.reasoning,
      .input_known = fields.input_said,
      .output_known = fields.output_said,
  };
}

}  // namespace recloser::codec
