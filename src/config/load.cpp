#include "config/load.h"

#include "config/rules/rules.h"
#include "config/schema/budget_language.h"
#include "config/schema/holder_language.h"
#include "config/schema/language.h"
#include "config/schema/printer.h"
#include "config/yaml/read.h"

#include <filesystem>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::string_view newline = "\n";

std::shared_ptr<const Config> read_config(std::string_view text, std::string_view file,
                                          const Environment& environment, Findings& findings) {
  std::optional<Node> root = read_yaml(text, findings);
  if (!root) return nullptr;
  Reading in(environment, std::filesystem::path(file).parent_path().string(), findings);
  auto config = std::make_shared<Config>();
  config->state.directory_path = in.resolve(config->state.directory_path);
  read_section(in, gateway_section(), *root, config.get());
  complete(in, *root, *config);
  judge(in, *root, *config);
  complete_allowances(in, *root, *config);
  read_documents(in, *root, *config);
  return findings.failed() ? nullptr : config;
}

}  // namespace

Checked check_text(std::string_view text, std::string_view file, const Environment& environment) {
  Findings findings;
  Checked checked;
  checked.config = read_config(text, file, environment, findings);
  checked.findings = findings.sorted();
  checked.errors_left_out = findings.errors_left_out();
  return checked;
}

Checked load_file(const std::string& file, const Environment& environment) {
  Result<std::string> text = environment.file(file, yaml_bytes_max);
  if (text) return check_text(*text, file, environment);
  Findings findings;
  findings.error({}, fmt::format("the configuration cannot be read: {}", text.error().message()));
  return Checked{.config = nullptr, .findings = findings.sorted()};
}

namespace {

// What comes from elsewhere than a file may ask nothing of the machine.
struct NoEnvironment final : Environment {
  std::optional<std::string> variable(std::string_view) const override { return std::nullopt; }
  Result<std::string> file(const std::string&, std::size_t) const override {
    return fail(Side::client, Kind::unsupported, "files are not read here");
  }
  std::vector<std::string> matching(const std::string&) const override { return {}; }
};

Result<void> first_error(const Findings& findings) {
  if (!findings.failed()) return {};
  return fail(Side::client, Kind::malformed, findings.sorted().front().message);
}

}  // namespace

Result<Holder> read_holder(const Node& spec, HolderKind kind, std::string_view name) {
  NoEnvironment nothing;
  Findings findings;
  Reading in(nothing, "", findings);
  Holder holder;
  holder.kind = kind;
  std::string fault = text_fault(Text::words, name);
  if (!fault.empty()) in.error(spec, fmt::format("name {}", fault));
  holder.name = name;
  read_section(in, holder_spec_section, spec, &holder);
  if (spec.kind == Node::Kind::map) judge_holder(in, spec, holder);
  Result<void> sane = first_error(findings);
  if (!sane) return fail(sane.error());
  return holder;
}

Result<Key> read_key_limits(const Node& limits) {
  NoEnvironment nothing;
  Findings findings;
  Reading in(nothing, "", findings);
  Key key;
  read_section(in, key_limits_section, limits, &key);
  if (limits.kind == Node::Kind::map) complete_allowances_of(in, limits, key.budgets);
  Result<void> sane = first_error(findings);
  if (!sane) return fail(sane.error());
  return key;
}

std::string Checked::report(std::string_view file) const {
  std::string out;
  for (const Finding& finding : findings) {
    out += finding.text(file);
    out += newline;
  }
  if (errors_left_out > 0) {
    out += fmt::format("{}: and {} more error{}\n", file, errors_left_out,
                       errors_left_out == 1 ? "" : "s");
  }
  return out;
}

std::string summary(const Config& config) {
  Printer out;
  print_section(out, gateway_section(), &config);
  return out.text();
}

std::string documents_summary(const Config& config) {
  std::string text;
  for (const Budget& budget : config.budgets) {
    Printer out;
    out.value("kind", "Budget");
    print_section(out, budget_document_section, &budget);
    text += fmt::format("---\n{}", out.text());
  }
  for (const Holder& holder : config.holders) {
    Printer out;
    print_section(out, holder_document_section, &holder);
    text += fmt::format("---\n{}", out.text());
  }
  return text;
}

const Provider* Config::find_provider(std::string_view name) const {
  for (const Provider& provider : providers) {
    if (provider.name == name) return &provider;
  }
  return nullptr;
}

const Model* Config::find_model(std::string_view name) const {
  for (const Model& model : models) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

std::string State::database_path() const {
  std::string_view name = std::string_view(store).substr(std::string_view("sqlite:").size());
  return (std::filesystem::path(directory_path) / name).string();
}

}  // namespace recloser::config
