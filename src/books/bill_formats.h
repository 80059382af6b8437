// The files that providers give out: how each is told by its columns, and what its columns say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books {

// What a column says.
enum class Role : unsigned char {
  none,
  day,  // a date, a time, or Unix seconds
  end,  // of the period; longer than a day is refused
  model,
  provider,
  request_id,
  requests,
  input,  // all of it
  fresh_input,
  cached_input,
  cache_write,     // all of it
  cache_write_5m,  // added to the writes
  cache_write_1h,  // added to the writes, and known apart
  output,
  web_searches,
  cost,        // dollars
  cost_cents,  // hundredths of them
  currency,
  part,       // what the cost is for, in words
  line_item,  // "MODEL, PART"
  // Of AWS cost and usage reports.
  line_type,
  product_code,
  product_name,
  product_model,
  usage_type,
  usage_amount,
  unit,
};
inline constexpr std::size_t role_count = std::size_t(Role::unit) + 1;

enum class Layout : unsigned char { table, openai_costs, aws };

struct ColumnRole {
  std::string_view name;  // as plain_column() has it
  Role role;
};

struct BillFormat {
  std::string_view name;            // "OpenAI usage"
  std::string_view usual_provider;  // "" = the file says it, or it is not known
  Layout layout;
  std::span<const std::string_view> told_by;  // columns that it has and no earlier format
  std::span<const ColumnRole> columns;        // of two with one role, the first that is there
};

// In the order in which they are tried; the last is our own.
std::span<const BillFormat> bill_formats();

// "lineItem/UsageType" as "line_item_usage_type", "Cost USD" as "cost_usd".
std::string plain_column(std::string_view name);

// The column of each role in one file.
struct BillColumns {
  static constexpr std::size_t nowhere = SIZE_MAX;

  const BillFormat* format = nullptr;
  std::array<std::size_t, role_count> at{};

  std::size_t of(Role role) const { return at[std::size_t(role)]; }
};

// Nothing when no format has these columns.
std::optional<BillColumns> find_format(std::span<const std::string_view> names);

// The same for a file whose rows may leave columns out: only the format is kept.
void place_columns(BillColumns& columns, std::span<const std::string_view> names);

}  // namespace recloser::books
