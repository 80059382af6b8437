// Rows of the ledger priced by a price list: the usage that a row tells, where its provider's
// prices stand.
#pragma once

#include "codec/usage.h"
#include "ledger/stored_call.h"
#include "price/catalogue.h"
#include "price/cost.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books {

// The usage of a row as its call reported it; nothing when its rare figures were cut.
std::optional<codec::Usage> usage_of(const ledger::StoredCall& row);

// One of a row's attempts; what is not known is 0.
struct RowAttempt {
  std::string provider;
  std::string model;  // as it was asked for there
  std::string request_id;
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cost_nano = 0;
  bool priced = false;
};
void read_attempts(const ledger::StoredCall& row, std::vector<RowAttempt>& attempts);

class RowPrices {
 public:
  explicit RowPrices(std::shared_ptr<const price::Catalogue> catalogue)
      : catalogue_(std::move(catalogue)) {}

  // Where the prices of a configured provider stand; others are looked up by their name.
  void set_place(std::string provider, price::Place place);
  price::Place place_of(std::string_view provider) const;

  struct Found {
    price::Place place;
    price::Priced priced;  // empty: no price
  };
  // What a provider charges for who was asked for the one model and answered by the other; either
  // may be "".
  const Found& find(std::string_view provider, std::string_view asked, std::string_view served);

  // What the row costs at the prices of the moment it began, its lost attempts included. Nothing
  // when they have no price for it, or the row does not tell its usage.
  struct RowCosts {
    price::Cost paid;
    price::Cost list;  // its parts, and their sum
  };
  std::optional<RowCosts> costs(const ledger::StoredCall& row);

  const price::Catalogue& catalogue() const { return *catalogue_; }

 private:
  bool add(RowCosts& costs, const Found& found, const codec::Usage& usage, WallTime at) const;

  std::shared_ptr<const price::Catalogue> catalogue_;
  std::map<std::string, price::Place, std::less<>> places_;
  std::map<std::string, Found, std::less<>> known_;
  std::string look_up_;
  std::vector<RowAttempt> attempts_;
};

}  // namespace recloser::books
