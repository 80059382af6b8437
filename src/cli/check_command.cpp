// check: what is wrong with a configuration, or what is in effect.
#include "budget/compile.h"
#include "cli/config_source.h"
#include "cli/output.h"
#include "cli/prices.h"
#include "cli/run_commands.h"
#include "config/load.h"
#include "core/json_writer.h"
#include "net/tls.h"
#include "relay/providers.h"

#include <fmt/format.h>

namespace recloser::cli {
namespace {

std::string_view name_of(config::Severity severity) {
  switch (severity) {
    case config::Severity::error:
      return "error";
    case config::Severity::warning:
      return "warning";
    case config::Severity::notice:
      return "notice";
  }
  return "";
}

void add_finding(const config::Finding& finding, std::string_view file, JsonWriter& json) {
  json.open_object().member("severity", name_of(finding.severity));
  if (!file.empty()) json.member("file", file);
  if (finding.place.line > 0) {
    json.member("line", finding.place.line).member("column", finding.place.column);
  }
  json.member("message", finding.message).close_object();
}

std::string findings_json(const config::Checked& checked, const LoadedPrices& prices,
                          std::string_view file) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("file", file).member("valid", checked.config != nullptr);
  json.key("findings").open_array();
  for (const config::Finding& finding : checked.findings) add_finding(finding, finding.file, json);
  for (const price::FileFinding& found : prices.findings)
    add_finding(found.finding, found.file, json);
  json.close_array();
  json.member("errors_left_out", std::uint64_t{checked.errors_left_out}).close_object();
  return out + "\n";
}

// What only certificates say, and all parts together: with this, `serve` would not start.
Result<void> try_parts(const std::shared_ptr<const config::Config>& config) {
  for (std::size_t i = 0; i < config->listen.size(); ++i) {
    if (!config->listen[i].tls) continue;
    const auto& files = *config->listen[i].tls;
    Result<std::shared_ptr<const net::TlsContext>> opened =
        net::TlsContext::for_clients(files.cert_path, files.key_path);
    if (!opened) return fail(opened.error().while_doing(fmt::format("listen[{}].tls", i)));
  }
  Result<std::vector<std::shared_ptr<const budget::Budget>>> budgets = budget::compile(*config);
  if (!budgets) return fail(budgets.error());
  constexpr std::uint16_t any_port = 1;  // where the simulated provider would listen
  Result<std::shared_ptr<const relay::Providers>> providers =
      relay::Providers::make(config, any_port);
  if (!providers) return fail(providers.error());
  return {};
}

}  // namespace

Exit run_check(const Invocation& invocation, const Process& process) {
  std::string_view asked;
  if (!invocation.arguments().empty()) asked = invocation.arguments().front();
  Result<ConfigSource> source = find_config(asked, process);
  if (!source) return complain(process, Exit::usage, source.error().message());
  config::Checked checked = config::check_text(source->text, source->file, process.environment);
  if (checked.config) {
    Result<void> opened = try_parts(checked.config);
    if (!opened) {
      checked.config = nullptr;
      checked.findings.insert(checked.findings.begin(), {.message = opened.error().message()});
    }
  }
  LoadedPrices prices;
  if (checked.config) {
    prices =
        load_prices(checked.config->prices.overrides, checked.config.get(), process.environment);
    if (!prices.catalogue) checked.config = nullptr;
  }
  bool valid = checked.config != nullptr;
  Exit shown = Exit::fine;
  if (invocation.has("json")) {
    shown = show(process, findings_json(checked, prices, source->file));
  } else {
    // What was found goes first, as comments, so that it stands apart from what is in effect.
    std::string out;
    std::string report = checked.report(source->file) + prices.report();
    if (valid) {
      for (std::string_view rest = report; !rest.empty();) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        fmt::format_to(std::back_inserter(out), "# {}\n", line);
      }
      fmt::format_to(std::back_inserter(out), "# {} is valid. In effect is:\n{}{}", source->file,
                     config::summary(*checked.config), config::documents_summary(*checked.config));
    } else {
      out = std::move(report);
    }
    shown = show(process, out);
  }
  if (shown != Exit::fine) return shown;
  return valid ? Exit::fine : Exit::usage;
}

}  // namespace recloser::cli
