// Contract: an operator's own terms for a model, as a file of `prices.overrides` states them.
#pragma once

#include "price/rates.h"
#include "price/schedule.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::price {

// In tokens; 0: not known.
struct Limits {
  std::uint64_t context = 0;  // input and output together
  std::uint64_t input = 0;
  std::uint64_t output = 0;

  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Contract {
  std::string model;                           // in lower case; "*": every model of the provider
  Schedule own{Schedule::Otherwise::nothing};  // empty: the catalogue's prices, less the discount
  std::uint32_t discount_ppm = 0;
  Limits limits;
};

// The contracts with one provider: a name in the configuration, or one of the catalogue.
struct ContractGroup {
  std::string provider;             // in lower case
  std::vector<Contract> contracts;  // by model

  const Contract* find(std::string_view model) const;
};

struct ContractList {
  std::vector<ContractGroup> groups;
  std::shared_ptr<const RatesPool> rates;  // what the schedules point into
  std::uint64_t hash = 0;                  // of everything they say; 0: nothing

  bool empty() const { return groups.empty(); }
};

// Goes on from `hash`; only has to tell price lists apart.
std::uint64_t hash_of_text(std::string_view text, std::uint64_t hash);

}  // namespace recloser::price
