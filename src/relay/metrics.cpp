#include "relay/metrics.h"

#include "core/check.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <span>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

constexpr std::array<std::string_view, 5> call_labels{"dialect", "model", "provider", "team",
                                                      "outcome"};
constexpr std::array<std::string_view, 3> token_labels{"kind", "model", "provider"};
constexpr std::array<std::string_view, 5> token_kinds{"input", "output", "cached_input",
                                                      "cache_write", "reasoning"};

void append_head(std::string& out, std::string_view name, std::string_view help,
                 std::string_view type) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void append_series(std::string& out, std::string_view name, std::span<const std::string_view> names,
                   const std::map<Metrics::Labels, std::uint64_t>& family) {
  for (const auto& [labels, count] : family) {
    out += name;
    for (std::size_t i = 0; i < names.size(); ++i) {
      out += i == 0 ? '{' : ',';
      out += names[i];
      out += "=\"";
      append_label_value(out, labels.values[i]);
      out += '"';
    }
    fmt::format_to(std::back_inserter(out), "}} {}\n", count);
  }
}

void append_histogram(std::string& out, std::string_view name, std::string_view help,
                      const Histogram& histogram) {
  append_head(out, name, help, "histogram");
  for (std::size_t i = 0; i < histogram.bound_count(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}_bucket{{le=\"{}\"}} {}\n", name,
                   histogram.bound_s(i), histogram.at_most(i));
  }
  fmt::format_to(std::back_inserter(out), "{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n",
                 name, histogram.count(), name, histogram.sum_s(), name, histogram.count());
}

}  // namespace

void append_label_value(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

Histogram::Histogram(std::initializer_list<double> upper_bounds_s) {
  CHECK(upper_bounds_s.size() <= bounds_max);
  for (double bound : upper_bounds_s) {
    bounds_ns_[bound_count_++] = std::llround(bound * 1e9);
  }
}

void Histogram::add(Duration duration) {
  std::size_t at = 0;
  while (at < bound_count_ && duration.count() > bounds_ns_[at]) ++at;
  ++counts_[at];
  ++count_;
  sum_ns_ += duration.count();
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i <= bound_count_; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
}

std::uint64_t Histogram::at_most(std::size_t bound) const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= bound; ++i) sum += counts_[i];
  return sum;
}

std::size_t Metrics::Hash::operator()(const View& view) const {
  std::size_t sum = 0;
  for (std::string_view value : view) {
    sum = sum * 0x9e3779b97f4a7c15 + std::hash<std::string_view>{}(value);
  }
  return sum;
}

std::size_t Metrics::Hash::operator()(const Labels& labels) const {
  View view;
  for (std::size_t i = 0; i < view.size(); ++i) view[i] = labels.values[i];
  return (*this)(view);
}

bool Metrics::Equal::operator()(const Labels& a, const View& b) const {
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (a.values[i] != b[i]) return false;
  }
  return true;
}

// The series of these labels; once there are too many, the one of everything else.
Metrics::Counts& Metrics::series(const View& view) {
  if (latest_ != nullptr && Equal{}(latest_->first, view)) return latest_->second;
  auto found = series_.find(view);
  if (found != series_.end()) {
    latest_ = &*found;
    return found->second;
  }
  Labels labels;
  for (std::size_t i = 0; i < view.size(); ++i) labels.values[i] = view[i];
  if (series_.size() >= series_max) {
    for (std::size_t i : {1, 2, 3}) labels.values[i] = "other";  // dialect and outcome are few
  }
  return series_[labels];
}

std::string_view Metrics::model_label(const CallSample& sample) {
  if (sample.model_known || sample.model.empty()) return sample.model;
  if (answered_.contains(sample.model)) return sample.model;
  if (!sample.answered || answered_.size() >= answered_names_max) return "other";
  answered_.emplace(sample.model);
  return sample.model;
}

void Metrics::call_ended(const CallSample& sample) {
  const codec::Usage& usage = sample.usage;
  std::lock_guard lock(mutex_);
  Counts& counts =
      series({sample.dialect, model_label(sample), sample.provider, sample.team, sample.outcome});
  ++counts[0];
  counts[1] += usage.input_tokens;
  counts[2] += usage.output_tokens;
  counts[3] += usage.cached_input_tokens;
  counts[4] += usage.cache_write_tokens;
  counts[5] += usage.reasoning_tokens;
  overhead_.add(sample.overhead);
  if (sample.ttft >= Duration{}) ttft_.add(sample.ttft);
}

void Metrics::refused_without_row(int status) {
  std::lock_guard lock(mutex_);
  ++refused_without_row_[status];
}

void Metrics::malformed_events(std::uint64_t count) {
  if (count == 0) return;
  std::lock_guard lock(mutex_);
  malformed_events_ += count;
}

void Metrics::add_to(Snapshot& snapshot) const {
  snapshot.streams_open += streams_open_.load(std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  for (const auto& [labels, counts] : series_) {
    snapshot.calls[labels] += counts[0];
    for (std::size_t kind = 0; kind < token_kinds.size(); ++kind) {
      if (counts[kind + 1] == 0) continue;
      Labels tokens;
      tokens.values = {std::string(token_kinds[kind]), labels.values[1], labels.values[2]};
      snapshot.tokens[tokens] += counts[kind + 1];
    }
  }
  for (auto [status, count] : refused_without_row_) snapshot.refused_without_row[status] += count;
  snapshot.malformed_events += malformed_events_;
  snapshot.overhead.add(overhead_);
  snapshot.ttft.add(ttft_);
}

void append_call_metrics(std::string& out, const Metrics::Snapshot& snapshot) {
  append_head(out, "recloser_calls_total", "Calls that have ended, by how they ended.", "counter");
  append_series(out, "recloser_calls_total", call_labels, snapshot.calls);
  append_head(out, "recloser_tokens_total", "Tokens as providers reported them.", "counter");
  append_series(out, "recloser_tokens_total", token_labels, snapshot.tokens);
  append_head(out, "recloser_refused_without_row_total",
              "Requests that were answered by Recloser and are no calls: 401, 404, malformed.",
              "counter");
  for (auto [status, count] : snapshot.refused_without_row) {
    fmt::format_to(std::back_inserter(out),
                   "recloser_refused_without_row_total{{status=\"{}\"}} {}\n", status, count);
  }
  append_head(out, "recloser_malformed_events_total",
              "Stream events of providers that were not understood; they were passed on.",
              "counter");
  fmt::format_to(std::back_inserter(out), "recloser_malformed_events_total {}\n",
                 snapshot.malformed_events);
  append_histogram(out, "recloser_overhead_seconds",
                   "Time a call spent in Recloser before its request went to the provider.",
                   snapshot.overhead);
  append_histogram(out, "recloser_ttft_seconds",
                   "Time from the request to the first piece of the answer.", snapshot.ttft);
  append_head(out, "recloser_streams_open", "Streams that are running.", "gauge");
  fmt::format_to(std::back_inserter(out), "recloser_streams_open {}\n", snapshot.streams_open);
}

}  // namespace recloser::relay
