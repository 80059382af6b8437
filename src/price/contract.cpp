#include "price/contract.h"

#include <algorithm>
#include <cstring>

namespace recloser::price {

const Contract* ContractGroup::find(std::string_view model) const {
  auto found = std::ranges::lower_bound(contracts, model, {}, &Contract::model);
  return found != contracts.end() && found->model == model ? &*found : nullptr;
}

std::uint64_t hash_of_text(std::string_view text, std::uint64_t hash) {
  constexpr std::uint64_t prime = 0x9E37'79B9'7F4A'7C15u;
  while (!text.empty()) {
    std::uint64_t piece = text.size();
    std::size_t taken = std::min(text.size(), sizeof piece);
    std::memcpy(&piece, text.data(), taken);
    text.remove_prefix(taken);
    hash = (hash ^ piece) * prime;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace recloser::price
