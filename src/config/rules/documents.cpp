// The files of documents.
#include "config/rules/rules.h"
#include "config/schema/budget_language.h"
#include "config/schema/holder_language.h"
#include "config/yaml/read.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr std::size_t documents_max = 10'000;  // of all files together

// Kinds of the language that this version does not build. A rule that nobody enforces is refused:
// it would be worse than none.
constexpr std::array<std::string_view, 8> later_kinds{
    "Policy",          "Signal",     "Fallback",     "PolicyBinding",
    "PolicyException", "PolicyTest", "PolicyBundle", "Watch"};
constexpr std::array<std::string_view, 5> kinds{"Budget", "Org", "Team", "User", "Key"};
constexpr std::string_view any_kind = "Budget, Org, Team, User or Key";

// What was seen on the way, for what only all documents together can tell.
struct Seen {
  std::map<std::string, std::string, std::less<>> names;  // with where
  std::vector<Belonging> belongings;
};

// The place of a field of `spec`; that of the document when it is not there.
Place place_in_spec(const Node& document, std::string_view field) {
  const Node* spec = document.find("spec");
  const Node* node = spec == nullptr ? nullptr : spec->find(field);
  return node == nullptr ? document.place : node->place;
}

// What the document is, of `kinds`; else it is told what it may be. One that does not say is read
// as a Budget, and told all that is missing.
std::optional<std::string> kind_of(Reading& in, const Node& document) {
  if (document.kind != Node::Kind::map) {
    in.error(document, fmt::format("must hold documents, which are maps of fields; this one is {}",
                                   written(document)));
    return std::nullopt;
  }
  const Node* kind = document.find("kind");
  if (kind == nullptr) return "Budget";
  Reading::Step step(in, "kind");
  std::optional<std::string> text = in.scalar(*kind, any_kind);
  if (!text || std::ranges::find(kinds, *text) != kinds.end()) return text;
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
    known.insert(known.end(), kinds.begin(), kinds.end());
    std::string meant = in.findings().full() ? "" : meant_by(*text, known);
    in.wrong(*kind, fmt::format("be {}{}", any_kind,
                                meant.empty() ? "" : fmt::format(" (did you mean {}?)", meant)));
  }
  return std::nullopt;
}

// `what` is how the thing is called among others of its kind: "budget x".
void expect_new_name(Reading& in, const Node& document, const std::string& file,
                     std::string_view kind, std::string_view name, std::string_view within,
                     Seen& seen) {
  if (name.empty()) return;
  const Node& place = *document.find("metadata")->find("name");
  auto [earlier, is_new] = seen.names.try_emplace(fmt::format("{}\n{}\n{}", kind, within, name),
                                                  fmt::format("{}:{}", file, place.place.line));
  if (is_new) return;
  Reading::Step metadata(in, "metadata");
  Reading::Step step(in, "name");
  in.error(place,
           fmt::format("is {}, which the {} in {} already has", name, kind, earlier->second));
}

void read_budget(Reading& in, const Node& document, const std::string& file, Config& config,
                 Seen& seen) {
  Budget& budget = config.budgets.emplace_back();
  read_section(in, budget_document_section, document, &budget);
  complete_budget(in, document, budget);
  expect_new_name(in, document, file, "budget", budget.name, "", seen);
}

void read_holder(Reading& in, const Node& document, const std::string& file, Config& config,
                 Seen& seen) {
  Holder& holder = config.holders.emplace_back();
  read_section(in, holder_document_section, document, &holder);
  if (!holder.kind) return;
  complete_holder(in, document, holder);
  expect_new_name(in, document, file, title_of(*holder.kind), holder.name, holder.org, seen);
  for (std::size_t i = 0; i + 1 < config.holders.size(); ++i) {
    const Holder& other = config.holders[i];
    if (!other.is(*holder.kind) || other.name != holder.name) continue;
    if (other.org.empty() == holder.org.empty()) continue;
    Reading::Step metadata(in, "metadata");
    Reading::Step name(in, "name");
    in.error(*document.find("metadata")->find("name"),
             fmt::format("is {}, as that of another {} is, and only one of them says its org; "
                         "write org in both",
                         holder.name, title_of(*holder.kind)));
    break;
  }
  if (holder.team.empty()) return;
  seen.belongings.push_back({.file = file,
                             .path = "spec.team",
                             .place = place_in_spec(document, "team"),
                             .kind = HolderKind::team,
                             .org = holder.org,
                             .name = holder.team});
}

void read_key(Reading& in, const Node& document, const std::string& file, Config& config,
              Seen& seen) {
  Key& key = config.keys.emplace_back();
  read_section(in, key_document_section, document, &key);
  complete_key(in, document, key);
  for (std::size_t i = 0; i + 1 < config.keys.size(); ++i) {
    if (key.secret.empty() || config.keys[i].secret.reveal() != key.secret.reveal()) continue;
    Reading::Step spec(in, "spec");
    Reading::Step secret(in, "secret");
    in.error(*document.find("spec")->find("secret"),
             fmt::format("must differ from that of the key {}", config.keys[i].id));
  }
  expect_new_name(in, document, file, "key", key.id, "", seen);
  for (HolderKind kind : {HolderKind::team, HolderKind::user}) {
    seen.belongings.push_back({.file = file,
                               .path = fmt::format("spec.{}", name_of(kind)),
                               .place = place_in_spec(document, name_of(kind)),
                               .kind = kind,
                               .org = key.org,
                               .name = kind == HolderKind::team ? key.team : key.user});
  }
}

void read_file(Reading& in, const std::string& file, const std::string& text, Config& config,
               Seen& seen) {
  for (const Node& document : read_yaml_documents(text, in.findings())) {
    std::optional<std::string> kind = kind_of(in, document);
    if (!kind) continue;
    if (config.budgets.size() + config.holders.size() == documents_max) {
      return in.error(document, fmt::format("holds a document too many; all files together may "
                                            "have {}",
                                            documents_max));
    }
    if (*kind == "Budget") {
      read_budget(in, document, file, config, seen);
    } else if (*kind == "Key") {
      read_key(in, document, file, config, seen);
    } else {
      read_holder(in, document, file, config, seen);
    }
  }
}

// A key in recloser.yaml itself.
void note_key(const Node& root, const Key& key, std::size_t index, Seen& seen) {
  seen.names.try_emplace(fmt::format("key\n\n{}", key.id), "`keys` of the configuration");
  const Node* all = root.find("keys");
  if (all == nullptr || index >= all->items.size()) return;
  const Node& node = all->items[index];
  for (HolderKind kind : {HolderKind::team, HolderKind::user}) {
    const Node* field = node.find(name_of(kind));
    seen.belongings.push_back({.file = "",
                               .path = fmt::format("keys[{}].{}", index, name_of(kind)),
                               .place = field == nullptr ? node.place : field->place,
                               .kind = kind,
                               .org = key.org,
                               .name = kind == HolderKind::team ? key.team : key.user});
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
  Seen seen;
  for (std::size_t i = 0; i < config.keys.size(); ++i) note_key(root, config.keys[i], i, seen);
  for (const auto& [file, text] : read_texts(in, *policies, config)) {
    in.findings().turn_to(file);
    read_file(in, file, text, config, seen);
  }
  // Of names that could not be read, half would seem wrong.
  if (!in.findings().failed()) {
    HolderIndex holders(config.holders);
    for (const Belonging& belonging : seen.belongings) {
      in.findings().turn_to(belonging.file);
      judge_belonging(in, belonging, holders);
    }
  }
  in.findings().turn_to("");
}

}  // namespace recloser::config
