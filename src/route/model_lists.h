// Which models each provider is known to have, as one snapshot; somebody else fetches them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::route {

// By the place of the provider in Config::providers. A list that was never fetched, or whose
// fetching failed, is unknown: such a provider may have any model.
class ModelLists {
 public:
  using List = std::optional<std::vector<std::string>>;

  ModelLists() = default;  // nothing is known of anybody
  explicit ModelLists(std::vector<List> by_provider);

  bool known(std::size_t provider) const;
  bool has(std::size_t provider, std::string_view model) const;     // false when unknown
  std::span<const std::string> models(std::size_t provider) const;  // sorted; empty when unknown

 private:
  std::vector<List> by_provider_;  // each sorted, without repetition
};

}  // namespace recloser::route
