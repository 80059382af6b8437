#include "relay/switches.h"

#include "core/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using budget::KeyPart;

constexpr std::string_view everything = "all";
constexpr std::array parts{KeyPart::org,    KeyPart::team,    KeyPart::user,  KeyPart::agent,
                           KeyPart::key,    KeyPart::session, KeyPart::model, KeyPart::provider,
                           KeyPart::target, KeyPart::label};

bool stops(std::string_view name, const budget::CallFacts& call, std::string_view provider_model) {
  std::optional<SwitchedPart> what = part_of_switch(name);
  if (!what) return false;
  if (what->everything) return true;
  if (what->part == KeyPart::label) {
    return std::ranges::find(call.labels, what->value) != call.labels.end();
  }
  bool by_provider = what->part == KeyPart::model && provider_model == what->value;
  return by_provider || call.of(what->part) == what->value;
}

}  // namespace

std::optional<SwitchedPart> part_of_switch(std::string_view name) {
  if (name == everything) return SwitchedPart{.everything = true, .value = {}};
  std::size_t slash = name.find('/');
  if (slash == name.npos || slash + 1 == name.size()) return std::nullopt;
  for (KeyPart part : parts) {
    if (name_of(part) != name.substr(0, slash)) continue;
    return SwitchedPart{.part = part, .value = name.substr(slash + 1)};
  }
  return std::nullopt;
}

std::string stopped_by_switch(std::string_view name) {
  std::optional<SwitchedPart> what = part_of_switch(name);
  if (!what) return "";
  if (what->everything) return "every call";
  return fmt::format("calls of the {} {}", name_of(what->part), shown(what->value));
}

SwitchSet::SwitchSet(std::vector<std::string> on) : on_(std::move(on)) {
  std::ranges::sort(on_);
  std::ranges::copy_if(on_, std::back_inserter(stopping_),
                       [](const std::string& name) { return part_of_switch(name).has_value(); });
}

bool SwitchSet::is_on(std::string_view name) const {
  return std::ranges::binary_search(on_, name, std::less<>());
}

const std::string* SwitchSet::stops(const budget::CallFacts& call,
                                    std::string_view provider_model) const {
  auto found = std::ranges::find_if(
      stopping_, [&](const std::string& name) { return relay::stops(name, call, provider_model); });
  return found == stopping_.end() ? nullptr : &*found;
}

void Switches::set(std::string_view name, bool on) {
  std::lock_guard lock(mutex_);
  auto place = std::ranges::lower_bound(on_, name, std::less<>());
  bool is_on = place != on_.end() && *place == name;
  if (is_on == on) return;
  if (on) {
    on_.insert(place, std::string(name));
  } else {
    on_.erase(place);
  }
  current_.publish(std::make_shared<const SwitchSet>(on_));
}

}  // namespace recloser::relay
