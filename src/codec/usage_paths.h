// Where the usage figures of each dialect stand: one list of them for all readers of the dialect.
#pragma once

#include "codec/json_table.h"
#include "codec/usage.h"

#include <array>
#include <cstdint>

namespace recloser::codec {

// What a scanner reports the figures as. A reader's own ids are smaller.
enum UsageId : std::uint8_t {
  usage_input = 64,
  usage_output,
  usage_total,
  usage_cached,
  usage_cached_any,  // under one of several names: the largest counts
  usage_cache_write,
  usage_reasoning,
  usage_audio_input,
};

// Beyond the id of a figure: it is of one of Anthropic's iterations.
inline constexpr std::uint8_t of_iteration = 64;

// Chat and legacy completions, embeddings and the like: OpenAI's names, then those of others.
inline constexpr std::array chat_usage{
    JsonPath{"prompt_tokens", usage_input, want_number},
    JsonPath{"completion_tokens", usage_output, want_number},
    JsonPath{"total_tokens", usage_total, want_number},
    JsonPath{"prompt_tokens_details.cached_tokens", usage_cached_any, want_number},
    JsonPath{"prompt_tokens_details.cache_write_tokens", usage_cache_write, want_number},
    JsonPath{"prompt_tokens_details.audio_tokens", usage_audio_input, want_number},
    JsonPath{"prompt_cache_hit_tokens", usage_cached_any, want_number},
    JsonPath{"num_cached_tokens", usage_cached_any, want_number},
    JsonPath{"cached_tokens", usage_cached_any, want_number},
    JsonPath{"completion_tokens_details.reasoning_tokens", usage_reasoning, want_number},
};

inline constexpr std::array responses_usage{
    JsonPath{"input_tokens", usage_input, want_number},
    JsonPath{"output_tokens", usage_output, want_number},
    JsonPath{"total_tokens", usage_total, want_number},
    JsonPath{"input_tokens_details.cached_tokens", usage_cached_any, want_number},
    JsonPath{"input_tokens_details.cache_write_tokens", usage_cache_write, want_number},
    JsonPath{"output_tokens_details.reasoning_tokens", usage_reasoning, want_number},
};

inline constexpr std::array messages_usage{
    JsonPath{"input_tokens", usage_input, want_number},
    JsonPath{"output_tokens", usage_output, want_number},
    JsonPath{"cache_read_input_tokens", usage_cached, want_number},
    JsonPath{"cache_creation_input_tokens", usage_cache_write, want_number},
    JsonPath{"output_tokens_details.thinking_tokens", usage_reasoning, want_number},
};

// Whether the figure makes a usage of an object: one without any of these says nothing, whatever
// parts (cached, reasoning) it names.
constexpr bool makes_usage(std::uint8_t id) {
  if (id >= usage_input + of_iteration) id -= of_iteration;
  return id == usage_input || id == usage_output || id == usage_total;
}

// Keeps what was sent under one of these ids; there is nothing to keep of any other.
void take_usage(UsageFields& fields, std::uint8_t id, std::uint64_t count);
// The same, and figures of an iteration are added to `iterations`.
void take_usage(UsageFields& fields, UsageFields& iterations, std::uint8_t id, std::uint64_t count);

}  // namespace recloser::codec
