#include "config/schema/reference.h"

#include "config/schema/language.h"

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::string_view introduction = R"(# Configuration: `recloser.yaml`

Every field, with its bounds and what holds when it is left out. This page is printed from the
table that the program reads the file with, and a test keeps the two equal.

The file is strict YAML: a field that is unknown, written twice or out of bounds is an error with
its place, and `recloser check FILE` names up to 20 of them at once. Fields that later versions
will know are refused with "not supported in this version", never accepted and ignored. Anchors,
aliases and tags are not allowed. A file has at most 1 MiB and 32 levels.

* `${NAME}` and `${NAME:-default}` in a value are replaced from the environment; the default also
  stands in for an empty variable. A variable that is not set is an error. `$${` is a plain `${`.
  Put such values in quotes: `apiKey: "${OPENAI_API_KEY}"`.
* Secrets can be read from a file: `secret: file:///run/secrets/ci`. They are never printed.
* Durations are a whole number and a unit: `150ms`, `30s`, `5m`, `2h`, `1d`.
* Sizes are a whole number and a unit: `512B`, `64KiB`, `32MiB`, `1GiB`.
* Paths are relative to the folder of the file.

With no `providers`, those whose variable is set are configured: `OPENAI_API_KEY`,
`ANTHROPIC_API_KEY`. With neither, the simulated provider `sim` answers, and the models `sim-fast`,
`sim-smart` and `sim-long` are there.

Provider addresses that are link-local, cloud metadata, unspecified or multicast are refused, in
the file and again for every address a name resolves to, unless `allowLinkLocal: true`. Private
and loopback addresses are fine.
)";

// What holds when the field is left out, as one would write it; "" when nothing does.
std::string default_of(const Section& section, const Field& field) {
  if (field.spec.need == Need::required) return "";
  if (!field.fixed.empty()) return std::string(field.fixed);
  Printer out;
  if (field.spec.section == nullptr) field.print(out, field, section.defaults());
  std::string_view text = out.text();
  std::size_t skipped = field.name.size() + 2;  // "name: "
  if (text.size() <= skipped) return "";
  return std::string(text.substr(skipped, text.size() - skipped - 1));
}

std::string type_name(const Field& field) {
  return field.fixed.empty() ? field.type(field) : fmt::format("`{}`", field.fixed);
}

std::string in_code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

void append_markdown(std::string& out, const Section& section) {
  out += fmt::format("\n## {}\n\n{}\n\n", section.path.empty() ? "The top" : in_code(section.path),
                     section.help);
  out += "| field | type | default | example | |\n| --- | --- | --- | --- | --- |\n";
  std::string planned;
  for (const Field& field : section.fields) {
    if (field.planned) {
      planned += fmt::format("{}`{}`", planned.empty() ? "" : ", ", field.name);
      continue;
    }
    bool required = field.spec.need == Need::required;
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.name, type_name(field),
                       required ? "**required**" : in_code(default_of(section, field)),
                       in_code(field.spec.example), field.spec.help);
  }
  if (!planned.empty()) out += fmt::format("\nNot supported in this version: {}.\n", planned);
}

void append_text(std::string& out, const Section& section) {
  out += fmt::format("{}\n", section.path.empty() ? "(top)" : section.path);
  for (const Field& field : section.fields) {
    if (field.planned) continue;
    std::string value = default_of(section, field);
    std::string state = field.spec.need == Need::required ? ", required"
                        : value.empty()                   ? ""
                                                          : fmt::format(", default {}", value);
    out += fmt::format("  {} ({}{})\n      {}\n", field.name, type_name(field), state,
                       field.spec.help);
  }
}

}  // namespace

std::string reference_markdown() {
  std::string out(introduction);
  for (const Section* section : all_sections()) append_markdown(out, *section);
  return out;
}

std::string reference_text() {
  std::string out;
  for (const Section* section : all_sections()) append_text(out, *section);
  return out;
}

}  // namespace recloser::config
