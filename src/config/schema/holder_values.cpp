#include "config/schema/holder_values.h"

#include "config/schema/choice.h"

#include <utility>

namespace recloser::config {
namespace {

constexpr Choice kinds[] = {{"Org", static_cast<int>(HolderKind::org)},
                            {"Team", static_cast<int>(HolderKind::team)},
                            {"User", static_cast<int>(HolderKind::user)}};

}  // namespace

std::string_view name_of(HolderKind kind) {
  switch (kind) {
    case HolderKind::org:
      return "org";
    case HolderKind::team:
      return "team";
    case HolderKind::user:
      return "user";
  }
  std::unreachable();
}

std::string_view title_of(HolderKind kind) { return name_in(kinds, static_cast<int>(kind)); }

bool same_holder(const Holder& a, const Holder& b) {
  return a.kind == b.kind && a.name == b.name && a.org == b.org;
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<HolderKind>& out) {
  read_choice(in, node, kinds, out);
}
std::string show_value(std::optional<HolderKind> value) {
  return value ? std::string(title_of(*value)) : "";
}
std::string type_of(const ValueRules&, std::optional<HolderKind>) { return list_of(kinds); }

}  // namespace recloser::config
