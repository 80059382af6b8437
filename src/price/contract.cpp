#include "price/contract.h"

#include <algorithm>

namespace recloser::price {

const Contract* ContractGroup::find(std::string_view model) const {
  auto found = std::ranges::lower_bound(contracts, model, {}, &Contract::model);
  return found != contracts.end() && found->model == model ? &*found : nullptr;
}

}  // namespace recloser::price
