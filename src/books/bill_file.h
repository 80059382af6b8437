// Reads a provider's bill from its bytes, as they come: CSV or JSON, plain or in gzip.
#pragma once

#include "books/bill.h"
#include "core/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace recloser::books {

inline constexpr std::uint64_t bill_bytes_max = 64ULL << 30;  // of the text

class BillFile {
 public:
  BillFile(Bill& bill, std::chrono::minutes utc_offset);
  ~BillFile();

  // Any split of the file will do. Errors say line and column (of CSV, column: of broken CSV) or,
  // in JSON, the line and the byte in it; after one, nothing further is read.
  Result<void> feed(std::string_view piece);
  Result<void> finish();

 private:
  class Inflater;
  class Text;

  Result<void> feed_text(std::string_view piece);

  std::unique_ptr<Text> text_;
  std::unique_ptr<Inflater> inflater_;
  std::uint64_t bytes_ = 0;
  bool began_ = false;
};

}  // namespace recloser::books
