// One entry of an operator's price list, read field by field.
#pragma once

#include "codec/usage.h"
#include "config/findings.h"
#include "config/yaml/node.h"
#include "price/contract.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::price {

struct ContractItem {
  std::string provider;  // in lower case
  std::string model;
  codec::ServiceTier tier = codec::ServiceTier::standard;
  Period period;
  PriceList list;
  std::optional<std::uint32_t> discount_ppm;
  Limits limits;
  std::size_t file = 0;  // which of the files it stands in
  config::Place place;
  config::Place until_place;
  config::Place daily_place;
};

// Tells `findings` what is wrong, as "[3].input must ..".
ContractItem read_contract_item(const config::Node& node, std::size_t index,
                                config::Findings& findings);

}  // namespace recloser::price
