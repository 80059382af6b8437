// Priority: whose calls go first where there is not room for all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace recloser::config {

enum class Priority : std::uint8_t { low, normal, high };
inline constexpr std::size_t priority_count = 3;

std::string_view name_of(Priority priority);

}  // namespace recloser::config
