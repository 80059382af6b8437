// Catalogue: what models cost and may do, found by provider and name; made once, then only read.
#pragma once

#include "config/config.h"
#include "core/result.h"
#include "core/time.h"
#include "price/contract.h"
#include "price/name_rule.h"
#include "price/rates.h"
#include "price/schedule.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::price {

struct Provider;

enum class Capability : unsigned char {
  audio_input,
  audio_output,
  computer_use,
  parallel_tools,
  pdf,
  prompt_caching,
  reasoning,
  schema,  // output that follows a JSON schema
  tools,
  video_input,
  vision,
  web_search,
};
inline constexpr std::size_t capability_count = 12;
std::string_view name_of(Capability capability);

// One model at one provider.
struct Entry {
  // A price of the second source, where it is another than ours by more than one per cent.
  struct Other {
    Rate rate;
    std::int64_t nano;
  };

  std::string model;
  const Provider* home = nullptr;  // whose price list it stands in
  Schedule list;
  Limits limits;
  std::optional<std::int64_t> deprecation_s;  // since 1970: from then on it may be gone
  bool deprecated = false;                    // said so, without a date
  std::uint16_t can = 0;                      // bit c: Capability c
  std::vector<Other> other;

  bool can_do(Capability capability) const {
    return (can >> static_cast<unsigned>(capability) & 1u) != 0;
  }
};

// A multiple of all token prices for calls that stay in one region of the world.
struct GeographyFactor {
  std::string geography;  // as the provider's usage calls it
  std::uint32_t factor_ppm = ppm_one;
};

// A provider as price lists know it.
struct Provider {
  // An entry by a name that is equal to this one.
  struct Named {
    std::string name;
    std::uint32_t entry;
  };
  // An entry by a rule; those of an entry before another come first.
  struct Ruled {
    NameRule rule;
    std::uint32_t entry;
  };

  std::string id;
  std::string name;
  std::vector<std::string> urls;  // host globs, with a path where that tells providers apart
  NameRule aliases = NameRule::any_of({});
  NameRule models_like = NameRule::any_of({});
  std::vector<std::string> fallbacks;  // whose models it offers too, at their prices
  std::vector<Entry> entries;
  std::vector<Named> named;  // by name, then by entry
  std::vector<Ruled> ruled;
  std::uint32_t batch_factor_ppm = 0;         // of models without batch prices; 0: they have none
  NameRule batch_models = NameRule::of("*");  // which of them
  std::uint32_t write_1h_factor_ppm = 0;      // of the input price; 0: no rule
  std::optional<std::int64_t> code_session_nano;
  std::vector<GeographyFactor> geographies;
};

// Where a configured provider's prices stand. Small, to be made once per configuration and kept.
struct Place {
  static constexpr std::uint16_t none = UINT16_MAX;
  std::uint16_t provider = none;   // of the catalogue
  std::uint16_t contracts = none;  // price lists of the operator under the configured name
  std::uint16_t uplift = none;     // a rule for its host

  friend bool operator==(const Place&, const Place&) = default;
};

// What is known of a model at a place: the catalogue's entry, the operator's own terms, or both.
// The pointers live as long as the catalogue.
struct Priced {
  const Entry* entry = nullptr;
  const Contract* contract = nullptr;
  const Provider* provider = nullptr;  // at the place; the entry may be borrowed from another
  std::uint32_t uplift_ppm = ppm_one;

  explicit operator bool() const { return entry != nullptr || contract != nullptr; }
  Limits limits() const;  // the operator's figures before the catalogue's
  friend bool operator==(const Priced&, const Priced&) = default;
};

// Of a model that was asked for and the one that answered (behind an Azure deployment, a router, a
// fallback of the provider's), the one that is paid for: what the operator agreed on for the name
// he configured, else what really answered, else what was asked for.
inline const Priced& paid_for(const Priced& asked, const Priced& served) {
  return asked.contract == nullptr && served ? served : asked;
}

class Catalogue {
 public:
  // Errors (operator_, malformed) name what is wrong in which text.
  static Result<std::shared_ptr<const Catalogue>> read(std::string_view catalogue_json,
                                                       std::string_view overlay_json,
                                                       ContractList contracts);
  // The lists built into this program, with the operator's price lists on top.
  static std::shared_ptr<const Catalogue> shipped(ContractList contracts = {});

  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;
  ~Catalogue();

  // "2026-10-15.1f3a9c02": the date of the shipped list, and a hash of all lists, the operator's
  // too: another table has another name.
  std::string_view version() const { return version_; }

  Place place_of(const config::Provider& provider) const;
  // By its id, as genai-prices calls it, or an alias ("bedrock").
  Place place_named(std::string_view provider) const;
  // The provider that is meant when only a model is named: "gpt-5.1", "openai/gpt-5.1".
  Place place_for_model(std::string_view model) const;

  // Below a microsecond, and to be remembered by the caller all the same.
  Priced find(Place place, std::string_view model) const;
  // Names near one that was not found: "gpt-5.1, gpt-5-pro"; "" when nothing is near.
  std::string near(Place place, std::string_view model) const;

  std::string_view provider_id(Place place) const;  // "" when nothing knows it
  const std::vector<Provider>& providers() const { return providers_; }
  const ContractList& contracts() const { return contracts_; }
  // Of what is kept, without the contracts: a figure for tests and benches.
  std::size_t bytes() const;

 private:
  friend class CatalogueReader;
  struct Uplift {
    std::uint16_t provider;
    std::string host;  // a glob
    NameRule models;
    std::uint32_t factor_ppm;
  };
  struct Alias {
    std::string name;
    std::uint16_t provider;
  };

  Catalogue() = default;
  std::uint16_t provider_at(std::string_view host, std::string_view path) const;
  std::uint16_t provider_named(std::string_view name) const;
  const Entry* find_entry(std::uint16_t provider, std::string_view lowered) const;
  const Entry* find_in(const Provider& provider, std::string_view lowered) const;
  const Contract* contract_for(Place place, std::string_view lowered, const Entry* entry) const;

  std::string version_;
  std::vector<Provider> providers_;
  std::vector<Uplift> uplifts_;
  std::vector<Alias> aliases_;
  std::array<std::uint16_t, 3> dialect_homes_{Place::none, Place::none, Place::none};
  RatesPool rates_;
  ContractList contracts_;
};

}  // namespace recloser::price
