#include "samples.h"

#include <algorithm>
#include <cmath>

namespace recloser::bench {

void Samples::add(Duration sample) {
  if (tenths_us_.size() == samples_max) {
    ++left_out_;
    return;
  }
  std::int64_t tenths = std::clamp<std::int64_t>(sample.count() / 100, 0, UINT32_MAX);
  tenths_us_.push_back(static_cast<std::uint32_t>(tenths));
  sorted_ = false;
}

double Samples::percentile_us(double percent) {
  if (tenths_us_.empty()) return 0;
  if (!sorted_) std::ranges::sort(tenths_us_);
  sorted_ = true;
  double rank = std::ceil(percent / 100 * static_cast<double>(tenths_us_.size()));
  auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return tenths_us_[std::min(index, tenths_us_.size() - 1)] / 10.0;
}

void Samples::write(JsonWriter& json, std::string_view name) {
  if (tenths_us_.empty()) return;
  json.key(name).open_object();
  json.member("n", static_cast<std::uint64_t>(tenths_us_.size()));
  if (left_out_ > 0) json.member("left_out", left_out_);
  json.member("p50", percentile_us(50)).member("p90", percentile_us(90));
  json.member("p99", percentile_us(99)).member("max", percentile_us(100));
  json.close_object();
}

}  // namespace recloser::bench
