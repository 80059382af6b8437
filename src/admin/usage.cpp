#include "admin/usage.h"

#include "admin/calls.h"
#include "admin/request.h"
#include "core/json_writer.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace recloser::admin {
namespace {

using ledger::Dim;
using ledger::text_of;
using ledger::UsageSums;
using ledger::usd_of;

constexpr std::size_t value_bytes_max = 512;  // no name in the books is longer

constexpr std::array<std::string_view, 15> parameters{
    "by",  "since", "until",   "rated", "format",   "org",   "team",   "user",
    "key", "agent", "session", "model", "provider", "label", "outcome"};

std::unexpected<Error> malformed(std::string message) {
  return fail(Side::client, Kind::malformed, std::move(message));
}

std::vector<std::string_view> dim_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < ledger::dim_count; ++i) names.push_back(name_of(static_cast<Dim>(i)));
  return names;
}

Result<std::vector<Dim>> read_by(std::string_view list) {
  std::vector<Dim> by;
  while (!list.empty()) {
    std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    std::optional<Dim> dim = ledger::dim_named(name);
    if (!dim) {
      std::vector<std::string_view> known = dim_names();
      return malformed(fmt::format("by must be a list of {}; you sent '{}'{}", listed(known),
                                   shown(name), did_you_mean(name, known)));
    }
    if (std::ranges::find(by, *dim) != by.end()) {
      return malformed(fmt::format("by names {} twice", name));
    }
    by.push_back(*dim);
  }
  return by;
}

Result<void> read_times(const Query& sent, WallTime now, ledger::UsageQuery& query) {
  for (auto [name, time] : {std::pair("since", &query.since), std::pair("until", &query.until)}) {
    const std::string* text = sent.find(name);
    if (text == nullptr) continue;
    Result<WallTime> at = read_time(name, *text, now);
    if (!at) return fail(at.error());
    *time = *at;
  }
  return {};
}

// One of the values that a parameter may have, or nothing when it was not sent.
Result<bool> is_sent(const Query& sent, std::string_view name, std::string_view value,
                     std::string_view other) {
  const std::string* text = sent.find(name);
  if (text == nullptr || *text == other) return false;
  if (*text == value) return true;
  return malformed(
      fmt::format("{} must be {} or {}; you sent '{}'", name, value, other, shown(*text)));
}

// A name and what stands under it, for both forms.
struct Figure {
  std::string_view name;
  std::string text;
  bool is_money = false;
};

std::vector<Figure> figures_of(const UsageSums& sums) {
  auto count = [](std::uint64_t number) { return fmt::format("{}", number); };
  return {{"calls", count(sums.calls)},
          {"refused", count(sums.refused)},
          {"input_tokens", text_of(sums.input_tokens)},
          {"cached_input_tokens", text_of(sums.cached_input_tokens)},
          {"cache_write_tokens", text_of(sums.cache_write_tokens)},
          {"output_tokens", text_of(sums.output_tokens)},
          {"reasoning_tokens", text_of(sums.reasoning_tokens)},
          {"cost_usd", usd_of(sums.cost), true},
          {"list_cost_usd", usd_of(sums.list_cost), true},
          {"fees_usd", usd_of(sums.fees), true},
          {"overrun_usd", usd_of(sums.overrun), true},
          {"estimated_calls", count(sums.estimated_calls)},
          {"estimated_cost_usd", usd_of(sums.estimated_cost), true},
          {"unpriced_calls", count(sums.unpriced_calls)}};
}

void append_figures(JsonWriter& json, const UsageSums& sums) {
  for (const Figure& figure : figures_of(sums)) {
    json.key(figure.name);
    figure.is_money ? json.value(figure.text) : json.raw(figure.text);
  }
}

void append_cell(std::string& out, std::string_view text) {
  bool formula = !text.empty() && std::string_view("=+-@\t\r").contains(text.front());
  if (!formula && text.find_first_of(",\"\r\n") == text.npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

Result<UsageAsked> read_usage(std::string_view text, WallTime now) {
  Result<Query> sent = Query::read(text, parameters);
  if (!sent) return fail(sent.error());
  UsageAsked asked;
  if (const std::string* by = sent->find("by")) {
    Result<std::vector<Dim>> dims = read_by(*by);
    if (!dims) return fail(dims.error());
    asked.query.by = std::move(*dims);
  }
  Result<void> times = read_times(*sent, now, asked.query);
  if (!times) return fail(times.error());
  for (std::size_t i = 0; i < ledger::dim_count; ++i) {
    const std::string* value = sent->find(name_of(static_cast<Dim>(i)));
    if (value == nullptr) continue;
    if (value->size() > value_bytes_max) {
      return malformed(
          fmt::format("{} is longer than any in the books", name_of(static_cast<Dim>(i))));
    }
    asked.query.only[i] = *value;
  }
  Result<bool> rated = is_sent(*sent, "rated", "latest", "booked");
  if (!rated) return fail(rated.error());
  Result<bool> csv = is_sent(*sent, "format", "csv", "json");
  if (!csv) return fail(csv.error());
  asked.query.latest_rating = *rated;
  asked.csv = *csv;
  return asked;
}

std::string usage_json(const ledger::Usage& usage, const ledger::UsageQuery& query) {
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  for (const ledger::UsageRow& row : usage.rows) {
    json.open_object();
    for (std::size_t i = 0; i < query.by.size(); ++i) {
      json.key(name_of(query.by[i]));
      row.of[i].empty() ? json.null() : json.value(row.of[i]);
    }
    append_figures(json, row.sums);
    json.close_object();
  }
  json.close_array().key("total").open_object();
  append_figures(json, usage.total);
  json.close_object().key("next").null().close_object();
  return out;
}

std::string usage_csv(const ledger::Usage& usage, const ledger::UsageQuery& query) {
  std::string out;
  for (Dim dim : query.by) fmt::format_to(std::back_inserter(out), "{},", name_of(dim));
  for (const Figure& figure : figures_of({})) {
    fmt::format_to(std::back_inserter(out), "{},", figure.name);
  }
  out.back() = '\r';
  out += '\n';
  for (const ledger::UsageRow& row : usage.rows) {
    for (const std::string& value : row.of) {
      append_cell(out, value);
      out += ',';
    }
    for (const Figure& figure : figures_of(row.sums)) {
      fmt::format_to(std::back_inserter(out), "{},", figure.text);
    }
    out.back() = '\r';
    out += '\n';
  }
  return out;
}

}  // namespace recloser::admin
