// What a worker counts of its calls; read by whoever serves /metrics.
#pragma once

#include "codec/usage.h"
#include "core/money.h"
#include "core/time.h"
#include "relay/overload.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace recloser::relay {

// Counts of durations by upper bound; the last counts everything.
class Histogram {
 public:
  static constexpr std::size_t bounds_max = 16;
  explicit Histogram(std::initializer_list<double> upper_bounds_s);

  void add(Duration duration);
  void add(const Histogram& other);

  std::size_t bound_count() const { return bound_count_; }
  double bound_s(std::size_t i) const { return static_cast<double>(bounds_ns_[i]) / 1e9; }
  std::uint64_t at_most(std::size_t i) const;  // cumulative, as Prometheus wants it
  std::uint64_t count() const { return count_; }
  double sum_s() const { return static_cast<double>(sum_ns_) / 1e9; }

 private:
  std::array<std::int64_t, bounds_max> bounds_ns_{};
  std::array<std::uint64_t, bounds_max + 1> counts_{};
  std::size_t bound_count_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t sum_ns_ = 0;
};

// One call that has ended, as far as metrics are concerned. Names are label values: never a user, a
// session or anything else without bound.
struct CallSample {
  std::string_view dialect;
  std::string_view model;
  std::string_view provider;
  std::string_view team;
  std::string_view outcome;
  bool model_known = false;             // by the configuration or the provider's list
  bool answered = false;                // the provider has taken the model for one of its own
  const codec::Usage* usage = nullptr;  // null: nothing was used
  NanoUsd cost;
  // What a provider billed that sends its bills, beside what our prices make of the same usage;
  // `by_catalogue` only where both are known.
  NanoUsd billed;
  std::optional<NanoUsd> by_catalogue;
  bool unpriced = false;
  Duration overhead{};
  Duration ttft{-1};  // negative: no first token came
};

// One per worker. The worker adds, any thread reads; the lock is never contended for long.
class Metrics {
 public:
  static constexpr std::size_t series_max =
      200;  // of each family; what is beyond counts as `other`
  // Names that only clients vouch for have their own label once a provider has answered to them:
  // so many of them, lest invented ones push the true ones out. The others count as `other`.
  static constexpr std::size_t answered_names_max = 40;

  void call_ended(const CallSample& sample);
  void refused_without_row(int status);

  // Counts one running stream for as long as it lives.
  class OpenStream {
   public:
    explicit OpenStream(Metrics& metrics) : metrics_(metrics) {
      metrics_.streams_open_.fetch_add(1, std::memory_order_relaxed);
    }
    OpenStream(const OpenStream&) = delete;
    OpenStream& operator=(const OpenStream&) = delete;
    ~OpenStream() { metrics_.streams_open_.fetch_sub(1, std::memory_order_relaxed); }

   private:
    Metrics& metrics_;
  };
  void load(const Overload& overload);
  void shed(Strain strain);
  void malformed_events(std::uint64_t count);
  void stream_cut(std::string_view rule);

  // The labels of one series. Empty values are labels that its family does not have.
  struct Labels {
    std::array<std::string, 5> values;
    friend auto operator<=>(const Labels&, const Labels&) = default;
  };
  struct Snapshot {
    std::map<Labels, std::uint64_t> calls;           // dialect, model, provider, team, outcome
    std::map<Labels, std::uint64_t> tokens;          // kind, model, provider
    std::map<Labels, std::int64_t> cost_nano_usd;    // team, model
    std::map<Labels, std::int64_t> billed_nano_usd;  // model, provider
    std::map<Labels, std::int64_t> by_catalogue_nano_usd;  // model, provider: of what was billed
    std::map<Labels, std::uint64_t> unpriced;              // model, provider
    std::map<Labels, std::uint64_t> stream_cuts;           // rule
    std::map<int, std::uint64_t> refused_without_row;
    std::uint64_t malformed_events = 0;
    std::int64_t streams_open = 0;
    std::array<std::uint8_t, strain_count> overload{};  // the highest Level of all workers
    std::array<std::uint64_t, strain_count> shed{};     // calls refused for it
    std::int64_t loop_lag_ns = 0;                       // the greatest of all workers
    Histogram overhead{0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
                       0.001,   0.0025,   0.005,   0.01,   0.05};
    Histogram ttft{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
  };
  // Adds what this worker has counted.
  void add_to(Snapshot& snapshot) const;

 private:
  // One series as the hot path finds it: by the views of a sample, without making a string.
  using View = std::array<std::string_view, 5>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const View& view) const;
    std::size_t operator()(const Labels& labels) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Labels& a, const Labels& b) const { return a == b; }
    bool operator()(const Labels& a, const View& b) const;
    bool operator()(const View& a, const Labels& b) const { return (*this)(b, a); }
  };
  struct Counts {
    std::uint64_t calls = 0;
    std::array<std::uint64_t, 5> tokens{};  // of each kind
    NanoUsd cost;
    NanoUsd billed;
    NanoUsd by_catalogue;
    std::uint64_t unpriced = 0;
  };
  Counts& series(const View& view);
  std::string_view model_label(const CallSample& sample);

  mutable std::mutex mutex_;
  std::unordered_map<Labels, Counts, Hash, Equal> series_;  // guarded by mutex_
  std::set<std::string, std::less<>> answered_;             // guarded by mutex_
  // What the last call counted in: the next one is often of the same kind. Guarded by mutex_.
  std::pair<const Labels, Counts>* latest_ = nullptr;
  std::map<int, std::uint64_t> refused_without_row_;               // guarded by mutex_
  std::map<std::string, std::uint64_t, std::less<>> stream_cuts_;  // by rule; guarded by mutex_
  std::uint64_t malformed_events_ = 0;                             // guarded by mutex_
  Histogram overhead_ = Snapshot{}.overhead;                       // guarded by mutex_
  Histogram ttft_ = Snapshot{}.ttft;                               // guarded by mutex_
  std::atomic<std::int64_t> streams_open_{0};
  std::array<std::atomic<std::uint8_t>, strain_count> overload_{};
  std::array<std::atomic<std::uint64_t>, strain_count> shed_{};
  std::atomic<std::int64_t> loop_lag_ns_{0};
};

// Prometheus text exposition of the sum of all workers.
void append_call_metrics(std::string& out, const Metrics::Snapshot& snapshot);

// A label value as the exposition format escapes it.
void append_label_value(std::string& out, std::string_view value);

}  // namespace recloser::relay
