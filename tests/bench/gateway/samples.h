// Times of many events, and the percentiles of them.
#pragma once

#include "core/json_writer.h"
#include "core/time.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace recloser::bench {

// Keeps every sample, so that a percentile is exact. Once `samples_max` are held, further ones are
// counted and not kept.
class Samples {
 public:
  static constexpr std::size_t samples_max = 8'000'000;

  void add(Duration sample);
  std::size_t size() const { return tenths_us_.size(); }

  // The smallest sample that at least `percent` of all do not exceed; 0 without samples.
  double percentile_us(double percent);

  // `"name": {"n", "p50", "p90", "p99", "max"}` in microseconds; nothing without samples.
  void write(JsonWriter& json, std::string_view name);

 private:
  std::vector<std::uint32_t> tenths_us_;
  std::uint64_t left_out_ = 0;
  bool sorted_ = false;
};

}  // namespace recloser::bench
