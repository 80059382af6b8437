// The files of documents.
#include "config/rules/rules.h"
#include "config/schema/budget_language.h"
#include "config/yaml/read.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::size_t documents_max = 10'000;  // of all files together

// Kinds of the language that this version does not build. A rule that nobody enforces is refused:
// it would be worse than none.
constexpr std::array<std::string_view, 12> later_kinds{
    "Policy",     "Signal",       "Fallback", "PolicyBinding", "PolicyException",
    "PolicyTest", "PolicyBundle", "Watch",    "Org",           "Team",
    "User",       "Key"};

// Where each name was seen.
using Names = std::map<std::string, std::string, std::less<>>;

// Whether it is a Budget; else it is told what it is.
bool expect_budget(Reading& in, const Node& document) {
  if (document.kind != Node::Kind::map) {
    in.error(document, fmt::format("must hold documents, which are maps of fields; this one is {}",
                                   written(document)));
    return false;
  }
  const Node* kind = document.find("kind");
  if (kind == nullptr) return true;  // told with all else that is missing
  Reading::Step step(in, "kind");
  std::optional<std::string> text = in.scalar(*kind, "Budget");
  if (!text || *text == "Budget") return text.has_value();
  if (std::ranges::find(later_kinds, *text) != later_kinds.end()) {
    in.error(*kind, fmt::format("cannot be {}: that is not supported in this version, and a rule "
                                "that nobody enforces is refused; move the document to a file that "
                                "`policies` does not name",
                                *text));
  } else if (*text == "Gateway") {
    in.error(*kind,
             "cannot be Gateway: that is the configuration itself, which `policies` must "
             "not name");
  } else {
    std::vector<std::string_view> known(later_kinds.begin(), later_kinds.end());
    known.push_back("Budget");
    std::string meant = in.findings().full() ? "" : meant_by(*text, known);
    in.wrong(*kind, fmt::format("be Budget{}",
                                meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
  }
  return false;
}

void expect_new_name(Reading& in, const Node& document, const std::string& file,
                     const Budget& budget, Names& names) {
  if (budget.name.empty()) return;
  const Node& place = *document.find("metadata")->find("name");
  auto [earlier, is_new] =
      names.try_emplace(budget.name, fmt::format("{}:{}", file, place.place.line));
  if (is_new) return;
  Reading::Step metadata(in, "metadata");
  Reading::Step name(in, "name");
  in.error(place,
           fmt::format("is {}, which the budget in {} already has", budget.name, earlier->second));
}

void read_file(Reading& in, const std::string& file, const std::string& text, Config& config,
               Names& names) {
  for (const Node& document : read_yaml_documents(text, in.findings())) {
    if (!expect_budget(in, document)) continue;
    if (config.budgets.size() == documents_max) {
      return in.error(document, fmt::format("holds a document too many; all files together may "
                                            "have {}",
                                            documents_max));
    }
    Budget& budget = config.budgets.emplace_back();
    read_section(in, budget_document_section, document, &budget);
    complete_budget(in, document, budget);
    expect_new_name(in, document, file, budget, names);
  }
}

// The files that the globs name, each once. What cannot be read is told at its glob.
std::vector<std::pair<std::string, std::string>> read_texts(Reading& in, const Node& policies,
                                                            const Config& config) {
  std::vector<std::pair<std::string, std::string>> files;
  std::set<std::string> seen;
  Reading::Step all(in, "policies");
  for (std::size_t i = 0; i < config.policies.size(); ++i) {
    if (config.policies[i].empty()) continue;  // told already
    Reading::Step one(in, i);
    std::vector<std::string> names = in.environment().matching(config.policies[i]);
    if (names.empty()) in.warning(policies.items[i], "names no file");
    for (std::string& name : names) {
      if (!seen.insert(name).second) continue;
      Result<std::string> text = in.environment().file(name, yaml_bytes_max);
      if (text) {
        files.emplace_back(std::move(name), std::move(*text));
      } else {
        in.error(policies.items[i], fmt::format("names {}, which cannot be read: {}", shown(name),
                                                text.error().message()));
      }
    }
  }
  return files;
}

}  // namespace

void read_documents(Reading& in, const Node& root, Config& config) {
  const Node* policies = root.find("policies");
  if (policies == nullptr || config.policies.empty()) return;
  Names names;
  for (const auto& [file, text] : read_texts(in, *policies, config)) {
    in.findings().turn_to(file);
    read_file(in, file, text, config, names);
  }
  in.findings().turn_to("");
}

}  // namespace recloser::config
