// Reads the price lists of an operator (`prices.overrides`): YAML, strictly, every complaint with
// its line and column.
#pragma once

#include "config/findings.h"
#include "config/yaml/node.h"
#include "price/contract.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::price {

inline constexpr std::size_t contract_items_max = 10'000;  // of all files together

struct PriceFile {
  std::string file;  // as the operator calls it
  std::string text;
};

struct FileFinding {
  std::string file;
  config::Finding finding;

  std::string text() const { return finding.text(file); }
};

struct ContractsRead {
  // Where a list speaks of a provider for the first time, in lower case.
  struct Mention {
    std::string provider;
    std::string file;
    config::Place place;
  };

  ContractList contracts;             // empty when anything is wrong
  std::vector<FileFinding> findings;  // in the order of the files
  std::vector<Mention> mentions;

  bool failed() const;
};

ContractsRead read_contracts(std::span<const PriceFile> files);

}  // namespace recloser::price
