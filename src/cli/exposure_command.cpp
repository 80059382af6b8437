// budget exposure: what a configuration lets be spent, as a table or JSON.
#include "budget/unit.h"
#include "cli/config_source.h"
#include "cli/exposure.h"
#include "cli/human.h"
#include "cli/lenient_config.h"
#include "cli/output.h"
#include "cli/prices.h"
#include "cli/run_commands.h"
#include "cli/stored_roster.h"
#include "core/json_writer.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

void write_bite(JsonWriter& json, const Bite& bite) {
  json.open_object();
  json.member("usd", text_of(bite.usd));
  json.member("by", bite.by);
  json.member("window", bite.over);
  json.close_object();
}

std::string json_of(const std::vector<Exposure>& all) {
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  for (const Exposure& exposure : all) {
    json.open_object().member("scope", exposure.scope);
    json.key("per_minute");
    if (exposure.per_minute) {
      write_bite(json, *exposure.per_minute);
    } else {
      json.null();
    }
    json.key("until").open_array();
    for (const Bite& bite : exposure.until) write_bite(json, bite);
    json.close_array().close_object();
  }
  json.close_array().key("next").null().close_object();
  return out + "\n";
}

std::string usd(NanoUsd amount) { return budget::text_of(budget::Unit::usd, amount.count); }

std::string table_of(const std::vector<Exposure>& all, const Style& style) {
  Table table({{"SCOPE"}, {"PER MINUTE", true}, {"BY"}, {"UNTIL ITS LIMIT BITES"}});
  for (const Exposure& exposure : all) {
    std::string until;
    for (const Bite& bite : exposure.until) {
      until += fmt::format("{}{} in a {} ({})", until.empty() ? "" : ", ", usd(bite.usd), bite.over,
                           bite.by);
    }
    Colour colour = exposure.until.empty() ? Colour::yellow : Colour::none;
    table.add({{exposure.scope},
               {exposure.per_minute ? usd(exposure.per_minute->usd) : "no limit", colour},
               {exposure.per_minute ? exposure.per_minute->by : "-"},
               {until.empty() ? "no limit" : until, colour}});
  }
  return table.text(style);
}

}  // namespace

Exit run_budget_exposure(const Invocation& invocation, const Process& process) {
  Result<ConfigSource> source = find_config(invocation.value("config"), process);
  if (!source) return complain(process, Exit::usage, source.error().message());
  Result<std::shared_ptr<const config::Config>> config =
      read_lenient_config(*source, process, "whose limits are asked for is not valid");
  if (!config) return complain(process, Exit::usage, config.error().message());
  config = with_stored(std::move(*config), process);
  if (!config) return complain(process, Exit::could_not, config.error().message());
  LoadedPrices prices =
      load_prices((*config)->prices.overrides, config->get(), process.environment);
  if (!prices.catalogue) return complain(process, Exit::usage, prices.error().message());
  Result<std::vector<Exposure>> all = exposures(**config, *prices.catalogue, process.clock.wall());
  if (!all) return complain(process, Exit::usage, all.error().message());
  return show(process, invocation.has("json") ? json_of(*all) : table_of(*all, Style::of(process)));
}

}  // namespace recloser::cli
