// For tests: the shipped prices, with a price list of the operator's over them.
#pragma once

#include "books/row_prices.h"
#include "price/contract_reader.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::books {

inline RowPrices prices_with(std::string yaml = {}) {
  std::vector<price::PriceFile> files{{.file = "ours.yaml", .text = std::move(yaml)}};
  if (files.front().text.empty()) files.clear();
  price::ContractsRead read = price::read_contracts(files);
  for (const price::FileFinding& found : read.findings) ADD_FAILURE() << found.text();
  return RowPrices(price::Catalogue::shipped(std::move(read.contracts)));
}

}  // namespace recloser::books
