#include "route/model_lists.h"

#include <algorithm>
#include <utility>

namespace recloser::route {

ModelLists::ModelLists(std::vector<List> by_provider) : by_provider_(std::move(by_provider)) {
  for (List& list : by_provider_) {
    if (!list) continue;
    std::ranges::sort(*list);
    auto repeated = std::ranges::unique(*list);
    list->erase(repeated.begin(), repeated.end());
  }
}

bool ModelLists::known(std::size_t provider) const {
  return provider < by_provider_.size() && by_provider_[provider].has_value();
}

bool ModelLists::has(std::size_t provider, std::string_view model) const {
  return std::ranges::binary_search(models(provider), model, std::ranges::less{},
                                    [](const auto& name) -> std::string_view { return name; });
}

std::span<const std::string> ModelLists::models(std::size_t provider) const {
  if (!known(provider)) return {};
  return *by_provider_[provider];
}

}  // namespace recloser::route
