// Rows of the ledger as calls that a bill may have, with what they would cost otherwise.
#pragma once

#include "books/ours.h"
#include "codec/usage.h"
#include "ledger/stored_call.h"
#include "price/catalogue.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace recloser::books {

// The usage of a row as its call reported it; nothing when its rare figures were cut.
std::optional<codec::Usage> usage_of(const ledger::StoredCall& row);

class RowReader {
 public:
  explicit RowReader(std::shared_ptr<const price::Catalogue> catalogue)
      : catalogue_(std::move(catalogue)) {}

  // Where the prices of a configured provider stand; others are looked up by their name.
  void set_place(std::string provider, price::Place place);

  // None for a call that no provider was asked for; more than one where several attempts were
  // charged. Valid until the next call, and as long as the row.
  std::span<const OurCall> read(const ledger::StoredCall& row);

 private:
  struct Attempt {
    std::string provider;
    std::string model;
    std::string request_id;
    std::int64_t input = 0;
    std::int64_t output = 0;
    std::int64_t cost_nano = 0;
    bool priced = false;
  };

  void read_attempts(const ledger::StoredCall& row);
  void add_earlier(const ledger::StoredCall& row, OurCall& main);
  void add_other_costs(const ledger::StoredCall& row, const codec::Usage& usage, OurCall& call);
  const std::pair<price::Place, price::Priced>& priced(std::string_view provider,
                                                       std::string_view model);

  std::shared_ptr<const price::Catalogue> catalogue_;
  std::map<std::string, price::Place, std::less<>> places_;
  std::map<std::string, std::pair<price::Place, price::Priced>, std::less<>> known_;
  std::string id_;
  std::string look_up_;
  std::vector<Attempt> attempts_;
  std::vector<OurCall> calls_;
};

}  // namespace recloser::books
