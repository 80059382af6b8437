// Rows of the ledger as calls that a bill may have, with what they would cost otherwise.
#pragma once

#include "books/ours.h"
#include "books/row_prices.h"
#include "codec/usage.h"
#include "ledger/stored_call.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace recloser::books {

class RowReader {
 public:
  explicit RowReader(RowPrices prices) : prices_(std::move(prices)) {}

  // None for a call that no provider was asked for; more than one where several attempts were
  // charged. Valid until the next call, and as long as the row.
  std::span<const OurCall> read(const ledger::StoredCall& row);

 private:
  void add_earlier(const ledger::StoredCall& row, OurCall& main);
  void add_other_costs(const ledger::StoredCall& row, const codec::Usage& usage, OurCall& call);

  RowPrices prices_;
  std::string id_;
  std::vector<RowAttempt> attempts_;
  std::vector<OurCall> calls_;
};

}  // namespace recloser::books
