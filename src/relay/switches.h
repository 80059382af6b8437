// Switches: what operators have turned on by name; some of them stop calls by themselves.
#pragma once

#include "budget/scopes.h"
#include "core/published.h"

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::relay {

// A name that stops calls says which: `all`, or a part of a call and its value, such as
// `team/search`, `model/gpt-4o` or `label/batch`. Any other is for policies to read.
struct SwitchedPart {
  bool everything = false;
  budget::KeyPart part = budget::KeyPart::org;
  std::string_view value;
};
std::optional<SwitchedPart> part_of_switch(std::string_view name);

// "every call", "calls of the team search"; "" of one that stops none.
std::string stopped_by_switch(std::string_view name);

// Those that are on, at one time.
class SwitchSet {
 public:
  SwitchSet() = default;
  explicit SwitchSet(std::vector<std::string> on);

  bool is_on(std::string_view name) const;
  std::span<const std::string> on() const { return on_; }  // by name
  bool stops_any() const { return !stopping_.empty(); }
  // The first by name that stops such a call; nullptr: none does. A model goes by the name that it
  // was asked for under, and by its provider's.
  const std::string* stops(const budget::CallFacts& call, std::string_view provider_model) const;

 private:
  std::vector<std::string> on_;  // by name
  std::vector<std::string> stopping_;
};

// Shared by all workers. Any thread may call anything.
class Switches {
 public:
  void set(std::string_view name, bool on);
  const Published<SwitchSet>& current() const { return current_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> on_;  // by name
  Published<SwitchSet> current_{std::make_shared<const SwitchSet>()};
};

}  // namespace recloser::relay
