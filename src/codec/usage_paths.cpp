#include "codec/usage_paths.h"

#include "codec/event.h"
#include "core/limits.h"

#include <algorithm>

namespace recloser::codec {
namespace {

constexpr unsigned nano_places = 9;
constexpr std::uint64_t ms_per_second = 1000;

std::uint64_t* usual_field(UsageFields& fields, std::uint8_t id) {
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
    default:
      return nullptr;
  }
}

std::uint64_t* rare_field(RareUsage& rare, std::uint8_t id) {
  switch (id) {
    case usage_cache_write_1h:
      return &rare.cache_write_1h_tokens;
    case usage_audio_input:
      return &rare.audio_input_tokens;
    case usage_cached_audio:
      return &rare.cached_audio_tokens;
    case usage_image_input:
      return &rare.image_input_tokens;
    case usage_cached_image:
      return &rare.cached_image_tokens;
    case usage_audio_output:
      return &rare.audio_output_tokens;
    case usage_image_output:
      return &rare.image_output_tokens;
    case usage_web_searches:
      return &rare.web_searches;
    case usage_file_searches:
      return &rare.file_searches;
    case usage_code_calls:
      return &rare.code_sessions;
    default:
      return nullptr;
  }
}

// A bill is what the provider says, or nothing: one that is no amount is left out.
void take_cost(RareUsage& rare, std::uint8_t id, const JsonScanner& number) {
  unsigned places = id == usage_cost ? nano_places : 0;
  std::optional<std::int64_t> said = number.decimal(places);
  if (!said) return;
  std::int64_t count = *said;
  if (id == usage_cost_ticks && count == 0) return;  // sent by hosts of xAI's models, who bill
  if (id == usage_cost_ticks) {                      // tenths of a nano-dollar, half to even
    std::int64_t tenth = count % 10;
    count /= 10;
    if (tenth > 5 || (tenth == 5 && count % 2 != 0)) ++count;
  }
  rare.provider_cost = NanoUsd{count};
}

}  // namespace

void take_usage(UsageFields& fields, std::uint8_t id, const JsonScanner& number) {
  if (std::uint64_t* place = usual_field(fields, id)) {
    *place = id == usage_cached_any ? std::max(*place, number.count()) : number.count();
    fields.input_said |= id == usage_input;
    fields.output_said |= id == usage_output;
    return;
  }
  bool rare = id > usage_reasoning && id < usage_tier;
  bool none = number.is_count() && number.number() == 0 && !fields.rare && id != usage_cost &&
              id != usage_cost_ticks;
  if (!rare || none) return;  // most say 0 of all that they do not do
  if (std::uint64_t* place = rare_field(fields.rare.make(), id)) {
    *place = number.count();
  } else if (id == usage_audio_seconds) {
    std::uint64_t seconds = number.count();
    bool believed = seconds <= limits::tokens_of_a_call_max;
    fields.rare.make().audio_input_ms = believed ? seconds * ms_per_second : seconds;
  } else {
    take_cost(fields.rare.make(), id, number);
  }
}

void take_usage_text(UsageFields& fields, std::uint8_t id, std::string_view raw) {
  if (id == usage_tier) {
    ServiceTier tier = service_tier_named(raw);
    if (tier != ServiceTier::standard) fields.tier = tier;
    return;
  }
  if (id != usage_geography && id != usage_model) return;
  if (raw.empty() || raw == "not_available" || raw.size() > limits::model_name_bytes_max) return;
  RareUsage& rare = fields.rare.make();
  std::string& place = id == usage_model ? rare.model : rare.geography;
  place.clear();
  unescape(place, raw);
}

void IterationFields::begin() {
  if (too_many()) return;
  if (count_ == fields_.size()) {
    fields_.emplace_back();
  } else {
    fields_[count_].clear();
  }
  ++count_;
}

UsageFields& IterationFields::of(std::uint8_t& id, UsageFields& fields) {
  if (id < usage_input + of_iteration || count_ == 0) return fields;
  id -= of_iteration;
  return fields_[count_ - 1];
}

}  // namespace recloser::codec
