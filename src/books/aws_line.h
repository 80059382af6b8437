// Lines of AWS cost and usage reports: which are Bedrock's, of which model, and how many tokens.
#pragma once

#include "books/bill_row.h"

#include <string>

namespace recloser::books {

struct AwsLine {
  enum class Kind : unsigned char {
    other_service,  // not Bedrock's
    usage,
    adjustment,  // tax, credit, refund, a fee that is no use
  };

  Kind kind = Kind::other_service;
  std::string model;
  Part part = Part::fee;
};

AwsLine read_aws_line(const BillRow& row, const BillColumns& columns);

// Adds a line of Bedrock; an adjustment goes to what is not compared.
Result<void> add_aws_row(Bill& bill, const BillRow& row, const AwsLine& aws,
                         const RowContext& context);

}  // namespace recloser::books
