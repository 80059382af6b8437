#include "ledger/usage_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace recloser::ledger {
namespace {

constexpr std::int64_t day_ns = 86'400'000'000'000;
constexpr std::size_t month_size = sizeof "2026-11" - 1;
constexpr std::size_t day_size = sizeof "2026-11-21" - 1;

std::int64_t day_number(std::int64_t ns) {
  return ns >= 0 ? ns / day_ns : -((day_ns - 1 - ns) / day_ns);
}

// Takes the first label off the list.
std::string_view take_label(std::string_view& labels) {
  std::size_t comma = std::min(labels.find(','), labels.size());
  std::string_view label = labels.substr(0, comma);
  labels.remove_prefix(std::min(labels.size(), comma + 1));
  return label;
}

bool has_label(std::string_view labels, std::string_view wanted) {
  if (labels.empty()) return wanted.empty();
  while (!labels.empty()) {
    if (take_label(labels) == wanted) return true;
  }
  return false;
}

// A group's name: each value with its length before it, so that no two lists make the same.
void append_value(std::string& key, std::string_view value) {
  auto size = static_cast<std::uint32_t>(value.size());
  std::array<char, sizeof size> bytes;
  std::memcpy(bytes.data(), &size, sizeof size);
  key.append(bytes.data(), bytes.size());
  key.append(value);
}

std::vector<std::string> values_of(std::string_view key) {
  std::vector<std::string> values;
  while (!key.empty()) {
    std::uint32_t size = 0;
    std::memcpy(&size, key.data(), sizeof size);
    values.push_back(unescaped(key.substr(sizeof size, size)));
    key.remove_prefix(sizeof size + size);
  }
  return values;
}

}  // namespace

UsageTable::UsageTable(const UsageQuery& query) : query_(query) {
  by_label_ = std::ranges::find(query.by, Dim::label) != query.by.end();
  for (std::size_t i = 0; i < dim_count; ++i) {
    if (query.only[i]) only_[i] = escaped(*query.only[i]);
  }
}

Result<void> UsageTable::add(const ScannedFacts& row) {
  if (!is_wanted(row)) return {};
  ledger::add(total_, row.figures);
  if (!by_label_ || row.labels.empty()) return add_to_group(row, {});
  std::string_view rest = row.labels;
  while (!rest.empty()) {
    std::string_view before = row.labels.substr(0, row.labels.size() - rest.size());
    std::string_view label = take_label(rest);
    bool again = !before.empty() && has_label(before.substr(0, before.size() - 1), label);
    if (again) continue;
    Result<void> added = add_to_group(row, label);
    if (!added) return added;
  }
  return {};
}

Result<void> UsageTable::add_to_group(const ScannedFacts& row, std::string_view label) {
  key_.clear();
  for (Dim dim : query_.by) append_value(key_, dim == Dim::label ? label : value(dim, row));
  auto found = groups_.find(std::string_view(key_));
  if (found == groups_.end()) {
    if (groups_.size() == usage_groups_max) {
      return fail(Side::client, Kind::too_large,
                  fmt::format("the sums have more than {} rows: ask by fewer things, or for a "
                              "shorter time",
                              usage_groups_max));
    }
    found = groups_.emplace(key_, UsageSums{}).first;
  }
  ledger::add(found->second, row.figures);
  return {};
}

Usage UsageTable::take() && {
  Usage usage;
  usage.total = total_;
  usage.rows.reserve(groups_.size());
  for (const auto& [key, sums] : groups_) {
    usage.rows.push_back({.of = values_of(key), .sums = sums});
  }
  std::ranges::sort(usage.rows, {}, &UsageRow::of);
  return usage;
}

std::string_view UsageTable::value(Dim dim, const ScannedFacts& row) {
  switch (dim) {
    case Dim::org:
      return row.org;
    case Dim::team:
      return row.team;
    case Dim::user:
      return row.user;
    case Dim::key:
      return row.key_id;
    case Dim::agent:
      return row.agent;
    case Dim::session:
      return row.session;
    case Dim::model:
      return row.model_served.empty() ? row.model_requested : row.model_served;
    case Dim::provider:
      return row.provider;
    case Dim::label:
      return row.labels;
    case Dim::outcome:
      return name_of(row.figures.outcome);
    case Dim::day:
      return day_of(row.started_at_ns);
    case Dim::month:
      return day_of(row.started_at_ns).substr(0, month_size);
  }
  return {};
}

// Rows come by time, so a day is written once.
std::string_view UsageTable::day_of(std::int64_t at_ns) {
  std::int64_t day = day_number(at_ns);
  if (day != day_ || day_text_.empty()) {
    day_ = day;
    day_text_ = rfc3339({at_ns}).substr(0, day_size);
  }
  return day_text_;
}

bool UsageTable::is_wanted(const ScannedFacts& row) {
  if (query_.since && row.started_at_ns < query_.since->ns) return false;
  if (query_.until && row.started_at_ns >= query_.until->ns) return false;
  for (std::size_t i = 0; i < dim_count; ++i) {
    if (!only_[i]) continue;
    auto dim = static_cast<Dim>(i);
    bool is_it =
        dim == Dim::label ? has_label(row.labels, *only_[i]) : value(dim, row) == *only_[i];
    if (!is_it) return false;
  }
  return true;
}

}  // namespace recloser::ledger
