#include "config/belonging.h"

namespace recloser::config {

HolderIndex::HolderIndex(std::span<const Holder> all) {
  for (const Holder& holder : all) {
    if (!holder.kind) continue;
    by_name_[static_cast<std::size_t>(*holder.kind)][holder.name].push_back(&holder);
  }
}

std::span<const Holder* const> HolderIndex::named(HolderKind kind, std::string_view name) const {
  const auto& of_kind = by_name_[static_cast<std::size_t>(kind)];
  auto found = of_kind.find(name);
  if (found == of_kind.end()) return {};
  return found->second;
}

HolderIndex::Found HolderIndex::find(HolderKind kind, std::string_view org,
                                     std::string_view name) const {
  Found found;
  if (name.empty()) return found;
  std::size_t fitting = 0;
  for (const Holder* holder : named(kind, name)) {
    if (kind != HolderKind::org && !holder->takes_org(org)) {
      found.of_another_org = true;
    } else {
      ++fitting;
      found.holder = holder;
    }
  }
  if (fitting > 0) found.of_another_org = false;
  if (fitting > 1) found = {.unclear = true};
  return found;
}

std::string HolderIndex::orgs_of(HolderKind kind, std::string_view name) const {
  std::string orgs;
  for (const Holder* holder : named(kind, name)) {
    if (holder->org.empty()) continue;
    if (!orgs.empty()) orgs += ", ";
    orgs += holder->org;
  }
  return orgs;
}

}  // namespace recloser::config
