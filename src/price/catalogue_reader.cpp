#include "price/catalogue_reader.h"

#include "core/ascii.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::price {
namespace {

constexpr unsigned factor_places = 6;

std::optional<std::int64_t> day_start(std::string_view date) {
  Result<WallTime> at = parse_rfc3339(std::string(date) + "T00:00:00Z");
  if (!at) return std::nullopt;
  return at->ns / 1'000'000'000;
}

// Service tiers with prices of their own, in windows that begin when another variant of theirs
// does: each is the standard list of that time with what the variants then say on top.
struct Variant {
  std::int64_t from_s = Period::always;
  PriceList list;
};

void add_tier(Schedule& schedule, codec::ServiceTier tier,
              const std::vector<std::pair<Period, PriceList>>& standard,
              const std::vector<Variant>& variants, std::uint32_t write_1h_factor_ppm,
              RatesPool& pool) {
  std::vector<std::int64_t> begins;
  for (const Variant& variant : variants) begins.push_back(variant.from_s);
  std::ranges::sort(begins);
  begins.erase(std::ranges::unique(begins).begin(), begins.end());
  for (std::int64_t begin : begins) {
    PriceList said;  // of two variants that hold, the first has its say
    for (const Variant& variant : variants) {
      if (variant.from_s <= begin) said.add_missing(variant.list);
    }
    auto add = [&](Period period, const PriceList& under) {
      PriceList list = said;
      list.add_missing(under);
      schedule.add(period, tier, list, write_1h_factor_ppm, pool);
    };
    add({.from_s = begin}, standard.front().second);
    for (const auto& [period, list] : standard) {
      if (period == Period{}) {
        add({.from_s = begin}, list);
        continue;
      }
      Period later = period;
      later.from_s = std::max(later.from_s, begin);
      add(later, list);
    }
  }
}

}  // namespace

Result<std::shared_ptr<const Catalogue>> CatalogueReader::read(std::string_view catalogue_json,
                                                               std::string_view overlay_json,
                                                               ContractList contracts) {
  out_ = std::unique_ptr<Catalogue>(new Catalogue());
  boost::json::monotonic_resource memory(catalogue_json.size() * 8);
  boost::system::error_code broken;
  Value overlay = boost::json::parse(overlay_json, broken, &memory);
  if (broken) return fail(Side::operator_, Kind::malformed, "the overlay is no JSON");
  Value catalogue = boost::json::parse(catalogue_json, broken, &memory);
  if (broken) return fail(Side::operator_, Kind::malformed, "the catalogue is no JSON");
  std::string date = text(object(catalogue), "date");
  if (!day_start(date)) wrong("date must be as 2026-10-15");
  // Providers first, then the rules of the overlay: how gaps are filled hangs on them.
  read_providers(object(catalogue));
  read_providers(object(overlay));
  read_rules(object(overlay));
  read_models(object(catalogue));
  read_models(object(overlay));
  replace_prices(object(overlay));
  for (Provider& provider : out_->providers_) finish(provider);
  if (!wrong_.empty()) return fail(Side::operator_, Kind::malformed, wrong_);
  std::uint64_t hash = hash_of_text(overlay_json, hash_of_text(catalogue_json, contracts.hash));
  out_->version_ = fmt::format("{}.{:08x}", date, static_cast<std::uint32_t>(hash >> 32));
  out_->contracts_ = std::move(contracts);
  return std::shared_ptr<const Catalogue>(std::move(out_));
}

void CatalogueReader::wrong(std::string_view what) {
  if (wrong_.empty()) wrong_ = fmt::format("{}: {}", reading_, what);
}

const CatalogueReader::Object& CatalogueReader::object(const Value& value) {
  static const Object empty;
  if (const Object* object = value.if_object()) return *object;
  wrong("an object is expected");
  return empty;
}

const CatalogueReader::Array& CatalogueReader::array(const Object& in, std::string_view name) {
  static const Array empty;
  const Value* value = in.if_contains(name);
  if (!value) return empty;
  if (const Array* array = value->if_array()) return *array;
  wrong(fmt::format("{} must be a list", name));
  return empty;
}

// Null when it is not there.
const CatalogueReader::Value& CatalogueReader::member(const Object& in, std::string_view name) {
  static const Value null;
  const Value* value = in.if_contains(name);
  return value ? *value : null;
}

std::string CatalogueReader::text(const Object& in, std::string_view name) {
  const Value* value = in.if_contains(name);
  if (!value) return {};
  if (const boost::json::string* text = value->if_string()) return {text->data(), text->size()};
  wrong(fmt::format("{} must be a text", name));
  return {};
}

std::uint64_t CatalogueReader::whole(const Object& in, std::string_view name) {
  const Value* value = in.if_contains(name);
  if (!value) return 0;
  if (value->is_int64() && value->get_int64() >= 0)
    return static_cast<std::uint64_t>(value->get_int64());
  wrong(fmt::format("{} must be a whole number", name));
  return 0;
}

std::int64_t CatalogueReader::decimal(const Value& value, unsigned places) {
  const boost::json::string* text = value.if_string();
  Result<std::int64_t> read = parse_decimal(text ? std::string_view(*text) : "", places);
  if (!read) {
    wrong(read.error().message());
  } else if (*read < 0 || *read > price_nano_max) {
    wrong(fmt::format("\"{}\" is no price", std::string_view(*text)));
  } else {
    return *read;
  }
  return 0;
}

std::uint32_t CatalogueReader::factor(const Object& in, std::string_view name) {
  const Value* value = in.if_contains(name);
  if (!value) {
    wrong(fmt::format("{} is missing", name));
    return ppm_one;
  }
  std::int64_t ppm = decimal(*value, factor_places);
  if (ppm <= 0 || ppm > factor_ppm_max) wrong(fmt::format("{} is out of bounds", name));
  return static_cast<std::uint32_t>(ppm);
}

std::uint16_t CatalogueReader::provider_index(const Object& in) {
  std::string id = text(in, "provider");
  auto& providers = out_->providers_;
  auto found = std::ranges::find(providers, id, &Provider::id);
  if (found == providers.end()) {
    wrong(fmt::format("no provider is called \"{}\"", id));
    return 0;
  }
  return static_cast<std::uint16_t>(found - providers.begin());
}

Provider& CatalogueReader::provider(const Object& in) {
  return out_->providers_[provider_index(in)];
}

void CatalogueReader::read_providers(const Object& root) {
  for (const Value& value : array(root, "providers")) {
    const Object& in = object(value);
    Provider& provider = out_->providers_.emplace_back();
    provider.id = text(in, "id");
    reading_ = provider.id;
    provider.name = text(in, "name");
    provider.urls = texts(in, "urls");
    provider.fallbacks = texts(in, "fallbacks");
    if (const Value* rule = in.if_contains("aliases")) provider.aliases = this->rule(*rule);
    if (const Value* rule = in.if_contains("models_like")) provider.models_like = this->rule(*rule);
  }
  if (out_->providers_.empty()) wrong("there are no providers");
}

std::vector<std::string> CatalogueReader::texts(const Object& in, std::string_view name) {
  std::vector<std::string> out;
  for (const Value& value : array(in, name)) {
    if (const boost::json::string* text = value.if_string()) {
      out.emplace_back(text->data(), text->size());
    } else {
      wrong(fmt::format("{} must be texts", name));
    }
  }
  return out;
}

NameRule CatalogueReader::rule(const Value& value) {
  if (const boost::json::string* glob = value.if_string())
    return NameRule::of(ascii::lowered(std::string_view(*glob)));
  const Value* parts = &value;
  if (const Object* all = value.if_object()) parts = all->if_contains("all");
  std::vector<NameRule> rules;
  if (parts && parts->is_array()) {
    for (const Value& part : parts->get_array()) rules.push_back(rule(part));
  } else {
    wrong("a rule is a glob, a list, or {\"all\": [..]}");
  }
  return value.is_object() ? NameRule::all_of(std::move(rules))
                           : NameRule::any_of(std::move(rules));
}

void CatalogueReader::read_rules(const Object& overlay) {
  if (out_->providers_.empty()) return;
  reading_ = "overlay";
  for (const Value& value : array(overlay, "aliases"))
    out_->aliases_.push_back({text(object(value), "name"), provider_index(object(value))});
  for (const Value& value : array(overlay, "urls"))
    provider(object(value)).urls.push_back(text(object(value), "url"));
  for (const Value& value : array(overlay, "batch")) {
    Provider& its = provider(object(value));
    its.batch_factor_ppm = factor(object(value), "factor");
    if (const Value* models = object(value).if_contains("models")) its.batch_models = rule(*models);
  }
  for (const Value& value : array(overlay, "cacheWrite1h"))
    provider(object(value)).write_1h_factor_ppm = factor(object(value), "factorOfInput");
  for (const Value& value : array(overlay, "codeSessions"))
    provider(object(value)).code_session_nano = decimal(member(object(value), "usd"), rate_places);
  for (const Value& value : array(overlay, "geography")) {
    provider(object(value))
        .geographies.push_back({text(object(value), "geography"), factor(object(value), "factor")});
  }
  for (const Value& value : array(overlay, "uplifts")) {
    const Object& in = object(value);
    const Value* models = in.if_contains("models");
    out_->uplifts_.push_back({.provider = provider_index(in),
                              .host = text(in, "host"),
                              .models = models ? rule(*models) : NameRule::any_of({}),
                              .factor_ppm = factor(in, "factor")});
  }
  for (const Value& value : array(overlay, "dialects")) {
    std::string name = text(object(value), "dialect");
    for (auto dialect :
         {config::Dialect::openai, config::Dialect::anthropic, config::Dialect::simulated}) {
      if (config::name_of(dialect) == name)
        out_->dialect_homes_[static_cast<std::size_t>(dialect)] = provider_index(object(value));
    }
  }
}

void CatalogueReader::read_models(const Object& root) {
  for (const Value& value : array(root, "providers")) {
    const Object& in = object(value);
    std::string id = text(in, "id");
    auto provider = std::ranges::find(out_->providers_, id, &Provider::id);
    const Array& models = array(in, "models");
    provider->entries.reserve(models.size());
    for (const Value& model : models) {
      reading_ = fmt::format("a model of {}", id);
      Entry& entry = provider->entries.emplace_back();
      entry.model = text(object(model), "id");
      reading_ = fmt::format("{}/{}", id, entry.model);
      auto index = static_cast<std::uint32_t>(provider->entries.size() - 1);
      for (const Value& match : array(object(model), "match")) add_match(match, *provider, index);
      read_prices(object(model), *provider, entry.list);
      read_facts(object(model), entry);
    }
  }
}

void CatalogueReader::add_match(const Value& match, Provider& provider, std::uint32_t entry) {
  NameRule made = rule(match);
  if (made.form() == NameRule::Form::equals && !made.negated()) {
    provider.named.push_back({.name = std::string(made.text()), .entry = entry});
  } else {
    provider.ruled.push_back({.rule = std::move(made), .entry = entry});
  }
}

void CatalogueReader::read_prices(const Object& in, const Provider& provider, Schedule& schedule) {
  std::vector<std::pair<Period, PriceList>> standard;
  for (const Value& window : array(in, "prices"))
    standard.emplace_back(period(object(window)), list(object(window)));
  if (standard.empty()) {
    wrong("prices are missing");
    return;
  }
  for (const auto& [period, list] : standard) {
    schedule.add(period, codec::ServiceTier::standard, list, provider.write_1h_factor_ppm,
                 out_->rates_);
  }
  std::array<std::vector<Variant>, codec::service_tier_count> variants;
  for (const Value& value : array(in, "variants")) {
    std::string name = text(object(value), "tier");
    codec::ServiceTier tier = codec::service_tier_named(name);
    Period holds = period(object(value));
    if (name != name_of(tier)) wrong(fmt::format("no service tier is called \"{}\"", name));
    if (holds.daily_from_s != holds.daily_to_s) wrong("a variant cannot depend on the time of day");
    variants[static_cast<std::size_t>(tier)].push_back(
        {.from_s = holds.from_s, .list = list(object(value))});
  }
  for (std::size_t tier = 1; tier < variants.size(); ++tier) {
    add_tier(schedule, static_cast<codec::ServiceTier>(tier), standard, variants[tier],
             provider.write_1h_factor_ppm, out_->rates_);
  }
}

Period CatalogueReader::period(const Object& in) {
  Period period;
  if (in.if_contains("from")) {
    std::optional<std::int64_t> from = day_start(text(in, "from"));
    if (!from) wrong("from must be a date as 2026-10-15");
    period.from_s = from.value_or(0);
  }
  std::vector<std::string> daily = texts(in, "daily");
  if (daily.empty()) return period;
  std::optional<std::int32_t> from = seconds_of_day(daily.front());
  std::optional<std::int32_t> to = seconds_of_day(daily.back());
  if (daily.size() != 2 || !from || !to) wrong("daily must be two times as 16:30");
  period.daily_from_s = from.value_or(0);
  period.daily_to_s = to.value_or(0);
  return period;
}

PriceList CatalogueReader::list(const Object& in) {
  PriceList list;
  for (const auto& [name, value] : in) {
    if (name == "uncounted") list.beyond_usage = true;
    if (std::optional<Rate> rate = rate_named(name)) {
      read_rate(value, list.steps[static_cast<std::size_t>(*rate)]);
    } else if (name != "uncounted" && name != "from" && name != "daily" && name != "tier") {
      wrong(fmt::format("no price is called \"{}\"", std::string_view(name)));
    }
  }
  return list;
}

// "3", or "3" up to 200,000 tokens and "6" above: ["3", 200000, "6"].
void CatalogueReader::read_rate(const Value& value, std::vector<PriceList::Step>& steps) {
  const Array* parts = value.if_array();
  steps.push_back(
      {.above = 0, .nano = decimal(parts && !parts->empty() ? (*parts)[0] : value, rate_places)});
  if (!parts) return;
  if (parts->size() % 2 == 0) wrong("a price with tiers is price, start, price, start, price ..");
  for (std::size_t i = 1; i + 1 < parts->size(); i += 2) {
    const Value& start = (*parts)[i];
    if (!start.is_int64() || start.get_int64() <= static_cast<std::int64_t>(steps.back().above)) {
      wrong("the starts of tiers must rise");
      return;
    }
    steps.push_back({.above = static_cast<std::uint64_t>(start.get_int64()),
                     .nano = decimal((*parts)[i + 1], rate_places)});
  }
}

void CatalogueReader::read_facts(const Object& in, Entry& entry) {
  entry.limits.context = whole(in, "context");
  if (const Value* limits = in.if_contains("limits")) {
    entry.limits.input = whole(object(*limits), "input");
    entry.limits.output = whole(object(*limits), "output");
  }
  entry.deprecated = in.if_contains("deprecated") != nullptr;
  if (in.if_contains("deprecation")) entry.deprecation_s = day_start(text(in, "deprecation"));
  for (const std::string& can : texts(in, "can")) {
    for (std::size_t i = 0; i < capability_count; ++i) {
      if (name_of(static_cast<Capability>(i)) == can)
        entry.can = static_cast<std::uint16_t>(entry.can | 1u << i);
    }
  }
  const Value* other = in.if_contains("other");
  if (!other) return;
  for (const auto& [name, price] : object(*other)) {
    if (std::optional<Rate> rate = rate_named(name))
      entry.other.push_back({.rate = *rate, .nano = decimal(price, rate_places)});
  }
}

void CatalogueReader::replace_prices(const Object& overlay) {
  for (const Value& value : array(overlay, "prices")) {
    const Object& in = object(value);
    reading_ = "overlay, prices";
    if (out_->providers_.empty()) return;
    Provider& at = provider(in);
    std::string id = text(in, "id");
    auto entry = std::ranges::find(at.entries, id, &Entry::model);
    if (entry == at.entries.end()) {
      wrong(fmt::format("{} has no model \"{}\"", at.id, id));
      return;
    }
    entry->list = Schedule();
    read_prices(in, at, entry->list);
  }
}

void CatalogueReader::finish(Provider& provider) {
  for (Entry& entry : provider.entries) entry.home = &provider;
  std::ranges::sort(provider.named, {},
                    [](const Provider::Named& named) { return std::tie(named.name, named.entry); });
  auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
  auto doubled = std::ranges::unique(provider.named, same);
  provider.named.erase(doubled.begin(), doubled.end());
  provider.named.shrink_to_fit();
  provider.ruled.shrink_to_fit();
}

}  // namespace recloser::price
