#include "books/focus.h"

#include "core/json_writer.h"
#include "core/money.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace recloser::books {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t tokens_per_unit = 1'000'000;
constexpr std::string_view nobody = "default";  // whose calls say no organisation

using Nanos = std::array<std::int64_t, 6>;

// `total` in the proportions of `weights`, to the nano-dollar: what rounding leaves goes to the
// largest. Without weights it all is the last one's.
Nanos divided(std::int64_t total, const Nanos& weights) {
  Nanos out{};
  Wide sum = std::accumulate(weights.begin(), weights.end(), Wide{0});
  if (sum == 0) {
    out.back() = total;
    return out;
  }
  std::int64_t left = total;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::int64_t>(Wide{total} * weights[i] / sum);
    left -= out[i];
  }
  out[static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin())] += left;
  return out;
}

// Money for no tokens of its kind is no price of a token.
void gather(Nanos& amounts, const Nanos& quantities) {
  constexpr std::size_t kinds_of_tokens = 4;
  for (std::size_t i = 0; i < kinds_of_tokens; ++i) {
    if (quantities[i] == 0) amounts.back() += std::exchange(amounts[i], 0);
  }
}

std::string time_text(WallTime at) { return rfc3339(at).substr(0, 19) + "Z"; }

WallTime floor_to_second(WallTime at) { return {at.ns - at.ns % 1'000'000'000}; }

using SysTime = std::chrono::sys_time<std::chrono::nanoseconds>;

WallTime day_begin(WallTime at) {
  auto day = std::chrono::floor<std::chrono::days>(SysTime{std::chrono::nanoseconds(at.ns)});
  return {std::chrono::nanoseconds(day.time_since_epoch()).count()};
}

// The month that `at` lies in, `months` later.
WallTime month_begin(WallTime at, int months) {
  auto day = std::chrono::floor<std::chrono::days>(SysTime{std::chrono::nanoseconds(at.ns)});
  std::chrono::year_month_day date{day};
  auto month = date.year() / date.month() + std::chrono::months(months);
  std::chrono::sys_days first{month / 1};
  return {std::chrono::nanoseconds(first.time_since_epoch()).count()};
}

std::string quantity_text(std::int64_t quantity, bool of_tokens) {
  if (!of_tokens) return std::to_string(quantity);
  return fmt::format("{}.{:06}", quantity / tokens_per_unit, quantity % tokens_per_unit);
}

// What one pricing unit cost, to the nano-dollar.
std::string unit_price(NanoUsd cost, std::int64_t quantity, bool of_tokens) {
  Wide units = of_tokens ? tokens_per_unit : 1;
  Wide price = (Wide{cost.count} * units + quantity / 2) / quantity;
  return text_of(NanoUsd{static_cast<std::int64_t>(price)});
}

void append_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string text_member(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(std::string_view(value->get_string()));
}

// The first decision that acted on the call.
void take_decision(std::string_view decisions, std::string& rule, std::string& id) {
  boost::system::error_code error;
  boost::json::value list = boost::json::parse(decisions, error);
  if (error || !list.is_array() || list.get_array().empty()) return;
  const boost::json::value& first = list.get_array().front();
  if (!first.is_object()) return;
  rule = text_member(first.get_object(), "rule");
  id = text_member(first.get_object(), "id");
}

void tag(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.member(name, text);
}

void tag_labels(JsonWriter& json, std::string_view labels) {
  boost::system::error_code error;
  boost::json::value list = boost::json::parse(labels, error);
  if (error || !list.is_array()) return;
  for (const boost::json::value& label : list.get_array()) {
    if (!label.is_string()) continue;
    std::string name("label/");
    name += std::string_view(label.get_string());
    json.member(name, true);
  }
}

}  // namespace

std::string_view FocusExport::words_of(Meter meter) {
  switch (meter) {
    case Meter::input:
      return "Input Tokens";
    case Meter::cached_input:
      return "Cached Input Tokens";
    case Meter::cache_write:
      return "Cache Write Tokens";
    case Meter::output:
      return "Output Tokens";
    case Meter::fees:
      return "Fees";
    case Meter::other:
      break;
  }
  return "Requests";
}

std::string_view FocusExport::token_type_of(Meter meter) {
  switch (meter) {
    case Meter::input:
      return "input";
    case Meter::cached_input:
      return "cached_input";
    case Meter::cache_write:
      return "cache_write";
    case Meter::output:
      return "output";
    case Meter::fees:
      return "fee";
    case Meter::other:
      break;
  }
  return "request";
}

std::string FocusExport::header() {
  std::string out;
  for (const FocusColumn& column : focus_columns()) {
    out += fmt::format("{}{}", out.empty() ? "" : ",", column.name);
  }
  return out + "\r\n";
}

Result<void> FocusExport::add(const ledger::StoredCall& row, std::string& out) {
  bool charged = !row.provider.empty();
  if (charged && !row.cost_nano_usd) ++totals_.unpriced;
  if (!charged || !row.cost_nano_usd) return {};
  WallTime day = day_begin(row.started_at);
  if (by_ == FocusBy::day && day != day_) {
    Result<void> written = finish(out);
    if (!written) return written;
    day_ = day;
  }
  ++totals_.calls;
  totals_.cost += NanoUsd{*row.cost_nano_usd};
  totals_.list_cost += NanoUsd{row.list_cost_nano_usd.value_or(*row.cost_nano_usd)};
  Subject subject = subject_of(row);
  std::array<Sums, meters> parts = parts_of(row);
  std::string lines;
  for (std::size_t i = 0; i < meters; ++i) {
    const Sums& part = parts[i];
    if (part.quantity == 0) continue;
    subject.meter = Meter(i);
    if (by_ == FocusBy::call) {
      Result<void> written = write(subject, part, lines);
      if (!written) return written;
      continue;
    }
    Sums& group = groups_[subject];
    group.quantity += part.quantity;
    group.requests += part.requests;
    group.cost += part.cost;
    group.list += part.list;
  }
  out += lines;
  if (groups_.size() <= focus_groups_max) return {};
  return fail(
      Side::operator_, Kind::too_large,
      fmt::format("a day has more than {} different lines; export it by call", focus_groups_max));
}

Result<void> FocusExport::finish(std::string& out) {
  for (const auto& [subject, sums] : groups_) {
    Result<void> written = write(subject, sums, out);
    if (!written) return written;
  }
  groups_.clear();
  return {};
}

// The parts that the row has, scaled to what was booked where that is another figure (the
// provider's own), so that they add up to it. The list price has parts of its own where the prices
// at hand make the same sum of it: a contract need not take the same off each kind of token. Else
// it is in the same proportions.
std::array<FocusExport::Sums, FocusExport::meters> FocusExport::parts_of(
    const ledger::StoredCall& row) {
  auto count = [](const std::optional<std::int64_t>& number) {
    return std::max<std::int64_t>(number.value_or(0), 0);
  };
  std::int64_t cached = count(row.cached_input_tokens);
  std::int64_t written = count(row.cache_write_tokens);
  std::int64_t fresh = std::max<std::int64_t>(count(row.input_tokens) - cached - written, 0);
  Nanos quantities{fresh, cached, written, count(row.output_tokens), 0, 0};
  Nanos weights{count(row.input_cost_nano_usd),
                count(row.cached_cost_nano_usd),
                count(row.cache_write_cost_nano_usd),
                count(row.output_cost_nano_usd),
                count(row.fees_nano_usd),
                0};
  gather(weights, quantities);
  std::int64_t booked = *row.cost_nano_usd;
  Nanos costs = divided(booked, weights);
  std::int64_t list = row.list_cost_nano_usd.value_or(booked);
  Nanos lists = list == booked ? costs : divided(list, booked == 0 ? quantities : costs);
  if (list != booked) {
    std::optional<RowPrices::RowCosts> now = prices_.costs(row);
    if (now && now->list.total.count == list) {
      const price::Cost& parts = now->list;
      lists = {parts.input.count,  parts.cached_input.count, parts.cache_write.count,
               parts.output.count, parts.fees.count,         0};
      gather(lists, quantities);
    }
  }
  std::array<Sums, meters> parts;
  for (std::size_t i = 0; i < meters; ++i) {
    parts[i].quantity = quantities[i];
    parts[i].cost = {costs[i]};
    parts[i].list = {lists[i]};
    bool counted = i < std::size_t(Meter::fees);
    if (!counted && (costs[i] != 0 || lists[i] != 0)) parts[i].quantity = 1;
    parts[i].requests = 1;
  }
  return parts;
}

FocusExport::Subject FocusExport::subject_of(const ledger::StoredCall& row) const {
  Subject subject;
  subject.org = row.org.empty() ? std::string(nobody) : row.org;
  subject.team = row.team;
  subject.user = row.user;
  subject.agent = row.agent;
  subject.key = row.key_id;
  subject.provider = row.provider;
  subject.model = row.model_served.empty() ? row.model_requested : row.model_served;
  if (subject.model.empty()) subject.model = "unknown";
  subject.route = row.model_requested;
  subject.region = row.region;
  subject.labels = row.labels;
  subject.cost_source = ledger::name_of(row.cost_source);
  subject.price_version = row.price_version;
  if (by_ == FocusBy::day) {
    subject.begin = day_begin(row.started_at);
    subject.end = subject.begin + 24h;
    return subject;
  }
  subject.session = row.session;
  subject.call = row.id.str();
  take_decision(row.decisions, subject.rule, subject.decision);
  subject.begin = floor_to_second(row.started_at);
  WallTime end = floor_to_second(row.started_at + Duration(row.duration_ns.value_or(0))) + 1s;
  // A call over the end of a month is charged to the one in which it began.
  subject.end = std::min(std::max(end, subject.begin + 1s), month_begin(subject.begin, 1));
  return subject;
}

std::string FocusExport::name_of_provider(std::string_view provider) const {
  price::Place place = prices_.place_of(provider);
  if (place.provider == price::Place::none) return std::string(provider);
  return prices_.catalogue().providers()[place.provider].name;
}

Result<void> FocusExport::write(const Subject& subject, const Sums& sums, std::string& out) {
  std::vector<std::string> fields(focus_columns().size());
  auto set = [&](std::string_view name, std::string value) {
    fields[focus_column(name)] = std::move(value);
  };
  bool of_tokens = subject.meter < Meter::fees;
  std::string cost = text_of(sums.cost);
  std::string provider = name_of_provider(subject.provider);
  std::string sku = subject.provider + "/" + subject.model;
  std::string unit = of_tokens ? "Tokens" : "Requests";
  for (std::string_view name : {"BilledCost", "ContractedCost", "EffectiveCost"}) set(name, cost);
  set("ListCost", text_of(sums.list));
  set("ContractedUnitPrice", unit_price(sums.cost, sums.quantity, of_tokens));
  set("ListUnitPrice", unit_price(sums.list, sums.quantity, of_tokens));
  set("PricingQuantity", quantity_text(sums.quantity, of_tokens));
  set("PricingUnit", of_tokens ? fmt::format("{} Tokens", tokens_per_unit) : unit);
  set("PricingCategory", "Standard");
  set("ConsumedQuantity", std::to_string(sums.quantity));
  set("ConsumedUnit", unit);
  set("BillingAccountId", subject.org);
  set("BillingAccountName", subject.org);
  set("BillingCurrency", "USD");
  set("BillingPeriodStart", time_text(month_begin(subject.begin, 0)));
  set("BillingPeriodEnd", time_text(month_begin(subject.begin, 1)));
  set("ChargePeriodStart", time_text(subject.begin));
  set("ChargePeriodEnd", time_text(subject.end));
  set("ChargeCategory", "Usage");
  set("ChargeFrequency", "Usage-Based");
  set("ChargeDescription",
      fmt::format("{} of {} at {}", words_of(subject.meter), subject.model, provider));
  for (std::string_view name :
       {"InvoiceIssuerName", "ProviderName", "PublisherName", "ServiceName"}) {
    set(name, provider);
  }
  set("ServiceCategory", "AI and Machine Learning");
  set("ServiceSubcategory", "Generative AI");
  set("RegionId", subject.region);
  set("RegionName", subject.region);
  set("ResourceId", subject.route);
  set("ResourceName", subject.route);
  set("ResourceType", subject.route.empty() ? "" : "Model");
  set("SkuId", sku);
  set("SkuMeter", std::string(words_of(subject.meter)));
  set("SkuPriceId", fmt::format("{}/{}", sku, token_type_of(subject.meter)));
  set("SubAccountId", subject.team);
  set("SubAccountName", subject.team);
  set_own(subject, sums, fields);
  std::vector<std::string_view> views(fields.begin(), fields.end());
  Result<void> good = check_focus_row(views);
  if (!good) return good;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i != 0) out += ',';
    append_field(out, fields[i]);
  }
  out += "\r\n";
  ++totals_.lines;
  return {};
}

void FocusExport::set_own(const Subject& subject, const Sums& sums,
                          std::vector<std::string>& fields) {
  auto set = [&](std::string_view name, std::string_view value) {
    fields[focus_column(name)] = value;
  };
  std::string details;
  JsonWriter json(details);
  json.open_object().member("x_TokenType", token_type_of(subject.meter));
  tag(json, "x_PriceVersion", subject.price_version);
  json.close_object();
  set("SkuPriceDetails", details);
  std::string tags;
  JsonWriter tag_json(tags);
  tag_json.open_object();
  tag(tag_json, "org", subject.org == nobody ? std::string_view() : subject.org);
  tag(tag_json, "team", subject.team);
  tag(tag_json, "user", subject.user);
  tag(tag_json, "agent", subject.agent);
  tag(tag_json, "key", subject.key);
  tag(tag_json, "session", subject.session);
  tag_labels(tag_json, subject.labels);
  tag_json.close_object();
  set("Tags", tags);
  set("x_AgentId", subject.agent);
  set("x_CallId", subject.call);
  set("x_CostSource", subject.cost_source);
  set("x_DecisionId", subject.decision);
  set("x_PolicyRule", subject.rule);
  set("x_PriceVersion", subject.price_version);
  set("x_Requests", std::to_string(sums.requests));
  set("x_SessionId", subject.session);
  set("x_TokenType", token_type_of(subject.meter));
  set("x_UserId", subject.user);
}

}  // namespace recloser::books
