#include "codec/usage.h"

#include "core/limits.h"

#include <algorithm>
#include <array>
#include <utility>

namespace recloser::codec {
namespace {

bool believable(const UsageFields& fields) {
  std::uint64_t most = std::max({fields.input, fields.output, fields.total, fields.cached,
                                 fields.cache_write, fields.reasoning});
  if (const RareUsage* rare = fields.rare.get()) {
    most = std::max({most, rare->cache_write_1h_tokens, rare->audio_input_tokens,
                     rare->cached_audio_tokens, rare->image_input_tokens, rare->cached_image_tokens,
                     rare->audio_output_tokens, rare->image_output_tokens, rare->audio_input_ms,
                     rare->web_searches, rare->file_searches, rare->code_sessions});
  }
  return most <= limits::tokens_of_a_call_max;
}

// The places for rare figures may have been taken for nothing.
void take_rare(Usage& usage, const UsageFields& fields) {
  usage.tier = fields.tier;
  if (fields.rare && *fields.rare != RareUsage()) usage.rare = fields.rare;
}

Usage usage_of_sampling(const UsageFields& fields) {
  Usage usage{
      .input_tokens = fields.input + fields.cached + fields.cache_write,
      .output_tokens = fields.output,
      .cached_input_tokens = fields.cached,
      .cache_write_tokens = fields.cache_write,
      .reasoning_tokens = fields.reasoning,
      .input_known = fields.input_said,
      .output_known = fields.output_said,
  };
  take_rare(usage, fields);
  return usage;
}

void add(Usage& sum, const Usage& part) {
  sum.input_tokens += part.input_tokens;
  sum.output_tokens += part.output_tokens;
  sum.cached_input_tokens += part.cached_input_tokens;
  sum.cache_write_tokens += part.cache_write_tokens;
  sum.input_known |= part.input_known;
  sum.output_known |= part.output_known;
  if (part.rare && part.rare->cache_write_1h_tokens != 0) {
    sum.rare.make().cache_write_1h_tokens += part.rare->cache_write_1h_tokens;
  }
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
  take_rare(usage, fields);
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
  if (fields.rare && beyond == fields.rare->audio_input_tokens) {
    usage.input_tokens += beyond;
  } else if (beyond == fields.reasoning) {
    usage.output_tokens += beyond;
  } else if (fields.reasoning == 0) {
    usage.output_tokens += beyond;
    usage.reasoning_tokens = beyond;
  }
  return usage;
}

std::optional<Usage> usage_of_anthropic(const UsageFields& fields,
                                        std::span<const UsageFields> iterations) {
  if (!believable(fields) || !std::ranges::all_of(iterations, believable)) return std::nullopt;
  Usage total = usage_of_sampling(fields);
  if (iterations.empty()) return total;
  Usage sum{.reasoning_tokens = fields.reasoning, .input_known = false, .output_known = false};
  sum.tier = total.tier;
  sum.rare = total.rare;
  if (sum.rare) sum.rare->cache_write_1h_tokens = 0;
  for (const UsageFields& each : iterations) add(sum, usage_of_sampling(each));
  bool by_itself =
      iterations.size() == 1 && (!iterations[0].rare || iterations[0].rare->model.empty());
  if (by_itself) return sum;
  for (const UsageFields& each : iterations) {
    Usage part = usage_of_sampling(each);
    part.tier = sum.tier;
    sum.rare.make().iterations.push_back(std::move(part));
  }
  return sum;
}

void UsageFields::clear() {
  Box<RareUsage> room = std::move(rare);
  *this = {};
  rare = std::move(room);
  if (rare) *rare = {};
}

}  // namespace recloser::codec
