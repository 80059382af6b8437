#include "relay/via.h"

#include "core/ascii.h"

#include <fmt/format.h>

namespace recloser::relay {
namespace {

using net::http1::Field;
using net::http1::Name;

constexpr std::string_view of_our_kind = "recloser-";
constexpr std::string_view space = " \t";

// Who took the request: the second word of "1.1 recloser-5f2c (comment)". A comma within a comment
// splits it, and what is behind it is no word of ours.
std::string_view received_by(std::string_view entry) {
  std::size_t gap = entry.find_first_of(space);
  if (gap == std::string_view::npos) return {};
  std::string_view rest = ascii::trim(entry.substr(gap));
  return rest.substr(0, rest.find_first_of(space));
}

}  // namespace

Via::Via(std::string_view instance, std::uint64_t seed)
    : name_(instance.empty() ? fmt::format("{}{:016x}", of_our_kind, seed)
                             : fmt::format("{}{}", of_our_kind, instance)),
      line_(fmt::format("via: 1.1 {}\r\n", name_)) {}

Way Via::judge(const net::http1::RequestHead& head) const {
  if (!head.has(Name::via)) return Way::forward;
  std::size_t gateways = 0;
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    if (head.known(i) != Name::via) continue;
    Field field = head.field(i);
    for (net::http1::ListItems entries(field.value); entries.next();) {
      std::string_view by = received_by(entries.item());
      if (ascii::equal_ignoring_case(by, name_)) return Way::cycle;
      if (ascii::starts_with_ignoring_case(by, of_our_kind)) ++gateways;
    }
  }
  return gateways > gateways_per_call_max ? Way::too_long : Way::forward;
}

}  // namespace recloser::relay
