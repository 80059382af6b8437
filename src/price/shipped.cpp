// The price lists that are built into the binary (tools/prices).
#include "core/check.h"
#include "price/catalogue.h"

#include <string_view>
#include <utility>

extern "C" {
extern const char recloser_prices_begin[];
extern const char recloser_prices_end[];
extern const char recloser_price_overlay_begin[];
extern const char recloser_price_overlay_end[];
}

namespace recloser::price {

std::shared_ptr<const Catalogue> Catalogue::shipped(ContractList contracts) {
  auto read = Catalogue::read({recloser_prices_begin, recloser_prices_end},
                              {recloser_price_overlay_begin, recloser_price_overlay_end},
                              std::move(contracts));
  CHECK(read.has_value(), read ? "" : read.error().message());
  return *std::move(read);
}

}  // namespace recloser::price
