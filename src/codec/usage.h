// What a call used, in one convention for every dialect, and the arithmetic that gets there.
#pragma once

#include "core/box.h"
#include "core/money.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

struct Usage;

// What few calls have: kinds of tokens and things with prices of their own, and bills that were
// made elsewhere.
struct RareUsage {
  // Tokens that Usage counts too: parts of its input, of its cached input, of its cache writes and
  // of its output.
  std::uint64_t cache_write_1h_tokens = 0;  // Anthropic: kept for an hour instead of five minutes
  std::uint64_t audio_input_tokens = 0;     // cached ones included
  std::uint64_t cached_audio_tokens = 0;
  std::uint64_t image_input_tokens = 0;  // cached ones included
  std::uint64_t cached_image_tokens = 0;
  std::uint64_t audio_output_tokens = 0;
  std::uint64_t image_output_tokens = 0;
  // What is charged beside tokens.
  std::uint64_t audio_input_ms = 0;
  std::uint64_t web_searches = 0;
  std::uint64_t file_searches = 0;
  std::uint64_t code_sessions = 0;  // containers that ran code

  // What the provider says that it charges (OpenRouter, xAI, Perplexity).
  std::optional<NanoUsd> provider_cost;
  std::string geography;  // Anthropic's `inference_geo`, where it says one

  // Anthropic: the parts of an answer that more than one sampling made, each with its own model.
  // The figures of the Usage are their sums.
  std::vector<Usage> iterations;
  std::string model;  // of an iteration: where it is not the answer's

  friend bool operator==(const RareUsage&, const RareUsage&) = default;
};

// In which lane the provider really ran it (`service_tier`, `speed`); each has prices of its own.
enum class ServiceTier : unsigned char { standard, batch, flex, priority, fast };
inline constexpr unsigned service_tier_count = 5;
std::string_view name_of(ServiceTier tier);
// By any provider's name for it; what says nothing of the price ("default", "scale") is standard.
ServiceTier service_tier_named(std::string_view name);

// The convention of the ledger: input is all input, cache reads and writes included; output is all
// output, reasoning included; the parts are given apart as well.
struct Usage {
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t cached_input_tokens = 0;
  std::uint64_t cache_write_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
  bool input_known = true;  // else it was not told, and is 0 here
  bool output_known = true;
  ServiceTier tier = ServiceTier::standard;
  Box<RareUsage> rare;

  friend bool operator==(const Usage&, const Usage&) = default;
};

// Where the figures come from. `running` is what a stream said so far (Anthropic's message_start,
// usage on every chunk); `final` stands in the last word about the answer.
enum class UsageSource : unsigned char { none, running, final };

// The fields of a `usage` object as they were sent; a field that was not sent stays 0. One that no
// call can have used (negative, a fraction, beyond limits::tokens_of_a_call_max) is a lie about
// all of them: there is then no usage, and the books say that they estimate. The OpenAI
// family fills input and output from prompt_tokens/input_tokens and
// completion_tokens/output_tokens.
struct UsageFields {
  std::uint64_t input = 0;
  std::uint64_t output = 0;
  std::uint64_t total = 0;
  std::uint64_t cached = 0;  // prompt_tokens_details.cached_tokens, prompt_cache_hit_tokens, ..
  std::uint64_t cache_write = 0;
  std::uint64_t reasoning = 0;
  bool input_said = false;  // whether it was sent at all, 0 or not
  bool output_said = false;
  ServiceTier tier = ServiceTier::standard;
  Box<RareUsage> rare;

  // As new; what was taken for rare figures stays taken.
  void clear();
};

// Of two fields, so that one no call can have used stays one.
constexpr std::uint64_t sum_of_counts(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

// OpenAI and those who speak like it. Cached tokens are inside the input. Reasoning is inside the
// output, except where the total shows that it is not (xAI chat; Gemini's OpenAI form, which shows
// it in the total only); audio likewise is outside the input when the total says so (Mistral). Of
// input and output, one that was not sent is what the total leaves for it. Where the model writes
// nothing (embeddings), all is input; where it `writes`, a total alone is no usage.
std::optional<Usage> usage_of_openai(const UsageFields& fields, bool writes);

// Anthropic: cache reads and writes are outside `input_tokens`. Where there are iterations, they
// are summed: the totals beside them leave compaction and advisor turns out.
std::optional<Usage> usage_of_anthropic(const UsageFields& fields,
                                        std::span<const UsageFields> iterations = {});

}  // namespace recloser::codec
