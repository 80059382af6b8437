// The prices that a configuration means: the shipped ones, with its `prices.overrides` on top.
#pragma once

#include "books/row_prices.h"
#include "cli/cli.h"
#include "cli/row_source.h"
#include "config/config.h"
#include "config/environment.h"
#include "core/result.h"
#include "price/catalogue.h"
#include "price/contract_reader.h"

#include <expected>
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

// The prices that rows of the books are looked at with: those of the configuration whose store or
// gateway the rows are of. Of a gateway elsewhere only --config tells; without it they are the
// shipped ones where `alone` says so. A failure was complained about.
enum class Shipped : bool { do_alone, do_not };
std::expected<books::RowPrices, Exit> prices_of(const Rows& rows, Shipped alone,
                                                const Invocation& invocation,
                                                const Process& process);

}  // namespace recloser::cli
