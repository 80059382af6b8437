// How much text the key of a budget may be: what is counted over is kept with each of its balances.
#pragma once

#include <cstddef>

namespace recloser::config {

// Of the type of the window and the parts of the key, as "calendar org,team,label:beta".
inline constexpr std::size_t budget_kind_bytes_max = 192;

}  // namespace recloser::config
