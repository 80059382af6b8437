#include "session/labels.h"

#include "core/ascii.h"
#include "core/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace recloser::session {
namespace {

// The first item of a comma-separated list, taken off it.
std::string_view take_item(std::string_view& list) {
  std::size_t comma = list.find(',');
  std::string_view item = list.substr(0, comma);
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return ascii::trim(item);
}

}  // namespace

bool Labels::contains(std::string_view label) const {
  std::string_view rest = joined();
  while (!rest.empty()) {
    if (take_item(rest) == label) return true;
  }
  return false;
}

bool Labels::add(std::string_view label) {
  if (contains(label)) return true;
  std::size_t needed = label.size() + (empty() ? 0 : 1);
  if (count_ == limits::labels_max || size_ + needed > text_.size()) return false;
  if (!empty()) text_[size_++] = ',';
  std::ranges::copy(label, text_.begin() + size_);
  size_ = static_cast<std::uint16_t>(size_ + label.size());
  ++count_;
  return true;
}

Result<Labels> parse_labels(std::string_view header, std::span<const std::string> reserved) {
  Labels labels;
  while (!header.empty()) {
    std::string_view label = take_item(header);
    if (label.empty()) continue;
    Result<void> fits = check_name(Side::client, "a label in x-recloser-labels", label,
                                   limits::principal_name_bytes_max);
    if (!fits) return fail(fits.error());
    if (std::ranges::find(reserved, label) != reserved.end()) {
      return fail(
          Side::client, Kind::refused,
          fmt::format("x-recloser-labels holds \"{}\", a reserved label that only a key can "
                      "carry; take it out",
                      label));
    }
    if (!labels.add(label)) {
      return fail(Side::client, Kind::too_large,
                  fmt::format("x-recloser-labels holds more than {} labels or {} characters; send "
                              "fewer",
                              limits::labels_max, limits::labels_bytes_max));
    }
  }
  return labels;
}

std::size_t split_labels(std::string_view joined, std::span<std::string_view> room) {
  std::size_t count = 0;
  while (!joined.empty() && count < room.size()) {
    std::size_t comma = joined.find(',');
    room[count++] = joined.substr(0, comma);
    joined.remove_prefix(comma == std::string_view::npos ? joined.size() : comma + 1);
  }
  return count;
}

}  // namespace recloser::session
