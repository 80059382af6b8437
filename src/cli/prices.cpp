#include "cli/prices.h"

#include "cli/config_source.h"
#include "cli/lenient_config.h"
#include "cli/output.h"
#include "config/yaml/read.h"
#include "core/ascii.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

using config::Severity;

// What cannot be read is a finding about the glob; the configuration has its place, we do not.
void note(LoadedPrices& loaded, Severity severity, const std::string& file, std::string message) {
  loaded.findings.push_back(
      {.file = file,
       .finding = {.severity = severity, .place = {}, .message = std::move(message)}});
}

std::vector<price::PriceFile> read_files(const std::vector<std::string>& overrides,
                                         const config::Environment& environment,
                                         LoadedPrices& loaded) {
  std::vector<price::PriceFile> files;
  for (const std::string& glob : overrides) {
    std::vector<std::string> names = environment.matching(glob);
    if (names.empty()) note(loaded, Severity::warning, glob, "names no file (prices.overrides)");
    for (std::string& name : names) {
      if (std::ranges::find(files, name, &price::PriceFile::file) != files.end()) continue;
      Result<std::string> text = environment.file(name, config::yaml_bytes_max);
      if (text) {
        files.push_back({.file = std::move(name), .text = std::move(*text)});
      } else {
        note(loaded, Severity::error, name,
             fmt::format("cannot be read (prices.overrides): {}", text.error().message()));
      }
    }
  }
  return files;
}

bool configured(const config::Config& config, std::string_view lowered) {
  return std::ranges::any_of(config.providers, [lowered](const config::Provider& provider) {
    return ascii::equal_ignoring_case(provider.name, lowered);
  });
}

}  // namespace

std::string LoadedPrices::report() const {
  std::string out;
  for (const price::FileFinding& found : findings) out += found.text() + "\n";
  return out;
}

Error LoadedPrices::error() const {
  std::string all = report();
  while (all.ends_with('\n')) all.pop_back();
  return Error(Side::operator_, Kind::malformed, all);
}

LoadedPrices load_prices(const std::vector<std::string>& overrides, const config::Config* config,
                         const config::Environment& environment) {
  LoadedPrices loaded;
  std::vector<price::PriceFile> files = read_files(overrides, environment, loaded);
  price::ContractsRead read = price::read_contracts(files);
  for (price::FileFinding& finding : read.findings) loaded.findings.push_back(std::move(finding));
  bool failed = std::ranges::any_of(loaded.findings, [](const price::FileFinding& found) {
    return found.finding.severity == Severity::error;
  });
  if (failed) return loaded;
  loaded.catalogue = price::Catalogue::shipped(std::move(read.contracts));
  for (const price::ContractsRead::Mention& mention : read.mentions) {
    bool known = loaded.catalogue->place_named(mention.provider).provider != price::Place::none;
    if (known || !config || configured(*config, mention.provider)) continue;
    loaded.findings.push_back(
        {.file = mention.file,
         .finding = {.severity = Severity::warning,
                     .place = mention.place,
                     .message = fmt::format("no provider is called {}, neither in `providers` nor "
                                            "in the catalogue; its prices are used for nothing",
                                            config::shown(mention.provider))}});
  }
  return loaded;
}

Result<LoadedPrices> find_prices(std::string_view asked, const Process& process) {
  Result<ConfigSource> source = find_config(asked, process);
  if (!source) return fail(source.error());
  Result<std::shared_ptr<const config::Config>> config =
      read_lenient_config(*source, process, "that says which prices hold is not valid");
  if (!config) return fail(config.error());
  LoadedPrices loaded =
      load_prices((*config)->prices.overrides, config->get(), process.environment);
  loaded.config = *config;
  return loaded;
}

std::expected<books::RowPrices, Exit> prices_of(const Rows& rows, Shipped alone,
                                                const Invocation& invocation,
                                                const Process& process) {
  Result<LoadedPrices> loaded = LoadedPrices{};
  loaded->config = rows.config();
  if (loaded->config) {
    *loaded =
        load_prices(rows.config()->prices.overrides, rows.config().get(), process.environment);
    loaded->config = rows.config();
  } else if (invocation.has("config")) {
    loaded = find_prices(invocation.value("config"), process);
  } else if (alone == Shipped::do_alone) {
    return books::RowPrices(price::Catalogue::shipped());
  } else {
    return std::unexpected(complain(process, Exit::usage,
                                    "a gateway elsewhere does not tell its prices: say with "
                                    "--config which configuration's hold"));
  }
  if (!loaded) return std::unexpected(complain(process, Exit::usage, loaded.error().message()));
  if (!loaded->catalogue) {
    return std::unexpected(complain(process, Exit::usage, loaded->error().message()));
  }
  books::RowPrices prices(loaded->catalogue);
  for (const config::Provider& provider : loaded->config->providers) {
    prices.set_place(provider.name, loaded->catalogue->place_of(provider));
  }
  return prices;
}

}  // namespace recloser::cli
