// The columns of FOCUS 1.2 that we write, and what the specification demands of each.
#pragma once

#include "core/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace recloser::books {

enum class FocusForm : unsigned char { text, decimal, time, key_values };

struct FocusColumn {
  std::string_view name;
  FocusForm form = FocusForm::text;
  bool mandatory = false;     // a file without it is no FOCUS
  bool nullable = true;       // null is an empty field
  std::string_view one_of{};  // "a|b": the values that it may have
};

// In the order of our files; those of our own begin with "x_".
std::span<const FocusColumn> focus_columns();
std::size_t focus_column(std::string_view name);  // its place; CHECKs that it is there

// Whether a file with these columns can be FOCUS: the mandatory ones are there, none twice, own
// ones begin with "x_". The message names the column.
Result<void> check_focus_header(std::span<const std::string_view> names);

// One row, with a field for each of our columns. The message names the column and the rule.
Result<void> check_focus_row(std::span<const std::string_view> fields);

}  // namespace recloser::books
