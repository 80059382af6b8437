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
constexpr std::array<std::string_view, 2> team_labels{"team", "model"};
constexpr std::array<std::string_view, 2> model_labels{"model", "provider"};
constexpr std::array<std::string_view, 1> rule_labels{"rule"};
constexpr std::array<std::string_view, 5> token_kinds{"input", "output", "cached_input",
                                                      "cache_write", "reasoning"};

void append_head(std::string& out, std::string_view name, std::string_view help,
                 std::string_view type) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void append_labels(std::string& out, std::string_view name, std::span<const std::string_view> names,
                   const Metrics::Labels& labels) {
  out += name;
  for (std::size_t i = 0; i < names.size(); ++i) {
    out += i == 0 ? '{' : ',';
    out += names[i];
    out += "=\"";
    append_label_value(out, labels.values[i]);
    out += '"';
  }
  out += '}';
}

void append_series(std::string& out, std::string_view name, std::span<const std::string_view> names,
                   const std::map<Metrics::Labels, std::uint64_t>& family) {
  for (const auto& [labels, count] : family) {
    append_labels(out, name, names, labels);
    fmt::format_to(std::back_inserter(out), " {}\n", count);
  }
}

// Nano-dollars as dollars, which is what Prometheus wants.
void append_money(std::string& out, std::string_view name, std::string_view help,
                  std::span<const std::string_view> names,
                  const std::map<Metrics::Labels, std::int64_t>& family) {
  append_head(out, name, help, "counter");
  for (const auto& [labels, nano] : family) {
    append_labels(out, name, names, labels);
    out += ' ';
    append_text(out, NanoUsd{nano});
    out += '\n';
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
  std::lock_guard lock(mutex_);
  Counts& counts =
      series({sample.dialect, model_label(sample), sample.provider, sample.team, sample.outcome});
  ++counts.calls;
  if (const codec::Usage* usage = sample.usage) {
    counts.tokens[0] += usage->input_tokens;
    counts.tokens[1] += usage->output_tokens;
    counts.tokens[2] += usage->cached_input_tokens;
    counts.tokens[3] += usage->cache_write_tokens;
    counts.tokens[4] += usage->reasoning_tokens;
  }
  counts.cost += sample.cost;
  if (sample.by_catalogue) {
    counts.billed += sample.billed;
    counts.by_catalogue += *sample.by_catalogue;
  }
  counts.unpriced += sample.unpriced ? 1 : 0;
  overhead_.add(sample.overhead);
  if (sample.ttft >= Duration{}) ttft_.add(sample.ttft);
}

void Metrics::refused_without_row(int status) {
  std::lock_guard lock(mutex_);
  ++refused_without_row_[status];
}

void Metrics::load(const Overload& overload) {
  for (std::size_t i = 0; i < strain_count; ++i) {
    auto level = static_cast<std::uint8_t>(overload.level(static_cast<Strain>(i)));
    overload_[i].store(level, std::memory_order_relaxed);
  }
  loop_lag_ns_.store(overload.lag().count(), std::memory_order_relaxed);
}

void Metrics::shed(Strain strain) {
  shed_[static_cast<std::size_t>(strain)].fetch_add(1, std::memory_order_relaxed);
}

void Metrics::malformed_events(std::uint64_t count) {
  if (count == 0) return;
  std::lock_guard lock(mutex_);
  malformed_events_ += count;
}

void Metrics::stream_cut(std::string_view rule) {
  std::lock_guard lock(mutex_);
  auto found = stream_cuts_.find(rule);
  if (found == stream_cuts_.end()) {
    bool full = stream_cuts_.size() >= series_max;
    found = stream_cuts_.try_emplace(full ? "other" : std::string(rule)).first;
  }
  ++found->second;
}

void Metrics::add_to(Snapshot& snapshot) const {
  snapshot.streams_open += streams_open_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < strain_count; ++i) {
    snapshot.overload[i] =
        std::max(snapshot.overload[i], overload_[i].load(std::memory_order_relaxed));
    snapshot.shed[i] += shed_[i].load(std::memory_order_relaxed);
  }
  snapshot.loop_lag_ns =
      std::max(snapshot.loop_lag_ns, loop_lag_ns_.load(std::memory_order_relaxed));
  std::lock_guard lock(mutex_);
  for (const auto& [labels, counts] : series_) {
    const auto& [dialect, model, provider, team, outcome] = labels.values;
    snapshot.calls[labels] += counts.calls;
    for (std::size_t kind = 0; kind < token_kinds.size(); ++kind) {
      if (counts.tokens[kind] == 0) continue;
      snapshot.tokens[{{std::string(token_kinds[kind]), model, provider}}] += counts.tokens[kind];
    }
    if (counts.cost != NanoUsd{}) snapshot.cost_nano_usd[{{team, model}}] += counts.cost.count;
    if (counts.billed != NanoUsd{} || counts.by_catalogue != NanoUsd{}) {
      snapshot.billed_nano_usd[{{model, provider}}] += counts.billed.count;
      snapshot.by_catalogue_nano_usd[{{model, provider}}] += counts.by_catalogue.count;
    }
    if (counts.unpriced != 0) snapshot.unpriced[{{model, provider}}] += counts.unpriced;
  }
  for (const auto& [rule, count] : stream_cuts_) snapshot.stream_cuts[{{rule}}] += count;
  for (auto [status, count] : refused_without_row_) snapshot.refused_without_row[status] += count;
  snapshot.malformed_events += malformed_events_;
  snapshot.overhead.add(overhead_);
  snapshot.ttft.add(ttft_);
}

namespace {

void append_load(std::string& out, const Metrics::Snapshot& snapshot) {
  auto each = [&](std::string_view name, const auto& values) {
    for (std::size_t i = 0; i < strain_count; ++i) {
      fmt::format_to(std::back_inserter(out), "{}{{by=\"{}\"}} {}\n", name,
                     name_of(static_cast<Strain>(i)), values[i]);
    }
  };
  append_head(out, "recloser_overload_level",
              "How near the gateway is to its own limits: 0 calm, 1 tight, 2 full.", "gauge");
  each("recloser_overload_level", snapshot.overload);
  append_head(out, "recloser_overload_refused_total", "Calls that were refused for that.",
              "counter");
  each("recloser_overload_refused_total", snapshot.shed);
  append_head(out, "recloser_loop_lag_seconds",
              "How long calls wait for a worker before it looks at them.", "gauge");
  fmt::format_to(std::back_inserter(out), "recloser_loop_lag_seconds {}\n",
                 static_cast<double>(snapshot.loop_lag_ns) / 1e9);
}

}  // namespace

void append_call_metrics(std::string& out, const Metrics::Snapshot& snapshot) {
  append_head(out, "recloser_calls_total", "Calls that have ended, by how they ended.", "counter");
  append_series(out, "recloser_calls_total", call_labels, snapshot.calls);
  append_head(out, "recloser_tokens_total", "Tokens as providers reported them.", "counter");
  append_series(out, "recloser_tokens_total", token_labels, snapshot.tokens);
  append_money(out, "recloser_cost_usd_total", "What calls cost, estimates included.", team_labels,
               snapshot.cost_nano_usd);
  append_money(out, "recloser_billed_usd_total",
               "What providers say they charge, of calls that our prices are known for too.",
               model_labels, snapshot.billed_nano_usd);
  append_money(out, "recloser_billed_by_catalogue_usd_total",
               "The same calls by our prices; the gap to recloser_billed_usd_total is theirs.",
               model_labels, snapshot.by_catalogue_nano_usd);
  append_head(out, "recloser_unpriced_total", "Calls that no price is known for.", "counter");
  append_series(out, "recloser_unpriced_total", model_labels, snapshot.unpriced);
  append_head(out, "recloser_stream_cuts_total", "Streams that were ended because a rule said so.",
              "counter");
  append_series(out, "recloser_stream_cuts_total", rule_labels, snapshot.stream_cuts);
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
  append_load(out, snapshot);
}

}  // namespace recloser::relay
