// The prices that a configuration means: the shipped ones, with its `prices.overrides` on top.
#pragma once

#include "cli/cli.h"
#include "config/config.h"
#include "config/environment.h"
#include "core/result.h"
#include "price/catalogue.h"
#include "price/contract_reader.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::cli {

struct LoadedPrices {
  std::shared_ptr<const price::Catalogue> catalogue;  // null when there is an error
  std::vector<price::FileFinding> findings;
  std::shared_ptr<const config::Config> config;  // of find_prices

  // One line for each, as config::Checked::report has them.
  std::string report() const;
  Error error() const;  // the same as one
};

// `config` says which providers there are, so that lists about others can be warned of; null: any.
LoadedPrices load_prices(const std::vector<std::string>& overrides, const config::Config* config,
                         const config::Environment& environment);

// For a command that only looks: the prices of the configuration that `asked` or the usual places
// name, whose secrets need not be at hand.
Result<LoadedPrices> find_prices(std::string_view asked, const Process& process);

}  // namespace recloser::cli
