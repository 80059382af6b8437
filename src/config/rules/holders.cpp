// What no single field of keys and their holders can say.
#include "config/rules/rules.h"

#include <fmt/format.h>

namespace recloser::config {
namespace {

void refuse(Reading& in, const Node& spec, std::string_view field, std::string_view of,
            std::string_view instead) {
  const Node* node = spec.find(field);
  if (node == nullptr) return;
  Reading::Step step(in, field);
  in.error(*node, fmt::format("has no meaning of {}; {}", of, instead));
}

void judge_labels(Reading& in, const Node& spec, const std::vector<std::string>& labels) {
  std::size_t bytes = 0;
  for (const std::string& label : labels) bytes += label.size() + (bytes > 0 ? 1 : 0);
  if (bytes <= limits::labels_bytes_max) return;
  Reading::Step step(in, "labels");
  in.error(*spec.find("labels"),
           fmt::format("must be at most {} bytes together, with commas; you wrote {}",
                       limits::labels_bytes_max, bytes));
}

const Node* spec_of(const Node& document) {
  const Node* spec = document.find("spec");
  return spec != nullptr && spec->kind == Node::Kind::map ? spec : nullptr;
}

}  // namespace

void judge_holder(Reading& in, const Node& spec, Holder& holder) {
  complete_allowances_of(in, spec, holder.budgets);
  judge_labels(in, spec, holder.labels);
  if (const Node* defaults = spec.find("userDefaults"); defaults != nullptr) {
    Reading::Step step(in, "userDefaults");
    complete_allowances_of(in, *defaults, holder.user_defaults.budgets);
  }
  switch (holder.kind.value()) {
    case HolderKind::org:
      refuse(in, spec, "org", "an Org", "its name is metadata.name");
      return refuse(in, spec, "team", "an Org", "a Team says which org it is in");
    case HolderKind::team:
      return refuse(in, spec, "team", "a Team", "its name is metadata.name");
    case HolderKind::user:
      return refuse(in, spec, "userDefaults", "a User", "write its fields in spec itself");
  }
}

void complete_holder(Reading& in, const Node& node, Holder& holder) {
  const Node* spec = spec_of(node);
  if (spec == nullptr) return;
  Reading::Step step(in, "spec");
  judge_holder(in, *spec, holder);
}

void complete_key(Reading& in, const Node& node, Key& key) {
  const Node* spec = spec_of(node);
  if (spec == nullptr) return;
  Reading::Step step(in, "spec");
  complete_allowances_of(in, *spec, key.budgets);
  judge_labels(in, *spec, key.labels);
}

void judge_belonging(Reading& in, const Belonging& belonging, const HolderIndex& holders) {
  const auto& [file, path, place, kind, org, name] = belonging;
  HolderIndex::Found found = holders.find(kind, org, name);
  if (!found.unclear && !(found.of_another_org && kind == HolderKind::team)) return;
  std::string orgs = holders.orgs_of(kind, name);
  std::string what =
      found.unclear
          ? fmt::format("is {}, and there are several of that name: of {}; write org too", name,
                        orgs)
          : fmt::format(
                "is {}, which is a team of {}, not of {}; write another team or org, or a "
                "Team document with org: {}",
                name, orgs, org, org);
  in.findings().error(place, fmt::format("{} {}", path, what));
}

}  // namespace recloser::config
