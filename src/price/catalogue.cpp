#include "price/catalogue.h"

#include "core/ascii.h"
#include "core/limits.h"
#include "core/nearest_names.h"
#include "price/catalogue_reader.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace recloser::price {
namespace {

constexpr std::array<std::string_view, capability_count> capability_names{
    "audioInput", "audioOutput", "computerUse", "parallelTools", "pdf",    "promptCaching",
    "reasoning",  "schema",      "tools",       "videoInput",    "vision", "webSearch"};

bool is_date(std::string_view digits) {
  auto two = [digits](std::size_t at) { return (digits[at] - '0') * 10 + (digits[at + 1] - '0'); };
  int month = two(4);
  int day = two(6);
  if (!digits.starts_with("20") || month < 1 || month > 12 || day < 1) return false;
  auto year = two(0) * 100 + two(2);
  return std::chrono::year_month_day(std::chrono::year(year),
                                     std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
      .ok();
}

// "gpt-5.2-20251211" as "gpt-5.2-2025-12-11": some gateways write dates so; nothing when there is
// no such date in the name.
std::optional<std::string> with_dashed_dates(std::string_view name) {
  constexpr std::size_t digits = 8;
  std::string out;
  bool changed = false;
  for (std::size_t i = 0; i < name.size();) {
    out += name[i++];
    if (out.back() != '-' || name.size() - i < digits) continue;
    std::string_view date = name.substr(i, digits);
    char after = i + digits < name.size() ? name[i + digits] : ':';
    if (!std::ranges::all_of(date, ascii::is_digit) || (after != '-' && after != ':')) continue;
    if (!is_date(date)) continue;
    out.append(date.substr(0, 4)).append("-").append(date.substr(4, 2)).append("-");
    out.append(date.substr(6, 2));
    i += digits;
    changed = true;
  }
  if (!changed) return std::nullopt;
  return out;
}

bool url_fits(std::string_view url, std::string_view host, std::string_view path) {
  std::size_t slash = std::min(url.find('/'), url.size());
  if (!glob_matches(url.substr(0, slash), host)) return false;
  std::string_view wanted = url.substr(slash);
  return wanted.empty() || glob_matches(wanted, path) ||
         glob_matches(std::string(wanted) + "/*", path);
}

}  // namespace

std::string_view name_of(Capability capability) {
  return capability_names[static_cast<std::size_t>(capability)];
}

Limits Priced::limits() const {
  Limits limits = entry ? entry->limits : Limits{};
  if (!contract) return limits;
  if (contract->limits.context != 0) limits.context = contract->limits.context;
  if (contract->limits.input != 0) limits.input = contract->limits.input;
  if (contract->limits.output != 0) limits.output = contract->limits.output;
  return limits;
}

Catalogue::~Catalogue() = default;

std::uint16_t Catalogue::provider_at(std::string_view host, std::string_view path) const {
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    for (const std::string& url : providers_[i].urls) {
      if (url_fits(url, host, path)) return static_cast<std::uint16_t>(i);
    }
  }
  return Place::none;
}

std::uint16_t Catalogue::provider_named(std::string_view name) const {
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    if (providers_[i].id == name) return static_cast<std::uint16_t>(i);
  }
  for (const Alias& alias : aliases_) {
    if (alias.name == name) return alias.provider;
  }
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    if (providers_[i].aliases.matches(name)) return static_cast<std::uint16_t>(i);
  }
  return Place::none;
}

Place Catalogue::place_named(std::string_view provider) const {
  std::string name = ascii::lowered(provider);
  Place place{.provider = provider_named(name)};
  for (std::size_t i = 0; i < contracts_.groups.size(); ++i) {
    if (contracts_.groups[i].provider == name) place.contracts = static_cast<std::uint16_t>(i);
  }
  return place;
}

Place Catalogue::place_of(const config::Provider& provider) const {
  Place place = place_named(provider.name);
  auto home = dialect_homes_[static_cast<std::size_t>(provider.dialect)];
  if (provider.dialect == config::Dialect::simulated) {
    place.provider = home;
    return place;
  }
  const config::BaseUrl& url = provider.base_url;
  std::uint16_t at = provider_at(url.host, url.path);
  if (at != Place::none) place.provider = at;
  if (place.provider == Place::none) place.provider = home;
  for (std::size_t i = 0; i < uplifts_.size(); ++i) {
    const Uplift& uplift = uplifts_[i];
    if (uplift.provider == place.provider && glob_matches(uplift.host, url.host))
      place.uplift = static_cast<std::uint16_t>(i);
  }
  return place;
}

Place Catalogue::place_for_model(std::string_view model) const {
  std::string name = ascii::lowered(model);
  std::size_t slash = name.find('/');
  if (slash != name.npos) {
    Place place = place_named(std::string_view(name).substr(0, slash));
    if (place.provider != Place::none) return place;
  }
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    const Provider& provider = providers_[i];
    if (provider.models_like.matches(name) && find_in(provider, name))
      return place_named(provider.id);
  }
  return {};
}

const Entry* Catalogue::find_in(const Provider& provider, std::string_view lowered) const {
  auto last = static_cast<std::uint32_t>(provider.entries.size());
  std::uint32_t found = last;
  auto named = std::ranges::lower_bound(provider.named, lowered, {}, &Provider::Named::name);
  if (named != provider.named.end() && named->name == lowered) found = named->entry;
  // An entry that stands before it and means the name by a rule comes first.
  for (const Provider::Ruled& ruled : provider.ruled) {
    if (ruled.entry >= found) break;
    if (ruled.rule.matches(lowered)) {
      found = ruled.entry;
      break;
    }
  }
  return found < last ? &provider.entries[found] : nullptr;
}

const Entry* Catalogue::find_entry(std::uint16_t provider, std::string_view lowered) const {
  const Provider& at = providers_[provider];
  if (const Entry* entry = find_in(at, lowered)) return entry;
  for (const std::string& fallback : at.fallbacks) {
    auto lender = std::ranges::find(providers_, fallback, &Provider::id);
    if (lender == providers_.end()) continue;
    if (const Entry* entry = find_in(*lender, lowered)) return entry;
  }
  return nullptr;
}

const Contract* Catalogue::contract_for(Place place, std::string_view lowered,
                                        const Entry* entry) const {
  if (contracts_.empty()) return nullptr;
  auto in_group = [lowered, entry](const ContractGroup& group) -> const Contract* {
    const Contract* contract = group.find(lowered);
    if (!contract && entry) contract = group.find(ascii::lowered(entry->model));
    if (!contract) contract = group.find("*");
    // A discount on a price that nobody knows is no price.
    return contract && (entry || !contract->own.empty()) ? contract : nullptr;
  };
  if (place.contracts != Place::none) {
    if (const Contract* contract = in_group(contracts_.groups[place.contracts])) return contract;
  }
  if (place.provider == Place::none) return nullptr;
  for (const ContractGroup& group : contracts_.groups) {
    if (group.provider == providers_[place.provider].id) return in_group(group);
  }
  return nullptr;
}

Priced Catalogue::find(Place place, std::string_view model) const {
  Priced priced;
  if (model.empty() || model.size() > limits::model_name_bytes_max) return priced;
  std::string name = ascii::lowered(model);
  if (place.provider != Place::none) {
    priced.provider = &providers_[place.provider];
    priced.entry = find_entry(place.provider, name);
    if (!priced.entry) {
      if (auto dashed = with_dashed_dates(name)) priced.entry = find_entry(place.provider, *dashed);
    }
  }
  if (!priced.entry && priced.provider) {  // "openai/gpt-5.1" at OpenAI
    std::string_view rest = name;
    if (rest.starts_with(priced.provider->id)) rest.remove_prefix(priced.provider->id.size());
    if (rest.size() < name.size() && rest.starts_with('/'))
      priced.entry = find_entry(place.provider, rest.substr(1));
  }
  priced.contract = contract_for(place, name, priced.entry);
  if (place.uplift != Place::none && uplifts_[place.uplift].models.matches(name))
    priced.uplift_ppm = uplifts_[place.uplift].factor_ppm;
  return priced;
}

std::string Catalogue::near(Place place, std::string_view model) const {
  std::string name = ascii::lowered(model.substr(0, limits::model_name_bytes_max));
  NearestNames nearest(name);
  if (place.contracts != Place::none) {
    for (const Contract& contract : contracts_.groups[place.contracts].contracts)
      nearest.offer(contract.model);
  }
  if (place.provider == Place::none) return nearest.human();
  for (const Provider::Named& named : providers_[place.provider].named) nearest.offer(named.name);
  for (const Entry& entry : providers_[place.provider].entries) {
    std::string id = ascii::lowered(entry.model);
    if (!std::ranges::binary_search(providers_[place.provider].named, id, {},
                                    &Provider::Named::name)) {
      nearest.offer(id);
    }
  }
  return nearest.human();
}

Result<std::shared_ptr<const Catalogue>> Catalogue::read(std::string_view catalogue_json,
                                                         std::string_view overlay_json,
                                                         ContractList contracts) {
  return CatalogueReader().read(catalogue_json, overlay_json, std::move(contracts));
}

std::size_t Catalogue::bytes() const {
  constexpr std::size_t node_overhead = 16;
  auto long_text = [](const std::string& text) {
    return text.capacity() >= sizeof(std::string) / 2 ? text.capacity() + node_overhead : 0;
  };
  std::size_t bytes = rates_.size() * (sizeof(Rates) + node_overhead);
  for (const Provider& provider : providers_) {
    bytes += sizeof provider + provider.named.capacity() * sizeof(Provider::Named);
    bytes += provider.ruled.capacity() * sizeof(Provider::Ruled);
    for (const Provider::Named& named : provider.named) bytes += long_text(named.name);
    for (const Entry& entry : provider.entries) {
      bytes += sizeof entry + long_text(entry.model);
      bytes += entry.other.capacity() * sizeof(Entry::Other);
      for (const Schedule::Window& window : entry.list.windows())
        bytes += sizeof window + window.bands.capacity() * sizeof(Schedule::Band) + node_overhead;
    }
  }
  return bytes;
}

std::string_view Catalogue::provider_id(Place place) const {
  return place.provider == Place::none ? std::string_view() : providers_[place.provider].id;
}

}  // namespace recloser::price
