// Where the usage figures of each dialect stand: one list of them for all readers of the dialect.
#pragma once

#include "codec/json_scanner.h"
#include "codec/json_table.h"
#include "codec/usage.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

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
  usage_cache_write_1h,
  usage_audio_input,
  usage_cached_audio,
  usage_image_input,
  usage_cached_image,
  usage_audio_output,
  usage_image_output,
  usage_audio_seconds,
  usage_web_searches,
  usage_file_searches,
  usage_code_calls,
  usage_cost,        // US dollars
  usage_cost_ticks,  // 10^-10 US dollars (xAI)
  // Texts:
  usage_tier,
  usage_geography,
  usage_model,
  usage_id_end,
};

// Beyond the id of a figure: it is of one of Anthropic's iterations.
inline constexpr std::uint8_t of_iteration = 64;

inline constexpr bool is_usage_text(std::uint8_t id) {
  if (id >= usage_input + of_iteration) id -= of_iteration;
  return id >= usage_tier && id < usage_id_end;
}

// What the answer itself says beside its usage.
inline constexpr std::array answer_usage{
    JsonPath{"service_tier", usage_tier, want_text},
};

// Chat and legacy completions, embeddings and the like: OpenAI's names, then those of others.
inline constexpr std::array chat_usage{
    JsonPath{"prompt_tokens", usage_input, want_number},
    JsonPath{"completion_tokens", usage_output, want_number},
    JsonPath{"total_tokens", usage_total, want_number},
    JsonPath{"prompt_tokens_details.cached_tokens", usage_cached_any, want_number},
    JsonPath{"prompt_tokens_details.cache_write_tokens", usage_cache_write, want_number},
    JsonPath{"prompt_tokens_details.audio_tokens", usage_audio_input, want_number},
    JsonPath{"prompt_tokens_details.image_tokens", usage_image_input, want_number},
    JsonPath{"prompt_tokens_details.cached_tokens_details.audio_tokens", usage_cached_audio,
             want_number},
    JsonPath{"prompt_tokens_details.cached_tokens_details.image_tokens", usage_cached_image,
             want_number},
    JsonPath{"prompt_cache_hit_tokens", usage_cached_any, want_number},
    JsonPath{"num_cached_tokens", usage_cached_any, want_number},
    JsonPath{"cached_tokens", usage_cached_any, want_number},
    JsonPath{"prompt_audio_seconds", usage_audio_seconds, want_number},
    JsonPath{"completion_tokens_details.reasoning_tokens", usage_reasoning, want_number},
    JsonPath{"completion_tokens_details.audio_tokens", usage_audio_output, want_number},
    JsonPath{"completion_tokens_details.image_tokens", usage_image_output, want_number},
    JsonPath{"cost", usage_cost, want_number},
    JsonPath{"cost.total_cost", usage_cost, want_number},
    JsonPath{"cost_in_usd_ticks", usage_cost_ticks, want_number},
};

inline constexpr std::array responses_usage{
    JsonPath{"input_tokens", usage_input, want_number},
    JsonPath{"output_tokens", usage_output, want_number},
    JsonPath{"total_tokens", usage_total, want_number},
    JsonPath{"input_tokens_details.cached_tokens", usage_cached_any, want_number},
    JsonPath{"input_tokens_details.cache_write_tokens", usage_cache_write, want_number},
    JsonPath{"input_tokens_details.audio_tokens", usage_audio_input, want_number},
    JsonPath{"input_tokens_details.image_tokens", usage_image_input, want_number},
    JsonPath{"output_tokens_details.reasoning_tokens", usage_reasoning, want_number},
    JsonPath{"output_tokens_details.audio_tokens", usage_audio_output, want_number},
    JsonPath{"output_tokens_details.image_tokens", usage_image_output, want_number},
    JsonPath{"cost", usage_cost, want_number},
    JsonPath{"cost_in_usd_ticks", usage_cost_ticks, want_number},
};

inline constexpr std::array messages_usage{
    JsonPath{"input_tokens", usage_input, want_number},
    JsonPath{"output_tokens", usage_output, want_number},
    JsonPath{"cache_read_input_tokens", usage_cached, want_number},
    JsonPath{"cache_creation_input_tokens", usage_cache_write, want_number},
    JsonPath{"cache_creation.ephemeral_1h_input_tokens", usage_cache_write_1h, want_number},
    JsonPath{"output_tokens_details.thinking_tokens", usage_reasoning, want_number},
    JsonPath{"server_tool_use.web_search_requests", usage_web_searches, want_number},
    JsonPath{"service_tier", usage_tier, want_text},
    JsonPath{"speed", usage_tier, want_text},
    JsonPath{"inference_geo", usage_geography, want_text},
    JsonPath{"model", usage_model, want_text},  // of an iteration
};

// Whether the figure makes a usage of an object: one without any of these says nothing, whatever
// parts (cached, reasoning) it names.
constexpr bool makes_usage(std::uint8_t id) {
  if (id >= usage_input + of_iteration) id -= of_iteration;
  return id == usage_input || id == usage_output || id == usage_total;
}

// Keeps the number just reported under one of these ids; there is nothing to keep of any other.
void take_usage(UsageFields& fields, std::uint8_t id, const JsonScanner& number);

// The same of a text, which is raw.
void take_usage_text(UsageFields& fields, std::uint8_t id, std::string_view raw);

// Anthropic's iterations, each with fields of its own.
class IterationFields {
 public:
  // More of them are no usage that anybody can check.
  static constexpr std::size_t count_max = 1024;

  void clear() { count_ = 0; }
  bool too_many() const { return count_ > count_max; }
  void begin();
  // Of an id that may be of an iteration: those of the one that began last, or `fields`.
  UsageFields& of(std::uint8_t& id, UsageFields& fields);
  std::span<const UsageFields> all() const { return std::span(fields_).first(count_); }

 private:
  std::vector<UsageFields> fields_;  // room once taken is kept
  std::size_t count_ = 0;
};

}  // namespace recloser::codec
