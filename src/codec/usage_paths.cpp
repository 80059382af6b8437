#include "codec/usage_paths.h"

#include <algorithm>

namespace recloser::codec {
namespace {

std::uint64_t* field(UsageFields& fields, std::uint8_t id) {
  switch (id) {
    case usage_input:
      return &fields.input;
    case usage_output:
      return &fields.output;
    case usage_total:
      return &fields.total;
    case usage_cached:
    case usage_cached_any:
      return &fields.cached;
    case usage_cache_write:
      return &fields.cache_write;
    case usage_reasoning:
      return &fields.reasoning;
    case usage_audio_input:
      return &fields.audio_input;
    default:
      return nullptr;
  }
}

}  // namespace

void take_usage(UsageFields& fields, std::uint8_t id, std::uint64_t count) {
  std::uint64_t* place = field(fields, id);
  if (place == nullptr) return;
  *place = id == usage_cached_any ? std::max(*place, count) : count;
  fields.input_said |= id == usage_input;
  fields.output_said |= id == usage_output;
}

void take_usage(UsageFields& fields, UsageFields& iterations, std::uint8_t id,
                std::uint64_t count) {
  if (id < usage_input + of_iteration) return take_usage(fields, id, count);
  id -= of_iteration;
  std::uint64_t* place = field(iterations, id);
  if (place == nullptr) return;
  *place = sum_of_counts(*place, count);
  iterations.input_said |= id == usage_input;
  iterations.output_said |= id == usage_output;
}

}  // namespace recloser::codec
